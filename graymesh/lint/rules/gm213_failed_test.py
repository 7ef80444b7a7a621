"""A test of the spec that the spec itself fails.

`tests` say which version must answer a request. This one gets another answer: the test is wrong, or
the routes are.

bad: |
  tests: [{request: {}, expect: v2}]
good: |
  tests: [{request: {}, expect: {v1: 95%, v2: 5%}}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.language.spec_tests import check as run_tests
from graymesh.lint.finding import Finding


def check(case: Case) -> Iterator[Finding]:
    """Every failing test, at the stage where the release stands."""
    tests, cookie = case.rollout.spec.tests, case.ticket_cookie
    for failure in run_tests(case.release.table, tests, host=case.release.hosts[0], cookie=cookie):
        yield Finding(
            path=failure.origin,
            message=f"this test fails: {failure.message}",
            help="`graymesh route` explains the decision",
        )
