"""A split that users flip through.

Without `sticky` every request is drawn anew: one user sees both versions within a minute, and a page may get its
scripts from the one and its data from the other.

bad: |
  stages: [{name: half, weight: 50, hold: 1h}, {name: full, weight: 100}]
  sticky: null
good: |
  stages: [{name: half, weight: 50, hold: 1h}, {name: full, weight: 100}]
  sticky: {cookie: gray-ticket}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.lint.finding import Finding
from graymesh.lint.traffic import stage_path, weights

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """The first stage that splits, and every route with a share, in a release that is not sticky."""
    if case.rollout.spec.sticky:
        return
    help_ = "add sticky: {cookie: gray-ticket}, so that each user stays on one version"
    for index, route in enumerate(case.rollout.spec.routes):
        if route.part_basis_points:
            message = f"route {route.name!r} splits its audience at random, request by request"
            yield Finding(path=("spec", "routes", index, "share"), message=message, help=help_)
    for index, release in enumerate(case.stages):
        if sum(points > 0 for points in weights(release).values()) > 1:
            yield Finding(
                path=stage_path(index),
                message=f"stage {release.stage!r} splits users at random, request by request",
                help=help_,
            )
            return
