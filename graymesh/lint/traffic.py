"""Questions that several rules ask about a release's traffic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import assert_never

from graymesh.ir.release import (
    BUCKETS,
    Absent,
    Buckets,
    Kind,
    Matcher,
    Networks,
    OneOf,
    PathPrefix,
    Prefix,
    Present,
    Regex,
    Release,
    Route,
    Test,
)
from graymesh.proof.regex.portable import matches_everything


def weights(release: Release) -> Mapping[str, int]:
    """Basis points of everyone else's requests that each version gets at the release's stage."""
    found = {version.name: 0 for version in release.versions}
    for share in release.table.routes[-1].split.shares:
        found[share.version] += share.basis_points
    return found


def canary_weight(release: Release) -> int:
    """Basis points that all canaries get together."""
    return BUCKETS - weights(release)[release.stable]


def percent(basis_points: int) -> str:
    """Basis points as a percentage without needless zeros: 50 → `0.5%`."""
    return f"{basis_points / 100:g}%"


def stage_path(index: int) -> tuple[str | int, ...]:
    """Where the spec describes its stage of this number."""
    return ("spec", "stages", index)


def asked(release: Release) -> Iterator[Route]:
    """The routes that the spec names, without those that stickiness and stages add."""
    return (route for route in release.table.routes if route.origin[:2] == ("spec", "routes"))


def tests(release: Release) -> Iterator[Test]:
    """Every test in the conditions of the routes that the spec names."""
    return (test for route in asked(release) for conjunction in route.condition for test in conjunction)


def takes_all(matcher: Matcher, kind: Kind) -> bool:
    """Does the matcher take every value that the field can have?"""
    match matcher:
        case Regex(pattern):
            return matches_everything(pattern)
        case PathPrefix(prefix):
            return prefix == "/" and kind is Kind.PATH
        case OneOf() | Prefix() | Buckets() | Networks() | Present() | Absent():
            return False
        case _:
            assert_never(matcher)
