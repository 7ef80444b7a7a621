"""Names of facts: what engines are told besides routes. The first dotted part is the feature.

A fact's key is (version or "", name). Decoders report the facts that artifacts state; the spec's own are compared with
them. Units stand in the name, `ms` milliseconds, `bp` basis points.

| key | value |
|---|---|
| (version, "labels.<label>") | the pod label's value |
| (version, "endpoints") | sorted tuple of `ip:port` |
| ("", "outlier.errors"), ("", "outlier.interval.ms"), ("", "outlier.eject.ms"), ("", "outlier.maxEjected.bp") | int |
| ("", "warmup.ms") | int |
| ("", "pool.maxConnections"), ("", "pool.maxPending"), ("", "pool.maxRequestsPerConnection") | int |
| (version, "limits.qps") | int, requests per second, whole version |
| (version, "guards.errorRate.bp"), (version, "guards.errorRate.window.ms") | int |
| (version, "guards.latency.ms"), (version, "guards.latency.quantile.bp"), (version, "guards.latency.window.ms") | int |
| (version, "guards.cpu.bp"), (version, "guards.cpu.for.ms") | int |
| (version, "guards.coverage.bp") | int |
| ("", "jwt.issuer"), ("", "jwt.jwks"), ("", "jwt.from") | str; `from` is `header authorization`, `cookie token` |
| ("", "jwt.namespace"), ("", "jwt.pods"), ("", "jwt.passedOn") | where a mesh verifies tokens; 1 if passed on |

Facts that only artifacts have; a target that writes them says in its `expected.py` which ones it must find again.

| key | value |
|---|---|
| (version, "guards.<errorRate or latency>.minRequests") | int, so many requests before a judgement |
| (version, "guards.<errorRate or latency>.recovery.ms") | int, so long calls are rejected |
| (version, "gateway.routes") | sorted tuple of `route-id=qps`: limits of a gateway's routes |
| ("", "gateway.group"), ("", "gateway.paths") | name of a group of paths; sorted tuple of `prefix /api`, `exact /a` … |
| ("", "served.<host>") | sorted tuple of `mesh` and `gateway namespace/name`: where the host is decided for |
| ("", "port") | int, the service's port that all versions are reached at |
| ("", "placed.<kind>") | an object's namespace, and who sees it when not all do: `shop`, `shop for . istio-system` |
| ("", "gateway.<namespace>/<name>") | sorted tuple of servers: `443 HTTPS credentialName=shop mode=SIMPLE for a.test` |
| ("", "gateway.<namespace>/<name>.pods") | sorted tuple of `label=value`: the pods that are the gateway |
| ("", "entry.port"), ("", "entry.location"), ("", "entry.resolution") | int, str, str: an entry for hosts outside |
| ("", "listen") | sorted tuple of addresses: `*:80`, `[::]:80` |
| ("", "trustedProxies") | sorted tuple of networks: whose word about the client's address counts |
| (version, "limits.burst") | int, so many requests at once besides the first |
| ("", "limits.status") | int, the answer to those over the limit |
| ("", "server.forwardHeaders") | `none`: the gateway believes no header about where a request came from |
| ("", "sends.<header>") | a header of the connection: `$host`, or a text |
| (version, "rules.<kind>") | sorted tuple of rules in words: what no spec can say, so what graymesh never writes |
"""

from __future__ import annotations

from functools import lru_cache

from graymesh.ir.release import Facts


@lru_cache(maxsize=4096)
def feature(name: str) -> str:
    """The feature a fact belongs to: its name without the unit or the label."""
    parts = [part for part in name.split(".") if part not in {"ms", "bp"}]
    return "labels" if parts[0] == "labels" else ".".join(parts)


def relabel(facts: Facts, labels: dict[str, str]) -> Facts:
    """The same facts under an engine's own names for the versions."""
    return {(labels.get(version, version), name): value for (version, name), value in facts.items()}
