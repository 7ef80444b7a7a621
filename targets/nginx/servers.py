"""One release as upstreams, its decision, and servers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from typing import Final

from graymesh.ir.naming import limited
from graymesh.ir.release import Kind, Release, Version
from graymesh.kit.comments import file_of
from graymesh.kit.target import HostTable, View
from graymesh.targets.nginx import cors
from graymesh.targets.nginx.claims import (
    CHECK,
    CHECKED,
    ISSUER,
    KEYS,
    TOKEN,
    asks_for_claims,
    key_file,
    key_set,
    token_source,
    verified,
)
from graymesh.targets.nginx.conditions import first_value
from graymesh.targets.nginx.connection import Forwarded, forwarded
from graymesh.targets.nginx.decision import ROLES, DecisionMap, decided
from graymesh.targets.nginx.grpc import in_grpc
from graymesh.targets.nginx.marks import Marks, limits, marks
from graymesh.targets.nginx.names import Names
from graymesh.targets.nginx.policies import policy_directives, policy_of, server_parameters, stream_directives
from graymesh.targets.nginx.quoting import header_variable
from graymesh.targets.nginx.tree import Directive, Item, Remark

TLS: Final = ("ssl", "http2")
"""What is said of an address beside it: TLS, in which clients choose between HTTP/2 and HTTP/1.1 (ALPN)."""

_LONGEST_GROUP: Final = 56
_IDLE_CONNECTIONS: Final = "16"
_FORWARDED: Final = ("x_forwarded_host", "x_forwarded_port", "x_forwarded_proto")
_ROLES: Final = ROLES | cors.ROLES | {"token", "from_proxy", *(f"told_{name}" for name in ("x_real_ip", *_FORWARDED))}


def upstream_name(release: Release, version: str) -> str:
    """The upstream's name: namespace, release and version, unique among all releases."""
    return f"{_group(release)}.{version}"


def release_items(view: View) -> Iterator[Item]:
    """Everything that a release needs, besides what stands in the shared file."""
    yield from map(Remark, file_of(view))
    for version in view.release.versions:
        if version.endpoints:
            yield Remark()
            yield _upstream(view, version)
    names = Names(view.release, _ROLES)
    told = forwarded(trusted_networks(view), names)
    yield from told.items
    for table in view.tables:
        yield from _table_items(view, table, names, told)


def listens(view: View) -> tuple[str, ...]:
    """The addresses on which the release is served."""
    port = view.options["tlsListen" if is_over_tls(view) else "listen"]
    return (str(port), f"[::]:{port}") if view.options["ipv6"] else (str(port),)


def is_over_tls(view: View) -> bool:
    """Is the release served over TLS?"""
    return bool(view.options["tlsCertificate"])


def tls_directives(view: View) -> Iterator[Directive]:
    """The certificate that the release's clients are shown, and its key."""
    if is_over_tls(view):
        yield Directive("ssl_certificate", (view.options["tlsCertificate"],))
        yield Directive("ssl_certificate_key", (view.options["tlsKey"],))


def trusted_networks(view: View) -> tuple[str, ...]:
    """The proxies whose word about the client's address counts, as networks without host bits. Raises ValueError."""
    return tuple(sorted({str(ip_network(text, strict=False)) for text in view.options["trustedProxies"]}))


def _group(release: Release) -> str:
    """What the upstreams of a release begin with."""
    return limited(f"{release.namespace}.{release.name}", _LONGEST_GROUP)


def _upstream(view: View, version: Version) -> Directive:
    parameters = server_parameters(view.facts)
    items: list[Item] = [Directive("server", (endpoint, *parameters)) for endpoint in version.endpoints]
    if (version.name, "fallback") in view.facts:
        stable = view.release.version(view.release.stable)
        items.append(Remark(f"{stable.name}, when none of these is left to try."))
        items += [Directive("server", (endpoint, *parameters, "backup")) for endpoint in stable.endpoints]
    items.append(Directive("keepalive", (_IDLE_CONNECTIONS,)))
    return Directive("upstream", (upstream_name(view.release, version.name),), tuple(items))


def _table_items(view: View, table: HostTable, names: Names, told: Forwarded) -> Iterator[Item]:
    decision = decided(table.table, view.release, names, trusted_networks(view))
    marked = marks(table.table, decision.version, view.release.stable, names)
    limited_to = limits(
        view, table.table, decision.version, names, lambda version: upstream_name(view.release, version)
    )
    answered = cors.cors_marks(policy_of(table.table).cors, names)
    token, reading = _token(view, table, names)
    items = (*decision.items, *marked.items, *answered.items, *limited_to.items, *token)
    yield from verified(items) if key_file(view) else items
    yield Remark()
    spoken = TLS if is_over_tls(view) else ()
    head = [Directive("listen", (address, *spoken)) for address in listens(view)]
    head += [
        Directive("server_name", table.hosts),
        *tls_directives(view),
        Directive("server_tokens", ("off",)),
        *reading,
    ]
    if view.options.get("maxBodySize"):
        head.append(Directive("client_max_body_size", (view.options["maxBodySize"],)))
    headers = (*told.directives, *marked.directives)
    passing = (*answered.directives, *_location(view, table, decision, headers, limited_to))
    location = Directive("location", ("/",), in_grpc(passing) if ("", "protocol.grpc") in view.facts else passing)
    yield Directive("server", (), (*head, Remark(), location))


def _token(view: View, table: HostTable, names: Names) -> tuple[list[Item], list[Directive]]:
    """Blocks that find the token, and the directive that hands it to the program, for tables that ask for a claim."""
    if not asks_for_claims(table.table):
        return [], []
    source = token_source(view.release)
    if source.kind is Kind.HEADER:
        return [], [Directive("set", ((TOKEN,), (header_variable("http_", source.name),))), *_checking(view)]
    variable = names.own("token")
    return [Remark(), first_value(source, variable)], [Directive("set", ((TOKEN,), (variable,))), *_checking(view)]


def _checking(view: View) -> Iterator[Directive]:
    """What has the token verified, where there are keys; without an issuer no token is right."""
    file, jwt = key_file(view), view.release.jwt
    if file:
        yield Directive("set", ((KEYS,), key_set(file)))
        yield Directive("set", ((ISSUER,), (jwt.issuer if jwt else "",)))
        yield Directive("set", ((CHECKED,), (CHECK,)))


def _location(
    view: View, table: HostTable, decision: DecisionMap, headers: Sequence[Directive], limited_to: Marks
) -> Iterator[Directive]:
    yield from limited_to.directives
    yield Directive("proxy_pass", ((f"http://{_group(view.release)}.", decision.version),))
    yield Directive("proxy_http_version", ("1.1",))
    yield from headers
    if decision.ticket:
        yield Directive("proxy_set_header", ("Cookie", decision.ticket.cookies))
        yield Directive("add_header", ("Set-Cookie", decision.ticket.set_cookie, "always"))
    policy = policy_of(table.table)
    yield from stream_directives(policy, view.facts)
    yield from policy_directives(policy)
