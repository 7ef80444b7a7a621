"""Each test of a request as one map or geo, whose variable is 1 when the request passes it and 0 when it does not.

The meaning of fields is graymesh's: an empty value is absent, and any pair of a cookie's, parameter's or claim's name
will do. Values are compared by regular expressions, since exact keys of a map ignore case.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple, assert_never

from graymesh.ir.release import (
    Absent,
    Buckets,
    Field,
    Kind,
    Networks,
    OneOf,
    PathPrefix,
    Prefix,
    Present,
    Regex,
    Suffix,
    Test,
)
from graymesh.kit.patterns import grouped, pattern
from graymesh.proof.regex.portable import literal, matches_empty, without
from graymesh.targets.nginx import tree
from graymesh.targets.nginx.quoting import Variable, header_variable
from graymesh.targets.nginx.tree import Directive, Entry, mapped

CLAIMS: Final = Variable("gm_claims")
"""All string claims of the request's token, as lines `name=value`."""

REQUEST_ID: Final = Variable("request_id")

COOKIES: Final = Variable("http_cookie")

_YES: Final = ("1",)
_NO: Final = ("0",)
LONGEST_KEY: Final = 46
"""Characters of an exact key that fits into nginx's hash of a map as it comes."""

_SOURCES: Final = {
    Kind.COOKIE: COOKIES,
    Kind.QUERY: Variable("args"),
    Kind.CLAIM: CLAIMS,
    Kind.PATH: Variable("uri"),
    Kind.METHOD: Variable("request_method"),
    Kind.HOST: Variable("host"),
}


class Pairs(NamedTuple):
    """Pairs in a row, as patterns: what stands before a name and after a value, what a value can begin with.

    `between` is the character that no value has.
    """

    before: str
    after: str
    something: str
    between: str


_PAIRS: Final = {
    Kind.COOKIE: Pairs("(?:^|;)[ \t]*", "[ \t]*(?:;|\\z)", "[^; ]", ";"),
    Kind.QUERY: Pairs("(?:^|&)", "(?:&|\\z)", "[^&]", "&"),
    Kind.CLAIM: Pairs("(?:^|\n)", "\n", ".", "\n"),
}


def always(test: Test) -> bool:
    """Does every request pass?"""
    return test.matcher == PathPrefix("/")


def never(test: Test) -> bool:
    """Does no request pass?"""
    return test.matcher == OneOf(())


def answered(test: Test, variable: Variable, trusted: tuple[str, ...]) -> Directive:
    """The block that gives the variable its 1 or 0; behind trusted proxies X-Forwarded-For tells the address."""
    if isinstance(test.matcher, Networks):
        return _located(test.matcher.networks, variable, trusted)
    if test.field.kind in _PAIRS:
        answer, default = (_NO, _YES) if isinstance(test.matcher, Absent) else (_YES, _NO)
        keys: list[str | tree.MapRegex] = [
            tree.MapRegex(pattern) for pattern in _pair_patterns(test, _PAIRS[test.field.kind])
        ]
    else:
        answer, default = (_NO, _YES) if isinstance(test.matcher, Present) else (_YES, _NO)
        keys = list(_value_keys(test))
    return mapped((_source(test.field),), variable, default, [(key, answer) for key in keys])


def identity(key: Field, variable: Variable) -> Directive:
    """What a draw hashes: the field's value, or a new id where the request has none.

    An empty key would fall into the draw's first part, which is the canary's.
    """
    if key.kind in _PAIRS:
        return mapped((_source(key),), variable, (REQUEST_ID,), [_first_pair(key)])
    return mapped((_source(key),), variable, (_source(key),), [("", (REQUEST_ID,))])


def first_value(field: Field, variable: Variable) -> Directive:
    """The value of the first cookie, parameter or claim of that name, empty when there is none."""
    return mapped((_source(field),), variable, ("",), [_first_pair(field)])


def exact(text: str) -> str | tree.MapRegex:
    """A key for a text that has no upper case, or is never met in another one."""
    return text if len(text) <= LONGEST_KEY else tree.MapRegex(rf"\A{literal(text)}\z")


def _source(field: Field) -> Variable:
    return header_variable("http_", field.name) if field.kind is Kind.HEADER else _SOURCES[field.kind]


def _located(networks: tuple[str, ...], variable: Variable, trusted: tuple[str, ...]) -> Directive:
    inside = [Directive("default", _NO)]
    inside += [Directive("proxy", (network,)) for network in trusted]
    inside += [Directive("proxy_recursive")] * bool(trusted)
    inside += [Directive(network, _YES) for network in networks]
    return Directive("geo", ((variable,),), tuple(inside))


def _first_pair(field: Field) -> Entry:
    pairs = _PAIRS[field.kind]
    end = pairs.after if field.kind is Kind.CLAIM else ""
    return tree.MapRegex(f"{pairs.before}{literal(field.name)}=([^{pairs.between}]+){end}"), (Variable("1"),)


def _value_keys(test: Test) -> Iterator[str | tree.MapRegex]:
    """The keys of a map on a field that has one value."""
    match test.matcher:
        case Present() | Absent():
            yield ""
        case OneOf(values) if test.field.kind in (Kind.METHOD, Kind.HOST):
            yield from map(exact, values)
        case OneOf(values):
            yield from (tree.MapRegex(rf"\A{literal(value)}\z") for value in values)
        case Prefix(value):
            yield tree.MapRegex(rf"\A{literal(value)}")
        case Suffix(value):
            yield tree.MapRegex(rf"{literal(value)}\z")
        case PathPrefix(value):
            yield tree.MapRegex(rf"\A{literal(value)}(?:/|\z)")
        case Regex(written):
            yield tree.MapRegex(rf"\A{grouped(without(written, '') if written.startswith('^') else written)}\z")
        case Buckets():
            yield tree.MapRegex(rf"\A{grouped(pattern(test.matcher))}\z")
        case Networks():
            raise TypeError(f"no key for {test}")
        case _:
            assert_never(test.matcher)


def _pair_patterns(test: Test, pairs: Pairs) -> Iterator[str]:
    """Patterns that find a pair of the name with the value that is asked for, or with any where it must be absent."""
    start = f"{pairs.before}{literal(test.field.name)}="
    match test.matcher:
        case Present() | Absent():
            yield start + pairs.something
        case OneOf(values):
            yield from (start + literal(value) + pairs.after for value in values)
        case Prefix(value):
            yield start + literal(value)
        case Regex(written):
            yield start + _guarded(without(written, pairs.between), pairs) + pairs.after
        case Suffix() | Buckets():
            yield start + grouped(pattern(test.matcher, between=pairs.between)) + pairs.after
        case PathPrefix() | Networks():
            raise TypeError(f"no pattern for {test}")
        case _:
            assert_never(test.matcher)


def _guarded(pattern: str, pairs: Pairs) -> str:
    """A pair without a value counts as absent, even for patterns that match nothing at all."""
    return f"(?={pairs.something})(?:{pattern})" if matches_empty(pattern) else grouped(pattern)
