"""Events of the YAML parser → the places of keys and values. Checks nothing: the loader has.

A question leads down one path of a text, so that the events are kept in a row, and a node is made where the path comes
by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from graymesh.diagnostic import Span
from graymesh.source import events
from graymesh.source.node import Node
from graymesh.source.refusal import span_of

_STARTS: Final = frozenset([MappingStartEvent, SequenceStartEvent])
_VALUES: Final = _STARTS | {ScalarEvent}
_ENDS: Final = frozenset([MappingEndEvent, SequenceEndEvent])


def roots(text: str, lines: Sequence[str]) -> list[Node]:
    """The root of every document of a text, given with its lines."""
    places = _Places(text, lines)
    return [places.node(root) for root in places.roots]


class _Places:
    """The events of a text. A value is known by the index of its first event."""

    def __init__(self, text: str, lines: Sequence[str]) -> None:
        self._lines = lines
        self._events: list[Any] = []
        self._after: dict[int, int] = {}  # of a collection: where what follows it begins
        self._last: dict[int, int] = {}  # of a collection: its last value
        self._targets: dict[int, int] = {}  # of an alias: the value that it names
        self.roots: list[int] = []
        self._read(events.of(text))

    def _read(self, next_event: events.NextEvent) -> None:
        found, last, opened = self._events, self._last, [0]
        anchors: dict[str, int] = {}
        while (kind := type(event := next_event())) is not StreamEndEvent:
            index = len(found)
            found.append(event)
            if kind in _ENDS:
                self._after[opened.pop()] = index + 1
                continue
            last[opened[-1]] = index
            if kind in _STARTS:
                opened.append(index)
            if kind is DocumentStartEvent:
                anchors.clear()
                self.roots.append(index + 1)
            elif kind is AliasEvent:
                self._targets[index] = anchors[event.anchor]
            elif kind in _VALUES and event.anchor is not None:
                anchors[event.anchor] = index

    def node(self, index: int, key: Span | None = None) -> Node:
        """The value that begins with this event, under a key at this place."""
        target = self._targets.get(index, index)
        span = self._span(index)
        return Node(span, key, span if target == index else self._span(target), partial(self._children, target))

    def _span(self, index: int) -> Span:
        event = self._events[index]
        if type(event) is AliasEvent:
            return span_of(event.start_mark, event.end_mark)
        return Span(event.start_mark.line + 1, event.start_mark.column + 1, *self._end(index))

    def _end(self, index: int) -> tuple[int, int]:
        """A collection in lines of its own ends with its last value."""
        event = self._events[index]
        while type(event) in _STARTS:
            if event.flow_style or index not in self._last:
                return _end(self._events[self._after[index] - 1])
            index = self._last[index]
            event = self._events[index]
        return self._scalar_end(event) if type(event) is ScalarEvent else _end(event)

    def _children(self, index: int) -> Mapping[str | int, Node]:
        kind = type(self._events[index])
        if kind not in _STARTS:
            return {}
        found: dict[str | int, Node] = {}
        child, end = index + 1, self._after[index] - 1
        while child < end:
            if kind is MappingStartEvent:
                found[self._events[child].value] = self.node(child + 1, self._span(child))
                child += 1
            else:
                found[len(found)] = self.node(child)
            child = self._after.get(child, child + 1)
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
