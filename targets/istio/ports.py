"""Which port of a service the sidecars' routes hold for: a VirtualService without one takes every HTTP port."""

from __future__ import annotations

from typing import Any


def at_port(route: dict[str, Any], port: int) -> dict[str, Any]:
    """The same HTTPRoute for requests to this port only; 0 leaves it as it is."""
    if not port:
        return route
    matches = [{"port": port, **match} for match in route.get("match", [{}])]
    named = {"name": route["name"], "match": matches}
    return {**named, **{key: value for key, value in route.items() if key not in named}}
