"""Records: frozen values with named keys, declared once for reading, for the JSON Schema and for the type checker.

    class Notice(Record):
        "Told to everyone who gets a canary."

        header: str = field(OWN_HEADER, "The response header.", example="X-Gray-Notice")
        value: str = field(VALUE, "Its value.", example="you are trying v2")

The attribute is snake_case with its unit, the written key camelCase. A key without `default` must be there; a default
is given as it would be written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, Final, Generic, Self, TypeVar, dataclass_transform, overload

from graymesh.did_you_mean import certain, nearest, quoted, suggestion
from graymesh.language.shapes import Place, Reading, Reported, Schema, Shape, read_into, wrong_type

T = TypeVar("T")
_REQUIRED: Final = object()

MOST_ADVISED: Final = 1_000
"""Unknown keys of a file that come with advice; nobody reads more, and looking for near words takes its time."""


class Field(Generic[T]):
    """One key of a record."""

    def __init__(self, shape: Shape[T], doc: str, written: str, example: Any, default: Any) -> None:
        self.shape, self.doc, self.written, self.example, self.default = shape, doc, written, example, default
        self.required = default is _REQUIRED
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.written = self.written or re.sub("_([a-z])", lambda match: match[1].upper(), name)

    @cached_property
    def fallback(self) -> Any:
        """What the attribute is when the key is left out."""
        if self.default is None or self.required:
            return None
        return self.shape.read(self.default, Place(Reading(_Written(self.default))))

    def schema(self) -> Schema:
        """The shape's schema with everything an editor shows."""
        title = re.sub("([A-Z])", lambda match: " " + match[1].lower(), self.written).capitalize()
        shown: Schema = {**self.shape.schema(), "title": title, "description": self.doc}
        shown = {key: shown[key] for key in ("title", "description", *shown)}
        entry = shown.get("additionalProperties")
        if isinstance(entry, dict):  # an editor shows it when the name that the user chose is hovered
            shown["additionalProperties"] = {"description": self.doc, **entry}
        if self.default is not None and not self.required:
            shown["default"] = self.default
        return {**shown, "examples": [self.shown_example]}

    @property
    def shown_example(self) -> Any:
        """The given example; that of a record is made of its keys' examples."""
        return self.example if self.example is not None else getattr(self.shape, "example", None)


@overload
def field(shape: Shape[T], doc: str, *, example: Any = ..., written: str = ..., default: None) -> T | None: ...
@overload
def field(shape: Shape[T], doc: str, *, example: Any = ..., written: str = ..., default: Any = ...) -> T: ...
def field(shape: Shape[T], doc: str, *, example: Any = None, written: str = "", default: Any = _REQUIRED) -> Any:
    """One key: its shape, what it is for, an example; `written` when the key is not the attribute in camelCase."""
    return Field(shape, doc, written, example, default)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class Record:
    """The base of all records. `problems` may report what the keys only say together."""

    fields: ClassVar[Mapping[str, Field[Any]]] = {}
    """The keys as written."""
    names: ClassVar[Mapping[str, Field[Any]]] = {}
    """The same by attribute."""

    def __init_subclass__(cls) -> None:
        cls.names = {name: value for name, value in vars(cls).items() if isinstance(value, Field)}
        cls.fields = {value.written: value for value in cls.names.values()}
        for name in cls.names:
            delattr(cls, name)

    def __init__(self, **values: Any) -> None:
        """Every attribute by name; those with a default may be left out. Raises TypeError for others."""
        missing = [name for name, key in self.names.items() if key.required and name not in values]
        unknown = values.keys() - self.names.keys()
        if missing or unknown:
            raise TypeError(f"{type(self).__name__}: missing {missing}, unknown {sorted(unknown)}")
        defaults = {name: key.fallback for name, key in self.names.items() if name not in values}
        vars(self).update(defaults | values)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

    def replace(self, **changes: Any) -> Self:
        """The same record with other values."""
        return type(self)(**{**vars(self), **changes})

    def problems(self, place: Place) -> None:
        """Reports what is wrong with the record as a whole; called when each of its keys is right."""


R = TypeVar("R", bound=Record)


class One(Generic[R]):
    """The shape of one record."""

    space = ""

    def __init__(self, record: type[R]) -> None:
        self.record = record

    def read(self, value: Any, place: Place) -> R:
        """The record, when every key is right."""
        if not isinstance(value, dict):
            raise wrong_type(value, "a mapping", place, f"with keys like {quoted(next(iter(self.record.fields)))}")
        reported = len(place.reading.problems)
        found = self._fallbacks.copy()
        for name, written in value.items():
            key = self.record.fields.get(name)
            if key is not None:
                read_into(found, key.name, key.shape, written, place.below(name))
        if not value.keys() <= self.record.fields.keys() or not self._required <= value.keys():
            _report_keys(self.record, value, place)
        if len(place.reading.problems) > reported:
            raise Reported
        made = self.record.__new__(self.record)
        object.__setattr__(made, "__dict__", found)
        made.problems(place)
        return made

    def schema(self) -> Schema:
        """An object of exactly these keys."""
        fields = self.record.fields
        doc = (self.record.__doc__ or "").strip()
        shown: Schema = {"description": doc, "type": "object", "additionalProperties": False}
        required = [name for name, key in fields.items() if key.required]
        if required:
            shown["required"] = required
        return {**shown, "properties": {name: key.schema() for name, key in fields.items()}}

    @property
    def example(self) -> dict[str, Any]:
        """What the record may look like: every key's example."""
        return {name: key.shown_example for name, key in self.record.fields.items()}

    @cached_property
    def _fallbacks(self) -> dict[str, Any]:
        return {name: key.fallback for name, key in self.record.names.items()}

    @cached_property
    def _required(self) -> frozenset[str]:
        return frozenset(name for name, key in self.record.fields.items() if key.required)


def _report_keys(record: type[Record], value: dict[Any, Any], place: Place) -> None:
    """Unknown keys, and missing ones that no unknown key was meant for."""
    unused = [name for name in record.fields if name not in value]
    meant = set()
    for name in [name for name in value if name not in record.fields]:
        below, message = place.below(name, at_key=True), f"{quoted(str(name))} is not a key here"
        if len(place.reading.problems) >= MOST_ADVISED:
            below.report("GM101", message)
            continue
        meant.add(nearest(str(name), unused))
        below.report("GM101", message, suggestion(str(name), unused), mended=certain(str(name), unused) or "")
    for name in unused:
        if record.fields[name].required:
            place.reading.unreadable.add(record.fields[name].shape.space)
            if name not in meant:
                place.report("GM103", f"{quoted(name)} is missing", _how(record.fields[name]))


def _how(key: Field[Any]) -> str:
    first_sentence = key.doc.partition(". ")[0].rstrip(".")
    example = f", like {key.example}" if isinstance(key.example, (str, int)) else ""
    return first_sentence[:1].lower() + first_sentence[1:] + example


class _Written:
    """Stands for a document that holds a default only."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def raw(self, path: object) -> str:
        return str(self.data)

    def place(self, diagnostic: Any) -> Any:
        return diagnostic
