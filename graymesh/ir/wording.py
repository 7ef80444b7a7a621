"""Decisions and settings in the words of the spec, for messages and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias, assert_never

from graymesh.ir.buckets import joined
from graymesh.ir.release import (
    ALWAYS,
    BUCKET_COUNT,
    TICKET,
    UNIQUE_ID,
    Cors,
    Fault,
    Intervals,
    Policy,
    Retries,
    Route,
    Scalar,
    SetCookie,
    Share,
    Split,
)
from graymesh.ir.semantics import Decision, describe
from graymesh.ir.settings import SettingRows
from graymesh.ir.tickets import written

Key: TypeAlias = tuple[str, str]
"""A fact's: (version or "", the setting's name)."""
Names = Mapping[str, str]
"""An engine's names for versions → the spec's."""

_UNITS_MS = ((3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms"))


def shares(split: Split, names: Names) -> str:
    """Who gets how much: `v2`, or `5% v2 and 95% v1`; shares of one version are added up."""
    parts: dict[str, int] = {}
    for share in split.shares:
        version = names.get(share.version, share.version)
        parts[version] = parts.get(version, 0) + share.basis_points
    return shares_in_words(parts)


def shares_in_words(parts: Mapping[str, int]) -> str:
    """Basis points by version: `v2`, or `5% v2 and 95% v1`."""
    there = {version: part for version, part in parts.items() if part}
    if len(there) == 1:
        return next(iter(there))
    return _listed([f"{percent(part)} {version}" for version, part in there.items()]) or "nobody"


def first_difference(left: Decision, right: Decision, names: Names) -> tuple[str, str, str]:
    """The first thing that two decisions do not have in common, and what each has: `version`, `v2`, `v1`."""
    ours, theirs = dict(_aspects(left, names)), dict(_aspects(_in_order_of(left, right), names))
    for aspect in [*ours, *theirs]:
        if ours.get(aspect) != theirs.get(aspect):
            return aspect, ours.get(aspect, "not set"), theirs.get(aspect, "not set")
    if _users(left, names) != _users(right, names):
        return "users", _listed(_users(left, names)), _listed(_users(right, names))
    one, other = _parts(left, names), _parts(right, names)
    return ("order of the draw" if sorted(one) == sorted(other) else "split"), ", ".join(one), ", ".join(other)


def buckets_in_words(buckets: Intervals, sign: str = "-") -> str:
    """`e000-ffff and 0000-0ccc`: upwards, around the end."""
    spans = [*buckets]
    if len(spans) > 1 and spans[0][0] == 0 and spans[-1][1] == BUCKET_COUNT - 1:
        spans = [*spans[1:], spans[0]]
    return " and ".join(written(low) + (f"{sign}{written(high)}" if high > low else "") for low, high in spans)


def percent(basis_points: int) -> str:
    """Basis points as a percentage without idle zeros: `5%`, `0.25%`."""
    return f"{basis_points / 100:.2f}".rstrip("0").rstrip(".") + "%"


def duration(milliseconds: int) -> str:
    """Milliseconds in the largest unit that needs no fraction: `500ms`, `2s`, `1h`."""
    size, unit = next((pair for pair in _UNITS_MS if milliseconds % pair[0] == 0 and milliseconds), (1, "ms"))
    return f"{milliseconds // size}{unit}"


def setting(key: Key, rows: SettingRows) -> str:
    """A fact's name in the spec's words: `limits.qps of v2`, `outlier.interval`. Raises UnknownSettingError."""
    version, name = key
    return rows.of(name).words(name) + (f" of {version}" if version else "")


def value_in_words(name: str, value: Scalar, rows: SettingRows) -> str:
    """A fact's value with its unit: `500ms`, `1%`, `500`, `10.0.1.11:8080, 10.0.1.12:8080`; "" is `empty`.

    Raises UnknownSettingError for a name without a row.
    """
    unit = rows.of(name).unit
    if isinstance(value, tuple):
        return ", ".join(value) or "nothing"
    if not isinstance(value, int):
        return value or "empty"
    match unit:
        case "ms":
            return duration(value)
        case "bp":
            return percent(value)
        case "":
            return str(value)
        case _:
            assert_never(unit)


def condition(route: Route) -> str:
    """The route's condition in words."""
    if route.condition == ALWAYS:
        return "every other request"
    return ", or ".join(" and ".join(map(describe, tests)) or "every request" for tests in route.condition)


def effects(route: Route, names: Names) -> Iterator[str]:
    """What a route does besides choosing, in words."""
    yield from (f"{aspect}: {words}" for aspect, words in _route_aspects(route, names) if aspect != "version")


def policy_in_words(policy: Policy) -> Mapping[str, str]:
    """What else happens to the requests of a route: `timeout`, `retries`, `mirror`, `fault`, as far as it is set."""
    return dict(_policy_aspects(policy, {}))


def headers_in_words(headers: Sequence[tuple[str, str]]) -> str:
    """`x-gray-notice: you are trying v2`; empty when there are none."""
    return _headers(headers)


def cookie_in_words(share: Share) -> str:
    """`a ticket in gray-ticket for 720h`; empty when the share gives none."""
    return _cookie(share)


def why(decision: Decision) -> str:
    """The route that decides and its reason."""
    return f"route {decision.route.name!r}: {decision.why}" if decision.route else decision.why


def _aspects(decision: Decision, names: Names) -> Iterator[tuple[str, str]]:
    if decision.route is None:
        yield "version", "nobody (404)"
        return
    yield from _route_aspects(decision.route, names)


def _route_aspects(route: Route, names: Names) -> Iterator[tuple[str, str]]:
    yield "version", shares(route.split, names)
    per_share = {
        "ticket": [_cookie(share) for share in route.split.shares],
        "request header": [_headers(share.request_headers) for share in route.split.shares],
        "response header": [_headers(share.response_headers) for share in route.split.shares],
    }
    for aspect, words in per_share.items():
        said = [
            f"{word} for {names.get(s.version, s.version)}"
            for word, s in zip(words, route.split.shares, strict=True)
            if word
        ]
        if said:
            yield aspect, _listed(said)
    if route.split.otherwise:
        yield "without a ticket", names.get(route.split.otherwise.version, route.split.otherwise.version)
    if route.split.key:
        yield "key of the draw", f"{route.split.key.kind} {route.split.key.name}".rstrip()
    yield from _policy_aspects(route.policy, names)


def _policy_aspects(policy: Policy, names: Names) -> Iterator[tuple[str, str]]:
    if policy.timeout_ms is not None:
        yield "timeout", duration(policy.timeout_ms)
    if policy.retries:
        yield "retries", _retries(policy.retries)
    if policy.mirror:
        mirror = policy.mirror
        yield "mirror", f"{percent(mirror.basis_points)} to {names.get(mirror.version, mirror.version)}"
    if policy.fault:
        yield "fault", _fault(policy.fault)
    if policy.cors:
        yield "cors", _cors(policy.cors)


def _in_order_of(left: Decision, right: Decision) -> Decision:
    """The right one with its shares in the left one's order, so that words differ only where shares do."""
    if right.route is None:
        return right
    places: dict[object, int] = {}
    for index, share in enumerate(left.shares):
        places.setdefault((share.version, share.set_cookie), index)
        places.setdefault(share.version, index)

    def place(share: Share) -> int:
        same = (share.version, share.set_cookie)
        return places.get(same, places.get(share.version, len(left.shares)))

    split = replace(right.route.split, shares=tuple(sorted(right.shares, key=place)))
    return replace(right, route=replace(right.route, split=split))


def _users(decision: Decision, names: Names) -> list[str]:
    """`d1af-eb48 for v2`: the buckets of each version, where buckets decide."""
    found: dict[str, list[tuple[int, int]]] = {}
    for share in decision.shares:
        found.setdefault(names.get(share.version, share.version), []).extend(share.buckets)
    return [f"{buckets_in_words(joined(found[version]))} for {version}" for version in sorted(found) if found[version]]


def _parts(decision: Decision, names: Names) -> list[str]:
    return [f"{percent(s.basis_points)} {names.get(s.version, s.version)}" for s in decision.shares if s.basis_points]


def _cookie(share: Share) -> str:
    cookie = share.set_cookie
    if cookie is None:
        return ""
    age = "" if cookie.max_age_seconds is None else f" for {duration(cookie.max_age_seconds * 1000)}"
    given = f"a ticket in {cookie.name}" if cookie.value == TICKET else f"{cookie.name}={cookie.value}"
    return ", ".join([f"{given}{age}", *_cookie_attributes(cookie)])


def _cookie_attributes(cookie: SetCookie) -> Iterator[str]:
    """What is not usual."""
    yield from ["passed on"] if cookie.passed_on else []
    yield from [f"below {cookie.path}"] if cookie.path != "/" else []
    yield from [f"for {cookie.domain} and names below"] if cookie.domain else []
    yield from ["by HTTPS only"] if cookie.secure else []
    yield from [f"SameSite={cookie.same_site}"] if cookie.same_site != "Lax" else []


def _headers(headers: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name}: {_header_value(value)}" for name, value in headers)


def _header_value(value: str) -> str:
    if value == UNIQUE_ID:
        return "a unique id"
    return f'"{value}"' if " " in value else value


def _retries(retries: Retries) -> str:
    each = f" of {duration(retries.per_try_ms)}" if retries.per_try_ms is not None else ""
    methods = ", whatever the method" if retries.every_method else ""
    return f"{retries.attempts}{each}" + (f" on {', '.join(retries.on)}" if retries.on else "") + methods


def _fault(fault: Fault) -> str:
    parts = []
    if fault.delay_basis_points:
        parts.append(f"a delay of {duration(fault.delay_ms)} for {percent(fault.delay_basis_points)}")
    if fault.abort_basis_points:
        parts.append(f"status {fault.abort_status} for {percent(fault.abort_basis_points)}")
    return _listed(parts)


def _cors(cors: Cors) -> str:
    """`pages of https://app.example.com with PUT, headers x-token, credentials; x-total is shown; for 10m`."""
    headers = [f"headers {_listed(cors.headers)}"] if cors.headers else []
    more = [*cors.methods, *headers, *(["credentials"] if cors.credentials else [])]
    parts = [f"pages of {_listed(cors.origins) or 'no origin'}" + (f" with {', '.join(more)}" if more else "")]
    parts += [f"{_listed(cors.expose)} shown to them"] if cors.expose else []
    parts += [] if cors.max_age_seconds is None else [f"remembered for {duration(cors.max_age_seconds * 1000)}"]
    return "; ".join(parts)


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + f" and {parts[-1]}" if parts else ""
