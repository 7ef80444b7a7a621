"""A regular expression that every value matches.

`.*` says no more than that the field is there. Engines still run it on every request, and a reader looks for a
condition that is not one.

bad: |
  audiences: {beta: [{headers: {X-Beta: {regex: ".*"}}}]}
  routes: [{name: beta, audience: beta, version: v2}]
good: |
  audiences: {beta: [{headers: {X-Beta: {present: true}}}]}
  routes: [{name: beta, audience: beta, version: v2}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.diagnostic import Edit
from graymesh.ir.release import Kind, Regex
from graymesh.language.case import Case
from graymesh.lint.capabilities import audience_tests, written
from graymesh.lint.finding import Finding
from graymesh.proof.equivalence import STEPS_OF_A_STATE, Steps
from graymesh.proof.regex.portable import everything

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """Every such pattern in an audience."""
    steps = Steps()
    for path, test in audience_tests(case):
        if isinstance(test.matcher, Regex) and _takes_everything(test.matcher.pattern, test.field.kind, steps):
            value = (*path, *written(case, path, test))
            subject = f"{test.field.kind} {test.field.name}".strip()
            yield Finding(
                path=path,
                edits=(Edit(value, "value", "{present: true}"),) if test.field.name else (),
                message=f"{test.matcher.pattern!r} matches every value of {subject}",
                help="write {present: true}, or a pattern that leaves something out",
            )


def _takes_everything(pattern: str, kind: Kind, steps: Steps) -> bool:
    found, explored = everything(pattern, kind)
    steps.spend(STEPS_OF_A_STATE * explored)
    return found
