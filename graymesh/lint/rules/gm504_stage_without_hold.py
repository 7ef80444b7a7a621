"""A stage that does not say how long it lasts.

Without a hold time nothing keeps the release from growing before anything has been seen.

bad: |
  stages: [{name: first, weight: 5}, {name: full, weight: 100}]
good: |
  stages: [{name: first, weight: 5, hold: 1h}, {name: full, weight: 100}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.lint.finding import Finding
from graymesh.lint.traffic import stage_path

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """Every stage but the last without `hold`."""
    for index, stage in enumerate(case.rollout.spec.stages[:-1]):
        if stage.hold_ms is None:
            yield Finding(
                path=stage_path(index),
                message=f"stage {stage.name!r} has no hold time",
                help="add hold: 1h, the shortest time before the next stage",
            )
