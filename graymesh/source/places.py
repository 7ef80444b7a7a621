"""Events of the YAML parser → the places of keys and values. Checks nothing: the loader has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from graymesh.diagnostic import Span
from graymesh.source import events
from graymesh.source.node import Node
from graymesh.source.refusal import span_of

_NOTHING: Final[Mapping[str | int, Node]] = {}


def roots(text: str, lines: Sequence[str]) -> list[Node]:
    """The root of every document of a text, given with its lines."""
    return _PlaceReader(text, lines).roots()


class _PlaceReader:
    def __init__(self, text: str, lines: Sequence[str]) -> None:
        self._lines = lines
        self._next = events.of(text)
        self._last: Any = None
        self._anchors: dict[str | None, Node] = {}

    def roots(self) -> list[Node]:
        found = []
        while type(event := self._next()) is not StreamEndEvent:
            if type(event) is DocumentStartEvent:
                self._anchors.clear()
                found.append(self._node(self._next(), None))
        return found

    def _node(self, event: Any, key: Span | None) -> Node:
        if type(event) is AliasEvent:
            span, target = span_of(event.start_mark, event.end_mark), self._anchors[event.anchor]
            return Node(span, key or span, target.children, target.written)
        end, children = self._extent(event)
        span = Span(event.start_mark.line + 1, event.start_mark.column + 1, *end)
        node = Node(span, key or span, children, span)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _extent(self, event: Any) -> tuple[tuple[int, int], Mapping[str | int, Node]]:
        return (self._scalar_end(event), _NOTHING) if type(event) is ScalarEvent else self._children(event)

    def _children(self, start: Any) -> tuple[tuple[int, int], dict[str | int, Node]]:
        children = self._entries() if type(start) is MappingStartEvent else self._items()
        if start.flow_style or not children:
            return _end(self._last), children
        last = next(reversed(children.values())).span
        return (last.end_line, last.end_column), children

    def _entries(self) -> dict[str | int, Node]:
        found: dict[str | int, Node] = {}
        while type(event := self._next()) is not MappingEndEvent:
            key = self._node(event, None).span
            found[event.value] = self._node(self._next(), key)
        self._last = event
        return found

    def _items(self) -> dict[str | int, Node]:
        found: dict[str | int, Node] = {}
        while type(event := self._next()) is not SequenceEndEvent:
            found[len(found)] = self._node(event, None)
        self._last = event
        return found

    def _scalar_end(self, event: Any) -> tuple[int, int]:
        """The parser ends a block scalar at the start of a later line; its place ends with its last visible line."""
        line, column = _end(event)
        if event.style not in ("|", ">"):
            return line, column
        line = min(line, len(self._lines))
        while line > event.start_mark.line + 1 and not self._lines[line - 1][: column - 1].strip():
            line -= 1
            column = len(self._lines[line - 1]) + 1
        return line, column


def _end(event: Any) -> tuple[int, int]:
    return event.end_mark.line + 1, event.end_mark.column + 1
