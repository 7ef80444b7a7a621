"""Intervals of buckets as patterns: exactly the tickets whose last four hex digits lie in them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from graymesh.ir.release import BUCKET_COUNT, Intervals
from graymesh.ir.tickets import HEAD

ALL: Final[Intervals] = ((0, BUCKET_COUNT - 1),)
"""Every bucket."""

_DIGITS: Final = 4
_BASE: Final = 16


@lru_cache(maxsize=4096)
def pattern(intervals: Intervals) -> str:
    """A portable pattern for exactly the tickets of these buckets, like `[0-9a-f-]{4,}0[0-4][0-9a-f]{2}` for 0–04ff.

    It has neither anchors nor capture groups, and no alternatives at its top. Raises ValueError when there is no bucket
    or a number that is none.
    """
    return HEAD + _grouped(_options(_checked(intervals), _DIGITS))


@lru_cache(maxsize=4096)
def ending(intervals: Intervals) -> str:
    """The same for the last four digits alone, like `0[0-4][0-9a-f]{2}`; in a group where there are alternatives."""
    return _grouped(_options(_checked(intervals), _DIGITS))


@lru_cache(maxsize=4096)
def last_digits(digits: int, intervals: Intervals) -> str:
    """A portable pattern for exactly the values that end in so many decimal digits whose number lies in these.

    Like `.*(?:0[0-4])`; raises ValueError when there is no number, or one that needs more digits.
    """
    return f".*{_grouped(_options(_checked(intervals, 10**digits), digits, 10))}"


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


def _checked(intervals: Intervals, count: int = BUCKET_COUNT) -> Intervals:
    merged = joined(intervals)
    if not merged or merged[0][0] < 0 or merged[-1][1] >= count:
        raise ValueError(f"no buckets: {intervals}")
    return merged


def _options(intervals: Intervals, digits: int, base: int = _BASE) -> list[str]:
    """Alternatives for numbers of so many digits; first digits that the same endings follow share one."""
    if intervals == ((0, base**digits - 1),):
        every = _digit([*range(base)])
        return [every * digits if base < _BASE or digits < 2 else f"{every}{{{digits}}}"]
    by_ending: dict[Intervals, list[int]] = {}
    for digit in range(base):
        left = _within(intervals, digit, base ** (digits - 1))
        if left:
            by_ending.setdefault(left, []).append(digit)
    return [_digit(firsts) + _grouped(_options(left, digits - 1, base)) for left, firsts in by_ending.items()]


def _within(intervals: Intervals, digit: int, span: int) -> Intervals:
    """What of the intervals begins with the digit, without it."""
    low, high = digit * span, (digit + 1) * span - 1
    return tuple(
        (max(start, low) - low, min(end, high) - low) for start, end in intervals if start <= high and end >= low
    )


def _grouped(options: list[str]) -> str:
    return options[0] if len(options) == 1 else f"(?:{'|'.join(options)})"


def _digit(digits: list[int]) -> str:
    if len(digits) == 1:
        return f"{digits[0]:x}"
    parts = [part for low, high in joined((digit, digit) for digit in digits) for part in _split(low, high)]
    return f"[{''.join(_span(*part) for part in parts)}]"


def _split(low: int, high: int) -> list[tuple[int, int]]:
    """A span of digits, cut between 9 and a, which are no neighbours in ASCII."""
    return [(low, 9), (10, high)] if low < 10 <= high else [(low, high)]


def _span(low: int, high: int) -> str:
    if high - low < 2:
        return "".join(f"{digit:x}" for digit in range(low, high + 1))
    return f"{low:x}-{high:x}"
