r"""An entry of an audience that no request can meet.

It asks for a value that its field never has: a cookie with a semicolon, which ends it, a header that begins with a
blank, which engines trim. Nobody shadows such a route; it asks for nothing that there is.

bad: |
  audiences: {beta: [{cookies: {beta: {regex: "on;off"}}}]}
  routes: [{name: beta, audience: beta, version: v2}]
good: |
  audiences: {beta: [{cookies: {beta: {regex: "on|off"}}}]}
  routes: [{name: beta, audience: beta, version: v2}]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from graymesh.ir.release import Kind
from graymesh.ir.semantics import describe
from graymesh.language.case import Case
from graymesh.lint.capabilities import audience_tests, written
from graymesh.lint.finding import Finding
from graymesh.proof.equivalence import Steps, overlap

_HELP: Final = {
    Kind.HEADER: "engines trim blanks at the ends of a header's value",
    Kind.CLAIM: "engines trim blanks at the ends of a claim's value",
    Kind.COOKIE: "a semicolon ends a cookie's value, and blanks at its ends are trimmed",
    Kind.PATH: "a path begins with a slash",
    Kind.HOST: "host names are compared in lower case, without the port",
}


def check(case: Case) -> Iterator[Finding]:
    """Every entry with a test that no value passes."""
    steps = Steps()
    for path, test in audience_tests(case):
        if overlap(((test,),), ((test,),), steps) is None:
            yield Finding(
                path=(*path, *written(case, path, test)),
                message=f"this matches no request: never is it true that {describe(test)}",
                help=_HELP.get(test.field.kind, "write a value that the field can have"),
            )
