"""Which port of a service the sidecars' routes hold for: a VirtualService without one takes every HTTP port."""

from __future__ import annotations

from typing import Any

from graymesh.text import Remarked


def at_port(route: dict[str, Any] | Remarked, port: int) -> dict[str, Any] | Remarked:
    """The same HTTPRoute for requests to this port only; 0 leaves it as it is."""
    if isinstance(route, Remarked):
        return Remarked(at_port(route.value, port), route.lines)
    if not port:
        return route
    matches = [{"port": port, **match} for match in route.get("match", [{}])]
    named = {"name": route["name"], "match": matches}
    return {**named, **{key: value for key, value in route.items() if key not in named}}
