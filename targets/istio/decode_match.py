"""Istio's HTTPMatchRequest as a conjunction of tests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from graymesh.ir.claims import claim_name
from graymesh.ir.release import Absent, Conjunction, Field, Kind, Matcher, OneOf, Prefix, Present, Test
from graymesh.kit.nodes import ObjectNode
from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.istio.cookies import cookie_of
from graymesh.targets.istio.regexes import literals, matcher_of, runs_over, ungrouped

_TESTS: Final = frozenset(["uri", "method", "authority", "headers", "withoutHeaders", "queryParams"])
_KNOWN: Final = _TESTS | {"name", "statPrefix", "gateways", "ignoreUriCase"}
_REFUSED: Final = {
    "scheme": "graymesh has no test of the scheme",
    "port": "the match holds on one port only",
    "sourceLabels": "the match holds for some callers only",
    "sourceNamespace": "the match holds for callers of one namespace only",
}
_STRING_MATCH: Final = frozenset(["exact", "prefix", "regex"])
_LONGEST: Final = 1024
_CLAIM: Final = re.compile(r"(?i:@request\.auth\.claims)((?:\.[^.\[\]]+)+|(?:\[[^\[\]]+\])+)")
_CLAIM_KEY: Final = re.compile(r"\[([^\[\]]+)\]|\.([^.\[\]]+)")
_ISSUER: Final = "iss"
_ANY_CLAIM: Final = "@request.auth.claims"
_AUTHORITY: Final = re.compile(r"\(\?i\)(\(.*\))\((?:\?:)?:(?:\[0-9\]|\\d)\*\)\?", re.DOTALL)
_QUERY_ABSENT: Final = re.compile(
    r"\[\^\?\]\*(?:\\\?|\[\?\])\((?:\?:)?\.\*&\)\?(.+)=\[\^&\]\+\((?:\?:)?&\.\*\)\?", re.DOTALL
)
_CAPITAL: Final = re.compile("[A-Z]")


@dataclass(frozen=True, slots=True)
class ClaimHeaders:
    """Lower-case headers that hold claims → issuer and claim; at gateways clients can write them themselves."""

    claims: Mapping[str, tuple[str, str]]
    at_gateway: bool


def conjunction(match: ObjectNode, headers: ClaimHeaders) -> Conjunction:
    """The tests that the match asks for; raises NotUnderstood for what graymesh cannot say exactly."""
    match.limited(_KNOWN, _REFUSED)
    if match.flag("ignoreUriCase"):
        raise match.wrong("ignoreUriCase", "paths are compared with their case")
    tests = [*_whole(match), *_headers(match, headers), *_without(match, headers), *_query(match)]
    return tuple(sorted(set(tests), key=lambda test: (test.field, repr(test.matcher))))


def without_issuer(match: ObjectNode, headers: ClaimHeaders) -> tuple[str, ObjectNode]:
    """The one issuer whose tokens a match at a gateway leaves out, and the match without that; "" for none."""
    found = match.node("withoutHeaders") if headers.at_gateway else None
    for name in found.data if found else ():
        claim = _CLAIM.fullmatch(name)
        value = _below(found, name)
        if claim and claim[1].strip(".[]") == _ISSUER and set(value.data) == {"exact"}:
            left = {key: other for key, other in (found.data if found else {}).items() if key != name}
            return value.text("exact"), ObjectNode({**match.data, "withoutHeaders": left}, match.path)
    return "", match


def _whole(match: ObjectNode) -> Iterator[Test]:
    """Path, method and host, which every request has: what takes all of them is no test."""
    uri, method, authority = match.node("uri"), match.node("method"), match.node("authority")
    if uri is not None:
        yield from _test(Kind.PATH, "", _path(uri))
    if method is not None:
        yield from _test(Kind.METHOD, "", _string(method, Kind.METHOD, never_empty=True))
    if authority is not None:
        yield from _test(Kind.HOST, "", _host(authority))


def _test(kind: Kind, name: str, matcher: Matcher | None) -> Iterator[Test]:
    if matcher is not None and not isinstance(matcher, Present):
        yield Test(Field(kind, name), matcher)


def _path(uri: ObjectNode) -> Matcher | None:
    """A prefix here goes by characters, not by segments; every path begins with a slash."""
    if uri.text("prefix", "-") in ("", "/"):
        uri.limited(_STRING_MATCH)
        return None
    return _string(uri, Kind.PATH, never_empty=True)


def _headers(match: ObjectNode, headers: ClaimHeaders) -> Iterator[Test]:
    found = match.node("headers")
    for name in found.data if found else ():
        yield _header(name, _below(found, name), headers)


def _header(name: str, value: ObjectNode, headers: ClaimHeaders) -> Test:
    """Envoy compares header names without regard to case, so `Cookie` and `cookie` are two tests of one header."""
    lower = name.lower()
    if lower.startswith(_ANY_CLAIM):
        return Test(_gateway_claim(name, value, headers), _string(value, Kind.CLAIM))
    if lower == "cookie":
        cookie, matcher = _cookie(value)
        return Test(Field(Kind.COOKIE, cookie), matcher)
    return Test(_header_field(lower, value, headers), _string(value, Kind.HEADER))


def _header_field(name: str, value: ObjectNode, headers: ClaimHeaders) -> Field:
    if name.startswith(":") or name == "host":
        raise NotUnderstood(name, "is matched by its own field, not among the headers", value.path)
    if name not in headers.claims:
        return Field(Kind.HEADER, name)
    if headers.at_gateway:
        raise NotUnderstood(name, "holds a claim, but at a gateway clients can write it themselves", value.path)
    return Field(Kind.CLAIM, headers.claims[name][1])


def _gateway_claim(name: str, value: ObjectNode, headers: ClaimHeaders) -> Field:
    if not headers.at_gateway:
        raise NotUnderstood(name, "only gateways see claims; in the mesh this never matches", value.path)
    found = _CLAIM.fullmatch(name)
    keys = _CLAIM_KEY.findall(found[1]) if found else ()
    claim = claim_name(tuple(in_brackets or after_dot for in_brackets, after_dot in keys))
    if claim is None:
        raise NotUnderstood(name, "is no claim by its keys, as [realm_access][roles] would be", value.path)
    return Field(Kind.CLAIM, claim)


def _without(match: ObjectNode, headers: ClaimHeaders) -> Iterator[Test]:
    """Only what amounts to absent is understood; every other exclusion is a negative condition."""
    found = match.node("withoutHeaders")
    for name in found.data if found else ():
        value, lower = _below(found, name), name.lower()
        if lower == ":path":
            yield from _query_absent(value)
        elif lower == "cookie":
            cookie, matcher = _cookie(value)
            yield Test(Field(Kind.COOKIE, cookie), _absent(value, matcher))
        else:
            claim = lower.startswith(_ANY_CLAIM)
            place = _gateway_claim(name, value, headers) if claim else _header_field(lower, value, headers)
            yield Test(place, _absent(value, _string(value, place.kind)))


def _absent(value: ObjectNode, matcher: Matcher) -> Matcher:
    if not isinstance(matcher, Present):
        raise NotUnderstood("withoutHeaders", "excludes single values; only absent (.+) can be said", value.path)
    return Absent()


def _query_absent(value: ObjectNode) -> Iterator[Test]:
    found = _QUERY_ABSENT.fullmatch(_regex(value.limited(_STRING_MATCH)))
    names = literals(ungrouped(found[1])) if found else None
    if not names or not all(names) or any(set("?&=#") & set(name) for name in names):
        raise NotUnderstood(":path", "is not the pattern of an absent query parameter", value.path)
    for name in names:
        yield Test(Field(Kind.QUERY, name), Absent())


def _query(match: ObjectNode) -> Iterator[Test]:
    found = match.node("queryParams")
    for name in found.data if found else ():
        yield Test(Field(Kind.QUERY, name), _string(_below(found, name), Kind.QUERY))


def _below(parent: ObjectNode | None, name: str) -> ObjectNode:
    found = parent.node(name) if parent else None
    if found is None:
        raise NotUnderstood(name, "has no value", parent.path if parent else ())
    return found


def _cookie(value: ObjectNode) -> tuple[str, Matcher]:
    """Any other match than a pattern sees the whole header with all cookies at once."""
    value.limited(_STRING_MATCH)
    if set(value.data) != {"regex"}:
        raise NotUnderstood("cookie", "is compared as a whole header, all cookies at once", value.path)
    try:
        return cookie_of(_regex(value))
    except ValueError as error:
        raise NotUnderstood("cookie", str(error), value.path) from None


def _host(value: ObjectNode) -> Matcher:
    """Istio compares the whole authority, case and port included; only a pattern can leave both out."""
    found = _AUTHORITY.fullmatch(_regex(value)) if set(value.data) == {"regex"} else None
    if found is None:
        reason = "is compared with case and port; (?i)(?:shop[.]example[.]com)(?::[0-9]*)? would leave both out"
        raise NotUnderstood("authority", reason, value.path)
    body = ungrouped(found[1])
    if body == found[1] or runs_over(body, ":") or _CAPITAL.search(body):
        raise NotUnderstood("authority", "the pattern can run over the port, or has capital letters", value.path)
    return _understood(body, "authority", value, Kind.HOST)


def _string(value: ObjectNode, kind: Kind, never_empty: bool = False) -> Matcher:
    """A StringMatch on a value that is there and not empty."""
    value.limited(_STRING_MATCH)
    kinds = [kind for kind in value.data if kind in value]
    if len(kinds) != 1:
        name = str(value.path[-1])
        raise NotUnderstood(name, "must say one of exact, prefix and regex; presence is regex .+", value.path)
    if kinds[0] == "regex":
        return _understood(_regex(value), "regex", value, kind, never_empty)
    text = value.text(kinds[0])
    if not text:
        raise value.wrong(kinds[0], "is empty, which graymesh cannot tell from absent")
    return OneOf((text,)) if kinds[0] == "exact" else Prefix(text)


def _understood(pattern: str, name: str, value: ObjectNode, kind: Kind, never_empty: bool = False) -> Matcher:
    try:
        return matcher_of(pattern, kind, never_empty)
    except ValueError as error:
        raise NotUnderstood(name, str(error), value.path) from None


def _regex(value: ObjectNode) -> str:
    pattern = value.text("regex")
    if len(pattern) > _LONGEST:
        raise value.wrong("regex", f"has {len(pattern)} characters, Istio takes {_LONGEST}")
    return pattern
