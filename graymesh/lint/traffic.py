"""Questions that several rules ask about a release's traffic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graymesh.diagnostic import Pointer
from graymesh.ir.release import WHOLE, Release, Route, Test


def weights(release: Release) -> Mapping[str, int]:
    """Basis points of everyone else's requests that each version gets at the release's stage."""
    found = {version.name: 0 for version in release.versions}
    for share in release.table.routes[-1].split.shares:
        found[share.version] += share.basis_points
    return found


def canary_weight(release: Release) -> int:
    """Basis points that all canaries get together."""
    return WHOLE - weights(release)[release.stable]


def stage_path(index: int) -> tuple[str | int, ...]:
    """Where the spec describes its stage of this number."""
    return ("spec", "stages", index)


def asked(release: Release) -> Iterator[Route]:
    """The routes that the spec names, without those that stickiness and stages add."""
    return (release.table.routes[index] for index in asked_at(release).values())


def asked_at(release: Release) -> Mapping[Pointer, int]:
    """Place of each route that the spec names → its index in the table.

    Where it takes a share of its audience, those for users who are known already stand before it.
    """
    routes = enumerate(release.table.routes)
    return {route.origin: index for index, route in routes if route.origin[:2] == ("spec", "routes")}


def tests(release: Release) -> Iterator[Test]:
    """Every test in the conditions of the routes that the spec names."""
    return (test for route in asked(release) for conjunction in route.condition for test in conjunction)
