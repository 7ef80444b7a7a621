"""JSON text as rules with every field that their Java class has: types, ranges and defaults of Sentinel's own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from graymesh.did_you_mean import quoted
from graymesh.targets.sentinel.columns import BOOKKEEPING, Columns, JavaField

_LONGEST_NUMBER: Final = 1000
_DEEPEST: Final = 64
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_SURROGATES: Final = re.compile(
    r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_STEPS: Final = {"[": 1, "{": 1, "]": -1, "}": -1}
_INTEGERS: Final = {"int": 2**31, "Integer": 2**31, "long": 2**63, "Long": 2**63}


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """A field, by its dotted name in the file, that cannot be read, and why."""

    field: str
    message: str


def parsed(text: str) -> Any:
    """The JSON value, fractions as Decimal.

    Raises ValueError for what is no JSON, for repeated names, numbers beyond all use, deep nesting and half characters.
    """
    _check_depth(text)
    if any(found[1] for found in _SURROGATES.finditer(text)):
        raise ValueError("half of a surrogate pair is not a character")
    return json.loads(
        text, parse_float=_fraction, parse_int=_whole, parse_constant=_no_constant, object_pairs_hook=_distinct
    )


def typed(columns: Columns, raw: Mapping[str, Any], prefix: str = "") -> tuple[dict[str, Any], list[FieldProblem]]:
    """The rule with all its fields, missing ones at their defaults, and what is wrong with the fields given."""
    rule: dict[str, Any] = {}
    problems = [
        FieldProblem(prefix + name, "is not a field of this kind of rule: Sentinel ignores it silently")
        for name in raw
        if name not in columns and (prefix or name not in BOOKKEEPING)
    ]
    for name, column in columns.items():
        value = raw.get(name, column.default)
        found = list(_problems(column, value, prefix + name)) if name in raw else []
        problems += found
        rule[name] = _shaped(column, value, prefix + name, problems) if not found else column.default
    return rule, problems


def _shaped(column: JavaField, value: Any, name: str, problems: list[FieldProblem]) -> Any:
    """The value of an object or a list, its own fields completed; the problems of those are added to `problems`."""
    if column.shape is None or value is None:
        return value
    items = value if column.type == "list" else [value]
    pairs = [typed(column.shape, item, f"{name}.") for item in items]
    problems += [problem for _, found in pairs for problem in found]
    rules = tuple(rule for rule, _ in pairs)
    return rules if column.type == "list" else rules[0]


def _problems(column: JavaField, value: Any, name: str) -> Iterator[FieldProblem]:
    if value is None:
        if not column.nullable:
            yield FieldProblem(name, "must not be null")
        return
    message = _mismatch(column, value)
    if message:
        yield FieldProblem(name, message)


def _mismatch(column: JavaField, value: Any) -> str:
    if column.type in _INTEGERS:
        return _integer_mismatch(value, _INTEGERS[column.type])
    match column.type:
        case "double":
            return "" if _plain_number(value) else "must be a number of at most 15 digits"
        case "boolean":
            return "" if isinstance(value, bool) else "must be true or false"
        case "String":
            return "" if isinstance(value, str) else "must be a string"
        case "object":
            return "" if isinstance(value, Mapping) else "must be an object"
        case _:
            good = isinstance(value, list | tuple) and all(isinstance(item, Mapping) for item in value)
            return "" if good else "must be a list of objects"


def _integer_mismatch(value: Any, limit: int) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        return "must be a whole number"
    return "" if -limit <= value < limit else "is too large for its field"


def _plain_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return False
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -15 and abs(number.adjusted()) <= 15


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _check_depth(text: str) -> None:
    """Before it is read: Python's reader would run out of stack, sooner or later by how deep its caller stands."""
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += _STEPS.get(token[0], 0)
        if depth > _DEEPEST:
            raise ValueError(f"nested deeper than {_DEEPEST} levels")


def _fraction(text: str) -> Decimal:
    try:
        return Decimal(_bounded(text))
    except InvalidOperation:  # an exponent that Decimal cannot hold
        raise ValueError(f"the number {text[:40]} is too large") from None


def _whole(text: str) -> int:
    return int(_bounded(text))


def _bounded(text: str) -> str:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(f"a number of {len(text)} digits is too long")
    return text


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{quoted(name)} appears twice in one object")
        found[name] = value
    return found
