"""Matchers as portable regular expressions, for engines that have no word of their own for one, and the way back.

Anchors, and what else an engine's own kind of expression wants, is the target's affair.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from graymesh.ir.release import Kind, Matcher, OneOf, Regex
from graymesh.proof.regex.domain import alphabet
from graymesh.proof.regex.portable import LONGEST, canonical, literal, parse, pattern_of, without
from graymesh.proof.regex.tree import EMPTY, NEVER, Chars, Concat, Node, Repeat, Union, nullable, render

ANY_PORT: Final = "(?::[0-9]*)?"
"""What may follow a host in a Host header."""


@lru_cache(maxsize=8192)
def patterns(matcher: Matcher, *, between: str = "", room: int = LONGEST) -> tuple[str, ...]:
    """Patterns for whole values that together take exactly what the matcher takes; none takes the empty value.

    There are several only when a list of values has more than `room` characters. `between` is the character that ends
    a value where the value is a part of a longer text: no pattern runs over it. Raises ValueError for Networks and
    Absent, which say nothing of a text.
    """
    if isinstance(matcher, OneOf):
        return tuple("|".join(chunk) for chunk in _chunks(map(literal, matcher.values), room))
    if isinstance(matcher, Regex):
        pattern = filled(matcher.pattern)
        return (without(pattern, between) if between else pattern,)
    return (pattern_of(matcher, f"[^{between}]" if between else "."),)


def pattern(matcher: Matcher, *, between: str = "") -> str:
    """The same as one pattern, however long."""
    return "|".join(patterns(matcher, between=between)) or render(NEVER)


def grouped(pattern: str) -> str:
    """The pattern as a part of a longer one."""
    return f"(?:{pattern})" if "|" in pattern else pattern


@lru_cache(maxsize=4096)
def filled(pattern: str) -> str:
    """The pattern without the empty value, which counts as absent; `[^\\s\\S]`, which takes nothing, when none is left.

    Raises RegexProblem.
    """
    node = parse(pattern)
    return render(_filled(node)) if nullable(node) else pattern


@lru_cache(maxsize=8192)
def understood(pattern: str, kind: Kind) -> Matcher:
    """What a pattern for whole values asks of a field of this kind, in the simplest words; else the pattern itself.

    Values are listed where the pattern lists them: `v[23]` stays as it is.
    A pattern that takes the empty value as well is read as if it did not (`matches_empty` tells). Raises RegexProblem.
    """
    found = canonical(pattern)
    listed = isinstance(found, OneOf) and len(found.values) <= 1 + pattern.count("|")
    if listed or not isinstance(found, Regex | OneOf):
        return found
    known = canonical(pattern, alphabet(kind))
    return Regex(pattern) if isinstance(known, Regex | OneOf) else known


def _chunks(parts: Iterable[str], room: int) -> Iterator[list[str]]:
    chunk: list[str] = []
    length = 0
    for part in parts:
        if chunk and length + len(part) + 1 > room:
            yield chunk
            chunk, length = [], 0
        chunk.append(part)
        length += len(part) + 1
    if chunk:
        yield chunk


def _filled(node: Node) -> Node:
    """Whatever the node matches but the empty text."""
    if not nullable(node):
        return node
    match node:
        case Repeat(_, _, 0):
            return NEVER
        case Repeat(body, _, most):
            found = _filled(body)
            return found if found == NEVER or most == 1 else Repeat(found, 1, most)
        case Union(options):
            return _union([_filled(option) for option in options])
        case Concat(parts):
            return _union([_from(part, parts[at + 1 :]) for at, part in enumerate(parts)])
        case Chars():
            return node


def _from(part: Node, rest: tuple[Node, ...]) -> Node:
    """A value whose first character the part takes."""
    found = _filled(part)
    return found if found == NEVER or not rest else Concat((found, *rest))


def _union(options: list[Node]) -> Node:
    left = [option for option in options if option not in (NEVER, EMPTY)]
    return Union(tuple(left)) if len(left) > 1 else (*left, NEVER)[0]
