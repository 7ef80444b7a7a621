"""Retries that multiply a failing service's load.

More than three tries of every failed request keep an overloaded service down. With an engine at the edge and another
one in the mesh, both retry.

bad: |
  resilience: {retries: {attempts: 8, on: [5xx]}}
good: |
  resilience: {retries: {attempts: 2, on: [connect-failure]}}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.lint.finding import Finding

LEVEL = "warning"
MOST_ATTEMPTS = 3


def check(case: Case) -> Iterator[Finding]:
    """More attempts than three."""
    resilience = case.rollout.spec.resilience
    if resilience and resilience.retries and resilience.retries.attempts > MOST_ATTEMPTS:
        yield Finding(
            path=("spec", "resilience", "retries", "attempts"),
            message=f"a failing request is sent {resilience.retries.attempts + 1} times by every engine on its way",
            help=f"at most {MOST_ATTEMPTS} attempts",
        )
