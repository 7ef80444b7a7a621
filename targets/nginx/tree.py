"""Configuration as a tree: directives with typed arguments, before any character is quoted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from graymesh.kit.comments import in_lines
from graymesh.targets.nginx.quoting import Value, Variable

Argument: TypeAlias = str | Value
"""Literal text, or text with variables."""


class MapRegex(NamedTuple):
    """A case-sensitive regular expression as the key of a map."""

    pattern: str


class Directive(NamedTuple):
    """One directive; `body` is None where a semicolon ends it. A map's entry has its key as name.

    `remark` is a comment on the same line.
    """

    name: str | MapRegex
    arguments: tuple[Argument, ...] = ()
    body: tuple[Item, ...] | None = None
    remark: str = ""


class Remark(NamedTuple):
    """A comment on a line of its own; an empty one is an empty line."""

    text: str = ""


def remarks(text: str) -> Iterator[Remark]:
    """The text as comments, on as many lines as it needs."""
    return map(Remark, in_lines(text))


Item: TypeAlias = Directive | Remark


class ConfigurationFile(NamedTuple):
    """One file of directives that stand in nginx's `http` block, or a program beside it when `text` is given."""

    path: str
    items: tuple[Item, ...] = ()
    text: str = ""


Entry: TypeAlias = tuple[str | MapRegex, Value]
"""A line of a map: its key and its value."""


def mapped(source: Value, variable: Variable, default: Value, entries: Iterable[Entry]) -> Directive:
    """`map source $variable { default …; key value; … }`."""
    lines = [Directive("default", (default,)), *(Directive(key, (value,)) for key, value in entries)]
    return Directive("map", (source, (variable,)), tuple(lines))
