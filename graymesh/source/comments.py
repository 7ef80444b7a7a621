"""Comments: where they stand, and which nodes they are about. YAML's parsers drop them, so the text is searched.

A `#` opens a comment when it begins a line or follows a blank, and stands in no key and no scalar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from graymesh.diagnostic import Span
from graymesh.ir import Pointer
from graymesh.source.positions import Node, Positions

_BLOCK_SCALAR: Final = re.compile(r"(?:[&!]\S*\s+)*[|>]")


@dataclass(frozen=True, slots=True)
class Bound:
    """What a comment is about: `subtrees`, each with everything below it, and single `nodes`."""

    subtrees: tuple[Pointer, ...]
    nodes: tuple[Pointer, ...]

    def covers(self, path: Pointer) -> bool:
        """Is the comment about the node at this path?"""
        return path in self.nodes or any(path[: len(start)] == start for start in self.subtrees)


def comments(positions: Positions, marker: str) -> Iterator[tuple[Span, str]]:
    """The comments of a text that hold the marker, with the text from `#` to the end of the line."""
    for number, line in enumerate(positions.lines, start=1):
        if marker not in line:
            continue
        column = comment_column(positions, number)
        if column and marker in line[column - 1 :]:
            yield Span(number, column, number, len(line) + 1), line[column - 1 :]


def comment_column(positions: Positions, line: int) -> int:
    """The column at which the line's comment begins, counted from 1; 0 when there is none."""
    text = positions.lines[line - 1]
    for match in re.finditer(r"(?:^|(?<=[ \t]))#", text):
        if not any(_inside(span, line, match.start() + 1) for span in positions.scalars.get(line, ())):
            return match.start() + 1
    return 0


def bound(positions: Positions, document: int, comment: Span) -> Bound:
    """The outermost keys and items that begin on the comment's line, with all below them.

    When the comment has a line of its own: those of the next line on which any begins. A collection that begins there
    below its key, or the document itself, is meant without what it holds.
    """
    entries, collections = _beginnings(positions, document)
    own_line = not positions.lines[comment.line - 1][: comment.column - 1].strip()
    line = min((number for number in entries if number > comment.line), default=0) if own_line else comment.line
    return Bound(tuple(entries.get(line, ())), tuple(collections.get(line, ())))


def _inside(span: Span, line: int, column: int) -> bool:
    return (span.line, span.column) <= (line, column) < (span.end_line, span.end_column)


def scalars(positions: Positions) -> dict[int, list[Span]]:
    """The places of keys and scalars by each of the lines they touch."""
    found: dict[int, list[Span]] = {}
    waiting = list(positions.roots)
    while waiting:
        node = waiting.pop()
        for span in _texts(positions, node):
            for line in range(span.line, span.end_line + 1):
                found.setdefault(line, []).append(span)
        if node.span == node.written:
            waiting.extend(node.children.values())
    return found


def _texts(positions: Positions, node: Node) -> Iterator[Span]:
    if node.key != node.span:
        yield node.key
    if not node.children and not positions.slice(node.span).startswith(("[", "{")):
        yield _without_header(positions, node.span)


def _without_header(positions: Positions, span: Span) -> Span:
    """A block scalar without its first line, on which a comment may stand behind the `|`."""
    line = positions.lines[span.line - 1][span.column - 1 :] if span.line <= len(positions.lines) else ""
    if span.end_line > span.line and _BLOCK_SCALAR.match(line):
        return Span(span.line + 1, 1, span.end_line, span.end_column)
    return span


def _beginnings(positions: Positions, document: int) -> tuple[dict[int, list[Pointer]], dict[int, list[Pointer]]]:
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
    return entries, collections


def _begins(positions: Positions, step: str | int, node: Node) -> int:
    """The line of the key, or of the dash, which may stand above its item."""
    line = node.key.line
    if isinstance(step, str) or positions.lines[line - 1][: node.key.column - 1].strip():
        return line
    above = line - 1
    while above and re.fullmatch(r"[ \t]*(?:#.*)?", positions.lines[above - 1]):
        above -= 1
    return above if above and re.match(r"(?:.*[ \t]|)-(?:[ \t]+#.*)?[ \t]*$", positions.lines[above - 1]) else line
