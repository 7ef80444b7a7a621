"""A test of the spec that the spec itself fails.

`tests` say which version must answer a request. This one gets another answer: the test is wrong, or
the routes are. A test is judged at every stage, wherever the release stands, so that moving `stage` breaks none; one
that says `stage:` (a stage or a list of them) is judged there, one that says `from:` there and at all later stages.

bad: |
  tests: [{request: {}, expect: {v1: 95%, v2: 5%}}]
good: |
  tests: [{request: {}, expect: {v1: 95%, v2: 5%}, stage: first}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.language.spec_tests import failures
from graymesh.lint.finding import Finding


def check(case: Case) -> Iterator[Finding]:
    """Every test that fails at a stage where it is judged."""
    for failure in failures(case.stages, case.rollout.spec.tests, case.ticket_cookie):
        help_text = failure.advice or "`graymesh route` explains the decision"
        yield Finding(path=failure.origin, message=failure.message, help=help_text)
