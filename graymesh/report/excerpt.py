"""One line of a source with a mark under a part of it, aligned whatever characters the line holds."""

from __future__ import annotations

from typing import Final, NamedTuple

from graymesh.diagnostic import Span
from graymesh.report.shown import LOG_COMMAND
from graymesh.source.hidden import HIDDEN, escape

WIDEST: Final = 120
"""Terminal columns of source text; longer lines are cut around the mark."""

_TAB: Final = "    "
_BEFORE: Final = 40
_ELLIPSIS: Final = "…"


class Excerpt(NamedTuple):
    """A line as shown, and the marked part: the terminal columns before it, and its width (at least 1)."""

    text: str
    before: int
    width: int


def excerpt(line: str, span: Span) -> Excerpt:
    """The first line of a span; a span that goes on for more lines is marked to the end of its first."""
    line = line.rstrip("\r")
    start = min(span.column - 1, len(line))
    end = span.end_column - 1 if span.end_line == span.line else len(line.rstrip())
    end = max(start, min(end, len(line)))
    left, right = _window(start, end, len(line))
    cells = [_shown(char) for char in line[left:right]]
    for match in LOG_COMMAND.finditer(line, left, right):
        cells[match.start() + 1 - left] = escape("#")
    prefix, suffix = _ELLIPSIS * (left > 0), _ELLIPSIS * (right < len(line))
    before = len(prefix) + sum(map(_width, cells[: start - left]))
    width = sum(map(_width, cells[start - left : end - left]))
    return Excerpt(prefix + "".join(cells) + suffix, before, max(1, width))


def _window(start: int, end: int, length: int) -> tuple[int, int]:
    """The part of a line that is shown, by characters: all of it, or some before the mark and the rest after it."""
    if length <= WIDEST:
        return 0, length
    left = max(0, min(start - _BEFORE, length - WIDEST))
    return left, min(length, left + WIDEST)


def _shown(char: str) -> str:
    if char == "\t":
        return _TAB
    return escape(char) if HIDDEN.match(char) else char


def _width(cell: str) -> int:
    """Terminal columns: two for East Asian wide characters and emoji, none for combining marks."""
    if cell.isascii():
        return len(cell)
    from unicodedata import combining, east_asian_width

    return 0 if combining(cell) or cell in "\ufe0e\ufe0f" else 2 if east_asian_width(cell) in "WF" else 1
