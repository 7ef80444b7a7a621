"""Views as Istio's objects: which VirtualServices a release has, what each is bound to, and in which file it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from graymesh.kit.comments import file_of, file_of_all, in_lines
from graymesh.kit.objects import kubernetes_object, metadata_of
from graymesh.kit.target import HostTable, View
from graymesh.targets.istio.claims import Claims, claim_names, request_authentications
from graymesh.targets.istio.names import MESH
from graymesh.targets.istio.options import options_of
from graymesh.targets.istio.ports import at_port
from graymesh.targets.istio.resources import (
    NETWORKING,
    destination_rule,
    exported,
    gateway,
    service_entry,
)
from graymesh.targets.istio.routes import Backend, http_routes
from graymesh.text import Remarked

DESTINATIONS: Final = "destinations"
ROUTES: Final = "routes"
"""What the names of a release's two files end in. They sort as they are applied: a version comes before its routes."""

_SECOND: Final = ".mesh"
"""What the name of a release's second VirtualService ends in; no release's own name has a dot."""

SHARED_FILE: Final = "request-authentication.yaml"
"""A release's file has a dot between namespace and name, so this name is free."""


@dataclass(frozen=True, slots=True)
class IstioFile:
    """One file: its path and its documents in order."""

    path: str
    documents: tuple[dict[str, Any] | Remarked, ...]


@dataclass(frozen=True, slots=True)
class _Binding:
    """Hosts whose requests one VirtualService decides, and the gateways (or `mesh`) at which it does.

    `port` is the one of the service that is released, 0 for names that are no service's.
    """

    suffix: str
    hosts: tuple[str, ...]
    gateways: tuple[str, ...]
    table: HostTable
    port: int = 0


def lower(views: Sequence[View]) -> list[IstioFile]:
    """Two files per release, and one for the tokens that claims come from."""
    ordered = sorted(views, key=lambda view: view.release.key)
    trees = [file for view in ordered for file in (_destinations(view), _routes(view))]
    shared = request_authentications(ordered)
    if not shared:
        return trees
    first, *others = shared
    return [*trees, IstioFile(SHARED_FILE, (Remarked(first, (file_of_all(),)), *others))]


def _destinations(view: View) -> IstioFile:
    """The versions that routes may name, those that are retired too: `kubectl apply` on the folder takes them first."""
    entry = [service_entry(view)] if options_of(view).serviceEntry else []
    return _file(view, DESTINATIONS, [*entry, destination_rule(view)])


def _routes(view: View) -> IstioFile:
    """Who gets which version; a Gateway that they are bound to stands before them."""
    own = [gateway(view)] if _own_gateway(view) else []
    return _file(view, ROUTES, [*own, *(_virtual_service(view, binding) for binding in _bindings(view))])


def _file(view: View, ending: str, documents: Sequence[dict[str, Any]]) -> IstioFile:
    first, *others = documents
    path = f"{view.release.namespace}.{view.release.name}.{ending}.yaml"
    return IstioFile(path, (Remarked(first, file_of(view)), *others))


def _own_gateway(view: View) -> bool:
    return bool(options_of(view).createGateway and view.release.domains)


def _bindings(view: View) -> Iterator[_Binding]:
    """The service's own name stands apart, for in the mesh only its released port is ours to route.

    Without gateways all names are served in the mesh; a gateway that sees claims its own way serves public ones alone.
    """
    edges, own = _edges(view), view.release.host
    for table in view.tables:
        public = tuple(host for host in table.hosts if host != own)
        served = edges if table.public else ()
        if public:
            together = own in table.hosts and not claim_names(table.table)
            yield _Binding("", public, (*served, MESH) if together or not served else served, table)
        if own in table.hosts:
            yield _Binding(_SECOND if view.release.domains else "", (own,), (MESH,), table, view.release.port)


def _edges(view: View) -> tuple[str, ...]:
    own = (f"{view.release.namespace}/{view.release.name}",) if _own_gateway(view) else ()
    named = (name for name in options_of(view).gateways if name != MESH)
    return (*named, *own)


def _virtual_service(view: View, binding: _Binding) -> dict[str, Any]:
    release = view.release
    issuer = release.jwt.issuer if release.jwt else ""
    claims = Claims(issuer, at_gateway=MESH not in binding.gateways)
    backend = Backend(release.host, release.port)
    routes = http_routes(binding.table.table.routes, backend, claims)
    spec = {
        "hosts": list(binding.hosts),
        **({} if binding.gateways == (MESH,) else {"gateways": list(binding.gateways)}),
        **exported(view),
        "http": [Remarked(at_port(found, binding.port), tuple(in_lines(words))) for words, found in routes],
    }
    return kubernetes_object(NETWORKING, "VirtualService", metadata_of(release, release.name + binding.suffix), spec)
