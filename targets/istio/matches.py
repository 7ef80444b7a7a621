"""Conditions as lists of Istio's HTTPMatchRequest: any entry of the list is enough, all parts of an entry must hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any, TypeAlias, assert_never

from graymesh.ir.release import (
    Absent,
    Condition,
    Conjunction,
    Kind,
    Matcher,
    OneOf,
    PathPrefix,
    Prefix,
    Present,
    Test,
)
from graymesh.kit.patterns import patterns
from graymesh.targets.istio.claims import Claims
from graymesh.targets.istio.patterns import PRESENT, cookie_patterns, host_patterns, query_absent_pattern

StringMatch: TypeAlias = dict[str, str]
Part: TypeAlias = tuple[str, str, StringMatch]
"""A field of the match request, the key below it (empty where the field has none), and what its value must be."""

_ORDER = ("uri", "method", "authority", "headers", "withoutHeaders", "queryParams")
_ABSENT: StringMatch = {"regex": PRESENT}


def matches(condition: Condition, claims: Claims) -> list[dict[str, Any]] | None:
    """The condition as a match list; empty when every request meets it (no `match`), None when no request does."""
    found = [match for tests in condition for match in _either(tests, claims)]
    if not found:
        return None
    return [] if {} in found else found


def _either(tests: Conjunction, claims: Claims) -> Iterator[dict[str, Any]]:
    """The conjunction; where it asks only that claims are absent, also for tokens of other issuers that have them."""
    yield from _conjunction(tests, claims)
    others = claims.beside_tokens_of_others(tests)
    if others is not None:
        not_ours: list[Part] = [("withoutHeaders", claims.key("iss"), {"exact": claims.issuer})]
        yield from _conjunction(others, claims, not_ours)


def _conjunction(tests: Conjunction, claims: Claims, besides: Sequence[Part] = ()) -> Iterator[dict[str, Any]]:
    """One match for each combination of the tests' alternatives; none when a test can never hold."""
    missing = [test.field.name for test in tests if _query_absent(test)]
    asked = [test for test in claims.completed(tests) if not _query_absent(test)]
    choices = [list(_alternatives(test, claims)) for test in asked]
    if missing:
        choices.append([[("withoutHeaders", ":path", {"regex": query_absent_pattern(missing)})]])
    for parts in product(*choices):
        yield _merged([*(part for alternative in parts for part in alternative), *besides])


def _merged(parts: Iterable[Part]) -> dict[str, Any]:
    """The parts as one match request; keys in a fixed order."""
    match: dict[str, Any] = {}
    for section, key, value in parts:
        if not key:
            if section in match:
                raise ValueError(f"two tests of the {section} in one entry")
            match[section] = value
            continue
        keyed = match.setdefault(section, {})
        keyed[_free(section, key, keyed)] = value
    return {
        section: dict(sorted(match[section].items())) if section in _ORDER[3:] else match[section]
        for section in _ORDER
        if section in match
    }


def _free(section: str, key: str, taken: dict[str, StringMatch]) -> str:
    """The key, or with letters in capitals when it is taken: header names ignore case, and all entries must hold."""
    if key not in taken:
        return key
    if section != "queryParams" and key[0] not in "@:":
        for name in _capitalisations(key):
            if name not in taken:
                return name
    raise ValueError(f"two tests of {key} in one entry")


def _capitalisations(key: str) -> Iterator[str]:
    """The key, Key, kEy, KEy …: the letters in capitals count upwards in binary."""
    letters = [at for at, char in enumerate(key) if char.isalpha()]
    for number in range(1 << len(letters)):
        capitals = {letter for bit, letter in enumerate(letters) if number >> bit & 1}
        yield "".join(char.upper() if at in capitals else char for at, char in enumerate(key))


def _query_absent(test: Test) -> bool:
    return test.field.kind is Kind.QUERY and isinstance(test.matcher, Absent)


def _alternatives(test: Test, claims: Claims) -> Iterator[list[Part]]:
    """The ways in which the test can hold, each a list of parts that must hold together."""
    name, matcher = test.field.name, test.matcher
    match test.field.kind:
        case Kind.HEADER:
            yield from _keyed(name, matcher)
        case Kind.CLAIM:
            yield from _keyed(claims.key(name), matcher)
        case Kind.COOKIE:
            yield from _cookie(name, matcher)
        case Kind.QUERY:
            yield from ([("queryParams", name, value)] for value in _query(matcher))
        case Kind.PATH:
            yield from _whole("uri", matcher, _path(matcher))
        case Kind.METHOD:
            yield from _whole("method", matcher, _method(matcher))
        case Kind.HOST:
            yield from _whole("authority", matcher, _host(matcher))
        case Kind.SOURCE:
            raise ValueError("Istio cannot match the client's address; lint refuses it")
        case _:
            assert_never(test.field.kind)


def _keyed(key: str, matcher: Matcher) -> Iterator[list[Part]]:
    if isinstance(matcher, Absent):
        yield [("withoutHeaders", key, _ABSENT)]
        return
    for value in _strings(matcher):
        yield [("headers", key, value)]


def _cookie(name: str, matcher: Matcher) -> Iterator[list[Part]]:
    section = "withoutHeaders" if isinstance(matcher, Absent) else "headers"
    for pattern in cookie_patterns(name, Present() if isinstance(matcher, Absent) else matcher):
        yield [(section, "cookie", {"regex": pattern})]


def _whole(section: str, matcher: Matcher, values: Iterator[StringMatch]) -> Iterator[list[Part]]:
    """For fields that every request has: present asks for nothing, absent never holds."""
    if isinstance(matcher, Present):
        yield []
    elif not isinstance(matcher, Absent):
        for value in values:
            yield [(section, "", value)] if value else []


def _strings(matcher: Matcher) -> Iterator[StringMatch]:
    """Istio's own words for a text or a beginning, a pattern for all else."""
    if isinstance(matcher, Prefix):
        yield {"prefix": matcher.value}
    else:
        yield from _query(matcher)


def _query(matcher: Matcher) -> Iterator[StringMatch]:
    """A prefix as a regex: Istio documented `prefix` for query parameters late."""
    if isinstance(matcher, OneOf) and len(matcher.values) == 1:
        yield {"exact": matcher.values[0]}
    else:
        yield from ({"regex": pattern} for pattern in patterns(matcher))


def _path(matcher: Matcher) -> Iterator[StringMatch]:
    """By whole segments: the path itself, and what lies below it."""
    if not isinstance(matcher, PathPrefix):
        yield from _strings(matcher)
    elif matcher.value == "/":
        yield {}
    else:
        yield {"exact": matcher.value}
        yield {"prefix": f"{matcher.value}/"}


def _method(matcher: Matcher) -> Iterator[StringMatch]:
    if isinstance(matcher, OneOf):
        yield from ({"exact": value} for value in matcher.values)
    else:
        yield from _strings(matcher)


def _host(matcher: Matcher) -> Iterator[StringMatch]:
    yield from ({"regex": pattern} for pattern in host_patterns(matcher))
