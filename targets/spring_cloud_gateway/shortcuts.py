"""Predicate and filter definitions, in both forms: `Path=/a,/b` and `{name: Path, args: {…}}`.

The short form is cut at commas, blanks around the pieces are dropped and so are empty pieces; its arguments get their
names from the order of the factory's fields. In the long form a list is several arguments, `patterns[0]` and so on,
and a mapping is as many with dots in their names. Factories that gather a list take every argument as an element,
whatever it is called.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.spring_cloud_gateway.refused import literal_argument, of_type

_LIST_INDEX = re.compile(r"\[[0-9]+\]$")


@dataclass(frozen=True, slots=True)
class Definition:
    """A predicate or filter by name; arguments as (name, value), names empty when they come from the short form."""

    name: str
    arguments: tuple[tuple[str, str], ...]

    def named(self, *fields: str) -> dict[str, str]:
        """The single-valued arguments of a factory with these fields, in this order."""
        found = {name: values[-1] for name, values in self.listed(*fields).items()}
        if len(found) != len(self.arguments):
            raise NotUnderstood(self.name, "an argument is given as a list or more than once")
        return found

    def listed(self, *fields: str) -> dict[str, list[str]]:
        """The arguments of a factory with these fields, each of which may hold several values."""
        found: dict[str, list[str]] = {}
        for position, (name, value) in enumerate(self.arguments):
            if not name and position >= len(fields):
                raise NotUnderstood(
                    self.name, f"{value!r} is one piece too many, and Spring drops it: commas part pieces"
                )
            field = _LIST_INDEX.sub("", name) if name else fields[position]
            if field not in fields:
                raise NotUnderstood(f"{self.name}.{field}", "there is no such argument, and Spring ignores it")
            found.setdefault(field, []).append(value)
        return found

    def gathered(self) -> list[str]:
        """All values of a factory that gathers a list."""
        if not self.arguments:
            raise NotUnderstood(self.name, "it has no value")
        return [value for _, value in self.arguments]


def definition(value: object, kind: str) -> Definition:
    """The definition as it stands in a list of predicates or filters; `kind` names that list."""
    if isinstance(value, str):
        return _short(value, kind)
    found = of_type(kind, value, dict)
    unknown = next((key for key in found if key not in ("name", "args")), None)
    if unknown is not None:
        raise NotUnderstood(str(unknown), f"an entry of {kind} has name and args")
    name = of_type(f"{kind}.name", found.get("name"), str)
    return Definition(name, tuple(_arguments(name, of_type(f"{name}.args", found.get("args") or {}, dict))))


def _short(text: str, kind: str) -> Definition:
    name, equals, rest = text.partition("=")
    if not name or (not equals and kind == "predicates"):
        raise NotUnderstood(kind, f"{text!r} is not of the form Name=value")
    pieces = (piece.strip() for piece in rest.split(","))
    return Definition(name, tuple(("", literal_argument(name, piece)) for piece in pieces if piece))


def _arguments(owner: str, written: dict[Any, Any]) -> Iterator[tuple[str, str]]:
    for name, value in written.items():
        if type(value) is str and "{" not in value:
            yield name, value
        else:
            yield from _flat(str(name), value, owner)


def _flat(name: str, value: Any, owner: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from _flat(f"{name}.{key}", below, owner)
    elif isinstance(value, list) and value:
        for index, below in enumerate(value):
            yield from _flat(f"{name}[{index}]", below, owner)
    else:
        yield from _scalar(name, value, owner)


def _scalar(name: str, value: Any, owner: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, literal_argument(f"{owner}.{name}", value)
    elif isinstance(value, bool):
        yield name, str(value).lower()
    elif isinstance(value, int):
        yield name, str(value)
    elif value == []:
        yield name, ""
    elif value != {}:
        raise NotUnderstood(f"{owner}.{name}", f"{value!r} is neither text nor a whole number")


def only(field: str, values: Sequence[str]) -> str:
    """The one value of an argument."""
    if len(values) != 1:
        raise NotUnderstood(field, "it has several values")
    return values[0]
