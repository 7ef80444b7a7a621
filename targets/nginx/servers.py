"""One release as upstreams and servers."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Final

from graymesh.ir.naming import limited
from graymesh.ir.release import Field, Kind, Release, RouteTable
from graymesh.kit.target import HostTable, View
from graymesh.targets.nginx.needs import Needs
from graymesh.targets.nginx.offers import Choices, choices_set, offers
from graymesh.targets.nginx.policies import policy_directives, policy_of, server_parameters
from graymesh.targets.nginx.probes import digest, token_probe
from graymesh.targets.nginx.questions import Questions
from graymesh.targets.nginx.quoting import LONGEST_VARIABLE, Variable, header_variable
from graymesh.targets.nginx.tree import Directive, Item, Remark, assigned

_LONGEST_LABEL: Final = 120
_IDLE_CONNECTIONS: Final = "16"

TOO_MANY: Final = "429"
"""The status that tells clients that they ask too often (RFC 6585)."""

Limits = dict[str, int]
"""Version → requests per second."""


def label(release: Release, version: str) -> str:
    """The upstream's name: namespace, release and version, unique among all releases."""
    return limited(f"{release.namespace}.{release.name}.{version}", _LONGEST_LABEL)


def release_items(view: View, needs: Needs) -> Iterator[Item]:
    """Everything that stands in the release's own file."""
    yield Remark(f"Release {view.release.key}, written by graymesh; its maps stand in 00-graymesh.conf.")
    for version in view.release.versions:
        if version.endpoints:
            yield Remark()
            yield _upstream(view, version.name, version.endpoints)
    for table in view.tables:
        yield Remark()
        yield _server(view, table, needs)


def listens(view: View) -> tuple[str, ...]:
    """The addresses on which the release is served."""
    port = view.options["listen"]
    return (str(port), f"[::]:{port}") if view.options["ipv6"] else (str(port),)


def trusted_networks(view: View) -> tuple[str, ...]:
    """The proxies whose word about the client's address counts, as networks without host bits. Raises ValueError."""
    return tuple(sorted({str(ip_network(text, strict=False)) for text in view.options["trustedProxies"]}))


def _upstream(view: View, version: str, endpoints: tuple[str, ...]) -> Directive:
    parameters = server_parameters(view.facts)
    servers = [Directive("server", (endpoint, *parameters)) for endpoint in endpoints]
    keep = Directive("keepalive", (_IDLE_CONNECTIONS,))
    return Directive("upstream", (label(view.release, version),), (*servers, keep))


def _server(view: View, table: HostTable, needs: Needs) -> Directive:
    trusted = trusted_networks(view)
    labels = {version.name: label(view.release, version.name) for version in view.release.versions}
    limits = _limits(view, table)
    choices, questions = Choices(), Questions(needs, trusted)
    made = offers(table.table, questions, choices, needs)
    needs.serve(table.hosts, listens(view))
    head = [Directive("listen", (address,)) for address in listens(view)]
    head += [Directive("server_name", table.hosts), Directive("server_tokens", ("off",))]
    body = [
        *_part("Questions.", [*_token(view, table, needs), *questions.directives]),
        *_part("Choices.", [*choices_set(choices, labels, needs), *_limit_keys(choices, limits, labels, needs)]),
        *_part("Offers: " + ", ".join(route.name for route in table.table.routes) + ".", made),
    ]
    location = Directive("location", ("/",), tuple(_location(table, choices, limits, bool(trusted))))
    return Directive("server", (), (*head, *body, Remark(), location))


def _part(title: str, directives: list[Directive]) -> Iterator[Item]:
    if directives:
        yield Remark()
        yield Remark(title)
        yield from directives


def asks_for_claims(table: RouteTable) -> bool:
    """Does any route test a claim, or any draw hash one?"""
    fields = {test.field.kind for route in table.routes for tests in route.condition for test in tests}
    return Kind.CLAIM in fields or any(route.split.key and route.split.key.kind is Kind.CLAIM for route in table.routes)


def token_source(release: Release) -> Field:
    """The header or cookie that carries the token."""
    return release.jwt.source if release.jwt else Field(Kind.HEADER, "authorization")


def _token(view: View, table: HostTable, needs: Needs) -> list[Directive]:
    """Where claims are read, for servers that ask for one."""
    if not asks_for_claims(table.table):
        return []
    source = token_source(view.release)
    token = Variable("gm_token")
    if source.kind is Kind.HEADER:
        return [assigned(token, (header_variable("http_", source.name),))]
    questions = Questions(needs, ())
    answer = questions.answer(token_probe(source.name))
    return [*questions.directives, assigned(token, (answer,))]


def _limits(view: View, table: HostTable) -> Limits:
    """The versions of the table that have a limit."""
    found = {version: view.facts.get((version, "limits.qps")) for version in sorted(versions_in(table.table))}
    return {version: rate for version, rate in found.items() if isinstance(rate, int)}


def versions_in(table: RouteTable) -> set[str]:
    """The versions that the table sends requests to."""
    return {share.version for route in table.routes for share in route.split.shares if share.basis_points}


def _rates(limits: Limits) -> list[int]:
    return sorted(set(limits.values()))


def _limit_keys(choices: Choices, limits: Limits, labels: dict[str, str], needs: Needs) -> Iterator[Directive]:
    """For each rate the key by which requests are counted: the version's own name, empty for all others."""
    for slot, rate in enumerate(_rates(limits), 1):
        needs.limits.add((slot, rate))
        needs.tell(f"gm_limit_{slot}", len(choices.versions))
        for outcome, number in choices.versions.items():
            key = labels[outcome.version] if limits.get(outcome.version) == rate else ""
            yield assigned(Variable(f"gm_limit_{slot}_{number:02}"), (key,))


def _location(table: HostTable, choices: Choices, limits: Limits, behind_proxies: bool) -> Iterator[Directive]:
    yield Directive("proxy_pass", (("http://", Variable("gm_upstream")),))
    yield Directive("proxy_http_version", ("1.1",))
    yield from _forwarded(behind_proxies)
    for number, name in enumerate(choices.request_headers, 1):
        yield Directive("proxy_set_header", (_written(name), (Variable(f"gm_request_{number}"),)))
    yield from _answered(choices)
    for slot, rate in enumerate(_rates(limits), 1):
        burst = (f"burst={burst_of(rate)}", "nodelay") if rate > 1 else ()
        yield Directive("limit_req", (f"zone={zone(slot, rate)}", *burst))
    if limits:
        yield Directive("limit_req_status", (TOO_MANY,))
    yield from policy_directives(policy_of(table.table))


def burst_of(rate: int) -> int:
    """So many requests may come at once besides the first: what one second allows."""
    return rate - 1


def zone(slot: int, rate: int) -> str:
    """The name of the zone that counts requests at this rate."""
    return f"gm_limit_{slot}_{rate}"


def response_variable(number: int, header: str) -> Variable:
    """What an answer's header becomes: our value, or what the upstream said."""
    name = f"gm_answer_{number}_{header.replace('-', '_')}"
    return Variable(name if len(name) <= LONGEST_VARIABLE else f"gm_answer_{number}_{digest(header)}")


def _written(header: str) -> str:
    """`x-gray-lane` as people write it: `X-Gray-Lane`."""
    return "-".join(part.capitalize() for part in header.split("-"))


def _forwarded(behind_proxies: bool) -> Iterator[Directive]:
    for name, variable in forwarded(behind_proxies):
        yield Directive("proxy_set_header", (_written(name), (Variable(variable) if variable else "",)))


def forwarded(behind_proxies: bool) -> Iterator[tuple[str, str]]:
    """Headers of the connection and nginx's variables for them.

    A proxy in front knows the scheme better; without one nobody else does.
    """
    yield "connection", ""
    yield "host", "host"
    yield "x-forwarded-for", "proxy_add_x_forwarded_for"
    if not behind_proxies:
        yield "x-forwarded-proto", "scheme"


def _answered(choices: Choices) -> Iterator[Directive]:
    for number, name in enumerate(choices.response_headers, 1):
        yield Directive("proxy_hide_header", (_written(name),))
        yield Directive("add_header", (_written(name), (response_variable(number, name),), "always"))
    if choices.cookies:
        yield Directive("add_header", ("Set-Cookie", (Variable("gm_set_cookie"),), "always"))
