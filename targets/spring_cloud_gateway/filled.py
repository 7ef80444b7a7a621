"""Patterns for values that are not empty: Spring matches an empty cookie or parameter too, which counts as absent."""

from __future__ import annotations

from functools import lru_cache

from graymesh.proof.regex.portable import parse
from graymesh.proof.regex.tree import EMPTY, NEVER, Chars, Concat, Node, Repeat, Union, nullable, render


@lru_cache(maxsize=4096)
def filled(pattern: str) -> str:
    """The pattern without the empty value; `[^\\s\\S]`, which takes nothing, when there is no other."""
    node = parse(pattern)
    return render(_filled(node)) if nullable(node) else pattern


def _filled(node: Node) -> Node:
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
