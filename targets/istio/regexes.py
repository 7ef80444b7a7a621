"""Reading the regular expressions of artifacts: RE2, applied to a whole value by Envoy.

What is not surely understood raises ValueError with the reason; nothing here guesses.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from graymesh.ir.release import Kind, Matcher
from graymesh.kit.patterns import understood
from graymesh.proof.regex.portable import RegexProblem, matches_empty, parse
from graymesh.proof.regex.tree import chars_of, sets_within

_SPECIAL: Final = frozenset(".*+?()[]{}^$|\\")


@lru_cache(maxsize=4096)
def matcher_of(pattern: str, kind: Kind, never_empty: bool = False) -> Matcher:
    """What the pattern asks of a value that is there; raises ValueError when it cannot be said exactly.

    `never_empty` is for values like paths, for which it does not matter that a pattern takes an empty one.
    """
    body = ungrouped(unanchored(pattern))
    try:
        if not never_empty and matches_empty(body):
            raise ValueError(f"{body!r} also takes an empty value, which counts as absent; .+ means present")
        return understood(body, kind)
    except RegexProblem as error:
        raise ValueError(f"{body!r} is outside the portable subset: {error}") from None


def unanchored(pattern: str) -> str:
    """The pattern without `^` and `$` around it: Envoy matches whole values anyway."""
    body = pattern.removeprefix("^")
    slashes = len(body[:-1]) - len(body[:-1].rstrip("\\"))
    return body[:-1] if body.endswith("$") and slashes % 2 == 0 else body


def ungrouped(pattern: str) -> str:
    """The pattern without a group that encloses all of it."""
    for opening in ("(?:", "("):
        inner = pattern[len(opening) : -1]
        if pattern.startswith(opening) and not inner.startswith("?") and _closes_at_end(pattern):
            return inner
    return pattern


def has_alternatives(pattern: str) -> bool:
    """Does the pattern, outside its groups, have alternatives?"""
    return any(part == "|" and not depth for _, part, depth in _tokens(pattern))


@lru_cache(maxsize=4096)
def literals(pattern: str) -> tuple[str, ...] | None:
    """The texts of a pattern that is nothing but literal alternatives, else None."""
    values = [""]
    for _, part, _ in _tokens(pattern):
        if part == "|":
            values.append("")
            continue
        char = _literal(part)
        if char is None:
            return None
        values[-1] += char
    return tuple(values)


@lru_cache(maxsize=4096)
def runs_over(pattern: str, char: str) -> bool:
    """Can a match of the pattern contain the character? True as well when the pattern is not understood."""
    try:
        return any(mask & chars_of(char) for mask in sets_within(parse(pattern)))
    except RegexProblem:
        return True


def _literal(part: str) -> str | None:
    if len(part) == 1:
        return None if part in _SPECIAL else part
    if part.startswith("\\"):
        return part[1] if len(part) == 2 and not part[1].isalnum() else None
    inner = part[1:-1]
    if inner.startswith("\\") and len(inner) == 2 and not inner[1].isalnum():
        return inner[1]
    return inner if part.startswith("[") and len(inner) == 1 and inner not in "^\\" else None


def _closes_at_end(pattern: str) -> bool:
    """Does the group that the pattern begins with end where the pattern ends?"""
    return next((at for at, part, depth in _tokens(pattern) if part == ")" and not depth), -1) == len(pattern) - 1


def _tokens(pattern: str) -> Iterator[tuple[int, str, int]]:
    """Position, text and depth of each part: an escape, a whole class, the head of a group, or one character.

    A group's own parentheses have the depth outside it.
    """
    at = depth = 0
    while at < len(pattern):
        part = _token(pattern, at)
        depth -= part == ")"
        yield at, part, depth
        depth += part.startswith("(")
        at += len(part)


def _token(pattern: str, at: int) -> str:
    char = pattern[at]
    if char == "\\":
        return pattern[at : at + 2]
    if char == "[":
        return pattern[at : _end_of_class(pattern, at)]
    if pattern.startswith("(?", at):
        return pattern[at : at + 3]
    return char


def _end_of_class(pattern: str, at: int) -> int:
    """Where the class that begins here ends; a `]` right at its beginning is a member."""
    end = at + 1 + pattern.startswith("^", at + 1)
    end += pattern.startswith("]", end)
    while end < len(pattern) and pattern[end] != "]":
        end += 2 if pattern[end] == "\\" else 1
    return end + 1
