"""One document that was read: its data, and where each part of it stands in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from graymesh.diagnostic import Diagnostic, Edit, Note, Pointer, Span
from graymesh.source.comments import Bound, Layout, bound, comments

_PROPERTIES: Final = re.compile(r"\A(?:[&!]\S*\s+)+")  # anchors and tags; no plain text starts with their signs


@dataclass(frozen=True, slots=True)
class Source:
    """A document of a file. `text` is the whole file, without a byte order mark; `data` is not to be changed.

    `document` counts the documents of the file from 0, empty ones included.
    """

    file: str
    text: str
    data: Any
    document: int = 0
    positions: Layout = field(kw_only=True, compare=False, repr=False)

    def span(self, path: Pointer, at_key: bool = False) -> Span:
        """Where the value stands, or its key; the key of the nearest existing ancestor when there is no such value."""
        return self.positions.span(self.document, path, at_key)

    def place(self, diagnostic: Diagnostic) -> Diagnostic:
        """The diagnostic with its file and span, its edits, and those of its notes that belong to no other file."""
        notes = tuple(self._placed(note) for note in diagnostic.notes)
        span = self.span(diagnostic.path, diagnostic.at_key)
        return replace(diagnostic, file=self.file, span=span, notes=notes, edits=self._edits(diagnostic))

    def comments(self, marker: str) -> Iterator[tuple[Span, str]]:
        """The comments that hold the marker, each from its `#` to the end of its line."""
        if marker in self.text:
            yield from comments(self.positions, marker)

    def bound(self, comment: Span) -> Bound:
        """What a comment is about: the nodes that begin on its line, or on the next line on which any do."""
        return bound(self.positions, self.document, comment)

    def raw(self, path: Pointer) -> str:
        """The value as written, quotes included (`1.10`, `"a"`), at its anchor for an alias. KeyError when missing."""
        node = self.positions.find(self.document, path)
        if node is None:
            raise KeyError(path)
        return _PROPERTIES.sub("", self.positions.slice(node.written))

    def line(self, number: int) -> str:
        """A line's text without its end; lines count from 1. Empty when there is no such line."""
        lines = self.positions.lines
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def _edits(self, diagnostic: Diagnostic) -> tuple[Edit, ...]:
        if not diagnostic.edits:
            return ()
        from graymesh.source.edits import placed

        return placed(diagnostic.edits, self.positions, self.document)

    def _placed(self, note: Note) -> Note:
        if note.file not in ("", self.file):
            return note
        return replace(note, file=self.file, span=self.span(note.path))
