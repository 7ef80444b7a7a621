"""Values that Spring Cloud Gateway would not take as they are meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from graymesh.diagnostic import Level, Pointer
from graymesh.ir.release import UNIQUE_ID, Kind, OneOf, Route, Test, Version
from graymesh.ir.semantics import describe
from graymesh.kit.target import Constraint, View
from graymesh.targets.spring_cloud_gateway import header_values
from graymesh.targets.spring_cloud_gateway.cors import cors_of
from graymesh.targets.spring_cloud_gateway.filters import is_literal
from graymesh.targets.spring_cloud_gateway.services import service_id

_NOTICE: Pointer = ("spec", "notice", "value")
_LAST_LABEL = re.compile(r"(?:.*\.)?[0-9][A-Za-z0-9-]*")
_ADDRESS = re.compile(r"[0-9]+(?:\.[0-9]+){3}|\[.*\]")


def check(view: View) -> Iterator[Constraint]:
    """Everything in this view of the release that configuration cannot carry to the gateway."""
    for version in view.release.versions:
        yield from _endpoints(view, version)
    routes = [route for table in view.tables for route in table.table.routes]
    for route in routes:
        for test in {test: None for tests in route.condition for test in tests}:
            yield from _test(route, test)
    yield from _own_origins(view)
    for value in {value: None for route in routes for value in _header_values(route)}:
        yield from _header_value(value)


def _own_origins(view: View) -> Iterator[Constraint]:
    """Pages of the service's own send their origin too, and the gateway does not see that TLS ended before it."""
    cors = cors_of(view)
    for domain in view.release.domains if cors else ():
        if cors and f"https://{domain}" not in cors.origins:
            yield Constraint(
                path=("spec", "cors", "origins"),
                message=f"pages of https://{domain} itself are not among them: where TLS ends before the gateway, it "
                "takes them for another origin's, and answers 403 to what they POST",
                help=f"add https://{domain}, unless clients speak TLS with the gateway itself",
                level="warning",
            )


def _endpoints(view: View, version: Version) -> Iterator[Constraint]:
    if view.options["discovery"] == "external":
        return
    if not version.endpoints:
        yield Constraint(
            path=version.origin,
            message=f"{version.name} has no endpoints, so the gateway would answer 503 for it",
            help="list its endpoints, or set the option discovery: external where a registry knows "
            f"{service_id(view.release, version.name)}",
        )
    for endpoint in version.endpoints:
        host, _, port = endpoint.rpartition(":")
        if len(port) == 1:
            message = f"{endpoint}: the gateway's HTTP client takes no port of one digit"
            yield Constraint(path=version.origin, message=message, help="listen on another port")
        if _ADDRESS.fullmatch(host) is None and _LAST_LABEL.fullmatch(host):
            message = f"{endpoint}: Java takes no host name whose last part begins with a digit"
            yield Constraint(path=version.origin, message=message, help="write the address")


def _test(route: Route, test: Test) -> Iterator[Constraint]:
    if test.field.kind is Kind.HEADER:
        yield from _header_test(route, test)
    if test.field.kind is Kind.METHOD and isinstance(test.matcher, OneOf) and "CONNECT" in test.matcher.values:
        message = "method CONNECT: the gateway's Method predicate does not know it, so this never matches"
        yield Constraint(path=route.origin, message=message, help="leave CONNECT out")


def _header_test(route: Route, test: Test) -> Iterator[Constraint]:
    level: Level = "error"
    if header_values.asks_for_comma(test.matcher):
        message = "the gateway cuts a header line at its commas, so this never matches"
        help_ = "match a part between commas, or let another engine decide"
    elif header_values.asks_for_quote(test.matcher):
        message = "the gateway drops a quote at the beginning of a header's value, so this never matches"
        help_ = "leave the quote out, or let another engine decide"
    elif header_values.misses_commas(test.matcher):
        level = "warning"
        message = "the gateway cuts a header line at its commas, so values with a comma in between do not match"
        help_ = "ask for one part between commas, such as `.*Chrome/.*`, or let another engine decide"
    else:
        return
    yield Constraint(path=route.origin, message=f"{describe(test)}: {message}", help=help_, level=level)


def _header_values(route: Route) -> Iterator[str]:
    for share in route.split.shares:
        yield from (value for _, value in (*share.request_headers, *share.response_headers))


def _header_value(value: str) -> Iterator[Constraint]:
    if value != UNIQUE_ID and not is_literal(value):
        yield Constraint(
            path=_NOTICE,
            message=f"{value!r}: the gateway fills in {{…}} and ${{…}} as templates, and has no escape for them",
            help="leave the braces out",
        )
