"""The way back: what a user would write for a value in the language's units."""

from __future__ import annotations

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
