"""Stages that never reach everyone.

The release has no end: stable stays in service with the rest of the users. That may be meant, for an experiment.

bad: |
  stages: [{name: first, weight: 5, hold: 1h}, {name: half, weight: 50}]
good: |
  stages: [{name: first, weight: 5, hold: 1h}, {name: full, weight: 100}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.release import WHOLE
from graymesh.ir.wording import percent
from graymesh.language.case import Case
from graymesh.lint.finding import Finding
from graymesh.lint.traffic import canary_weight, stage_path

LEVEL = "info"


def check(case: Case) -> Iterator[Finding]:
    """A single canary whose last stage is below 100%."""
    spec = case.rollout.spec
    if len(spec.canaries) == 1 and spec.stages and canary_weight(case.stages[-1]) < WHOLE:
        last = case.stages[-1]
        yield Finding(
            path=stage_path(len(case.stages) - 1),
            message=f"the last stage {last.stage!r} leaves {percent(WHOLE - canary_weight(last))} on {last.stable!r}",
            help="add {name: full, weight: 100} when the release is meant to end",
        )
