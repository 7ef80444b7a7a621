"""One test of a condition as one route predicate, in the expanded form: the short form cuts values at commas."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias, assert_never

from graymesh.ir.release import Conjunction, Kind, Matcher, Networks, OneOf, PathPrefix, Test
from graymesh.kit.patterns import ANY_PORT, grouped, pattern

Predicate: TypeAlias = dict[str, Any]

_PIECE = re.compile(r"\\.|.")


def predicates(tests: Conjunction, options: Mapping[str, Any]) -> Iterator[Predicate]:
    """The tests of one conjunction, all of which must hold. Raises ValueError for a test that Spring cannot say."""
    for test in tests:
        match test.field.kind:
            case Kind.HEADER:
                yield _predicate("Header", header=test.field.name, regexp=regexp(test.matcher))
            case Kind.COOKIE:
                yield _predicate("Cookie", name=test.field.name, regexp=regexp(test.matcher))
            case Kind.QUERY:
                yield _predicate("Query", param=test.field.name, regexp=regexp(test.matcher))
            case Kind.PATH:
                yield from _path(test.matcher)
            case Kind.METHOD:
                yield _predicate("Method", methods=list(_values(test)))
            case Kind.HOST:
                yield host(test.matcher)
            case Kind.SOURCE:
                yield _source(test, options)
            case Kind.CLAIM:
                raise ValueError("Spring Cloud Gateway has no predicate that reads a token's claims")
            case _:
                assert_never(test.field.kind)


def host(matcher: Matcher) -> Predicate:
    """Requests to such hosts, in any letter case, with any port.

    The Host predicate compares case and port; a regular expression on the header does not have to.
    """
    return _predicate("Header", header="Host", regexp=f"(?i){grouped(pattern(matcher, between=':'))}{ANY_PORT}")


def weight(group: str, basis_points: int) -> Predicate:
    """This part of the requests that reach the group; the prefixed names are what Spring binds."""
    return {"name": "Weight", "args": {"weight.group": group, "weight.weight": basis_points}}


@lru_cache(maxsize=8192)
def regexp(matcher: Matcher) -> str:
    """The matcher as a Java regular expression for whole values, none of them empty, that Spring takes literally."""
    return _without_expressions(pattern(matcher))


def _without_expressions(pattern: str) -> str:
    """The same language, written without `${`, which opens a placeholder, and not shaped like `#{…}`, which is SpEL."""
    if "${" in pattern:
        pattern = _without_placeholders(pattern)
    return f"(?:{pattern})" if pattern.lstrip().startswith("#{") else pattern


def _without_placeholders(pattern: str) -> str:
    """Outside a class, `${` is an escaped dollar that is repeated; inside, it is two characters."""
    found: list[str] = []
    inside = False
    for piece in _PIECE.findall(pattern):
        if piece == "{" and found and found[-1] in ("$", r"\$"):
            found[-1:] = [found[-1], "\\"] if inside else ["[$]"]
        elif piece in ("[", "]"):
            inside = piece == "["
        found.append(piece)
    return "".join(found)


def _path(matcher: Matcher) -> Iterator[Predicate]:
    if isinstance(matcher, OneOf):
        # Exact to the slash; the flag stands last, where Spring looks for it, as the text that Spring compares.
        yield _predicate("Path", patterns=list(matcher.values), matchTrailingSlash="false")
    elif not isinstance(matcher, PathPrefix):
        raise ValueError(f"Spring Cloud Gateway has no predicate for a path by {matcher}")
    elif matcher.value != "/":
        yield _predicate("Path", patterns=[f"{matcher.value}/**"])


def _source(test: Test, options: Mapping[str, Any]) -> Predicate:
    if not isinstance(test.matcher, Networks):
        raise ValueError(f"an address is matched by networks, not by {test.matcher}")
    name = "XForwardedRemoteAddr" if options["clientAddress"] == "forwarded" else "RemoteAddr"
    return _predicate(name, sources=list(test.matcher.networks))


def _values(test: Test) -> tuple[str, ...]:
    if not isinstance(test.matcher, OneOf):
        raise ValueError(f"Spring Cloud Gateway compares {test.field.kind} with whole values, not by {test.matcher}")
    return test.matcher.values


def _predicate(name: str, /, **arguments: Any) -> Predicate:
    return {"name": name, "args": arguments}
