"""Istio's HTTPRoute as a route: where requests go, and what else happens to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Final, TypeAlias

from graymesh.ir.release import (
    TICKET,
    UNIQUE_ID,
    WHOLE,
    Condition,
    Fault,
    Mirror,
    Policy,
    Retries,
    Route,
    SetCookie,
    Share,
    Split,
)
from graymesh.kit.cookies import cookie_of
from graymesh.kit.nodes import ObjectNode
from graymesh.kit.refusal import NotUnderstood
from graymesh.kit.tickets import handed_out, passed_on
from graymesh.targets.istio.decode_cors import cors_of, for_caches

Label: TypeAlias = Callable[[ObjectNode], str]
"""The name of the version that a Destination sends to; raises NotUnderstood when there is none."""

_MIRRORING: Final = frozenset(["mirror", "mirrors", "mirrorPercentage", "mirrorPercent", "mirror_percent"])
_KNOWN: Final = _MIRRORING | {"name", "match", "route", "timeout", "retries", "fault", "headers", "corsPolicy"}
_REFUSED: Final = {
    "redirect": "answers with a redirect and sends to no version",
    "directResponse": "answers by itself and sends to no version",
    "rewrite": "changes the path or host that the version sees",
    "delegate": "the routes stand in another VirtualService",
}
_DESTINATION: Final = frozenset(["destination", "weight", "headers"])
_HEADERS: Final = frozenset(["request", "response"])
_OPERATIONS: Final = frozenset(["set", "add"])
_REMOVE: Final = {"remove": "graymesh overwrites headers, it removes none"}
_PAIR: Final = r"([^\s=;,]+)=(%REQ\((?i:X-REQUEST-ID)\)%|[^\s;,]+)"
_PASSED_ON: Final = re.compile(_PAIR)
_REQUEST_ID: Final = re.compile(r"%REQ\((?i:X-REQUEST-ID)\)%")
_VARIABLE: Final = re.compile(r"%(?!%)")
_RETRIES: Final = frozenset(["attempts", "perTryTimeout", "retryOn"])
_FAULT: Final = frozenset(["delay", "abort"])
_DELAY: Final = frozenset(["fixedDelay", "percentage", "percent"])
_ABORT: Final = frozenset(["httpStatus", "percentage"])
_MIRROR: Final = frozenset(["destination", "percentage"])
_ENVOY_WORDS: Final = (
    frozenset(
        ["5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "retriable-4xx", "refused-stream"]
    )
    | {"retriable-status-codes", "retriable-headers", "envoy-ratelimited", "http3-post-connect-failure"}
    | {"cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"}
)
_RESET: Final = frozenset(["reset", "refused-stream"])
_OUR_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "reset": _RESET,
    "timeout": frozenset(["reset", "deadline-exceeded", "504"]),
}
"""Reasons to retry that Envoy says in several words. All others have the same name here and there."""


def route_of(route: ObjectNode, index: int, condition: Condition, label: Label) -> Route:
    """The route; raises NotUnderstood for a field that graymesh has no words for."""
    route.limited(_KNOWN, _REFUSED)
    cors = cors_of(route)
    return Route(
        name=route.text("name") or f"route-{index + 1}",
        condition=condition,
        split=_split(route, label, cors is not None),
        policy=Policy(
            timeout_ms=route.milliseconds("timeout"),
            retries=_retries(route.node("retries")),
            mirror=_mirror(route, label),
            fault=_fault(route.node("fault")),
            cors=cors,
        ),
    )


def _split(route: ObjectNode, label: Label, with_cors: bool) -> Split:
    """Weights are relative. A single destination's does not count, several share nothing with one of weight 0."""
    nodes = [each.limited(_DESTINATION) for each in route.nodes("route")]
    if not nodes:
        raise route.wrong("route", "has no destination")
    weights = [each.whole("weight") for each in nodes]
    if len(nodes) == 1:
        weights = [1]
    total = sum(weights)
    if not total:
        raise NotUnderstood("weight", "all weights are 0", (*route.path, "route"))
    above = _headers(route, with_cors)
    pairs = [(each, weight) for each, weight in zip(nodes, weights, strict=True) if weight]
    return Split(tuple(_share(each, Fraction(weight * WHOLE, total), above, label) for each, weight in pairs))


def _share(destination: ObjectNode, basis_points: Fraction, above: _Effects, label: Label) -> Share:
    if basis_points.denominator != 1:
        raise destination.wrong("weight", "its share of all weights is not a whole number of basis points")
    target = destination.node("destination")
    if target is None:
        raise destination.wrong("destination", "is missing")
    effects = _together(above, _headers(destination), destination)
    cookie, beside = passed_on(effects.cookie, effects.beside)
    cookie, buckets = handed_out(cookie)
    return Share(
        version=label(target),
        basis_points=int(basis_points),
        buckets=buckets,
        set_cookie=cookie,
        request_headers=tuple(sorted({**effects.request, **beside}.items())),
        response_headers=tuple(sorted(effects.response.items())),
    )


class _Effects:
    """What headers are overwritten, which cookie is set, and which one is added to the user's own (name, value)."""

    def __init__(
        self,
        request: Mapping[str, str],
        response: Mapping[str, str],
        cookie: SetCookie | None,
        beside: tuple[str, str] | None,
    ) -> None:
        self.request, self.response, self.cookie, self.beside = request, response, cookie, beside


def _together(above: _Effects, below: _Effects, place: ObjectNode) -> _Effects:
    """What the route and the destination do; of one header set by both Envoy's order would decide."""
    if (above.cookie and below.cookie) or (above.beside and below.beside):
        raise place.wrong("headers", "the route and the destination both set a cookie")
    for name in (above.request.keys() & below.request.keys()) | (above.response.keys() & below.response.keys()):
        raise NotUnderstood(name, "is set by the route and by the destination", (*place.path, "headers"))
    return _Effects(
        {**above.request, **below.request},
        {**above.response, **below.response},
        below.cookie or above.cookie,
        below.beside or above.beside,
    )


def _headers(parent: ObjectNode, with_cors: bool = False) -> _Effects:
    """Those of a route with a corsPolicy take out what services say of it, and tell caches that it differs."""
    headers = parent.node("headers")
    if headers is None:
        return _Effects({}, {}, None, None)
    headers.limited(_HEADERS)
    request, response = headers.node("request"), headers.node("response")
    beside = _beside(request.limited(_OPERATIONS, _REMOVE)) if request else None
    if response:
        response.limited(_OPERATIONS | {"remove"} if with_cors else _OPERATIONS, _REMOVE)
    sent, answered = (dict(_set(side)) if side else {} for side in (request, response))
    return _Effects(sent, answered, _cookie(response, with_cors), beside)


def _beside(request: ObjectNode) -> tuple[str, str] | None:
    """The one cookie that is added to the request: Envoy puts it behind the user's own, in the same header."""
    found = None
    for name, value in request.text_map("add").items():
        pair = _PASSED_ON.fullmatch(value) if name.lower() == "cookie" else None
        if pair is None or found:
            raise NotUnderstood(
                name, "is added beside the client's own; graymesh overwrites", (*request.path, "add", name)
            )
        found = pair[1], _cookie_value(pair[2], name, request)
    return found


def _set(side: ObjectNode) -> Iterator[tuple[str, str]]:
    values = side.text_map("set")
    if len({name.lower() for name in values}) != len(values):
        raise side.wrong("set", "names one header twice")
    for name, value in values.items():
        if name.startswith(":") or name.lower() == "host":
            raise NotUnderstood(name, "changes the host that the version sees", (*side.path, "set", name))
        yield name.lower(), _literal(value, name, side)


def _literal(value: str, name: str, side: ObjectNode) -> str:
    """The value itself: `%%` is a percent sign, one variable is known, the request's unique id."""
    if _REQUEST_ID.fullmatch(value):
        return UNIQUE_ID
    if _VARIABLE.search(value.replace("%%", "")):
        raise NotUnderstood(name, f"{value!r} holds a variable of Envoy that graymesh has no word for", side.path)
    return value.replace("%%", "%")


def _cookie(response: ObjectNode | None, with_cors: bool) -> SetCookie | None:
    """The cookie that is added to the answer; any other added header is refused."""
    added = for_caches(response, with_cors) if response else {}
    found = None
    for name, value in added.items():
        assert response is not None
        cookie = cookie_of(_line(value, name, response)) if name.lower() == "set-cookie" else None
        if cookie is None or found:
            reason = "is added to the answer, and is not one cookie with Path, HttpOnly and SameSite"
            raise NotUnderstood(name, reason, (*response.path, "add", name))
        found = cookie
    return found


def _line(value: str, name: str, side: ObjectNode) -> str:
    """The line with `TICKET` where the request's own id is the cookie's value."""
    head, equals, rest = value.partition("=")
    given, semicolon, more = rest.partition(";")
    value = _cookie_value(given, name, side)
    return "".join((_literal(head, name, side), equals, value, semicolon, _literal(more, name, side)))


def _cookie_value(value: str, name: str, side: ObjectNode) -> str:
    """The value, or `TICKET` for the request's own id."""
    return TICKET if _REQUEST_ID.fullmatch(value) else _literal(value, name, side)


def _retries(retries: ObjectNode | None) -> Retries | None:
    """Without attempts, or with 0, nothing is tried again; Istio then refuses the other fields."""
    if retries is None:
        return None
    retries.limited(_RETRIES)
    attempts = retries.whole("attempts")
    if not attempts and len(retries.data) > ("attempts" in retries.data):
        raise retries.wrong("attempts", "is 0 or missing, which excludes the other fields")
    return Retries(
        attempts=attempts,
        per_try_ms=retries.milliseconds("perTryTimeout"),
        on=_reasons(retries),
        every_method=attempts > 0,  # Envoy tries a POST again like everything else
    )


def _reasons(retries: ObjectNode) -> tuple[str, ...]:
    """The reasons in our words; words that only Envoy has stay as they are."""
    text = retries.text("retryOn")
    words = set(text.split(",")) if text else set()
    for word in words - _ENVOY_WORDS:
        if not re.fullmatch("[1-5][0-9][0-9]", word):
            raise retries.wrong("retryOn", f"{word!r} is not a retry reason that Envoy knows")
    if "reset" in words and not words & _OUR_WORDS["timeout"] - {"reset"}:
        words |= _RESET
    ours = {reason for reason, needed in _OUR_WORDS.items() if needed <= words}
    said = {word for reason in ours for word in _OUR_WORDS[reason]}
    return tuple(sorted(ours | (words - said)))


def _mirror(route: ObjectNode, label: Label) -> Mirror | None:
    """Without a percentage everything is mirrored, with 0 nothing."""
    target, percentage = route.node("mirror"), _mirror_percentage(route)
    mirrors = list(route.nodes("mirrors"))
    if len(mirrors) + (target is not None) > 1:
        raise route.wrong("mirrors", "mirrors requests several times")
    if mirrors:
        only = mirrors[0].limited(_MIRROR)
        target, percentage = only.node("destination"), _percent(only, "percentage")
    if target is None:
        return None
    version = label(target)
    return Mirror(version, WHOLE if percentage is None else percentage) if percentage != 0 else None


def _mirror_percentage(route: ObjectNode) -> int | None:
    """The newer field wins over the older ones, which hold whole percent."""
    if "mirrorPercentage" in route:
        return _percent(route, "mirrorPercentage")
    for name in ("mirrorPercent", "mirror_percent"):
        if name in route:
            percent = route.whole(name)
            if percent > 100:
                raise route.wrong(name, "is more than 100")
            return percent * 100
    return None


def _fault(fault: ObjectNode | None) -> Fault | None:
    if fault is None:
        return None
    fault.limited(_FAULT)
    delay_ms, delayed = _delay(fault.node("delay"))
    status, aborted = _abort(fault.node("abort"))
    if not delayed and not aborted:
        return None
    return Fault(delay_ms=delay_ms, delay_basis_points=delayed, abort_status=status, abort_basis_points=aborted)


def _delay(delay: ObjectNode | None) -> tuple[int, int]:
    """Without a percentage nothing is delayed."""
    if delay is None:
        return 0, 0
    delay.limited(_DELAY, {"exponentialDelay": "Istio does not support it"})
    percentage = _percent(delay, "percentage")
    if percentage is None:
        percentage = delay.whole("percent") * 100
    time = delay.milliseconds("fixedDelay")
    if time is None or percentage > WHOLE:
        raise delay.wrong("fixedDelay" if time is None else "percent", "is not given or more than 100")
    return (time, percentage) if time and percentage else (0, 0)


def _abort(abort: ObjectNode | None) -> tuple[int, int]:
    """Without a percentage nothing is aborted."""
    if abort is None:
        return 0, 0
    reasons = {"grpcStatus": "graymesh aborts with HTTP statuses only", "http2Error": "Istio does not support it"}
    abort.limited(_ABORT, reasons)
    percentage, status = _percent(abort, "percentage") or 0, abort.whole("httpStatus")
    if not status:
        raise abort.wrong("httpStatus", "is missing")
    return (status, percentage) if percentage else (0, 0)


def _percent(parent: ObjectNode, name: str) -> int | None:
    """Istio's Percent as basis points, None when it is not set; an absent value counts as 0."""
    found = parent.node(name)
    if found is None:
        return None
    value = found.limited(frozenset(["value"])).data.get("value") or 0
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise parent.wrong(name, "is not a number")
    exact = Fraction(str(value)) * 100 if value == value and abs(value) <= 100 else Fraction(-1)
    if exact < 0 or exact.denominator != 1:
        raise parent.wrong(name, "is not a percentage of whole basis points")
    return int(exact)
