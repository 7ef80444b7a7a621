"""A route that no test of the spec reaches.

The spec has tests, but none of them shows what this route does.

bad: |
  audiences: {testers: [{headers: {X-Gray-Version: v2}}]}
  routes: [{name: testers, audience: testers, version: v2}]
  tests: [{request: {}, expect: {v1: 95%, v2: 5%}}]
good: |
  audiences: {testers: [{headers: {X-Gray-Version: v2}}]}
  routes: [{name: testers, audience: testers, version: v2}]
  tests: [{request: {headers: {X-Gray-Version: v2}}, expect: v2}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.semantics import decide
from graymesh.language.case import Case
from graymesh.language.spec_tests import judged, request_of
from graymesh.lint.finding import Finding
from graymesh.lint.traffic import asked

LEVEL = "info"


def check(case: Case) -> Iterator[Finding]:
    """Every active route that decides no test."""
    tests = case.rollout.spec.tests
    if not tests:
        return
    reached = {
        route.origin
        for test in tests
        for release in judged(case.stages, test)
        if (route := decide(release.table, request_of(test.request, release.hosts[0], case.ticket_cookie)).route)
    }
    for route in asked(case.release):
        if route.origin not in reached:
            yield Finding(
                path=route.origin,
                message=f"no test reaches route {route.name!r}",
                help="add one to tests; `graymesh test` runs it on the spec and on every compiled target",
            )
