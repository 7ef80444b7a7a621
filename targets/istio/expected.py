"""What the spec asks of Istio besides routes: the view's settings, and what Istio must be told to serve it.

Computed without anything that writes: what is changed there does not change here, so that `verify` finds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

from graymesh.ir.release import Facts, Kind, Scalar
from graymesh.kit.target import Expected, HostTable, View

Named: TypeAlias = Iterator[tuple[tuple[str, str], Scalar]]

_SIDECARS: Final = "mesh"
"""Istio's word for all sidecars together, where the names of gateways stand (VirtualService.gateways)."""


def expected(view: View) -> Expected:
    """The settings; subsets are called as the versions are."""
    return Expected(settings=_settings(view))


def _settings(view: View) -> Facts:
    """The view's facts, without the source of tokens where no route asks for a claim: then nothing verifies tokens.

    Besides: where each name is served, the port, and what the options say about gateways, namespaces and endpoints.
    """
    options = view.options
    asked = any(map(_asks_for_claims, view.tables))
    facts = {key: value for key, value in view.facts.items() if asked or not key[1].startswith("jwt.")}
    for key in [key for key in facts if key[1].startswith("protocol.")]:
        del facts[key]
        facts |= {("", "upstream.protocol"): "HTTP/2"}
        if options["serviceEntry"]:
            facts |= {("", "entry.protocol"): key[1].removeprefix("protocol.").upper()}
    facts |= {("", "port"): view.release.port}
    if asked and view.release.jwt:
        source = facts.pop(("", "jwt.from"), "")
        facts |= {("", "jwt.places"): (f"{view.release.jwt.issuer} in {source}",)}
        facts |= {("", "jwt.namespace"): options["gatewayNamespace"], ("", "jwt.passedOn"): 1}
        facts |= {("", "jwt.pods"): tuple(sorted(view.options["gatewaySelector"]))}
    facts |= dict(_served(view))
    facts |= dict(_placed(view))
    if _own_gateway(view):
        facts |= dict(_gateway(view))
    if options["serviceEntry"]:
        facts |= dict(_entry(view))
    return facts


def _served(view: View) -> Named:
    """Without gateways every name is served in the mesh. With some, public names are served there.

    The service's own name is served in the mesh alone, at its released port. Public names are served there as well
    where one table has both, unless claims are read, which gateways and the mesh do in ways of their own.
    """
    own = {f"gateway {view.release.key}"} if _own_gateway(view) else set()
    gateways = own | {f"gateway {_in_full(name, view)}" for name in view.options["gateways"] if name != _SIDECARS}
    for table in view.tables:
        together = view.release.host in table.hosts and not _asks_for_claims(table)
        for host in table.hosts:
            public = gateways if table.public and host != view.release.host else set()
            places = public | ({_SIDECARS} if together or not public else set())
            yield ("", f"served.{host}"), tuple(sorted(places))
        if view.release.host in table.hosts:
            yield ("", f"ports.{view.release.host}"), view.release.port


def _in_full(gateway: str, view: View) -> str:
    return gateway if "/" in gateway else f"{view.release.namespace}/{gateway}"


def _own_gateway(view: View) -> bool:
    return bool(view.options["createGateway"] and view.release.domains)


def _asks_for_claims(table: HostTable) -> bool:
    conjunctions = (tests for route in table.table.routes for tests in route.condition)
    return any(test.field.kind is Kind.CLAIM for tests in conjunctions for test in tests)


def _placed(view: View) -> Named:
    """The namespace of the objects, and who sees them; a Gateway stands at its own name, and has no `exportTo`."""
    visible = sorted(view.options["exportTo"])
    seen = f" for {' '.join(visible)}" if visible else ""
    for kind in ("DestinationRule", "VirtualService", *["ServiceEntry"] * view.options["serviceEntry"]):
        yield ("", f"placed.{kind}"), f"{view.release.namespace}{seen}"


def _gateway(view: View) -> Named:
    """One server: HTTPS where there is a certificate, else plain HTTP."""
    hosts, secret = " ".join(sorted(view.release.domains)), view.options["gatewayCredential"]
    server = f"443 HTTPS credentialName={secret} mode=SIMPLE for {hosts}" if secret else f"80 HTTP for {hosts}"
    yield ("", f"gateway.{view.release.key}"), (server,)
    yield ("", f"gateway.{view.release.key}.pods"), tuple(sorted(view.options["gatewaySelector"]))


def _entry(view: View) -> Named:
    """The endpoints are facts here, though Kubernetes knows them otherwise; a version without any has none."""
    yield ("", "entry.port"), view.release.port
    yield ("", "entry.location"), "MESH_INTERNAL"
    addresses = [endpoint for version in view.release.versions for endpoint in version.endpoints]
    yield ("", "entry.resolution"), "DNS" if any(map(_named, addresses)) else "STATIC"
    for version in view.release.versions:
        yield (version.name, "endpoints"), tuple(sorted(version.endpoints))


def _named(endpoint: str) -> bool:
    """Is it a host name's? A host name's last part is no number."""
    host = endpoint.rpartition(":")[0]
    return not host.startswith("[") and not host.rpartition(".")[2].isdigit()
