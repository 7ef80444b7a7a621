"""The port for which a VirtualService's routes hold: in the mesh one of the service, at a gateway one of a server."""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.kit.nodes import ObjectNode
from graymesh.targets.istio.names import MESH
from graymesh.targets.istio.objects import Object, gateway_name


def port_of(found: Object, place: str) -> int:
    """The one port that all matches of a place name, 0 where they name none and hold for every HTTP port.

    Raises NotUnderstood where ports would have tables of their own, and for the ports of a gateway.
    """
    port: int | None = None
    for match, named in _ports(found, place):
        if named and place != MESH:
            raise match.wrong("port", "the match holds for one server of the gateway only")
        if port not in (None, named):
            told = " and ".join(str(each or "every port") for each in sorted({port or 0, named}))
            raise match.wrong("port", f"routes for {told} stand in one VirtualService, so that ports differ")
        port = named
    return port or 0


def _ports(found: Object, place: str) -> Iterator[tuple[ObjectNode, int]]:
    """Every match that holds at the place, or the route that has none, with its port."""
    for route in found.spec.nodes("http"):
        if not route.items("match"):
            yield route, 0
        for match in route.nodes("match"):
            names = match.texts("gateways")
            if not names or place in {gateway_name(name, found.namespace) for name in names}:
                yield match, match.whole("port")
