"""One route of a table as Istio's HTTPRoute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from graymesh.ir.release import UNIQUE_ID, Fault, Mirror, Policy, Retries, Route, SetCookie, Share
from graymesh.kit.durations import in_seconds
from graymesh.targets.istio.claims import Claims
from graymesh.targets.istio.matches import matches

REQUEST_ID: Final = "%REQ(X-REQUEST-ID)%"
"""Envoy's own unique id of a request, as a header value spells it."""

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


def http_routes(routes: Iterable[Route], backend: Backend, claims: Claims) -> Iterator[tuple[Route, dict[str, Any]]]:
    """The routes that some request can meet.

    A match that an earlier route has already is left out: it takes nobody, and `istioctl analyze` warns of it.
    """
    taken: list[dict[str, Any]] = []
    for route in routes:
        found = matches(route.condition, claims)
        left: list[dict[str, Any]] = []
        for match in found or ():
            if match not in taken and match not in left:
                left.append(match)
        taken += left
        if left or found == []:
            yield route, _http_route(route, left, backend)


def _http_route(route: Route, found: list[dict[str, Any]], backend: Backend) -> dict[str, Any]:
    shares = [share for share in route.split.shares if share.basis_points]
    return {
        "name": route.name,
        **({"match": found} if found else {}),
        **_policy(route.policy, backend),
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
    if share.set_cookie:
        response["add"] = {"set-cookie": header_value(set_cookie(share.set_cookie))}
    headers: dict[str, Any] = {}
    if share.request_headers:
        headers["request"] = {"set": {name: header_value(value) for name, value in share.request_headers}}
    if response:
        headers["response"] = response
    return {"headers": headers} if headers else {}


def header_value(value: str) -> str:
    """Envoy's form of a literal value, where `%` begins a variable; `UNIQUE_ID` becomes the request's id."""
    return REQUEST_ID if value == UNIQUE_ID else value.replace("%", "%%")


def set_cookie(cookie: SetCookie) -> str:
    """The value of the Set-Cookie header."""
    age = "" if cookie.max_age_seconds is None else f"; Max-Age={cookie.max_age_seconds}"
    return f"{cookie.name}={cookie.value}; Path=/{age}; HttpOnly; SameSite=Lax"


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
