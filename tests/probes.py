"""Two releases for each feature of the language, alike but for that feature: what a target makes of it can be seen."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from graymesh.kit.registry import target, target_names
from graymesh.kit.target import Target

Spec: TypeAlias = dict[str, Any]
Patch: TypeAlias = Mapping[str, Any]

_FIELDS: Final = {"header": "headers", "cookie": "cookies", "query": "query", "claim": "claims"}
_FORMS: Final[Mapping[str, Any]] = {
    "": "v2",
    "regex": {"regex": "v[0-9]+"},
    "present": {"present": True},
    "absent": {"absent": True},
}
"""What stands for a value, by the last word of the feature; any other word is a key for a part of the value."""

_PATHS: Final[Mapping[str, Any]] = {"": "/a", "regex": {"regex": "/a[0-9]+"}}
_JWT: Final = {"issuer": "https://id.example.com", "jwks": "https://id.example.com/k", "from": {"header": "X-Token"}}
_GROWING: Final = {"stages": [{"name": "now", "weight": 5}, {"name": "later", "weight": 100}]}
_STICKY: Final = {**_GROWING, "sticky": {"cookie": "bucket"}}
_SERVICE: Final = {"port": 8080, "domains": ["probe.example.com", "www.probe.example.com"]}
_RETRIES: Final = {"attempts": 2, "on": ["5xx"]}


def _routed(entry: Mapping[str, Any], **more: Any) -> Patch:
    route = {"name": "probed", "audience": "probed", "version": "v2", **more}
    return {"audiences": {"probed": [entry]}, "routes": [route]}


def _versions(count: int = 2, **more: Any) -> Patch:
    """So many versions, with more said of the second."""
    numbers = range(1, count + 1)
    found = {f"v{number}": {"endpoints": [f"10.0.{number}.1:8080", f"10.0.{number}.2:8080"]} for number in numbers}
    return {"versions": {**found, "v2": {**found["v2"], **more}}}


def _split(**weights: int) -> Patch:
    return {"stages": [{"name": "now", "split": weights}]}


def _resilience(**said: Any) -> Patch:
    return {**_GROWING, "resilience": said}


def _breaker(**said: Any) -> Patch:
    return _resilience(circuitBreaker=said)


def _guards(**said: Any) -> Patch:
    return {**_GROWING, "guards": said}


_PROBES: Final[Mapping[str, tuple[Patch, Patch]]] = {
    "cookie.several": ({}, _routed({"cookies": {"probe": "v2", "other": "v2"}})),
    "method": ({}, _routed({"method": ["GET"]})),
    "host": ({}, _routed({"host": ["www.probe.example.com"]})),
    "source": ({}, _routed({"source": ["203.0.113.0/24"]})),
    "preflight": ({}, {"preflight": "stable"}),
    "cors": ({}, {"cors": {"origins": ["https://app.example.org"]}}),
    "split": ({}, _GROWING),
    "split.several": ({**_versions(3), **_split(v2=5)}, _split(v2=5, v3=5)),
    "sticky": (_GROWING, _STICKY),
    "sticky.fine": (_STICKY, {"stages": [{"name": "now", "weight": 7}, {"name": "later", "weight": 100}]}),
    "sticky.key": (_STICKY, {"sticky": {"cookie": "bucket", "key": {"cookie": "uid"}}}),
    "notice": (_GROWING, {"notice": {"header": "X-Notice", "value": "told"}}),
    "trace": (_GROWING, {"trace": {"header": "X-Trace"}}),
    "timeout": (_GROWING, _resilience(timeout="2s")),
    "retries": (_GROWING, _resilience(retries=_RETRIES)),
    "retries.perTry": (_resilience(retries=_RETRIES), _resilience(retries={**_RETRIES, "perTry": "500ms"})),
    "mirror": (_GROWING, {"mirror": {"version": "v2", "share": "10%"}}),
    "outlier.errors": (_GROWING, _resilience(outlier={"errors": 7})),
    "outlier.interval": (_resilience(outlier={"errors": 7}), _resilience(outlier={"errors": 7, "interval": "9s"})),
    "outlier.eject": (_resilience(outlier={"errors": 7}), _resilience(outlier={"errors": 7, "eject": "41s"})),
    "outlier.maxEjected": (_resilience(outlier={"errors": 7}), _resilience(outlier={"errors": 7, "maxEjected": "40%"})),
    "fallback": (_GROWING, _resilience(fallback="stable")),
    "warmup": (_GROWING, _resilience(warmup="60s")),
    "pool": (_GROWING, _resilience(pool={"maxConnections": 100})),
    "limits.qps": (_GROWING, {"limits": {"v2": {"qps": 500}}}),
    "limits.cpu": (_GROWING, {"limits": {"v2": {"cpu": "90%"}}}),
    "circuitBreaker.slowCalls": (_GROWING, _breaker(slowCalls={"above": "500ms", "max": "50%"})),
    "circuitBreaker.errorRatio": (_GROWING, _breaker(errorRatio={"max": "50%"})),
    "circuitBreaker.errorCount": (_GROWING, _breaker(errorCount={"max": 50})),
    "guards.errorRate": (_GROWING, _guards(errorRate={"max": "1%", "window": "5m"})),
    "guards.latency": (_GROWING, _guards(latency={"max": "500ms", "quantile": 0.99, "window": "5m"})),
    "guards.cpu": (_GROWING, _guards(cpu={"max": "90%", "for": "1m"})),
    "guards.memory": (_GROWING, _guards(memory={"max": "90%", "for": "1m"})),
    "guards.coverage": (_GROWING, _guards(coverage={"min": "95%"})),
    "image": ({}, _versions(image="registry.example.com/probe:v2")),
    "workload": ({}, {"workload": {"name": "probe"}}),
    "streams": ({}, {"service": {**_SERVICE, "streams": True}}),
    "protocol.http2": ({}, {"service": {**_SERVICE, "protocol": "http2"}}),
    "labels": ({}, _versions(labels={"version": "v2", "track": "canary"})),
    "endpoints": ({}, _versions(endpoints=["10.9.9.9:8080", "10.9.9.8:8080"])),
    "jwt": (
        {**_routed({"claims": {"tier": "v2"}}), "jwt": _JWT},
        {"jwt": {**_JWT, "jwks": "https://id.example.com/l"}},
    ),
}


def probe(feature: str, chosen: Target) -> tuple[Spec, Spec]:
    """The data of two specs for the target, without the feature and with it. Raises KeyError when none is known."""
    common, toggled = _patches(feature, chosen)
    without = {**_base(chosen), **common}
    return _document(without), _document({**without, **toggled})


def companion_of(chosen: Target) -> Target:
    """The target that routes for one which does not: the one it stands beside, or any; itself when it routes."""
    if chosen.manifest.routes:
        return chosen
    return target(chosen.manifest.companion or routers()[0])


def routers() -> list[str]:
    """All targets that choose versions."""
    return [name for name in target_names() if target(name).manifest.routes]


def _patches(feature: str, chosen: Target) -> tuple[Patch, Patch]:
    field, _, form = feature.partition(".")
    if feature in _PROBES:
        return _PROBES[feature]
    if field in _FIELDS:
        jwt = {"jwt": _JWT} if field == "claim" else {}
        return jwt, _routed({_FIELDS[field]: {"tier" if jwt else "Probe": _FORMS.get(form, {form: "v"})}})
    if field == "path":
        return {}, _routed({"path": _PATHS.get(form, {form: "/a"})})
    if field == "host":
        return {}, _routed({"host": {form: ".probe.example.com"}})
    return _OF_TARGETS[feature](chosen)


def _fault(chosen: Target) -> tuple[Patch, Patch]:
    """On a route by a field that the target can tell."""
    entries: Mapping[str, Any] = {
        "header": {"headers": {"X-A": "b"}},
        "path": {"path": "/a"},
        "method": {"method": ["GET"]},
    }
    can = companion_of(chosen).manifest.can
    entry = next(entry for field, entry in entries.items() if can(field))
    return _routed(entry), _routed(entry, fault={"abort": {"status": 503, "share": "5%"}})


def _replicas(chosen: Target) -> tuple[Patch, Patch]:
    """Four instead of two, below a limit that is shared out over them where the target can do that."""
    shared = {"limitsPer": "version"} if "limitsPer" in chosen.manifest.options else {}
    limited = {"limits": {"v2": {"qps": 400}}, "targets": {**_base(chosen)["targets"], chosen.manifest.name: shared}}
    return {**limited, **_versions(replicas=2)}, _versions(replicas=4)


def _as_edge(chosen: Target) -> tuple[Patch, Patch]:
    return _GROWING, {"edge": {"target": chosen.manifest.name, "header": "X-Lane"}}


def _behind(chosen: Target) -> tuple[Patch, Patch]:
    """Behind another engine that decides."""
    edge = next(name for name in routers() if name != chosen.manifest.name)
    both = {"targets": {edge: {}, chosen.manifest.name: {}}}
    return {**_GROWING, **both}, {"edge": {"target": edge, "header": "X-Lane"}}


def _grpc(chosen: Target) -> tuple[Patch, Patch]:
    """With a certificate, where the target wants one for HTTP/2."""
    names = [name for name in ("tlsCertificate", "tlsKey") if name in chosen.manifest.options]
    options = {chosen.manifest.name: {name: f"tls/{name}.pem" for name in names}}
    targets = {"targets": {**_base(chosen)["targets"], **options}}
    return targets, {"service": {**_SERVICE, "protocol": "grpc"}}


_OF_TARGETS: Final[Mapping[str, Callable[[Target], tuple[Patch, Patch]]]] = {
    "fault": _fault,
    "protocol.grpc": _grpc,
    "replicas": _replicas,
    "lane.set": _as_edge,
    "lane.follow": _behind,
}


def _base(chosen: Target) -> Spec:
    """Everybody goes to the stable version, and nothing else is asked."""
    names = dict.fromkeys([companion_of(chosen).manifest.name, chosen.manifest.name])
    return {
        "service": _SERVICE,
        "stable": "v1",
        **_versions(),
        "stages": [{"name": "now", "weight": 0}, {"name": "later", "weight": 100}],
        "targets": {name: {} for name in names},
    }


def _document(spec: Spec) -> Spec:
    head = {"apiVersion": "graymesh.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "probe", "namespace": "web"}}
    return copy.deepcopy({**head, "spec": spec})
