"""A loss that is accepted but does not happen.

The targets can do what the spec gives up, or it no longer asks for it.

bad: |
  targets: {nginx: {}}
  accept: [{code: GM301, target: nginx, reason: no office there}]
good: |
  targets: {nginx: {}}
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from graymesh.diagnostic import Edit
from graymesh.language.case import Case
from graymesh.lint.engine import all_rules
from graymesh.lint.finding import Finding

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """Every entry of `accept` without which nothing would be said."""
    for index, entry in enumerate(case.rollout.spec.accept):
        strict = replace(case, heeds_accept=False)
        found = [
            finding for rule in all_rules() if rule.code == entry.code and rule.check for finding in rule.check(strict)
        ]
        if not any(entry.target is None or entry.target in finding.targets for finding in found):
            yield Finding(
                path=("spec", "accept", index),
                message=f"{entry.code} is accepted, but {entry.target or 'every target'} can do all that is asked",
                help="remove the entry",
                edits=(Edit(("spec", "accept", index), "entry"),),
            )
