"""A weight that shrinks from one stage to the next.

Users who were on the canary are thrown back. A release goes forward through its stages; to go back, set `stage` to an
earlier one.

bad: |
  stages: [{name: half, weight: 50, hold: 1h}, {name: less, weight: 20, hold: 1h}, {name: full, weight: 100}]
good: |
  stages: [{name: less, weight: 20, hold: 1h}, {name: half, weight: 50, hold: 1h}, {name: full, weight: 100}]
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from graymesh.ir.wording import percent
from graymesh.language.case import Case
from graymesh.lint.finding import Finding
from graymesh.lint.traffic import stage_path, weights

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """Every canary that loses users between two stages."""
    for index, (before, after) in enumerate(pairwise(case.stages), start=1):
        old, new = weights(before), weights(after)
        for name in case.rollout.spec.canaries:
            if new[name] < old[name]:
                yield Finding(
                    path=stage_path(index),
                    message=f"{name!r} shrinks from {percent(old[name])} to {percent(new[name])} at {after.stage!r}",
                    help="order the stages by weight; to go back, set stage to an earlier one",
                )
