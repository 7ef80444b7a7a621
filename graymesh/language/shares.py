"""How much canaries get: of everyone else by a stage's weights, of an audience by the share that its route gives out.

A user's one bucket decides both. A route's share and the stage's weight are cut from the same interval of the canary,
from the same end, so an audience gets the larger of the two, and whoever is in the smaller is in the larger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graymesh.language.routes import RouteSpec
from graymesh.language.stages import Stage


def route_weights(route: RouteSpec, weights: Mapping[str, int]) -> dict[str, int]:
    """Basis points of the route's audience that each canary gets where everyone else gives it these weights."""
    part = route.part_basis_points
    if part is None:
        return dict(weights)
    return {**weights, route.version: max(part, weights.get(route.version, 0))}


def largest_weights(routes: Sequence[RouteSpec], stages: Sequence[Stage], canaries: Sequence[str]) -> dict[str, int]:
    """The most that each canary ever gets, of everyone else or of an audience: basis points, in the canaries' order.

    Routes count at every stage, so that a canary's place does not depend on where the release stands.
    """
    series = [stage.weights(canaries) for stage in stages]
    parts = [(route.version, route.part_basis_points or 0) for route in routes]
    return {
        name: max([0, *(weights[name] for weights in series), *(part for version, part in parts if version == name)])
        for name in canaries
    }
