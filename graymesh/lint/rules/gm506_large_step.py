"""A step that exposes half of all users or more at once.

The largest stage before it says little about a load several times as high.

bad: |
  stages: [{name: first, weight: 5, hold: 1h}, {name: full, weight: 100}]
good: |
  stages: [{name: a, weight: 5, hold: 1h}, {name: b, weight: 35, hold: 1h}, {name: c, weight: 70, hold: 1h}]
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from graymesh.ir.wording import percent
from graymesh.language.case import Case
from graymesh.lint.finding import Finding
from graymesh.lint.traffic import canary_weight, stage_path

LEVEL = "info"
LARGE_STEP_BASIS_POINTS = 5001


def check(case: Case) -> Iterator[Finding]:
    """Every step of more than half of the users."""
    for index, (before, after) in enumerate(pairwise(case.stages), start=1):
        step = canary_weight(after) - canary_weight(before)
        if step >= LARGE_STEP_BASIS_POINTS and canary_weight(before):
            yield Finding(
                path=stage_path(index),
                message=f"stage {after.stage!r} moves {percent(step)} of all users at once",
                help="put a stage between",
            )
