"""The objects around the routes: DestinationRule, and Gateway and ServiceEntry where the options ask for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from graymesh.ir.release import Facts, Scalar, Version
from graymesh.kit.durations import in_seconds
from graymesh.kit.objects import kubernetes_object, metadata_of
from graymesh.kit.target import View
from graymesh.targets.istio.claims import selector_labels
from graymesh.targets.istio.options import options_of

NETWORKING: Final = "networking.istio.io/v1"
_NAME: Final = re.compile(r"(?:[^:]*\.)?[^:.]*[^:.0-9][^:.]*")
"""A host name: unlike an IPv6 address it has no colon, unlike an IPv4 address it does not end in a number."""


def destination_rule(view: View) -> dict[str, Any]:
    """All versions as subsets, at every stage: a route may only name what is there already."""
    release = view.release
    policy = _traffic_policy(view.facts)
    spec = {
        "host": release.host,
        **exported(view),
        **({"trafficPolicy": policy} if policy else {}),
        "subsets": [{"name": version.name, "labels": dict(version.labels)} for version in release.versions],
    }
    return kubernetes_object(NETWORKING, "DestinationRule", metadata_of(release), spec)


def exported(view: View) -> dict[str, list[str]]:
    """Who may see the object; by default every namespace."""
    names = list(options_of(view).exportTo)
    return {"exportTo": names} if names else {}


def _traffic_policy(facts: Facts) -> dict[str, Any]:
    said = {name: value for (version, name), value in facts.items() if not version}
    parts = {
        "connectionPool": _pool(said),
        "loadBalancer": _load_balancer(said),
        "outlierDetection": _outlier_detection(said),
    }
    return {name: part for name, part in parts.items() if part}


def _pool(said: Mapping[str, Scalar]) -> dict[str, Any]:
    tcp = _renamed(said, {"pool.maxConnections": "maxConnections"})
    http = _renamed(
        said,
        {
            "pool.maxPending": "http1MaxPendingRequests",
            "pool.maxRequestsPerConnection": "maxRequestsPerConnection",
        },
    )
    if protocol_of(said) != "HTTP":
        # Istio goes by the names of a service's ports otherwise, which are not ours to choose.
        http["h2UpgradePolicy"] = "UPGRADE"
    return {name: part for name, part in (("tcp", tcp), ("http", http)) if part}


def protocol_of(said: Mapping[str, Scalar]) -> str:
    """Istio's word for what the versions speak: HTTP, HTTP2 or GRPC."""
    return next((word.upper() for word in ("http2", "grpc") if f"protocol.{word}" in said), "HTTP")


def _load_balancer(said: Mapping[str, Scalar]) -> dict[str, Any]:
    """Warm-up works with round robin and least request only; least request is Istio's default."""
    warmup = said.get("warmup.ms")
    if not isinstance(warmup, int):
        return {}
    return {"simple": "LEAST_REQUEST", "warmup": {"duration": in_seconds(warmup)}}


def _outlier_detection(said: Mapping[str, Scalar]) -> dict[str, Any]:
    fields = _renamed(said, {"outlier.errors": "consecutive5xxErrors"})
    for fact, field in (("outlier.interval.ms", "interval"), ("outlier.eject.ms", "baseEjectionTime")):
        value = said.get(fact)
        if isinstance(value, int):
            fields[field] = in_seconds(value)
    share = said.get("outlier.maxEjected.bp")
    if isinstance(share, int):
        fields["maxEjectionPercent"] = share // 100
    return fields


def _renamed(said: Mapping[str, Scalar], names: Mapping[str, str]) -> dict[str, Any]:
    return {field: said[fact] for fact, field in names.items() if fact in said}


def gateway(view: View) -> dict[str, Any]:
    """A Gateway of the release's own for its public names: plain HTTP, or HTTPS with the given secret."""
    options = options_of(view)
    server: dict[str, Any] = {"port": {"number": 80, "name": "http", "protocol": "HTTP"}}
    if options.gatewayCredential:
        server = {
            "port": {"number": 443, "name": "https", "protocol": "HTTPS"},
            "tls": {"mode": "SIMPLE", "credentialName": options.gatewayCredential},
        }
    spec = {
        "selector": selector_labels(options.gatewaySelector),
        "servers": [{**server, "hosts": list(view.release.domains)}],
    }
    return kubernetes_object(NETWORKING, "Gateway", metadata_of(view.release), spec)


def service_entry(view: View) -> dict[str, Any]:
    """The service and its addresses, for versions that run outside Kubernetes."""
    release = view.release
    protocol = protocol_of({name: value for (_, name), value in view.facts.items()})
    endpoints = [
        _endpoint(version, endpoint, protocol.lower()) for version in release.versions for endpoint in version.endpoints
    ]
    named = any(_NAME.fullmatch(endpoint["address"]) for endpoint in endpoints)
    spec = {
        "hosts": [release.host],
        **exported(view),
        "location": "MESH_INTERNAL",
        "resolution": "DNS" if named else "STATIC",
        "ports": [{"number": release.port, "name": protocol.lower(), "protocol": protocol}],
        "endpoints": endpoints,
    }
    return kubernetes_object(NETWORKING, "ServiceEntry", metadata_of(release), spec)


def _endpoint(version: Version, endpoint: str, port_name: str) -> dict[str, Any]:
    address, _, port = endpoint.rpartition(":")
    return {"address": address.strip("[]"), "ports": {port_name: int(port)}, "labels": dict(version.labels)}
