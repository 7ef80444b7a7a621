"""A share of an audience that gives nobody the canary.

A route's `share` and the stage's weight are cut from the same interval of users, and an audience gets the larger of the
two. A share that is never larger than the weight changes nothing, and one of 100% says what the route says without it.

bad: |
  audiences: {beta: [{cookies: {beta: "1"}}]}
  routes: [{name: beta, audience: beta, version: v2, share: 5%}]
  stages: [{name: first, weight: 5, hold: 1h}, {name: full, weight: 100}]
good: |
  audiences: {beta: [{cookies: {beta: "1"}}]}
  routes: [{name: beta, audience: beta, version: v2, share: 20%}]
  stages: [{name: first, weight: 5, hold: 1h}, {name: full, weight: 100}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.diagnostic import Edit
from graymesh.ir.release import WHOLE
from graymesh.ir.wording import percent
from graymesh.language.case import Case
from graymesh.lint.finding import Finding
from graymesh.lint.traffic import weights

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """Every share that at no stage of its route is larger than the weight, and every one of 100%."""
    for index, route in enumerate(case.rollout.spec.routes):
        path = ("spec", "routes", index, "share")
        if route.share_basis_points == WHOLE:
            message = f"route {route.name!r} takes all of its audience without a share, too"
            yield Finding(path=path, message=message, help="leave it out", edits=(Edit(path, "entry"),))
        elif route.part_basis_points is not None:
            names = [release.stage for release in case.stages]
            since = names.index(route.active_from) if route.active_from else 0
            least = min(weights(release)[route.version] for release in case.stages[since:])
            if route.part_basis_points <= least:
                shown = percent(route.part_basis_points)
                yield Finding(
                    path=path,
                    message=f"everyone has {percent(least)} of {route.version!r} at least, so {shown} adds nobody",
                    help=f"more than {percent(least)}, or leave the route out",
                )
