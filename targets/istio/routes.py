"""One route of a table as Istio's HTTPRoutes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from graymesh.ir.buckets import ALL
from graymesh.ir.release import (
    ALWAYS,
    TICKET,
    UNIQUE_ID,
    WHOLE,
    Buckets,
    Conjunction,
    Fault,
    Field,
    Kind,
    Mirror,
    OneOf,
    Policy,
    Retries,
    Route,
    SetCookie,
    Share,
    Split,
    Test,
)
from graymesh.kit.comments import condition_in_words, route_in_words
from graymesh.kit.cookies import attributes
from graymesh.kit.durations import in_seconds
from graymesh.targets.istio import cors
from graymesh.targets.istio.claims import Claims
from graymesh.targets.istio.matches import matches

REQUEST_ID: Final = "%REQ(X-REQUEST-ID)%"
"""Envoy's own unique id of a request, as a header value spells it."""

REQUEST_ID_HEADER: Final = Field(Kind.HEADER, "x-request-id")
"""Envoy sets it before it chooses a route: a gateway overwrites the client's, a sidecar keeps its caller's."""

RETRY_ON: Final = {
    "connect-failure": ("connect-failure",),
    "5xx": ("5xx",),
    "gateway-error": ("gateway-error",),
    "reset": ("refused-stream", "reset"),
    "timeout": ("504", "deadline-exceeded", "reset"),
    "unavailable": ("unavailable",),
}
"""What Envoy calls our reasons to retry. A try that runs out of its time is a `reset` too: it has no word for less."""


@dataclass(frozen=True, slots=True)
class Backend:
    """The service behind all versions."""

    host: str
    port: int

    def destination(self, subset: str) -> dict[str, Any]:
        """One version of the service; the port is written, since a gateway would otherwise use its own."""
        return {"host": self.host, "subset": subset, "port": {"number": self.port}}


def http_routes(routes: Iterable[Route], backend: Backend, claims: Claims) -> Iterator[tuple[str, dict[str, Any]]]:
    """The routes that some request can meet, each behind what it says in words.

    A match that an earlier route has already is left out: it takes nobody, and `istioctl analyze` warns of it. The
    routes of one draw lose the same alternatives, so that they stay one.
    """
    taken: list[dict[str, Any]] = []
    for written in routes:
        for route in _by_tickets(_without(written, taken, claims)) if written.split.otherwise else (written,):
            found = matches(route.condition, claims)
            left: list[dict[str, Any]] = []
            for match in found or ():
                if written.split.otherwise or match not in (*taken, *left):
                    left.append(match)
            taken += left
            if left or found == []:
                yield _in_words(route), _http_route(route, left, backend)


def _without(route: Route, taken: Sequence[dict[str, Any]], claims: Claims) -> Route:
    """The route without the alternatives that earlier routes take wholly."""
    kept: list[Conjunction] = []
    for tests in route.condition:
        found = matches((tests,), claims)
        partly = any(match in taken for match in found or ())
        each = list(_by_method(tests)) if partly else [tests]
        kept += [one for one in each if not _taken(matches((one,), claims), taken)]
    return replace(route, condition=tuple(kept))


def _taken(found: Sequence[dict[str, Any]] | None, taken: Sequence[dict[str, Any]]) -> bool:
    return found is None or (found != [] and all(match in taken for match in found))


def _by_method(tests: Conjunction) -> Iterator[Conjunction]:
    """The conjunction once for each method that it lists, which Istio has a match for."""
    for index, test in enumerate(tests):
        if test.field.kind is Kind.METHOD and isinstance(test.matcher, OneOf):
            for value in test.matcher.values:
                yield (*tests[:index], replace(test, matcher=OneOf((value,))), *tests[index + 1 :])
            return
    yield tests


def _in_words(route: Route) -> str:
    other = route.split.otherwise
    if other is None:
        return route_in_words(route)
    asked = "" if route.condition == ALWAYS else f"{condition_in_words(route.condition)}, with "
    found = f"{asked}an x-request-id of another form, from callers in the mesh"
    return f"{route.name}: {found}; to {other.version}, no ticket."


def _by_tickets(route: Route) -> Iterator[Route]:
    """A draw by tickets becomes a route for each version, which asks for the last digits of the request's id, and one
    for requests that bring an id of another form. The last version takes what is left of all tickets.
    """
    shares = [share for share in route.split.shares if share.basis_points]
    for share in shares if route.condition else ():
        asked = Test(REQUEST_ID_HEADER, Buckets(ALL if share is shares[-1] else share.buckets))
        condition = tuple((*tests, asked) for tests in route.condition)
        alone = Split((replace(share, basis_points=WHOLE),))
        name = f"draw-{share.version}" if route.name == "everyone" else f"{route.name}.draw-{share.version}"
        yield replace(route, name=name, condition=condition, split=alone)
    yield from [route] if route.condition else []


def _http_route(route: Route, found: list[dict[str, Any]], backend: Backend) -> dict[str, Any]:
    shares = [share for share in route.split.shares if share.basis_points]
    shares = [route.split.otherwise] if route.split.otherwise else shares
    return {
        "name": route.name,
        **({"match": found} if found else {}),
        **_policy(route.policy, backend),
        **(cors.fields(route.policy.cors) if route.policy.cors else {}),
        "route": _destinations(shares, backend),
    }


def _destinations(shares: Sequence[Share], backend: Backend) -> list[dict[str, Any]]:
    """Weights are relative: whole percent where they are exact, else basis points; a single destination has none."""
    unit = 100 if all(share.basis_points % 100 == 0 for share in shares) else 1
    weighted = len(shares) > 1
    return [
        {
            "destination": backend.destination(share.version),
            **({"weight": share.basis_points // unit} if weighted else {}),
            **_headers(share),
        }
        for share in shares
    ]


def _headers(share: Share) -> dict[str, Any]:
    """`set` overwrites what was there; the cookie is added beside the application's own."""
    response: dict[str, Any] = {}
    if share.response_headers:
        response["set"] = {name: header_value(value) for name, value in share.response_headers}
    request: dict[str, Any] = {}
    if share.request_headers:
        request["set"] = {name: header_value(value) for name, value in share.request_headers}
    if share.set_cookie:
        response["add"] = {"set-cookie": set_cookie(share.set_cookie)}
        if share.set_cookie.passed_on:
            request["add"] = {"cookie": _pair(share.set_cookie)}
    headers: dict[str, Any] = {}
    if request:
        headers["request"] = request
    if response:
        headers["response"] = response
    return {"headers": headers} if headers else {}


def header_value(value: str) -> str:
    """Envoy's form of a literal value, where `%` begins a variable; `UNIQUE_ID` becomes the request's id."""
    return REQUEST_ID if value == UNIQUE_ID else value.replace("%", "%%")


def set_cookie(cookie: SetCookie) -> str:
    """The value of the Set-Cookie header."""
    return _pair(cookie) + header_value(attributes(cookie))


def _pair(cookie: SetCookie) -> str:
    """Istio takes `%REQ(X-REQUEST-ID)%` and not a part of it, so the whole id is the ticket."""
    value = REQUEST_ID if cookie.value == TICKET else header_value(cookie.value)
    return f"{header_value(cookie.name)}={value}"


def _policy(policy: Policy, backend: Backend) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if policy.timeout_ms is not None:
        fields["timeout"] = in_seconds(policy.timeout_ms)
    if policy.retries is not None:
        fields["retries"] = _retries(policy.retries)
    if policy.fault is not None:
        fields["fault"] = _fault(policy.fault)
    if policy.mirror is not None:
        fields.update(_mirror(policy.mirror, backend))
    return {name: value for name, value in fields.items() if value}


def _retries(retries: Retries) -> dict[str, Any]:
    """No attempts switch retries off; Istio then takes no other field."""
    if not retries.attempts:
        return {"attempts": 0}
    fields: dict[str, Any] = {"attempts": retries.attempts}
    if retries.per_try_ms is not None:
        fields["perTryTimeout"] = in_seconds(retries.per_try_ms)
    if retries.on:
        fields["retryOn"] = ",".join(sorted({word for reason in retries.on for word in RETRY_ON[reason]}))
    return fields


def _fault(fault: Fault) -> dict[str, Any]:
    """Percentages are always written: without one Istio delays or aborts nothing."""
    fields: dict[str, Any] = {}
    if fault.delay_basis_points:
        fields["delay"] = {
            "percentage": percentage(fault.delay_basis_points),
            "fixedDelay": in_seconds(fault.delay_ms),
        }
    if fault.abort_basis_points:
        fields["abort"] = {
            "percentage": percentage(fault.abort_basis_points),
            "httpStatus": fault.abort_status,
        }
    return fields


def _mirror(mirror: Mirror, backend: Backend) -> dict[str, Any]:
    """The percentage is always written: without one Istio mirrors everything."""
    if not mirror.basis_points:
        return {}
    return {"mirror": backend.destination(mirror.version), "mirrorPercentage": percentage(mirror.basis_points)}


def percentage(basis_points: int) -> dict[str, int | float]:
    """Istio's Percent, a double."""
    whole, rest = divmod(basis_points, 100)
    return {"value": basis_points / 100 if rest else whole}
