"""What happens to a request besides the choice of a version: headers, cookies, limits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from graymesh.ir.release import TICKET, UNIQUE_ID, Scalar, SetCookie
from graymesh.kit.cookies import cookie_of
from graymesh.kit.refusal import NotUnderstood
from graymesh.kit.tickets import passed_on
from graymesh.targets.nginx.decode_connection import PLUMBING, harmless, told
from graymesh.targets.nginx.decode_levels import Levels
from graymesh.targets.nginx.decode_maps import Definition
from graymesh.targets.nginx.decode_numbers import whole_number
from graymesh.targets.nginx.decode_policy import pause_ms
from graymesh.targets.nginx.decode_values import UNIQUE, Pieces, Raw, joined, literal_of, pieces_of, shown
from graymesh.targets.nginx.syntax import ParsedDirective

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
    connection: dict[str, Pieces] = {}
    for directive in levels.effective("proxy_set_header"):
        name, value = _two(directive)
        if name in PLUMBING and not harmless(name, value, known):
            raise NotUnderstood("proxy_set_header", f"{directive.arguments[0]} {shown(value)}", directive)
        if name in PLUMBING:
            connection[name] = value
    facts = told(connection, known)
    for directive in levels.effective("client_max_body_size"):
        facts["", "maxBodySize"] = " ".join(directive.arguments).lower()
    for directive in levels.effective("proxy_buffering"):
        if directive.arguments not in (("on",), ("off",)):
            raise NotUnderstood("proxy_buffering", "it is on or off", directive)
        facts |= {("", "answers.buffering"): "off"} if directive.arguments == ("off",) else {}
    if pause := pause_ms(levels):
        facts["", "answers.pause.ms"] = pause
    if levels.effective("limit_req"):
        status = levels.effective("limit_req_status")
        facts["", "limits.status"] = whole_number(status[0]) if status else 503
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
    if name.lower() == "vary":
        return LocationOutput("response", "vary", value, directive)
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
