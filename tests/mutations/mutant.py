"""One artifact with one thing changed, and the ways in which a single value can be changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Mutant:
    """The artifact's text after the change; `place` and `change` say what was done, `kind` names the class."""

    place: str
    change: str
    text: str
    kind: str = ""


def changes(value: Any) -> Iterator[Any]:
    """Every neighbour of a value: numbers one up and down, texts with one character other, longer or in other case."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1)
    elif isinstance(value, float):
        yield from (round(value + 0.01, 6), round(value - 0.01, 6), round(value * 10, 6))
    elif isinstance(value, str):
        yield from dict.fromkeys(text for text in _texts(value) if text != value)


def _texts(value: str) -> Iterator[str]:
    digits = [index for index, char in enumerate(value) if char.isdigit()]
    for index in sorted({0, len(value) // 2, len(value) - 1, *digits[:1]} if value else ()):
        yield with_other(value, index)
    yield value.swapcase()
    yield value + ("0" if value[-1:].isdigit() else "x")
    yield ""


def with_other(text: str, index: int) -> str:
    """The text with another character of the same sort at this index."""
    return text[:index] + other(text[index]) + text[index + 1 :]


def other(char: str) -> str:
    """Another digit for a digit, another letter for a letter, a letter for anything else."""
    if char.isdigit():
        return str((int(char) + 1) % 10)
    return "w" if char in "qQ" else "q"


def digits_changed(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """Each digit between two offsets, one up and one down: (its offset, the whole text)."""
    for index in range(start, end):
        if text[index].isdigit():
            for digit in ((int(text[index]) + step) % 10 for step in (1, 9)):
                yield index, f"{text[:index]}{digit}{text[index + 1 :]}"
