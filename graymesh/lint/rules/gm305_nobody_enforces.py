"""Something that none of the chosen targets does.

The spec asks for a limit, a guard or a policy, but no engine among its targets can enforce it: words
only.

bad: |
  targets: {istio: {}}
  limits: {v2: {qps: 500}}
good: |
  targets: {istio: {}, sentinel: {}}
  limits: {v2: {qps: 500}}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.features import FEATURES
from graymesh.language.case import Case
from graymesh.lint.capabilities import accepts, policy_uses
from graymesh.lint.finding import Finding

LATER = ("guards.",)
"""Features that engines outside the request path enforce: what watches the metrics, not what routes."""


def check(case: Case) -> Iterator[Finding]:
    """Every policy without an engine."""
    if not case.targets or accepts(case, "GM305", ""):
        return
    for use in dict.fromkeys(policy_uses(case)):
        if any(manifest.can(use.feature) for manifest in case.targets) or use.feature.startswith(LATER):
            continue
        reasons = [capability.instead for capability in (m.capability(use.feature) for m in case.targets)]
        yield Finding(
            path=use.path,
            message=f"none of the chosen targets does this: {FEATURES[use.feature][1]}",
            help=next(filter(None, reasons), "choose a target that does (`graymesh targets`), or remove it"),
            targets=tuple(manifest.name for manifest in case.targets),
        )
