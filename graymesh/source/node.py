"""A value of a YAML text by its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Final

from graymesh.diagnostic import Span


class Node:
    """A value's place, the place of its key (its own where it has none), and its children's.

    `written` is where the value itself stands: for an alias, at its anchor. Places below are worked out when they are
    asked for.
    """

    def __init__(
        self, span: Span, key: Span | None, written: Span, below: Callable[[], Mapping[str | int, Node]]
    ) -> None:
        self.span: Final = span
        self.key: Final = key or span
        self.written: Final = written
        self._below = below

    @cached_property
    def children(self) -> Mapping[str | int, Node]:
        """By key or index, in the order of the text."""
        return self._below()
