"""Something that none of the chosen targets does.

The spec asks for a limit, a guard or a policy, but no engine among its targets can enforce it: words
only. A guard means that the canary goes back to stable when it is broken. Where no target does that,
`guards.enforcedBy` says who does: `judge` judges the metrics in CI, `operator` are people behind an alert.

bad: |
  targets: {istio: {}}
  guards: {errorRate: {max: 1%}}
  limits: {v2: {qps: 500}}
good: |
  targets: {istio: {}, sentinel: {}}
  guards: {enforcedBy: operator, errorRate: {max: 1%}}
  limits: {v2: {qps: 500}}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from graymesh.ir.features import FEATURES
from graymesh.language.case import Case
from graymesh.lint.capabilities import accepts, policy_uses
from graymesh.lint.finding import Finding


def check(case: Case) -> Iterator[Finding]:
    """Every policy without an engine, and every guard that nobody is said to hold."""
    if not case.targets or accepts(case, "GM305", ""):
        return
    guards = case.rollout.spec.guards
    held = guards is not None and guards.enforced_by is not None
    for use in dict.fromkeys(policy_uses(case)):
        guard = use.feature.startswith("guards.")
        if any(manifest.can(use.feature) for manifest in case.targets) or (guard and held):
            continue
        reasons = [capability.instead for capability in (m.capability(use.feature) for m in case.targets)]
        yield Finding(
            path=use.path,
            message=f"none of the chosen targets does this: {FEATURES[use.feature][1]}",
            help=_WHO if guard else next(filter(None, reasons), _CHOOSE),
            targets=tuple(manifest.name for manifest in case.targets),
        )


_CHOOSE: Final = "choose a target that does (`graymesh targets`), or remove it"
_WHO: Final = (
    "say who takes the canary back: guards: {enforcedBy: operator} for people behind an alert, or judge for CI"
)
