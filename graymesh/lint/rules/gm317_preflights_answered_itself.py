"""Who answers preflights is said, and a target answers them itself.

The engine looks at preflights (OPTIONS with Origin and Access-Control-Request-Method) before it looks at its routes, so
that neither the stable version nor anybody's own one ever gets them. That holds behind an edge as well as without one.

bad: |
  targets: {spring-cloud-gateway: {}}
  preflight: stable
good: |
  targets: {istio: {}}
  preflight: stable
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.features import FEATURES
from graymesh.language.case import Case
from graymesh.lint.capabilities import Use, missing_anywhere
from graymesh.lint.finding import Finding


def check(case: Case) -> Iterator[Finding]:
    """Every target that forwards requests but not preflights, deciding or not."""
    if case.rollout.spec.preflight is None:
        return
    use = Use("preflight", ("spec", "preflight"))
    for gap in missing_anywhere(case, "GM317", use):
        yield gap.finding(FEATURES[use.feature][1])
