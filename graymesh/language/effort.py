"""How much work a file's regular expressions are together: looked at before anything else reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graymesh.diagnostic import Diagnostic, Pointer
from graymesh.language.scalars import LONGEST


def too_hard(data: Any) -> list[Diagnostic]:
    """One problem at the pattern with which the file's audiences become too much to look at together, if any does."""
    patterns = list(_patterns(data))
    if not patterns:
        return []
    from graymesh.proof.regex.portable import MOST_EFFORT, effort  # most specs have no pattern

    left, seen = MOST_EFFORT, set[str]()
    for path, pattern in patterns:
        if left < 0:
            message = "the file's patterns are too large together"
            return [Diagnostic(code="GM116", message=message, path=path, help="use fewer, or simpler ones")]
        if pattern not in seen:
            seen.add(pattern)
            left -= effort(pattern)
    return []


def _patterns(data: Any) -> Iterator[tuple[Pointer, str]]:
    """Every `{regex: …}` of the audiences, in the file's order; what is longer than a text may be is for others."""
    spec = data.get("spec") if isinstance(data, dict) else None
    audiences = spec.get("audiences") if isinstance(spec, dict) else None
    waiting: list[tuple[Pointer, Any]] = [(("spec", "audiences"), audiences)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            pattern = value.get("regex")
            if len(value) == 1 and isinstance(pattern, str) and len(pattern) <= LONGEST:
                yield (*path, "regex"), pattern
            waiting += [((*path, key), child) for key, child in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [((*path, index), child) for index, child in reversed(list(enumerate(value)))]
