"""Retries that the timeout cuts off.

The tries together take longer than the whole request may, so the last ones never happen.

bad: |
  resilience: {timeout: 1s, retries: {attempts: 3, perTry: 500ms, on: [5xx]}}
good: |
  resilience: {timeout: 2s, retries: {attempts: 3, perTry: 500ms, on: [5xx]}}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.lint.finding import Finding

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """More tries than fit into the timeout."""
    resilience = case.rollout.spec.resilience
    retries = resilience.retries if resilience else None
    if not resilience or not retries or retries.per_try_ms is None or resilience.timeout_ms is None:
        return
    whole_ms = retries.per_try_ms * (retries.attempts + 1)
    if whole_ms > resilience.timeout_ms:
        yield Finding(
            path=("spec", "resilience", "retries"),
            message=f"{retries.attempts + 1} tries of {retries.per_try_ms} ms take {whole_ms} ms, "
            f"but the request ends after {resilience.timeout_ms} ms",
            help=f"raise the timeout to {whole_ms}ms, or lower attempts or perTry",
        )
