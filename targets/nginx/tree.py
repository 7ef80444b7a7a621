"""Configuration as a tree: directives with typed arguments, before any character is quoted."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from graymesh.targets.nginx.quoting import Value, Variable

Argument: TypeAlias = str | Value
"""Literal text, or text with variables."""


class Regex(NamedTuple):
    """A case-sensitive regular expression as the key of a map."""

    pattern: str


class Directive(NamedTuple):
    """One directive; `body` is None where a semicolon ends it. A map's entry has its key as name."""

    name: str | Regex
    arguments: tuple[Argument, ...] = ()
    body: tuple[Item, ...] | None = None


class Remark(NamedTuple):
    """A comment on a line of its own; an empty one is an empty line."""

    text: str = ""


Item: TypeAlias = Directive | Remark


class ConfigurationFile(NamedTuple):
    """One file of directives that stand in nginx's `http` block, or a program beside it when `text` is given."""

    path: str
    items: tuple[Item, ...] = ()
    text: str = ""


def assigned(variable: Variable, value: Value) -> Directive:
    """`set $variable value;`"""
    return Directive("set", ((variable,), value))
