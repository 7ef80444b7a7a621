"""What the cluster must have for the objects to work. The same at every stage."""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.diagnostic import Pointer
from graymesh.ir.release import Kind
from graymesh.kit.asked import asked_by
from graymesh.kit.target import Need, View
from graymesh.targets.istio.options import Options, options_of

_OPTIONS: Pointer = ("spec", "targets", "istio")


def needs(view: View) -> Iterator[Need]:
    """Istio and its kinds of objects, gateways and what they hold, and tokens if any stage asks for a claim."""
    options = options_of(view)
    yield Need(
        name="istio",
        text="Istio 1.22 or later, tried with 1.31, for networking.istio.io/v1 with DestinationRule and VirtualService",
    )
    yield Need(
        name="pods", text="pods of every version that carry the version's labels; sidecars for names in the mesh"
    )
    yield from _gateways(view, options)
    if options.serviceEntry:
        yield Need(name="ServiceEntry", text="the kind ServiceEntry, and the right to write it", path=_OPTIONS)
    if any(route.policy.cors for table in view.tables for route in table.table.routes):
        text = "an Istio that knows corsPolicy.unmatchedPreflights, or services get the preflights of other origins"
        yield Need(name="CORS", text=text, path=("spec", "cors"))
    claims = asked_by(view, Kind.CLAIM)
    if claims is not None:
        yield from _tokens(view, options, claims)


def _gateways(view: View, options: Options) -> Iterator[Need]:
    named = sorted(name for name in options.gateways if name != "mesh")
    if named:
        full = [name if "/" in name else f"{view.release.namespace}/{name}" for name in named]
        text = f"a Gateway {' and '.join(full)} that serves the public names"
        yield Need(name="Gateway", text=text, path=(*_OPTIONS, "gateways"))
    if options.createGateway and view.release.domains:
        text = f"the kind Gateway, and pods labelled {', '.join(options.gatewaySelector)}"
        yield Need(name="own Gateway", text=text, path=(*_OPTIONS, "createGateway"))
        if options.gatewayCredential:
            text = f"the secret {options.gatewayCredential} in the namespace of the gateway's pods"
            yield Need(name="certificate", text=text, path=(*_OPTIONS, "gatewayCredential"))


def _tokens(view: View, options: Options, path: Pointer) -> Iterator[Need]:
    issuer = f", which istiod fetches from {view.release.jwt.jwks}" if view.release.jwt else ""
    yield Need(
        name="RequestAuthentication",
        text="security.istio.io/v1 with RequestAuthentication, the right to write it into the namespace "
        f"{options.gatewayNamespace}, and the issuer's keys{issuer}",
        path=path,
    )
    if not options.gateways and not (options.createGateway and view.release.domains):
        text = "services that pass the request's x-graymesh-claim-… headers on, since sidecars read claims from them"
        yield Need(name="claim headers", text=text, path=path)
