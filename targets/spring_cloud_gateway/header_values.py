"""What of a matcher on a header gets lost because Spring takes a header line for a list of values.

A line is cut at its commas, and a double quote at the beginning of a part is dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from graymesh.ir.release import Absent, Matcher, Regex
from graymesh.kit.patterns import pattern
from graymesh.proof.regex import portable as portable_regex
from graymesh.proof.regex.tree import Chars, Concat, Node, Repeat, Union, nullable

_COMMA: Final = 1 << ord(",")
_MOST_COPIES: Final = 3


@lru_cache(maxsize=8192)
def asks_for_comma(found: Matcher) -> bool:
    """Does the matcher name a comma? Header lines are cut at commas before they are matched, so it finds none."""
    return _asks(found, ",", _names_comma)


@lru_cache(maxsize=8192)
def asks_for_quote(found: Matcher) -> bool:
    """Does the matcher name a double quote where a value begins? Spring drops it before values are matched."""
    return _asks(found, '"', _begins_with_quote)


@lru_cache(maxsize=8192)
def misses_commas(found: Matcher) -> bool:
    """May the matcher run over a comma between two parts that it asks for? It takes no value that has one there."""
    return isinstance(found, Regex) and _crosses(portable_regex.parse(found.pattern), False, False)


def _asks(found: Matcher, char: str, in_node: Callable[[Node], bool]) -> bool:
    written = "" if isinstance(found, Absent) else pattern(found)
    return char in written and in_node(portable_regex.parse(written))


def _names(node: Chars, char: str) -> bool:
    """A dot and a negated class take the character too, but nobody asked for it."""
    return bool(node.mask & 1 << ord(char)) and char in node.text


def _names_comma(node: Node) -> bool:
    match node:
        case Chars():
            return _names(node, ",")
        case Concat(parts):
            return any(map(_names_comma, parts))
        case Union(options):
            return any(map(_names_comma, options))
        case Repeat(body):
            return _names_comma(body)


def _begins_with_quote(node: Node) -> bool:
    match node:
        case Chars():
            return _names(node, '"')
        case Concat(parts):
            first = next((at for at, part in enumerate(parts) if not nullable(part)), len(parts))
            return any(map(_begins_with_quote, parts[: first + 1]))
        case Union(options):
            return any(map(_begins_with_quote, options))
        case Repeat(body):
            return _begins_with_quote(body)


def _crosses(node: Node, before: bool, after: bool) -> bool:
    """Can the node take a comma with something required before it and after it, within the node or around it?"""
    match node:
        case Chars(mask):
            return before and after and bool(mask & _COMMA)
        case Concat(parts):
            required = [at for at, part in enumerate(parts) if not nullable(part)] or [len(parts)]
            first, last = required[0], required[-1] if required[0] < len(parts) else -1
            return any(_crosses(part, before or at > first, after or at < last) for at, part in enumerate(parts))
        case Union(options):
            return any(_crosses(option, before, after) for option in options)
        case Repeat(body, least):
            return _crosses(Concat((body,) * min(least, _MOST_COPIES)) if least > 1 else body, before, after)
