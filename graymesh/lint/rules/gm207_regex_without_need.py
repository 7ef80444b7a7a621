"""A regular expression where plain text would do.

It matches one value, a few values, a beginning or an end. Written as such it is easier to read, cheaper in every
engine, and sure to mean the same everywhere.

bad: |
  audiences: {beta: [{headers: {X-Beta: {regex: "(on|yes)"}}}]}
  routes: [{name: beta, audience: beta, version: v2}]
good: |
  audiences: {beta: [{headers: {X-Beta: ["on", "yes"]}}]}
  routes: [{name: beta, audience: beta, version: v2}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.diagnostic import Edit
from graymesh.ir.release import Kind, OneOf, Prefix, Regex, Suffix
from graymesh.language.case import Case
from graymesh.lint.capabilities import audience_tests, written
from graymesh.lint.finding import Finding
from graymesh.proof.regex.domain import inside
from graymesh.proof.regex.portable import canonical
from graymesh.text import yaml_flow, yaml_scalar

LEVEL = "info"


def check(case: Case) -> Iterator[Finding]:
    """Every pattern that amounts to values, a prefix or a suffix."""
    for path, test in audience_tests(case):
        plain = canonical(test.matcher.pattern) if isinstance(test.matcher, Regex) else None
        if isinstance(plain, Prefix) and test.field.kind is Kind.PATH:
            continue  # a prefix of paths goes by whole segments and says less
        odd = isinstance(plain, OneOf) and not all(inside(test.field.kind, value) for value in plain.values)
        if odd or plain == OneOf(()):
            continue  # no plain text of the language: GM219 and GM220 say more
        if isinstance(plain, (OneOf, Prefix, Suffix)):
            value = (*path, *written(case, path, test))
            yield Finding(
                path=path,
                edits=(Edit(value, "value", _written(plain)),) if test.field.name else (),
                message=f"the regular expression {_pattern(test.matcher)!r} says no more than plain text",
                help=f"write {_written(plain)}",
            )


def _pattern(matcher: object) -> str:
    return matcher.pattern if isinstance(matcher, Regex) else ""


def _written(plain: OneOf | Prefix | Suffix) -> str:
    if isinstance(plain, Prefix):
        return f"{{prefix: {yaml_scalar(plain.value)}}}"
    if isinstance(plain, Suffix):
        return f"{{suffix: {yaml_scalar(plain.value)}}}"
    return yaml_flow(plain.values)
