"""Something that only some of the chosen targets do.

At least one engine enforces it; these do not. Whether that is enough depends on which engines a request passes.

bad: |
  targets: {istio: {}, nginx: {}}
  resilience: {warmup: 60s}
good: |
  targets: {istio: {}}
  resilience: {warmup: 60s}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.features import FEATURES
from graymesh.language.case import Case
from graymesh.lint.capabilities import policy_uses
from graymesh.lint.finding import Finding

LEVEL = "info"


def check(case: Case) -> Iterator[Finding]:
    """Every policy that some routing target leaves out while another one does it."""
    for use in dict.fromkeys(policy_uses(case)):
        able = [manifest.title for manifest in case.targets if manifest.can(use.feature)]
        unable = [manifest for manifest in case.targets if manifest.routes and not manifest.can(use.feature)]
        if able and unable and use.feature.startswith(("timeout", "retries", "outlier", "warmup", "pool")):
            yield Finding(
                path=use.path,
                message=f"{' and '.join(able)} {'do' if able[1:] else 'does'} this ({FEATURES[use.feature][1]}); "
                f"{' and '.join(manifest.title for manifest in unable)} cannot",
                targets=tuple(manifest.name for manifest in unable),
            )
