"""The way back: what a user would write for a value in the language's units."""

from __future__ import annotations

from typing import assert_never

from graymesh.ir import release as ir
from graymesh.ir.wording import duration


def duration_of_seconds(seconds: int) -> str:
    """In the largest unit of which it is a whole number: 90 → `90s`."""
    return duration(seconds * 1000)


def weight(basis_points: int) -> int | float:
    """In percent: 500 → 5, 1050 → 10.5."""
    return basis_points / 100 if basis_points % 100 else basis_points // 100


def quantile(basis_points: int) -> float:
    """As a part of one: 9900 → 0.99."""
    return basis_points / 10_000


def field(chosen: ir.Field) -> dict[str, str]:
    """`{cookie: uid}`."""
    return {str(chosen.kind): chosen.name}


def matcher(meant: ir.Matcher) -> str | list[str] | dict[str, str | bool]:
    """A bare value, a list, or a mapping with the matcher's form. Raises TypeError for one that nobody can write."""
    match meant:
        case ir.OneOf((value,)):
            return value
        case ir.OneOf(values):
            return list(values)
        case ir.Prefix(value) | ir.PathPrefix(value):
            return {"prefix": value}
        case ir.Regex(pattern):
            return {"regex": pattern}
        case ir.Present():
            return {"present": True}
        case ir.Absent():
            return {"absent": True}
        case ir.Buckets() | ir.Networks():
            raise TypeError(f"{type(meant).__name__} is not a matcher of the language")
        case _:
            assert_never(meant)
