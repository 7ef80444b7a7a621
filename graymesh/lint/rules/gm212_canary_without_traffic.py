"""A stage at which no canary gets a request.

The release stands at a stage with weight 0 and no route is active, so nothing is tested.

bad: |
  stages: [{name: dark, weight: 0, hold: 1h}, {name: full, weight: 100}]
  stage: dark
good: |
  stages: [{name: dark, weight: 1, hold: 1h}, {name: full, weight: 100}]
  stage: dark
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.lint.finding import Finding

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """The current stage, when neither weight, route nor mirror reaches a canary."""
    release, spec = case.release, case.rollout.spec
    shares = [share for route in release.table.routes for share in route.split.shares if share.basis_points]
    served = any(share.version != release.stable for share in shares)
    if spec.canaries and spec.stages and not served and not spec.mirror:
        yield Finding(
            path=("spec", "stage"),
            message=f"at stage {release.stage!r} no canary gets any request",
            help="add a route for testers, a mirror, or move to a stage with a weight",
        )
