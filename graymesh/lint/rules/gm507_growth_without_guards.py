"""A release that grows without guards.

Nothing says when the canary is too bad to go on.

bad: |
  guards: null
good: |
  guards: {enforcedBy: operator, errorRate: {max: 1%, window: 5m}}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.lint.finding import Finding
from graymesh.lint.traffic import canary_weight

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """A release with weights and no guard."""
    if case.rollout.spec.guards is None and any(canary_weight(release) for release in case.stages):
        yield Finding(
            path=("spec", "stages"),
            message="users move to the canary, but no guard says when to stop",
            help="add guards: {enforcedBy: operator, errorRate: {max: 1%, window: 5m}}",
        )
