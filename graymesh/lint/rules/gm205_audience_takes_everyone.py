"""An audience that everybody belongs to.

Its route leaves nothing for the routes and stages after it: the canary gets all traffic, whatever the weight says.

bad: |
  audiences: {all: [{path: {prefix: /}}]}
  routes: [{name: all, audience: all, version: v2}]
good: |
  audiences: {all: [{path: {prefix: /api}}]}
  routes: [{name: all, audience: all, version: v2}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.release import ALWAYS, Route, RouteTable
from graymesh.language.case import Case
from graymesh.lint.finding import Finding
from graymesh.lint.traffic import asked
from graymesh.proof.equivalence import Steps, reachable

IGNORABLE = True  # the meaning is clear, and the same on every engine


def check(case: Case) -> Iterator[Finding]:
    """Every route after which nobody is left."""
    steps = Steps()
    for route in asked(case.stages[-1]):
        rest = Route(name="rest", condition=ALWAYS, split=route.split)
        if reachable(RouteTable((route, rest)), steps)[1] is None:
            yield Finding(
                path=(*route.origin, "audience"),
                message=f"route {route.name!r} takes everyone, so stages and weights have no effect",
                help="narrow the audience; to send everyone to a version, give it the weight 100",
            )
