"""A stage that ends before its guards can judge it.

A guard looks at a window of time. When the stage holds for less, the next one begins on numbers that are partly, or
wholly, from the stage before.

bad: |
  stages: [{name: first, weight: 5, hold: 1m}, {name: full, weight: 100}]
  guards: {enforcedBy: operator, errorRate: {max: 1%, window: 5m}}
good: |
  stages: [{name: first, weight: 5, hold: 30m}, {name: full, weight: 100}]
  guards: {enforcedBy: operator, errorRate: {max: 1%, window: 5m}}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.diagnostic import Note
from graymesh.language.case import Case
from graymesh.lint.finding import Finding
from graymesh.lint.traffic import stage_path

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """Every stage whose hold time is below the longest window of a guard."""
    guards = case.rollout.spec.guards
    found = {"errorRate": guards.error_rate, "latency": guards.latency} if guards else {}
    windows = {name: guard.window_ms for name, guard in found.items() if guard}
    if not windows:
        return
    name, longest_ms = max(windows.items(), key=lambda item: item[1])
    for index, stage in enumerate(case.rollout.spec.stages):
        if stage.hold_ms is not None and stage.hold_ms < longest_ms:
            yield Finding(
                path=(*stage_path(index), "hold"),
                message=f"stage {stage.name!r} ends before the window of {name} ({longest_ms // 1000} s) is over",
                help=f"hold for at least {longest_ms // 1000}s",
                notes=(Note(("spec", "guards", name), "the guard"),),
            )
