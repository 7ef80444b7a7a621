"""Durations as engines write them: in seconds where nothing is lost, and in Go's notation, which Kubernetes uses."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import Final

_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)")
_MILLISECONDS: Final = {
    "ns": Fraction(1, 1_000_000),
    "us": Fraction(1, 1000),
    "µs": Fraction(1, 1000),
    "ms": Fraction(1),
    "s": Fraction(1000),
    "m": Fraction(60_000),
    "h": Fraction(3_600_000),
}


def in_seconds(milliseconds: int) -> str:
    """`2s`; `1500ms` where it is not a whole number of seconds."""
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


@lru_cache(maxsize=4096)
def go_milliseconds(text: str) -> Fraction | None:
    """The milliseconds of `1.5s`, `500ms`, `1h30m` or `0`; None for what Go's `time.ParseDuration` does not take.

    A sign is not taken either: no field here is less than nothing.
    """
    if text == "0":
        return Fraction(0)
    total, at = Fraction(0), 0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None:
            return None
        total += Fraction("0" + found[1].rstrip(".")) * _MILLISECONDS[found[2]]
        at = found.end()
    return total if text else None
