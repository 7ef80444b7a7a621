"""A condition that a target cannot test.

The engine has no way to look at this part of a request, or not in this manner. Leaving the condition out would send
other people to the canary, so the release is refused. Let another target decide as the `edge`, use another condition,
or accept the loss: the entry then takes nobody on that target.

bad: |
  targets: {istio: {}}
  audiences: {office: [{source: [203.0.113.0/24]}]}
  routes: [{name: office, audience: office, version: v2}]
good: |
  targets: {nginx: {}}
  audiences: {office: [{source: [203.0.113.0/24]}]}
  routes: [{name: office, audience: office, version: v2}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.features import FEATURES
from graymesh.language.case import Case
from graymesh.lint.capabilities import matcher_uses, missing
from graymesh.lint.finding import Finding


def check(case: Case) -> Iterator[Finding]:
    """Every condition that a deciding target lacks."""
    for gap in missing(case, "GM301", matcher_uses(case)):
        yield gap.finding(FEATURES[gap.use.feature][1])
