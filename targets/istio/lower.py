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
from graymesh.targets.istio.resources import (
    NETWORKING,
    destination_rule,
    exported,
    gateway,
    service_entry,
)
from graymesh.targets.istio.routes import Backend, http_routes
from graymesh.text import Remarked

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
    """Hosts whose requests one VirtualService decides, and the gateways (or `mesh`) at which it does."""

    suffix: str
    hosts: tuple[str, ...]
    gateways: tuple[str, ...]
    table: HostTable


def lower(views: Sequence[View]) -> list[IstioFile]:
    """One file per release, and one for the tokens that claims come from."""
    ordered = sorted(views, key=lambda view: view.release.key)
    trees = [_release(view) for view in ordered]
    shared = request_authentications(ordered)
    if not shared:
        return trees
    first, *others = shared
    return [*trees, IstioFile(SHARED_FILE, (Remarked(first, (file_of_all(),)), *others))]


def _release(view: View) -> IstioFile:
    """What a VirtualService names stands before it, so that applying the file in order never leaves a gap."""
    documents: list[dict[str, Any]] = []
    if options_of(view).serviceEntry:
        documents.append(service_entry(view))
    documents.append(destination_rule(view))
    if _own_gateway(view):
        documents.append(gateway(view))
    documents += [_virtual_service(view, binding) for binding in _bindings(view)]
    first, *others = documents
    marked = Remarked(first, file_of(view))
    return IstioFile(f"{view.release.namespace}.{view.release.name}.yaml", (marked, *others))


def _own_gateway(view: View) -> bool:
    return bool(options_of(view).createGateway and view.release.domains)


def _bindings(view: View) -> Iterator[_Binding]:
    """Without gateways all names are served in the mesh; a gateway that sees claims its own way stands apart."""
    edges = _edges(view)
    for table in view.tables:
        internal = tuple(host for host in table.hosts if host == view.release.host)
        public = tuple(host for host in table.hosts if host != view.release.host)
        if not edges or not table.public:
            yield _Binding(_suffix(view, table), table.hosts, (MESH,), table)
        elif internal and claim_names(table.table):
            yield _Binding("", public, edges, table)
            yield _Binding(_SECOND, internal, (MESH,), table)
        else:
            yield _Binding("", table.hosts, (*edges, MESH) if internal else edges, table)


def _edges(view: View) -> tuple[str, ...]:
    own = (f"{view.release.namespace}/{view.release.name}",) if _own_gateway(view) else ()
    named = (name for name in options_of(view).gateways if name != MESH)
    return (*named, *own)


def _suffix(view: View, table: HostTable) -> str:
    return _SECOND if len(view.tables) > 1 and not table.public else ""


def _virtual_service(view: View, binding: _Binding) -> dict[str, Any]:
    release = view.release
    issuer = release.jwt.issuer if release.jwt else ""
    claims = Claims(issuer, at_gateway=MESH not in binding.gateways)
    backend = Backend(release.host, release.port)
    routes = (pair for route in binding.table.table.routes for pair in http_routes(route, backend, claims))
    spec = {
        "hosts": list(binding.hosts),
        **({} if binding.gateways == (MESH,) else {"gateways": list(binding.gateways)}),
        **exported(view),
        "http": [Remarked(found, tuple(in_lines(words))) for words, found in routes],
    }
    return kubernetes_object(NETWORKING, "VirtualService", metadata_of(release, release.name + binding.suffix), spec)
