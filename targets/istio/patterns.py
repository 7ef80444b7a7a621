"""The regular expressions that this target writes. Envoy applies RE2 to the whole value, so none has anchors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, assert_never

from graymesh.ir import buckets
from graymesh.ir.release import Absent, Buckets, Matcher, Networks, OneOf, PathPrefix, Prefix, Present, Regex
from graymesh.proof.regex.portable import literal, parse, without
from graymesh.proof.regex.tree import NEVER, Chars, Concat, Node, Repeat, Union, nullable, render
from graymesh.targets.istio.names import LONGEST_PATTERN

PRESENT: Final = ".+"
_COOKIE_BEFORE: Final = r"(?:.*;\s*)?"
_COOKIE_AFTER: Final = r"(?:\s*;.*)?"
_PORT: Final = "(?::[0-9]*)?"


@lru_cache(maxsize=4096)
def alternations(values: tuple[str, ...], room: int = LONGEST_PATTERN) -> tuple[str, ...]:
    """Patterns that together match exactly these values; several only when one would be too long."""
    return tuple("|".join(chunk) for chunk in _chunks(map(literal, values), room))


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


@lru_cache(maxsize=4096)
def cookie_patterns(name: str, matcher: Matcher) -> tuple[str, ...]:
    """Patterns on the whole Cookie header: any pair of that name has such a value; one of them is enough."""
    head = f"{_COOKIE_BEFORE}{literal(name)}="
    room = LONGEST_PATTERN - len(head) - len(_COOKIE_AFTER) - len("(?:)")
    return tuple(f"{head}{_grouped(value)}{_COOKIE_AFTER}" for value in _values(matcher, ";", room))


def host_patterns(matcher: Matcher) -> tuple[str, ...]:
    """Patterns on `:authority`, whose letters may be large and which may carry a port."""
    room = LONGEST_PATTERN - len("(?i)(?:)") - len(_PORT)
    return tuple(f"(?i)(?:{value}){_PORT}" for value in _values(matcher, ":", room))


def query_absent_pattern(names: Iterable[str]) -> str:
    """A pattern on `:path`, query included: one of these parameters is there and not empty."""
    return rf"[^?]*\?(?:.*&)?(?:{'|'.join(map(literal, names))})=[^&]+(?:&.*)?"


def _values(matcher: Matcher, end: str, room: int) -> tuple[str, ...]:
    """The matcher as patterns for a value that a character ends and that does not run over it."""
    match matcher:
        case OneOf(values):
            return alternations(values, room)
        case Prefix(prefix):
            return (f"{literal(prefix)}[^{end}]*",)
        case Regex(pattern):
            return (without(filled(pattern), end),)
        case Buckets(intervals):
            return (buckets.pattern(intervals),)
        case Present():
            return (f"[^{end}]+",)
        case PathPrefix() | Networks() | Absent():
            raise ValueError(f"{type(matcher).__name__} cannot be a part of a longer pattern")
        case _:
            assert_never(matcher)


@lru_cache(maxsize=4096)
def filled(pattern: str) -> str:
    """The pattern for values that are not empty: Envoy would also take an empty one, which counts as absent."""
    node = parse(pattern)
    return render(_filled(node)) if nullable(node) else pattern


def _filled(node: Node) -> Node:
    """Whatever the node matches but the empty text."""
    if not nullable(node):
        return node
    match node:
        case Repeat(body, _, most):
            return _filled(body) if most == 1 else Repeat(_filled(body), 1, most)
        case Union(options):
            return _union([_filled(option) for option in options])
        case Concat(parts):
            return _union([Concat((_filled(part), *parts[at + 1 :])) for at, part in enumerate(parts)])
        case Chars():
            return node


def _union(options: list[Node]) -> Node:
    left = [option for option in options if not _impossible(option)]
    return Union(tuple(left)) if len(left) > 1 else (*left, NEVER)[0]


def _impossible(node: Node) -> bool:
    return node == NEVER or (isinstance(node, Concat) and NEVER in node.parts)


def _grouped(pattern: str) -> str:
    return f"(?:{pattern})" if "|" in pattern else pattern
