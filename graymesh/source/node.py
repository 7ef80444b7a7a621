"""A value of a YAML text by its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from graymesh.diagnostic import Span


class Node(NamedTuple):
    """A value's place, the place of its key (its own where it has none), and its children's.

    `written` is where the value itself stands: for an alias, at its anchor.
    """

    span: Span
    key: Span
    children: Mapping[str | int, Node]
    written: Span
