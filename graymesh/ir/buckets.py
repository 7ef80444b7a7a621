"""Intervals of buckets as patterns: the four-digit numbers from 0000 to 9999, exactly."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, TypeAlias

from graymesh.ir.release import BUCKETS

Intervals: TypeAlias = tuple[tuple[int, int], ...]
"""Closed intervals, sorted, disjoint and not touching."""

_DIGITS: Final = len(str(BUCKETS - 1))


@lru_cache(maxsize=4096)
def pattern(intervals: Intervals) -> str:
    """A portable pattern for exactly these four-digit numbers, like `0[0-4][0-9][0-9]` for 0–499.

    It has neither anchors nor capture groups, and alternatives may stand at its top: within a longer pattern it needs
    a group. Raises ValueError when there is no number or one outside 0–9999.
    """
    merged = joined(intervals)
    if not merged or merged[0][0] < 0 or merged[-1][1] >= BUCKETS:
        raise ValueError(f"no buckets: {intervals}")
    return "|".join(_options(merged, _DIGITS))


def joined(intervals: Iterable[tuple[int, int]]) -> Intervals:
    """The same numbers in as few intervals as possible, sorted."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(intervals):
        if low > high:
            continue
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(merged[-1][1], high)
        else:
            merged.append((low, high))
    return tuple(merged)


def _options(intervals: Intervals, digits: int) -> list[str]:
    """Alternatives for numbers of so many digits; first digits that the same endings follow share one."""
    by_ending: dict[Intervals, list[int]] = {}
    for digit in range(10):
        ending = _within(intervals, digit, 10 ** (digits - 1))
        if ending:
            by_ending.setdefault(ending, []).append(digit)
    return [_digit(firsts) + _ending(ending, digits - 1) for ending, firsts in by_ending.items()]


def _within(intervals: Intervals, digit: int, span: int) -> Intervals:
    """What of the intervals begins with the digit, without it."""
    low, high = digit * span, (digit + 1) * span - 1
    return tuple(
        (max(start, low) - low, min(end, high) - low) for start, end in intervals if start <= high and end >= low
    )


def _ending(intervals: Intervals, digits: int) -> str:
    if digits == 0:
        return ""
    options = _options(intervals, digits)
    return options[0] if len(options) == 1 else f"(?:{'|'.join(options)})"


def _digit(digits: list[int]) -> str:
    if len(digits) == 1:
        return str(digits[0])
    return f"[{''.join(_span(low, high) for low, high in joined((digit, digit) for digit in digits))}]"


def _span(low: int, high: int) -> str:
    if high - low < 2:
        return "".join(map(str, range(low, high + 1)))
    return f"{low}-{high}"
