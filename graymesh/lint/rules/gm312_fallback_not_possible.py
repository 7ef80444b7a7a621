"""A fallback that a target cannot give.

While no instance of a canary answers, this engine has nobody else to ask, so that its users get errors although the
spec says that they get stable. That holds behind an edge as well as without one.

bad: |
  targets: {istio: {}}
  resilience: {fallback: stable}
good: |
  targets: {nginx: {}}
  resilience: {fallback: stable}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.features import FEATURES
from graymesh.language.case import Case
from graymesh.lint.capabilities import Use, missing_anywhere
from graymesh.lint.finding import Finding


def check(case: Case) -> Iterator[Finding]:
    """Every target that forwards requests and has no fallback, deciding or not."""
    resilience = case.rollout.spec.resilience
    if resilience is None or resilience.fallback is None:
        return
    use = Use("fallback", ("spec", "resilience", "fallback"))
    for gap in missing_anywhere(case, "GM312", use):
        yield gap.finding(FEATURES[use.feature][1])
