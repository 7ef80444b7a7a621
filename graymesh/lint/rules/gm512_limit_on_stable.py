"""A limit on the version that everyone falls back to.

Requests over the limit are turned away, and those of stable have nowhere else to go. The limit is usually meant for the
canary's smaller environment.

bad: |
  targets: {nginx: {}}
  limits: {v1: {qps: 500}}
good: |
  targets: {nginx: {}}
  limits: {v2: {qps: 500}}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.lint.finding import Finding

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """A limit whose version is stable."""
    spec = case.rollout.spec
    if spec.stable in spec.limits:
        yield Finding(
            path=("spec", "limits", spec.stable),
            at_key=True,
            message=f"{spec.stable!r} is stable: requests over its limit are turned away, not sent elsewhere",
            help=f"limit the canary: {', '.join(spec.canaries)}" if spec.canaries else "",
        )
