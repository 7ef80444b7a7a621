"""Filters and metadata as what a share and a policy do. A filter without an exact meaning is refused by name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from graymesh.ir.release import Policy, Retries, SetCookie
from graymesh.kit.cookies import cookie_of
from graymesh.kit.refusal import NotUnderstood
from graymesh.kit.tickets import passed_on
from graymesh.targets.spring_cloud_gateway.refused import literal_text
from graymesh.targets.spring_cloud_gateway.shortcuts import Definition, only

_COOKIE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)=([!#-+\--:<-\[\]-~]*)")
_IDEMPOTENT: Final = frozenset(["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"])
_EXCEPTIONS: Final[Mapping[str, str]] = {
    "java.net.ConnectException": "connect-failure",
    "java.io.IOException": "reset",
    "org.springframework.cloud.gateway.support.TimeoutException": "timeout",
}
ALLOWED: Final = "access-control-allow-origin"
CREDENTIALS: Final = "access-control-allow-credentials"
EXPOSED: Final = "access-control-expose-headers"
ACCESS_CONTROL: Final = frozenset([ALLOWED, CREDENTIALS, EXPOSED])
"""What services may say themselves to pages of other origins."""
_UNAVAILABLE: Final = "SERVICE_UNAVAILABLE"
_GATEWAY_ERRORS: Final = Counter(["BAD_GATEWAY", _UNAVAILABLE, "GATEWAY_TIMEOUT"])


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterEffects:
    """What happens to the requests of one route besides going somewhere; `beside` is a cookie that services get.

    `last_kept` are headers of answers of which only the last value is left, and that no filter so far adds one to.
    `drops_connection`: the client's Connection header cannot name headers that are left out on the way to the service.
    `first_kept` are headers of answers of which the gateway's own value stays, `removed` those that no service sets.
    `resets_sockets`: an answer is changed after a WebSocket's 101 has left, which ends the connection.
    """

    request_headers: tuple[tuple[str, str], ...] = ()
    response_headers: tuple[tuple[str, str], ...] = ()
    set_cookie: SetCookie | None = None
    beside: str = ""
    policy: Policy = field(default_factory=Policy)
    preserve_host: bool = False
    last_kept: frozenset[str] = frozenset()
    first_kept: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    resets_sockets: bool = False
    drops_connection: bool = False


@lru_cache(maxsize=8192)
def effects(filters: tuple[Definition, ...], timeout_ms: int | None) -> FilterEffects:
    """The effects of all filters in order, and of the time limit that stands in the metadata."""
    found = FilterEffects(policy=Policy(timeout_ms=timeout_ms))
    for each in filters:
        found = _with(found, each)
    if found.last_kept:
        name = min(found.last_kept)
        raise NotUnderstood(f"DedupeResponseHeader {name}", "it drops values that the service itself repeats")
    name, _, value = found.beside.partition("=")
    cookie, more = passed_on(found.set_cookie, (name, value) if found.beside else None)
    headers = tuple(sorted({**dict(found.request_headers), **more}.items()))
    return replace(found, set_cookie=cookie, request_headers=headers)


def _with(found: FilterEffects, filter_: Definition) -> FilterEffects:
    match filter_.name:
        case "PreserveHostHeader":
            return replace(found, preserve_host=True)
        case "SetRequestHeader" if _header(filter_, filter_.named("name", "value"))[0] == "connection":
            return replace(found, drops_connection=_harmless(filter_))
        case "SetRequestHeader":
            return replace(found, request_headers=_set(filter_, found.request_headers))
        case "SetResponseHeader":
            return replace(found, response_headers=_set(filter_, found.response_headers), resets_sockets=True)
        case "DedupeResponseHeader" if _strategy(filter_) == "RETAIN_FIRST":
            return replace(found, first_kept=found.first_kept | _names(filter_, filter_.named("name", "strategy")))
        case "RemoveResponseHeader":
            return replace(found, removed=found.removed | _names(filter_, filter_.named("name")))
        case "DedupeResponseHeader":
            return replace(found, last_kept=found.last_kept | _last_kept(filter_, found))
        case "AddRequestHeader":
            return replace(found, beside=_beside(filter_, found))
        case "AddResponseHeader":
            return _added(filter_, found)
        case "Retry":
            return replace(found, policy=replace(found.policy, retries=_retries(filter_, found)))
    why = _UNREADABLE.get(filter_.name, "what this filter does has no counterpart here")
    raise NotUnderstood(filter_.name, why)


def _harmless(filter_: Definition) -> bool:
    """The header's words name headers that are left out on the way to the service."""
    _, words = _header(filter_, filter_.named("name", "value"))
    if words.lower() not in ("upgrade", "keep-alive", "close"):
        raise NotUnderstood("SetRequestHeader connection", f"{words!r} leaves out headers on the way to the service")
    return True


def _set(filter_: Definition, before: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return _with_header(filter_, *_header(filter_, filter_.named("name", "value")), before)


def _with_header(
    filter_: Definition, name: str, value: str, before: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    if name in ("host", "set-cookie", "cookie"):
        raise NotUnderstood(f"{filter_.name} {name}", "this header has a meaning of its own")
    return tuple(sorted({**dict(before), name: value}.items()))


def _beside(filter_: Definition, found: FilterEffects) -> str:
    """The one pair that is added as a Cookie line of its own, beside those of the client."""
    name, value = _header(filter_, filter_.named("name", "value"))
    if name != "cookie":
        raise NotUnderstood(filter_.name, "it adds to what the client sent; SetRequestHeader overwrites")
    if found.beside or not _COOKIE.fullmatch(value):
        raise NotUnderstood(f"{filter_.name} cookie", f"{value!r} is not one cookie")
    if found.policy.retries:
        raise NotUnderstood(f"{filter_.name} cookie", "behind Retry it is added once for each try")
    return value


def _strategy(filter_: Definition) -> str:
    """The first value is kept unless something else is said."""
    return filter_.named("name", "strategy").get("strategy", "RETAIN_FIRST").upper()


def _names(filter_: Definition, arguments: Mapping[str, str]) -> frozenset[str]:
    """The headers of a filter, of those that answer pages of other origins. Raises NotUnderstood for others."""
    names = frozenset(arguments.get("name", "").lower().split())
    if not names or not names <= ACCESS_CONTROL or (filter_.name == "RemoveResponseHeader" and len(names) > 1):
        raise NotUnderstood(filter_.name, "it drops values that the service itself repeats or sets")
    return names


def _last_kept(filter_: Definition, found: FilterEffects) -> frozenset[str]:
    """Filters change answers from the last to the first, so that what is added by later ones is the last value."""
    arguments = filter_.named("name", "strategy")
    if arguments.get("strategy", "").upper() != "RETAIN_LAST":
        raise NotUnderstood("DedupeResponseHeader", "it drops values that the service itself repeats")
    names = frozenset(arguments.get("name", "").lower().split())
    again = names & {name for name, _ in found.response_headers}
    if again or "set-cookie" in names:
        raise NotUnderstood("DedupeResponseHeader", f"it drops values of {min(again or names)}")
    return names


def _added(filter_: Definition, found: FilterEffects) -> FilterEffects:
    """A cookie beside the service's own, or a header of which this value is the only one that is kept."""
    arguments = filter_.named("name", "value", "override")
    name, value = _header(filter_, arguments)
    if arguments.get("override", "true") != "true":
        raise NotUnderstood("AddResponseHeader.override", "it would be left out when the service sets one")
    if found.policy.retries:
        raise NotUnderstood(f"AddResponseHeader {_shown(name)}", "behind Retry it is added once for each try")
    if name in found.last_kept:
        headers = _with_header(filter_, name, value, found.response_headers)
        return replace(found, response_headers=headers, last_kept=found.last_kept - {name})
    if name != "set-cookie":
        raise NotUnderstood(f"AddResponseHeader {name}", "it adds to what is there; SetResponseHeader overwrites")
    if found.set_cookie:
        raise NotUnderstood("AddResponseHeader Set-Cookie", "it sets a second cookie")
    return replace(found, set_cookie=_set_cookie(value))


def _shown(name: str) -> str:
    return "Set-Cookie" if name == "set-cookie" else name


def _set_cookie(line: str) -> SetCookie:
    found = cookie_of(line)
    if found is None:
        message = f"{line!r} is not a cookie with Path, HttpOnly and SameSite"
        raise NotUnderstood("AddResponseHeader Set-Cookie", message)
    return found


def _header(filter_: Definition, arguments: Mapping[str, str]) -> tuple[str, str]:
    name, value = arguments.get("name", ""), arguments.get("value", "")
    if not name or not value:
        raise NotUnderstood(filter_.name, "it needs a name and a value")
    if "{" in value:
        raise NotUnderstood(f"{filter_.name} {name.lower()}", f"{value!r} is a template, filled in for each request")
    return name.lower(), value


def _retries(filter_: Definition, found: FilterEffects) -> Retries:
    if found.policy.retries:
        raise NotUnderstood("Retry", "the route has two of them")
    arguments = filter_.listed("retries", "statuses", "methods", "series", "exceptions")
    if filter_.arguments and not filter_.arguments[0][0] and len(filter_.arguments) > 1:
        raise NotUnderstood("Retry", "the short form cuts its lists at commas; write name and args")
    every = _every_method(arguments.pop("methods", ["GET"]))
    attempts = only("Retry.retries", arguments.pop("retries", ["3"]))
    if not re.fullmatch("[1-9][0-9]{0,5}", attempts):
        raise NotUnderstood("Retry.retries", f"{attempts!r} is not a number of tries")
    return Retries(attempts=int(attempts), on=_reasons(arguments) if arguments else (), every_method=every)


def _every_method(methods: list[str]) -> bool:
    """Are requests tried again that must not be done twice? Any other choice of methods has no counterpart."""
    if set(_words(methods)) == _IDEMPOTENT | {"POST", "PATCH"}:
        return True
    if set(_words(methods)) != _IDEMPOTENT:
        message = f"only {', '.join(methods)} are tried again; elsewhere every idempotent method is"
        raise NotUnderstood("Retry.methods", message)
    return False


def _reasons(arguments: Mapping[str, list[str]]) -> tuple[str, ...]:
    """Why is tried again. A list that is left out keeps Spring's default, an empty one switches its reasons off."""
    series = _words(arguments.get("series", ["SERVER_ERROR"]))
    if any(name != "SERVER_ERROR" for name in series):
        raise NotUnderstood("Retry.series", f"{', '.join(series)}: only SERVER_ERROR has a counterpart here")
    default = ["java.io.IOException", "org.springframework.cloud.gateway.support.TimeoutException"]
    exceptions = _words(arguments.get("exceptions", default))
    unknown = next((name for name in exceptions if name not in _EXCEPTIONS), None)
    if unknown:
        raise NotUnderstood("Retry.exceptions", f"{unknown} has no counterpart here")
    on = {*(["5xx"] if series else []), *(_EXCEPTIONS[name] for name in exceptions)}
    return tuple(sorted(on | _statuses(_words(arguments.get("statuses", [""])))))


def _statuses(words: list[str]) -> set[str]:
    found = Counter(words)
    on = {"gateway-error"} if found >= _GATEWAY_ERRORS else set()
    rest = found - _GATEWAY_ERRORS if on else found
    if set(rest) - {_UNAVAILABLE}:
        message = f"{', '.join(words)}: {_UNAVAILABLE} is understood, alone or with BAD_GATEWAY and GATEWAY_TIMEOUT"
        raise NotUnderstood("Retry.statuses", message)
    return on | ({"unavailable"} if rest else set())


def _words(values: list[str]) -> list[str]:
    """The words of a list argument, which may also be one text with commas."""
    return [word.strip() for value in values for word in value.split(",") if word.strip()]


def timeout_ms(metadata: Mapping[str, Any]) -> int | None:
    """The time limit of an answer; of all metadata Spring itself reads only a few names."""
    read = {str(name).strip("[]"): value for name, value in metadata.items()}
    for name in ("connect-timeout", "cors"):
        if name in read:
            raise NotUnderstood(f"metadata.{name}", "it has no counterpart here")
    if "response-timeout" not in read:
        return None
    text = literal_text("metadata.response-timeout", str(read["response-timeout"]))
    if not re.fullmatch("[1-9][0-9]{0,17}", text):
        raise NotUnderstood(
            "metadata.response-timeout", f"{text!r} is not a number of milliseconds, so Spring ignores it"
        )
    return int(text)


_UNREADABLE: Final[Mapping[str, str]] = {
    "CircuitBreaker": "a circuit breaker has no counterpart here",
    "RequestRateLimiter": "its limit is counted in Redis for each key",
    **dict.fromkeys(["StripPrefix", "PrefixPath", "RewritePath", "SetPath"], "it changes the path that services see"),
}
