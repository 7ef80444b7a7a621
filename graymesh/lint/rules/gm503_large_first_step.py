"""A first exposure of more than a quarter of all users.

The first users find the first faults. Whatever they are, more than 25% of everyone meets them at once.

bad: |
  stages: [{name: half, weight: 50, hold: 1h}, {name: full, weight: 100}]
good: |
  stages: [{name: first, weight: 5, hold: 1h}, {name: half, weight: 50, hold: 1h}, {name: full, weight: 100}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.wording import percent
from graymesh.language.case import Case
from graymesh.lint.finding import Finding
from graymesh.lint.traffic import canary_weight, stage_path

LEVEL = "warning"
LARGEST_FIRST_BASIS_POINTS = 2500


def check(case: Case) -> Iterator[Finding]:
    """The first stage with a weight, when it is larger than a quarter."""
    for index, release in enumerate(case.stages):
        weight = canary_weight(release)
        if weight:
            if weight > LARGEST_FIRST_BASIS_POINTS:
                yield Finding(
                    path=stage_path(index),
                    message=f"the first users are {percent(weight)} of everyone, at stage {release.stage!r}",
                    help="put a small stage before it, such as {name: first, weight: 5, hold: 1h}",
                )
            return
