"""One spelling for many conditions: matchers over their field's values, and conditions as sets.

Whatever comes out means the same as what went in, for every request of the fragment; equal forms therefore mean equal
conditions, and unequal forms mean nothing yet.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, TypeAlias, assert_never

from graymesh.ir.buckets import joined
from graymesh.ir.release import (
    Absent,
    Buckets,
    Condition,
    Conjunction,
    Field,
    Kind,
    Matcher,
    Networks,
    OneOf,
    PathPrefix,
    Prefix,
    Present,
    Regex,
    Suffix,
)
from graymesh.proof.regex.domain import ALWAYS_THERE, alphabet, firsts, possible
from graymesh.proof.regex.portable import RegexProblem, canonical, parse
from graymesh.proof.regex.tree import Chars, Concat, Repeat, chars_of

NOTHING: Final = OneOf(())
"""The matcher that no value satisfies."""

Alternatives: TypeAlias = frozenset[Matcher]
"""Matchers of one field of which one must hold."""

Term: TypeAlias = frozenset[tuple[Field, Alternatives]]
Form: TypeAlias = frozenset[Term]
"""A condition: any of the terms, where all parts of a term must hold. `{{}}` always holds, `{}` never."""

_FOREIGN_HEADERS: Final = frozenset(["cookie", "host"])


class UndecidableError(Exception):
    """A question outside the fragment or beyond the limits; its text says which part."""


@lru_cache(maxsize=8192)
def simplest(field: Field, matcher: Matcher) -> Matcher:
    """The simplest matcher that means the same for the field's values; `NOTHING` when no value satisfies it.

    Raises UndecidableError for what has no decided meaning.
    """
    _check(field)
    return _simplest(field.kind, matcher)


def _check(field: Field) -> None:
    if field.kind is not Kind.HEADER:
        return
    if field.name in _FOREIGN_HEADERS or field.name.startswith(":"):
        raise UndecidableError(f"a test of the header {field.name!r} as a whole is outside what is decided")
    if field.name != field.name.lower():
        raise UndecidableError(f"the header {field.name!r} is not written in lower case")


def _simplest(kind: Kind, matcher: Matcher) -> Matcher:
    match kind:
        case Kind.SOURCE:
            return _networks(matcher)
        case Kind.HEADER | Kind.COOKIE | Kind.QUERY | Kind.CLAIM | Kind.PATH | Kind.HOST | Kind.METHOD:
            pass
        case _:
            assert_never(kind)
    match matcher:
        case OneOf(values):
            return listed(value for value in map(_readable, values) if possible(kind, value))
        case Regex(pattern):
            found = _canonical(kind, pattern)
            return found if isinstance(found, Regex) else _simplest(kind, found)
        case Prefix(value) if not value or (kind, value) == (Kind.PATH, "/"):
            return Present()
        case PathPrefix("/") | Suffix(""):
            return Present()
        case PathPrefix(""):
            return _simplest(kind, Prefix("/"))
        case Prefix(value) | Suffix(value) | PathPrefix(value):
            return matcher if value and not chars_of(_readable(value)) & ~alphabet(kind) else NOTHING
        case Buckets(intervals):
            return Buckets(joined(intervals)) if intervals and kind is not Kind.PATH else NOTHING
        case Networks():
            raise UndecidableError(f"networks are decided for the source, not for a {kind}")
        case Present() | Absent():
            return matcher
        case _:
            assert_never(matcher)


def _readable(value: str) -> str:
    if not value.isascii():
        raise UndecidableError(f"the value {value!r} holds characters beyond ASCII, which engines read as they like")
    return value


def _canonical(kind: Kind, pattern: str) -> Matcher:
    try:
        found = canonical(pattern, alphabet(kind))
        return Present() if isinstance(found, Regex) and _only_begins(kind, found.pattern) else found
    except RegexProblem as error:
        raise UndecidableError(f"the pattern {pattern!r} is not portable: {error}") from None


def _only_begins(kind: Kind, pattern: str) -> bool:
    """Does it say nothing but how all values of this kind begin? nginx finds pairs of a cookie by such patterns."""
    match parse(pattern):
        case Concat((Chars(first), Repeat(Chars(every), 0, None))):
            return not firsts(kind) & ~first and not alphabet(kind) & ~every
    return False


def listed(values: Iterable[str]) -> Matcher:
    """These values."""
    return OneOf(tuple(sorted(set(values))))


def _networks(matcher: Matcher) -> Matcher:
    if isinstance(matcher, Present | Absent):
        return matcher
    if not isinstance(matcher, Networks):
        raise UndecidableError("a source is decided by its networks, not by its text")
    try:
        every = [ipaddress.ip_network(cidr) for cidr in matcher.networks]
    except ValueError as error:
        raise UndecidableError(f"{error}") from None
    four = ipaddress.collapse_addresses(n for n in every if isinstance(n, ipaddress.IPv4Network))
    six = ipaddress.collapse_addresses(n for n in every if isinstance(n, ipaddress.IPv6Network))
    kept = tuple(sorted(map(str, (*four, *six))))
    if kept == ("0.0.0.0/0", "::/0"):
        return Present()
    return Networks(kept) if kept else NOTHING


@lru_cache(maxsize=8192)
def form(condition: Condition) -> Form:
    """The condition as a set of terms, with alternatives that differ in one field put together.

    Raises UndecidableError.
    """
    terms = {term for tests in condition for term in _term(tests)}
    if len(terms) > 1:
        terms = _without_longer(_gathered(terms))
    return frozenset(terms)


def _term(tests: Conjunction) -> Iterator[Term]:
    parts = set[tuple[Field, Alternatives]]()
    for test in tests:
        matcher = simplest(test.field, test.matcher)
        if matcher == NOTHING:
            return
        if not (isinstance(matcher, Present) and test.field.kind in ALWAYS_THERE):
            parts.add((test.field, frozenset((matcher,))))
    yield frozenset(parts)


def _gathered(terms: set[Term]) -> set[Term]:
    """Puts `a and x, b and x` together as `a or b, and x`, field by field until nothing changes."""
    while True:
        before = terms
        for field in sorted({field for term in terms for field, _ in term}):
            terms = _gathered_by(field, terms)
        if terms == before:
            return terms


def _gathered_by(field: Field, terms: set[Term]) -> set[Term]:
    groups: dict[Term, list[Alternatives]] = {}
    kept: set[Term] = set()
    for term in terms:
        parts = [part for part in term if part[0] == field]
        if len(parts) == 1:
            groups.setdefault(term - {parts[0]}, []).append(parts[0][1])
        else:
            kept.add(term)
    for rest, found in groups.items():
        joint = united(field, frozenset[Matcher]().union(*found)) if len(found) > 1 else found[0]
        always = field.kind in ALWAYS_THERE and Present() in joint
        kept.add(rest if always else rest | {(field, joint)})
    return kept


def _without_longer(terms: set[Term]) -> set[Term]:
    """Drops terms that ask for all that another asks for, and more."""
    if len({len(term) for term in terms}) == 1:
        return terms
    return {term for term in terms if not any(other < term for other in terms)}


def united(field: Field, alternatives: Alternatives) -> Alternatives:
    """The same alternatives in their usual spelling: values, buckets and networks each in one matcher."""
    if Present() in alternatives:
        return frozenset((Present(),))
    values, numbers, networks = set[str](), list[tuple[int, int]](), list[str]()
    others = set[Matcher]()
    for matcher in alternatives:
        match matcher:
            case OneOf(known):
                values.update(known)
            case Buckets(intervals):
                numbers.extend(intervals)
            case Networks(known):
                networks.extend(known)
            case Prefix() | Suffix() | PathPrefix() | Regex() | Present() | Absent():
                others.add(matcher)
            case _:
                assert_never(matcher)
    for prefix in [matcher for matcher in others if isinstance(matcher, Prefix)]:
        _below(prefix, values, others)
    if values:
        others.add(listed(values))
    if numbers:
        others.add(Buckets(joined(numbers)))
    if networks:
        others.add(_networks(Networks(tuple(networks))))
    return frozenset(others)


def _below(prefix: Prefix, values: set[str], others: set[Matcher]) -> None:
    """`/api` or what begins with `/api/` is the path prefix `/api`."""
    exact = prefix.value[:-1]
    if prefix.value.endswith("/") and exact in values:
        values.remove(exact)
        others.remove(prefix)
        others.add(PathPrefix(exact))
