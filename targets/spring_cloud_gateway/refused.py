"""How the modules that read say that they do not understand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

_Value = TypeVar("_Value")
_TYPES: Mapping[type, str] = {dict: "a mapping", list: "a list", str: "text"}


class NotUnderstood(Exception):
    """A part of a file that is not understood: its name as it stands there, and why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


def literal_text(field: str, value: str) -> str:
    """The text, unless Spring puts something else in its place when it starts."""
    if "${" in value:
        raise NotUnderstood(field, f"{value!r} holds a placeholder, whose value is known only where the gateway runs")
    return value


def literal_argument(field: str, value: str) -> str:
    """The argument of a predicate or filter, unless Spring evaluates it."""
    if value.lstrip().startswith("#{"):
        raise NotUnderstood(field, f"{value!r} is an expression, evaluated where the gateway runs")
    return literal_text(field, value)


def of_type(field: str, value: object, kind: type[_Value]) -> _Value:
    """The value, if it is of that type."""
    if not isinstance(value, kind):
        raise NotUnderstood(field, f"expected {_TYPES[kind]}, found {value!r}")
    return value
