"""What happens to a request besides the choice of a version: headers, cookies, limits, timeouts, retries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from graymesh.ir.release import TICKET, UNIQUE_ID, Policy, Retries, Scalar, SetCookie
from graymesh.kit.cookies import cookie_of
from graymesh.kit.refusal import NotUnderstood
from graymesh.kit.tickets import passed_on
from graymesh.targets.nginx.decode_connection import PLUMBING, harmless, in_words
from graymesh.targets.nginx.decode_maps import Definition
from graymesh.targets.nginx.decode_values import UNIQUE, Pieces, Raw, joined, literal_of, pieces_of, shown
from graymesh.targets.nginx.syntax import ParsedDirective

Settings = Mapping[str, Sequence[ParsedDirective]]
"""The directives of one level by name."""

_PASSING: Final = (
    "connect_timeout",
    "hide_header",
    "next_upstream",
    "next_upstream_timeout",
    "next_upstream_tries",
    "read_timeout",
    "send_timeout",
    "set_header",
)
"""What `proxy_pass` and `grpc_pass` can be told, each by directives of its own name."""

INHERITED: Final = frozenset(
    [
        "add_header",
        "index",
        "client_max_body_size",
        "limit_req",
        "limit_req_status",
        "proxy_buffering",
        "resolver",
        "set_real_ip_from",
        "ssl_certificate",
        "ssl_certificate_key",
        *(f"{module}_{name}" for module in ("proxy", "grpc") for name in _PASSING),
    ]
)
"""What a level takes from the one above when it says nothing of the kind itself."""

_CONDITIONS: Final = (
    (("http_500", "http_502", "http_503", "http_504"), "5xx"),
    (("http_502", "http_503", "http_504"), "gateway-error"),
    (("http_503",), "unavailable"),
    (("error", "invalid_header"), "reset"),
    (("error",), "connect-failure"),
    (("timeout",), "timeout"),
)
_TIME: Final = re.compile(r"([0-9]+)(ms|s|m|h|d)?")
_UNITS_MS: Final = {"ms": 1, "s": 1000, None: 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_ALL_TRIES: Final = "proxy_next_upstream_timeout"
_TRY_TIMEOUTS: Final = ("proxy_connect_timeout", "proxy_send_timeout", "proxy_read_timeout")

Role = Literal["version", "request", "response", "cookie", "limit"]


class LocationOutput(NamedTuple):
    """What a location gives to a request: its upstream, a header (by name), a cookie, a limit's key (by zone).

    `where` is the directive that gives it.
    """

    role: Role
    name: str
    value: Pieces
    where: ParsedDirective


class Counted(NamedTuple):
    """A limit that holds for a request: the zone, the key by which requests are counted, how many may come at once."""

    zone: str
    key: str
    burst: int


class Zone(NamedTuple):
    """A limit_req_zone: the key by which requests are counted, and how many a second."""

    key: Pieces
    rate: int


class LocationEffects(NamedTuple):
    """What one case of a location amounts to; a cookie of the request's own id has the value `TICKET`."""

    version: str
    set_cookie: SetCookie | None
    request_headers: tuple[tuple[str, str], ...]
    response_headers: tuple[tuple[str, str], ...]
    limits: tuple[Counted, ...]


@dataclass(frozen=True)
class Levels:
    """The settings of a location, its server and `http`, the innermost first."""

    levels: tuple[Settings, ...]

    def of_grpc(self) -> Levels:
        """The levels as `grpc_pass` sees them: its own directives count, under the names of `proxy_pass`'s."""
        return Levels(tuple(dict(_of_grpc(level)) for level in self.levels))

    def effective(self, name: str) -> Sequence[ParsedDirective]:
        """The directives of that name at the innermost level that has any."""
        return next((level[name] for level in self.levels if level.get(name)), ())


def _of_grpc(level: Settings) -> Iterator[tuple[str, Sequence[ParsedDirective]]]:
    for name, directives in level.items():
        module, _, rest = name.partition("_")
        if module == "grpc":
            yield f"proxy_{rest}", directives
        elif module != "proxy":
            yield name, directives


def outputs(levels: Levels) -> Iterator[LocationOutput]:
    """Headers, cookies and limits of a location. Raises NotUnderstood."""
    _each_once(levels, "proxy_set_header")
    _each_once(levels, "add_header")
    for directive in levels.effective("proxy_set_header"):
        name, value = _two(directive)
        if name not in PLUMBING:
            yield LocationOutput("request", name, value, directive)
    hidden = {name.lower() for directive in levels.effective("proxy_hide_header") for name in directive.arguments}
    for directive in levels.effective("add_header"):
        yield _added(directive, hidden)
    for directive in levels.effective("limit_req"):
        yield LocationOutput("limit", _zone(directive), (), directive)


def _each_once(levels: Levels, name: str) -> None:
    """A header that is set twice is sent twice. Raises NotUnderstood."""
    seen: set[str] = set()
    for directive in levels.effective(name):
        header = _header(directive)
        if header in seen:
            raise NotUnderstood(name, f"{header} appears twice", directive)
        seen.add(header)


def told_besides(levels: Levels, known: Mapping[str, Definition]) -> dict[tuple[str, str], Scalar]:
    """Facts about what a location tells upstreams and clients besides what a release says. Raises NotUnderstood."""
    facts: dict[tuple[str, str], Scalar] = {}
    for directive in levels.effective("proxy_set_header"):
        name, value = _two(directive)
        if name in PLUMBING and not harmless(name, value, known):
            raise NotUnderstood("proxy_set_header", f"{directive.arguments[0]} {shown(value)}", directive)
        if name in PLUMBING:
            facts["", f"sends.{name}"] = in_words(value, known)
    for directive in levels.effective("client_max_body_size"):
        facts["", "maxBodySize"] = " ".join(directive.arguments).lower()
    for directive in levels.effective("proxy_buffering"):
        if directive.arguments not in (("on",), ("off",)):
            raise NotUnderstood("proxy_buffering", "it is on or off", directive)
        facts |= {("", "answers.buffering"): "off"} if directive.arguments == ("off",) else {}
    if pause_ms := _pause_ms(levels):
        facts["", "answers.pause.ms"] = pause_ms
    if levels.effective("limit_req"):
        status = levels.effective("limit_req_status")
        facts["", "limits.status"] = _number(status[0]) if status else 503
    return facts


def lost(levels: Levels) -> Iterator[str]:
    """Headers of outer levels that nothing sets any more: a level with one of its own takes none from above."""
    for name in ("add_header", "proxy_set_header"):
        said = [level[name] for level in levels.levels if level.get(name)]
        kept = {_header(directive) for directive in said[0]} if said else set()
        yield from (f"{each.name} {_header(each)}" for level in said[1:] for each in level if _header(each) not in kept)


def _header(directive: ParsedDirective) -> str:
    return (directive.arguments or ("",))[0].lower()


def effects(found: Sequence[LocationOutput], values: Sequence[Pieces]) -> LocationEffects:
    """What the values amount to, one for each output. Raises NotUnderstood."""
    version, cookie, beside = "", None, ""
    request: dict[str, str] = {}
    response: dict[str, str] = {}
    limits: list[Counted] = []
    for output, value in zip(found, values, strict=True):
        match output.role:
            case "version":
                version = literal_of(value) or _not_told(output, value)
            case "request" if output.name == "cookie":
                beside = _beside(output, value)
            case "request":
                request |= _request_header(output, value)
            case "response":
                response |= _response_header(output, value)
            case "cookie":
                cookie = _cookie(output, value) or cookie
            case "limit":
                key = _told(output, value)
                limits += [Counted(output.name, key, burst_of(output.where))] if key else []
    name, _, text = beside.partition("=")
    cookie, more = passed_on(cookie, (name, text) if beside else None)
    request |= more
    return LocationEffects(
        version, cookie, tuple(sorted(request.items())), tuple(sorted(response.items())), tuple(sorted(limits))
    )


def policy(levels: Levels) -> Policy:
    """Timeouts and retries of a location. Raises NotUnderstood for what a policy cannot say."""
    per_try = None if _pause_ms(levels) else _per_try(levels)
    total, retries = _time_of(levels, _ALL_TRIES), _retries(levels)
    if per_try == total:
        return Policy(timeout_ms=total, retries=retries)
    if per_try is None:
        raise NotUnderstood(_ALL_TRIES, "no single try has a limit", levels.effective(_ALL_TRIES)[0])
    if not retries or not retries.attempts:
        why = "a limit for each try, but not for the whole"
        raise NotUnderstood(_TRY_TIMEOUTS[0], why, levels.effective(_TRY_TIMEOUTS[0])[0])
    return Policy(timeout_ms=total, retries=replace(retries, per_try_ms=per_try))


def milliseconds(text: str, where: ParsedDirective) -> int:
    """A time as nginx writes it, in milliseconds. Raises NotUnderstood for months, years and sums of units."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise NotUnderstood(where.name, f"the time {text!r} is not understood", where)
    return int(found[1]) * _UNITS_MS[found[2]]


def _two(directive: ParsedDirective) -> tuple[str, Pieces]:
    if len(directive.arguments) != 2:
        raise NotUnderstood(directive.name, "it takes a name and a value", directive)
    return directive.arguments[0].lower(), pieces_of(directive.arguments[1])


def _added(directive: ParsedDirective, hidden: set[str]) -> LocationOutput:
    name, *rest = directive.arguments or ("",)
    if len(rest) != 2 or rest[1] != "always":
        raise NotUnderstood("add_header", f"{name} is not added to all answers", directive)
    value = pieces_of(rest[0])
    if name.lower() == "set-cookie":
        return LocationOutput("cookie", "set-cookie", value, directive)
    if name.lower() not in hidden:
        raise NotUnderstood("add_header", f"{name} is added beside the upstream's own", directive)
    return LocationOutput("response", name.lower(), value, directive)


def _zone(directive: ParsedDirective) -> str:
    """The zone's name. Raises NotUnderstood for requests that wait instead of being turned away."""
    words = dict(argument.partition("=")[::2] for argument in directive.arguments)
    if "zone" not in words or words.keys() - {"zone", "burst", "nodelay"}:
        raise NotUnderstood("limit_req", f"{' '.join(directive.arguments)} is not understood", directive)
    if "burst" in words and "nodelay" not in words:
        raise NotUnderstood("limit_req", "requests over the limit wait", directive)
    return words["zone"]


def read_zone(directive: ParsedDirective) -> tuple[str, Zone]:
    """A zone's name and the zone. Raises NotUnderstood for rates that are no whole number a second."""
    name, rate = "", None
    for argument in directive.arguments[1:]:
        if found := re.fullmatch(r"zone=([^:]+):[0-9]+[kKmM]?", argument):
            name = found[1]
        elif found := re.fullmatch(r"rate=([0-9]{1,12})r/([sm])", argument):
            seconds = 1 if found[2] == "s" else 60
            rate = int(found[1]) // seconds if int(found[1]) % seconds == 0 else None
    if not name or not rate:
        raise NotUnderstood("limit_req_zone", "it has no name, or no rate of whole requests a second", directive)
    return name, Zone(pieces_of(directive.arguments[0]), rate)


def burst_of(directive: ParsedDirective) -> int:
    """How many requests a limit lets through at once, besides the first."""
    words = dict(argument.partition("=")[::2] for argument in directive.arguments)
    if not re.fullmatch("[0-9]{1,12}", words.get("burst", "0")):
        raise NotUnderstood("limit_req", "its burst is not a number", directive)
    return int(words.get("burst", "0"))


def _told(output: LocationOutput, value: Pieces) -> str:
    text = literal_of(value)
    return _not_told(output, value) if text is None else text


def _not_told(output: LocationOutput, value: Pieces) -> str:
    what = shown(value) or "nothing"
    raise NotUnderstood(output.where.name, f"{' '.join(output.where.arguments)} may become {what}", output.where)


def _request_header(output: LocationOutput, value: Pieces) -> dict[str, str]:
    if value == (Raw("header", output.name),) or (not value and "_" in output.name):
        return {}  # a header with an underscore never reaches nginx, so there is nothing to pass on
    return {output.name: _text_or_id(output, value)}


def _beside(output: LocationOutput, value: Pieces) -> str:
    """The pair that is put behind the client's cookies, "" for none."""
    if value == (Raw("cookies"),):
        return ""
    match value:
        case (Raw("cookies"), str() as text, *more) if text.startswith("; "):
            pair = _text_with_id((text[2:], *more))
            if pair is not None and re.fullmatch(r"[^=;,\s]+=[^;,\s]+", pair):
                return pair
    raise NotUnderstood("proxy_set_header", f"Cookie becomes {shown(value) or 'nothing'}", output.where)


def _text_with_id(value: Pieces) -> str | None:
    """The text, with `TICKET` for the request's own id."""
    return literal_of(joined(TICKET if piece == UNIQUE else piece for piece in value))


def _response_header(output: LocationOutput, value: Pieces) -> dict[str, str]:
    if value == (Raw("answer header", output.name),):
        return {}
    return {output.name: _text_or_id(output, value)}


def _text_or_id(output: LocationOutput, value: Pieces) -> str:
    return UNIQUE_ID if value == (UNIQUE,) else literal_of(value) or _not_told(output, value)


def _cookie(output: LocationOutput, value: Pieces) -> SetCookie | None:
    text = _text_with_id(value)
    if text is None:
        _not_told(output, value)
    if not text:
        return None
    found = cookie_of(text)
    if found is None:
        raise NotUnderstood("add_header", f"the cookie {text!r} has other attributes than a ticket's", output.where)
    return found


def _time_of(levels: Levels, name: str) -> int | None:
    found = levels.effective(name)
    if not found:
        return None
    if len(found) != 1 or len(found[0].arguments) != 1:
        raise NotUnderstood(name, "it appears twice, or takes one time", found[0])
    return milliseconds(found[0].arguments[0], found[0]) or None


def _pause_ms(levels: Levels) -> int | None:
    """How long both sides may say nothing, where that is all that is limited."""
    connecting, sending, reading = (_time_of(levels, name) for name in _TRY_TIMEOUTS)
    alone = connecting is None and _time_of(levels, _ALL_TRIES) is None
    return reading if alone and sending == reading else None


def _per_try(levels: Levels) -> int | None:
    """The limit of one try, which holds for connecting, sending and reading alike."""
    limits = {name: _time_of(levels, name) for name in _TRY_TIMEOUTS}
    if len(set(limits.values())) > 1:
        where = next(levels.effective(name)[0] for name in _TRY_TIMEOUTS if limits[name] is not None)
        raise NotUnderstood(where.name, "connecting, sending and reading have different limits", where)
    return limits[_TRY_TIMEOUTS[0]]


_UNSAFE: Final = "non_idempotent"
"""POST, LOCK and PATCH too are passed on after they were sent (ngx_http_proxy_module, proxy_next_upstream)."""


def _retries(levels: Levels) -> Retries | None:
    conditions, tries = levels.effective("proxy_next_upstream"), levels.effective("proxy_next_upstream_tries")
    if conditions and conditions[0].arguments == ("off",):
        return Retries(attempts=0)
    limit = _number(tries[0]) if tries else 0
    if not limit:
        if conditions and set(conditions[0].arguments) != {"error", "timeout"}:
            raise NotUnderstood("proxy_next_upstream", "the number of tries has no limit", conditions[0])
        return None
    return Retries(
        attempts=limit - 1,
        on=tuple(sorted(_words(conditions[0]))) if conditions else (),
        every_method=bool(conditions and _UNSAFE in conditions[0].arguments and limit > 1),
    )


def _words(directive: ParsedDirective) -> Iterator[str]:
    left = set(directive.arguments) - {_UNSAFE}
    for names, word in _CONDITIONS:
        if left.issuperset(names):
            left.difference_update(names)
            yield word
            if word == "reset":
                yield "connect-failure"
    if left:
        raise NotUnderstood("proxy_next_upstream", f"{' '.join(sorted(left))} is not understood", directive)


def _number(directive: ParsedDirective) -> int:
    if len(directive.arguments) != 1 or not re.fullmatch("[0-9]{1,9}", directive.arguments[0]):
        raise NotUnderstood(directive.name, "it takes a number", directive)
    return int(directive.arguments[0])
