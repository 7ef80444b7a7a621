"""What a route does besides matching: filters for headers, cookies and retries, metadata for the time limit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from graymesh.ir.release import TICKET, Policy, Retries, Share
from graymesh.ir.tickets import ticket_of
from graymesh.kit.cookies import attributes
from graymesh.targets.spring_cloud_gateway import cors

Filter: TypeAlias = dict[str, Any]

RETRIED_METHODS: Final = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE")
"""The idempotent methods of RFC 9110 §9.2.2: trying these again does no harm."""

UNSAFE_METHODS: Final = ("POST", "PATCH")
"""The others that the filter knows (`org.springframework.http.HttpMethod`)."""

STATUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "gateway-error": ("BAD_GATEWAY", "SERVICE_UNAVAILABLE", "GATEWAY_TIMEOUT"),
    "unavailable": ("SERVICE_UNAVAILABLE",),
}
EXCEPTIONS: Final[Mapping[str, str]] = {
    "connect-failure": "java.net.ConnectException",
    "reset": "java.io.IOException",
    "timeout": "org.springframework.cloud.gateway.support.TimeoutException",
}

_SAFE_VALUE = re.compile(r"[ -z|~]*")
"""Visible ASCII without braces: a filter expands `{…}` as a URI template, and nothing escapes them."""


def filters(share: Share, policy: Policy, preserve_host: bool) -> Iterator[Filter]:
    """The filters of a route to this share, in order. Raises ValueError for what Spring would read as an expression."""
    if preserve_host:
        yield {"name": "PreserveHostHeader"}
    passed_on = share.set_cookie is not None and share.set_cookie.passed_on
    if share.request_headers or passed_on:
        # What the client's Connection header names is left out after all filters, and with it what they set. WebSockets
        # need the word that is left; to services it goes only with them.
        yield _filter("SetRequestHeader", name="Connection", value="Upgrade")
    for name, value in share.request_headers:
        yield _filter("SetRequestHeader", name=name, value=checked(value))
    for name, value in share.response_headers:
        # SetResponseHeader would write after a WebSocket's 101 has left, which resets the connection; these two look
        # first. Answers are changed from the last filter to the first: ours is added, then the service's own dropped.
        yield _filter("DedupeResponseHeader", name=name, strategy="RETAIN_LAST")
        yield _filter("AddResponseHeader", name=name, value=checked(value))
    if share.set_cookie:
        pair = f"{share.set_cookie.name}={_value(share)}"
        if share.set_cookie.passed_on:
            yield _filter("AddRequestHeader", name="Cookie", value=checked(pair))
        yield _filter("AddResponseHeader", name="Set-Cookie", value=checked(pair + attributes(share.set_cookie)))
    if policy.cors:
        yield from cors.filters(policy.cors)
    # Last, hence innermost: outside it, the cookie would be added once for each try.
    if policy.retries:
        yield _retry(policy.retries)


def metadata(policy: Policy) -> dict[str, int]:
    """The route's metadata that Spring reads; a whole number of milliseconds, since `5s` is ignored in silence."""
    return {} if policy.timeout_ms is None else {"response-timeout": policy.timeout_ms}


def is_literal(value: str) -> bool:
    """Does a filter take the value as it stands?"""
    return _SAFE_VALUE.fullmatch(value) is not None


def checked(value: str) -> str:
    """The value, if a filter takes it literally; else ValueError. `check` reports these values long before."""
    if not is_literal(value):
        raise ValueError(f"a filter would not take {value!r} literally")
    return value


def _value(share: Share) -> str:
    """What the share's cookie carries: configuration has no value for each request, so its ticket is written out."""
    value = share.set_cookie.value if share.set_cookie else ""
    return ticket_of(share.buckets[0][0]) if value == TICKET else value


def _retry(retries: Retries) -> Filter:
    methods = (*RETRIED_METHODS, *(UNSAFE_METHODS if retries.every_method else ()))
    arguments: dict[str, Any] = {"retries": retries.attempts, "methods": ",".join(methods)}
    if retries.on:
        # All three or none: what is left out keeps Spring's default, which retries much.
        arguments["series"] = "SERVER_ERROR" if "5xx" in retries.on else ""
        arguments["statuses"] = ",".join(name for word in retries.on for name in STATUSES.get(word, ()))
        arguments["exceptions"] = ",".join(EXCEPTIONS[word] for word in retries.on if word in EXCEPTIONS)
    return _filter("Retry", **arguments)


def _filter(name: str, /, **arguments: Any) -> Filter:
    return {"name": name, "args": arguments}
