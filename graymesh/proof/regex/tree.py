"""Patterns as trees over ASCII: sets of characters, sequences, choices and repetitions, and their text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

BEYOND: Final = 1 << 128
"""The bit that stands for every character beyond ASCII; bit n below it stands for the character of code n."""

ANY: Final = (1 << 129) - 1
DOT: Final = ANY & ~(1 << ord("\n"))
VISIBLE: Final = sum(1 << code for code in range(0x20, 0x7F))
"""Visible ASCII and the space: the characters that authors write."""

VALUES: Final = VISIBLE | 1 << ord("\t") | BEYOND
"""All characters that values are made of."""

_META: Final = frozenset(r"\.+*?()|[]{}^$")
_ESCAPES: Final = {"\t": r"\t", "\n": r"\n"}
_META_IN_CLASS: Final = frozenset(r"\[]^-")


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of a set, given as a bit mask; `text` is how the author wrote it, "" when nobody did."""

    mask: int
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Concat:
    """The parts one after the other; no parts match the empty string."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Union:
    """Any one of the options."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """The body `least` to `most` times (None: without limit); `column` is where the quantifier stands, from 1."""

    body: Node
    least: int
    most: int | None
    column: int = field(default=0, compare=False)


Node: TypeAlias = Chars | Concat | Union | Repeat

EMPTY: Final = Concat(())
NEVER: Final = Chars(0)


def chars_of(text: Iterable[str]) -> int:
    """The mask of these characters; all beyond ASCII are one."""
    mask = 0
    for char in text:
        mask |= 1 << min(ord(char), 128)
    return mask


def listed(mask: int) -> Iterator[str]:
    """The ASCII characters of the mask in order of their codes."""
    mask &= ~BEYOND
    while mask:
        lowest = mask & -mask
        yield chr(lowest.bit_length() - 1)
        mask ^= lowest


def sets_within(node: Node) -> Iterator[int]:
    """The characters of each place in the pattern, as masks."""
    match node:
        case Chars(mask):
            yield mask
        case Concat(parts) | Union(parts):
            for part in parts:
                yield from sets_within(part)
        case Repeat(body):
            yield from sets_within(body)


def nullable(node: Node) -> bool:
    """Does the node match the empty string?"""
    match node:
        case Chars():
            return False
        case Concat(parts):
            return all(map(nullable, parts))
        case Union(options):
            return any(map(nullable, options))
        case Repeat(body, least, _):
            return least == 0 or nullable(body)


def size(node: Node) -> int:
    """How many character positions the node has once its bounded repetitions are written out."""
    match node:
        case Chars():
            return 1
        case Concat(parts):
            return sum(map(size, parts))
        case Union(options):
            return sum(map(size, options))
        case Repeat(body, least, most):
            return size(body) * max(1, least if most is None else most)


def render(node: Node, alphabet: int = VALUES) -> str:
    """The pattern's text, in the portable subset, without capture groups.

    Sets that the author wrote keep their text; others are written in the shortest way that is right for values made of
    `alphabet`, so a set with all of it is `.`.
    """
    match node:
        case Chars(mask, text):
            return text or set_text(mask, alphabet)
        case Concat(parts):
            return "".join(
                _grouped(part, alphabet) if isinstance(part, Union) else render(part, alphabet) for part in parts
            )
        case Union(options):
            return "|".join(render(option, alphabet) for option in options)
        case Repeat(body, least, most):
            inner = render(body, alphabet) if isinstance(body, Chars) else _grouped(body, alphabet)
            return inner + quantifier(least, most)


def quantifier(least: int, most: int | None) -> str:
    """The greedy quantifier for these bounds."""
    common = {(0, None): "*", (1, None): "+", (0, 1): "?"}
    if (least, most) in common:
        return common[least, most]
    if most is None:
        return f"{{{least},}}"
    return f"{{{least}}}" if least == most else f"{{{least},{most}}}"


def set_text(mask: int, alphabet: int) -> str:
    """One character of the set, as pattern text for values made of `alphabet`; an empty set is `[^\\s\\S]`.

    A set that reaches beyond ASCII is a negated class.
    """
    inside = mask & alphabet
    outside = alphabet & ~mask
    if not inside:
        return r"[^\s\S]"
    if not outside:
        return r"[\s\S]" if inside & ~DOT else "."
    if not outside & DOT:
        return "."
    if mask & BEYOND:
        return f"[^{_ranges(outside)}]"
    return escaped(next(listed(inside))) if inside.bit_count() == 1 else f"[{_ranges(inside)}]"


def escaped(char: str) -> str:
    """The character as a literal of a pattern."""
    return _ESCAPES.get(char) or ("\\" + char if char in _META else char)


def _grouped(node: Node, alphabet: int) -> str:
    return f"(?:{render(node, alphabet)})"


def _ranges(mask: int) -> str:
    return "".join(_range(run) for run in _runs(list(listed(mask))))


def _runs(chars: list[str]) -> Iterator[list[str]]:
    start = 0
    for end in range(1, len(chars) + 1):
        if end == len(chars) or ord(chars[end]) != ord(chars[end - 1]) + 1:
            yield chars[start:end]
            start = end


def _range(run: list[str]) -> str:
    written = [_ESCAPES.get(char) or ("\\" + char if char in _META_IN_CLASS else char) for char in run]
    return "".join(written) if len(run) < 3 else f"{written[0]}-{written[-1]}"
