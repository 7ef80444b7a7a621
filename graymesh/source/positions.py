"""Where every key and value of a text stands: worked out when somebody asks, by reading the events once more."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from graymesh.diagnostic import START, Pointer, Span
from graymesh.source.node import Node


class Positions:
    """The places of one text whose lines end in LF and which the loader has accepted."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def lines(self) -> Sequence[str]:
        """The lines without their ends; the first has index 0."""
        return self.text.split("\n")

    @cached_property
    def roots(self) -> Sequence[Node]:
        """The root of every document, empty ones included."""
        from graymesh.source.places import roots  # PyYAML is not loaded before somebody asks

        return roots(self.text, self.lines)

    @cached_property
    def indents(self) -> Sequence[int]:
        """How many blanks each line begins with; the first line has index 0."""
        return [len(line) - len(line.lstrip()) for line in self.lines]

    def find(self, document: int, path: Pointer) -> Node | None:
        """The node at this path; None when there is none."""
        node, missing = self._nearest(document, path)
        return None if missing else node

    def span(self, document: int, path: Pointer, at_key: bool) -> Span:
        """The place of the value, or of its key; of the nearest ancestor's key when the path leads nowhere."""
        node, missing = self._nearest(document, path)
        if node is None:
            return START
        return node.key if at_key or missing else node.span

    def starts_with(self, span: Span, signs: tuple[str, ...]) -> bool:
        """Does the text of a place begin with one of these signs? Looks at nothing else of it."""
        return span.line <= len(self.lines) and self.lines[span.line - 1].startswith(signs, span.column - 1)

    def slice(self, span: Span) -> str:
        """The text of a place."""
        if span.line == span.end_line:
            return self.lines[span.line - 1][span.column - 1 : span.end_column - 1]
        lines = list(self.lines[span.line - 1 : span.end_line])
        lines[-1] = lines[-1][: span.end_column - 1]
        lines[0] = lines[0][span.column - 1 :]
        return "\n".join(lines)

    def _nearest(self, document: int, path: Pointer) -> tuple[Node | None, int]:
        """The deepest node on the way, and how many steps are missing."""
        if document >= len(self.roots):
            return None, 1
        node: Any = self.roots[document]
        for done, step in enumerate(path):
            child = node.children.get(step)
            if child is None:
                return node, len(path) - done
            node = child
        return node, 0
