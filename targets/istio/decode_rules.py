"""Istio's DestinationRule: the subsets of a host, and what it says about connections and failing instances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from graymesh.ir.release import Scalar
from graymesh.kit.nodes import ObjectNode
from graymesh.kit.refusal import NotUnderstood

_RULE: Final = frozenset(["host", "trafficPolicy", "subsets", "exportTo"])
_RULE_REFUSED: Final = {"workloadSelector": "the rule holds for some callers only"}
_SUBSET: Final = frozenset(["name", "labels", "trafficPolicy"])
_POLICY: Final = frozenset(["connectionPool", "loadBalancer", "outlierDetection", "tls"])
_POLICY_REFUSED: Final = {
    "portLevelSettings": "the ports of a service differ",
    "tunnel": "requests take a tunnel",
    "retryBudget": "limits how many requests are tried again",
}
_POOL: Final = frozenset(["tcp", "http"])
_TCP: Final = {"maxConnections": "pool.maxConnections"}
_HTTP: Final = {
    "http1MaxPendingRequests": "pool.maxPending",
    "maxRequestsPerConnection": "pool.maxRequestsPerConnection",
}
_OUTLIER: Final = frozenset(["consecutive5xxErrors", "interval", "baseEjectionTime", "maxEjectionPercent"])
_OUTLIER_TIMES: Final = {"interval": "outlier.interval.ms", "baseEjectionTime": "outlier.eject.ms"}
_BALANCER: Final = frozenset(["simple", "consistentHash", "warmup", "warmupDurationSecs"])
_BALANCER_REFUSED: Final = {
    "localityLbSetting": "the choice depends on where callers are",
    "zoneAwareLbSetting": "the choice depends on where callers are",
}
_SIMPLE: Final = frozenset(["UNSPECIFIED", "LEAST_CONN", "LEAST_REQUEST", "ROUND_ROBIN", "RANDOM"])
_WARMING: Final = frozenset(["UNSPECIFIED", "LEAST_CONN", "LEAST_REQUEST", "ROUND_ROBIN"])
_HASH: Final = frozenset(
    ["httpHeaderName", "httpCookie", "useSourceIp", "httpQueryParameterName", "ringHash", "maglev", "minimumRingSize"]
)
_CERTIFICATES: Final = frozenset(["clientCertificate", "privateKey", "caCertificates", "credentialName", "caCrl"])
_TLS: Final = _CERTIFICATES | {"mode", "subjectAltNames", "sni", "insecureSkipVerify"}


@dataclass(frozen=True, slots=True)
class DestinationRule:
    """The subsets by name with their pod labels, and the facts that hold for all of them.

    `namespace` is the one that the file names; `export_to` None when the file leaves it to Istio.
    """

    host: str
    subsets: Mapping[str, Mapping[str, str]]
    policy: Mapping[str, Scalar]
    namespace: str = ""
    export_to: tuple[str, ...] | None = None


def destination_rule(spec: ObjectNode, host: str, namespace: str, home: str) -> DestinationRule:
    """The rule for the host, whose service stands in the namespace `home`, "" when that is not known.

    Raises NotUnderstood for fields that it does not know, and for rules that few callers see.
    """
    spec.limited(_RULE, _RULE_REFUSED)
    if namespace and home not in ("", namespace):
        raise NotUnderstood(
            "namespace", f"only callers in {namespace} see a rule for {host} there", ("metadata", "namespace")
        )
    if "*" in host:
        raise spec.wrong("host", "holds for several services at once")
    policy = dict(_policy(spec.node("trafficPolicy")))
    subsets: dict[str, Mapping[str, str]] = {}
    for subset in spec.nodes("subsets"):
        name = _name(subset.limited(_SUBSET), subsets)
        subsets[name] = subset.text_map("labels")
        if "trafficPolicy" in subset and dict(_policy(subset.node("trafficPolicy"))) != policy:
            raise subset.wrong("trafficPolicy", f"subset {name} differs from the other versions")
    export_to = spec.texts("exportTo") if "exportTo" in spec else None
    return DestinationRule(host, subsets, policy, namespace, export_to)


def _name(subset: ObjectNode, known: Mapping[str, object]) -> str:
    name = subset.text("name")
    if not name or name in known:
        raise subset.wrong("name", "is missing or appears twice")
    return name


def _policy(policy: ObjectNode | None) -> Iterator[tuple[str, Scalar]]:
    """Facts by name. TLS and the choice of a pod change no version and are no facts."""
    if policy is None:
        return
    policy.limited(_POLICY, _POLICY_REFUSED)
    tls = policy.node("tls")
    if tls is not None:
        tls.limited(_TLS)
    yield from _pool(policy.node("connectionPool"))
    yield from _outlier(policy.node("outlierDetection"))
    yield from _balancer(policy.node("loadBalancer"))


def _pool(pool: ObjectNode | None) -> Iterator[tuple[str, Scalar]]:
    """Istio takes 0 for not set, here and for the share of ejected instances."""
    if pool is None:
        return
    pool.limited(_POOL)
    for part, names in ((pool.node("tcp"), _TCP), (pool.node("http"), _HTTP)):
        if part is not None:
            part.limited(frozenset(names) | {"h2UpgradePolicy"} if names is _HTTP else frozenset(names))
            yield from _upgraded(part)
            yield from ((fact, part.whole(name)) for name, fact in names.items() if part.whole(name))


def _upgraded(http: ObjectNode) -> Iterator[tuple[str, Scalar]]:
    """HTTP/2 to the service whatever its port is called; the default is the mesh's, which does not upgrade."""
    policy = http.text("h2UpgradePolicy", "DEFAULT")
    if policy == "UPGRADE":
        yield "upstream.protocol", "HTTP/2"
    elif policy not in ("DEFAULT", "DO_NOT_UPGRADE"):
        raise http.wrong("h2UpgradePolicy", f"{policy} is none of DEFAULT, DO_NOT_UPGRADE and UPGRADE")


def _outlier(outlier: ObjectNode | None) -> Iterator[tuple[str, Scalar]]:
    if outlier is None:
        return
    outlier.limited(_OUTLIER)
    if "consecutive5xxErrors" in outlier:
        if not outlier.whole("consecutive5xxErrors"):
            raise outlier.wrong("consecutive5xxErrors", "is 0, which counts no errors at all")
        yield "outlier.errors", outlier.whole("consecutive5xxErrors")
    for name, fact in _OUTLIER_TIMES.items():
        time = outlier.milliseconds(name)
        if time is not None:
            yield fact, time
    if outlier.whole("maxEjectionPercent"):
        yield "outlier.maxEjected.bp", outlier.whole("maxEjectionPercent") * 100


def _balancer(balancer: ObjectNode | None) -> Iterator[tuple[str, Scalar]]:
    """Which pod of a version answers is no matter of routes; warm-up is a fact where it has an effect."""
    if balancer is None:
        return
    balancer.limited(_BALANCER, _BALANCER_REFUSED)
    simple, hashed = balancer.text("simple", "UNSPECIFIED"), balancer.node("consistentHash")
    if simple not in _SIMPLE:
        raise balancer.wrong("simple", f"{simple} does not send to a subset's pods")
    if hashed is not None:
        hashed.limited(_HASH)
    times = list(_warmup(balancer))
    if len(times) > 1 or (times and (simple not in _WARMING or hashed is not None)):
        name = "warmup" if "warmup" in balancer else "warmupDurationSecs"
        raise balancer.wrong(name, "has no effect beside this choice of pods, or appears twice")
    yield from (("warmup.ms", time) for time in times)


def _warmup(balancer: ObjectNode) -> Iterator[int]:
    warmup = balancer.node("warmup")
    times = [balancer.milliseconds("warmupDurationSecs")]
    if warmup is not None:
        warmup.limited(frozenset(["duration"]))
        if "duration" not in warmup:
            raise NotUnderstood("duration", "is missing", warmup.path)
        times.append(warmup.milliseconds("duration"))
    return (time for time in times if time is not None)
