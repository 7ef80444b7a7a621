"""A stage that changes nothing.

Neither a weight grows nor a route becomes active, so the stage only waits.

bad: |
  stages: [{name: a, weight: 20, hold: 1h}, {name: b, weight: 20, hold: 1h}, {name: full, weight: 100}]
good: |
  stages: [{name: a, weight: 20, hold: 2h}, {name: full, weight: 100}]
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from graymesh.language.case import Case
from graymesh.lint.finding import Finding
from graymesh.lint.traffic import stage_path

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """Every stage with the same table as the one before."""
    for index, (before, after) in enumerate(pairwise(case.stages), start=1):
        if before.table == after.table:
            yield Finding(
                path=stage_path(index),
                message=f"stage {after.stage!r} routes exactly as {before.stage!r} does",
                help="raise its weight, let a route start from it, or join the two and add up their hold times",
            )
