"""A notice, a trace or an answer to pages of other origins that a target cannot add.

The engine cannot set this header on the requests or answers of one version, cannot make a unique id, or cannot answer
preflights by itself.

bad: |
  targets: {spring-cloud-gateway: {}}
  trace: {header: X-Gray-Trace}
good: |
  targets: {nginx: {}}
  trace: {header: X-Gray-Trace}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.features import FEATURES
from graymesh.language.case import Case
from graymesh.lint.capabilities import Use, missing
from graymesh.lint.finding import Finding


def check(case: Case) -> Iterator[Finding]:
    """Notices, traces and CORS that a deciding target lacks."""
    spec = case.rollout.spec
    said = {"notice": spec.notice, "trace": spec.trace, "cors": spec.cors}
    uses = [Use(name, ("spec", name)) for name, value in said.items() if value]
    for gap in missing(case, "GM303", iter(uses)):
        yield gap.finding(FEATURES[gap.use.feature][1])
