"""Comments: where they stand, and which nodes they are about. YAML's parsers drop them, so the text is searched.

A `#` opens a comment when it begins a line or follows a blank, and stands in no key and no scalar.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from graymesh.diagnostic import Pointer, Span
from graymesh.source.node import Node
from graymesh.source.positions import Positions

_BLOCK_SCALAR: Final = re.compile(r"(?:[&!]\S*\s+)*[|>]")
_OPENING: Final = re.compile(r"(?:^|(?<=[ \t]))#")
_NO_CONTENT: Final = re.compile(r"[ \t]*(?:#.*)?")
_DASH_ALONE: Final = re.compile(r"(?:.*[ \t]|)-(?:[ \t]+#.*)?[ \t]*$")


@dataclass(frozen=True, slots=True)
class Bound:
    """What a comment is about: `subtrees`, each with everything below it, and single `nodes`."""

    subtrees: tuple[Pointer, ...]
    nodes: tuple[Pointer, ...]

    def covers(self, path: Pointer) -> bool:
        """Is the comment about the node at this path?"""
        return path in self.nodes or any(path[: len(start)] == start for start in self.subtrees)


@dataclass(frozen=True, slots=True)
class Beginnings:
    """What begins on each line of a document that has any: the outermost entries, and collections without their key."""

    by_line: Mapping[int, Bound]
    lines: Sequence[int]


class Layout(Positions):
    """The places of a text, and of what its comments are about; each worked out once, however many ask."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._beginnings: dict[int, Beginnings] = {}

    @cached_property
    def scalars(self) -> Mapping[int, Sequence[Span]]:
        """The places of keys and scalars, where `#` is no comment, by each of the lines they touch, in their order."""
        return _scalars(self)

    @cached_property
    def comment_columns(self) -> Mapping[int, int]:
        """Where the comment of a line begins, by line, both counted from 1; in the order of the lines."""
        return _comment_columns(self)

    def beginnings(self, document: int) -> Beginnings:
        """What begins on each line of a document."""
        if document not in self._beginnings:
            self._beginnings[document] = _beginnings(self, document)
        return self._beginnings[document]


def comments(positions: Layout, marker: str) -> Iterator[tuple[Span, str]]:
    """The comments of a text that hold the marker, with the text from `#` to the end of the line."""
    for number, line in enumerate(positions.lines, start=1):
        if marker not in line:
            continue
        column = positions.comment_columns.get(number)
        if column and marker in line[column - 1 :]:
            yield Span(number, column, number, len(line) + 1), line[column - 1 :]


def _comment_columns(positions: Layout) -> dict[int, int]:
    """The column at which a line's comment begins, by line, both counted from 1; lines without one are left out."""
    found = ((number, _column(positions, number, line)) for number, line in enumerate(positions.lines, start=1))
    return {number: column for number, column in found if column}


def _column(positions: Layout, number: int, line: str) -> int:
    """Goes through the signs and the scalars of the line side by side; 0 when no sign stands outside all scalars."""
    texts, index = positions.scalars.get(number, ()), 0
    for match in _OPENING.finditer(line) if "#" in line else ():
        place = (number, match.start() + 1)
        while index < len(texts) and (texts[index].end_line, texts[index].end_column) <= place:
            index += 1
        if index == len(texts) or place < (texts[index].line, texts[index].column):
            return place[1]
    return 0


def bound(positions: Layout, document: int, comment: Span) -> Bound:
    """The outermost keys and items that begin on the comment's line, with all below them.

    When the comment has a line of its own: those of the next line on which any begins. A collection that begins there
    below its key, or the document itself, is meant without what it holds. Comments about the same line share the value.
    """
    begins = positions.beginnings(document)
    line = comment.line
    if positions.indents[line - 1] >= comment.column - 1:
        following = bisect_right(begins.lines, line)
        line = begins.lines[following] if following < len(begins.lines) else 0
    return begins.by_line.get(line, _NOTHING)


_NOTHING: Final = Bound((), ())


def _scalars(positions: Layout) -> dict[int, list[Span]]:
    """The places of keys and scalars by each of the lines they touch, in the order of the text."""
    found: dict[int, list[Span]] = {}
    waiting = list(positions.roots)
    while waiting:
        node = waiting.pop()
        for span in _texts(positions, node):
            for line in range(span.line, span.end_line + 1):
                found.setdefault(line, []).append(span)
        if node.span == node.written:
            waiting.extend(node.children.values())
    for spans in found.values():
        spans.sort(key=lambda span: (span.line, span.column))
    return found


def _texts(positions: Positions, node: Node) -> Iterator[Span]:
    if node.key != node.span:
        yield node.key
    if not node.children and not positions.starts_with(node.span, ("[", "{")):
        yield _without_header(positions, node.span)


def _without_header(positions: Positions, span: Span) -> Span:
    """A block scalar without its first line, on which a comment may stand behind the `|`."""
    if span.end_line == span.line or span.line > len(positions.lines):
        return span
    if _BLOCK_SCALAR.match(positions.lines[span.line - 1], span.column - 1):
        return Span(span.line + 1, 1, span.end_line, span.end_column)
    return span


def _beginnings(positions: Layout, document: int) -> Beginnings:
    """By line: the outermost entries that begin there, and the collections that do without their key."""
    entries: dict[int, list[Pointer]] = {}
    collections: dict[int, list[Pointer]] = {}
    roots = positions.roots[document : document + 1]
    waiting: list[tuple[Pointer, Node, int]] = [((), root, 0) for root in roots]
    while waiting:
        path, node, covered = waiting.pop()
        if not path or node.key.line != node.span.line:
            collections.setdefault(node.span.line, []).append(path)
        if node.span != node.written:
            continue
        for step, child in node.children.items():
            line = _begins(positions, step, child)
            if line != covered:
                entries.setdefault(line, []).append((*path, step))
            waiting.append(((*path, step), child, line))
    lines = {
        line: Bound(tuple(entries.get(line, ())), tuple(collections.get(line, ()))) for line in entries | collections
    }
    return Beginnings(lines, sorted(entries))


def _begins(positions: Layout, step: str | int, node: Node) -> int:
    """The line of the key, or of the dash, which may stand above its item."""
    line = node.key.line
    if isinstance(step, str) or positions.indents[line - 1] < node.key.column - 1:
        return line
    above = line - 1
    while above and _NO_CONTENT.fullmatch(positions.lines[above - 1]):
        above -= 1
    return above if above and _DASH_ALONE.match(positions.lines[above - 1]) else line
