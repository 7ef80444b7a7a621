"""What the spec asks of nginx besides routes, and what nginx must say anyway. Computed without anything that writes.

Whoever changes a number or a header where files are written does not change it here, so that `verify` finds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Final

from graymesh.ir.naming import limited
from graymesh.ir.release import Facts, Kind, RouteTable, Scalar
from graymesh.kit.target import Expected, View

_LONGEST_GROUP: Final = 56
"""Characters of namespace and release, so that the name of an upstream fits on a line."""


def expected(view: View) -> Expected:
    """The settings, and the upstream that each version is: namespace, release and version."""
    group = limited(f"{view.release.namespace}.{view.release.name}", _LONGEST_GROUP)
    labels = {version.name: f"{group}.{version.name}" for version in view.release.versions}
    return Expected(settings=_settings(view), labels=labels)


def _settings(view: View) -> Facts:
    """Limits only of versions that get requests, for nginx limits where it sends them; and what is always said."""
    reached = {name for table in view.tables for route in table.table.routes for name in route.split.versions}
    facts = {key: value for key, value in view.facts.items() if key[1] != "limits.qps" or key[0] in reached}
    streams = dict(_streams(view)) if facts.pop(("", "streams"), None) else {}
    facts = {key: value for key, value in facts.items() if key[1] != "fallback"} | dict(_fallback(view))
    return {**facts, **streams, **dict(_limits(facts)), **dict(_always(view)), **dict(_asked(view))}


def _streams(view: View) -> Iterator[tuple[tuple[str, str], Scalar]]:
    """Nothing is kept back (calls of gRPC never are), and unless there is a limit a day may pass in silence."""
    if ("", "protocol.grpc") not in view.facts:
        yield ("", "answers.buffering"), "off"
    policies = [route.policy for table in view.tables for route in table.table.routes]
    if not any(each.timeout_ms or (each.retries and each.retries.per_try_ms) for each in policies):
        yield ("", "answers.pause.ms"), 86_400_000


def _fallback(view: View) -> Iterator[tuple[tuple[str, str], Scalar]]:
    """Behind the servers of a canary stand those of the stable version."""
    for version in view.release.versions:
        if version.endpoints and (version.name, "fallback") in view.facts:
            stable = view.release.version(view.release.stable)
            yield (version.name, "fallback.servers"), tuple(sorted(stable.endpoints))


def _limits(facts: Facts) -> Iterator[tuple[tuple[str, str], Scalar]]:
    """What one second allows may come at once, one request and a burst; too many are told so (RFC 6585)."""
    for (version, name), rate in facts.items():
        if name == "limits.qps" and isinstance(rate, int):
            yield (version, "limits.burst"), rate - 1
            yield ("", "limits.status"), 429


_WEBSOCKET: Final = r"~\A(?i:websocket)\z"
_HOST: Final = r"{$host $http_host: $host$2 if ~\A([^ ]+) (?i:\1)\.?(:[0-9]+)\z; else $host}"
"""The host by which nginx chose the server, with the port of a Host header of the same name (RFC 9112, 3.2.2)."""


def _always(view: View) -> Iterator[tuple[tuple[str, str], Scalar]]:
    """Headers of the connection: those of a proxy that is trusted are passed on, anybody else's overwritten."""
    if ("", "protocol.grpc") not in view.facts:
        yield ("", "sends.connection"), f"{{$http_upgrade: upgrade if {_WEBSOCKET}; else nothing}}"
        yield ("", "sends.upgrade"), f"{{$http_upgrade: websocket if {_WEBSOCKET}; else nothing}}"
    yield ("", "sends.host"), _HOST
    yield ("", "sends.x-forwarded-for"), "$proxy_add_x_forwarded_for"
    own = {"real-ip": "$remote_addr", "forwarded-host": _HOST}
    own |= {"forwarded-port": "$server_port", "forwarded-proto": "$scheme"}
    networks = sorted({str(ip_network(text, strict=False)) for text in view.options["trustedProxies"]})
    for name, value in own.items():
        theirs = f"{{$http_x_{name.replace('-', '_')} from trusted proxies; else {value}}}"
        yield ("", f"sends.x-{name}"), theirs if networks else value
    if networks:
        yield ("", "trustedProxies.headers"), tuple(networks)
    if view.options.get("maxBodySize"):
        yield ("", "maxBodySize"), view.options["maxBodySize"].lower()
    yield from _listens(view)


def _listens(view: View) -> Iterator[tuple[tuple[str, str], Scalar]]:
    """The addresses; with a certificate in TLS, where clients may speak HTTP/2."""
    certificate = view.options["tlsCertificate"]
    at = f"{view.options['tlsListen']} ssl http2" if certificate else str(view.options["listen"])
    yield ("", "listen"), tuple(sorted([f"*:{at}", *[f"[::]:{at}"] * view.options["ipv6"]]))
    if certificate:
        yield ("", "tls.certificate"), certificate
        yield ("", "tls.key"), view.options["tlsKey"]


def _asked(view: View) -> Iterator[tuple[tuple[str, str], Scalar]]:
    """Where tokens and addresses are taken from, if anybody asks for a claim or a network."""
    kinds = {kind for table in view.tables for kind in _kinds(table.table)}
    if Kind.CLAIM in kinds:
        jwt = view.release.jwt
        yield ("", "jwt.from"), f"{jwt.source.kind} {jwt.source.name}" if jwt else "header authorization"
        if view.options.get("tokenKeys"):
            yield ("", "jwt.keys"), view.options["tokenKeys"]
            yield ("", "jwt.issuer"), jwt.issuer if jwt else ""
    if Kind.SOURCE in kinds:
        networks = {str(ip_network(text, strict=False)) for text in view.options["trustedProxies"]}
        yield ("", "trustedProxies"), tuple(sorted(networks))


def _kinds(table: RouteTable) -> Iterator[Kind]:
    for route in table.routes:
        yield from (test.field.kind for tests in route.condition for test in tests)
        if route.split.key:
            yield route.split.key.kind
