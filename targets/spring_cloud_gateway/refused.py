"""Values as they must be to be understood: of a type, and not filled in when Spring starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from graymesh.kit.refusal import NotUnderstood

_Value = TypeVar("_Value")
_TYPES: Mapping[type, str] = {dict: "a mapping", list: "a list", str: "text"}


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
