"""The base of all models of the language, and what its lists and mappings have in common.

    class Notice(Part):
        "A response header for everyone who gets a canary."

        header: OwnHeaderName = Field(description="Name of the response header.", examples=["X-Gray-Notice"])
        value: Value = Field(description="Its value.", examples=["v2 is on trial"])

The attribute is snake_case with its unit; the key is camelCase, or the field's alias, and only that is read. Models are
built when the first file is read, since most commands read none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, core_schema

from graymesh.diagnostic import Note
from graymesh.did_you_mean import quoted
from graymesh.language.problems import Malformed, Several
from graymesh.language.values import Schema

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema, ErrorDetails

T = TypeVar("T")


def camel_case(name: str) -> str:
    """`max_age` → `maxAge`."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


class Part(BaseModel):
    """A frozen part of a file; it takes the keys that are declared and no other."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=camel_case,
        defer_build=True,
    )

    def written(self) -> dict[str, Any]:
        """What a user would write: the keys that were given, in the units of the file. Reads back as an equal model."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)


if TYPE_CHECKING:
    Maybe: TypeAlias = T | None
    """None when the key is left out."""
else:

    class Maybe:
        """None when the key is left out; `key: null` is refused, as every key without a value is.

        So pydantic sees the type alone: it does not check defaults.
        """

        def __class_getitem__(cls, wanted: Any) -> Any:
            return wanted


class _EmptyIsNothing:
    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_mapping, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Schema:
        shown = handler(schema)
        about = handler.resolve_ref_schema(shown).get("description", "")
        return {"description": about, "anyOf": [shown, {"type": "null"}]}


class _OneOrList:
    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        inner = handler(source)
        back = core_schema.wrap_serializer_function_ser_schema(_without_list, schema=inner)
        return core_schema.no_info_before_validator_function(_in_list, inner, serialization=back)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Schema:
        array = handler(schema)
        return {"anyOf": [array["items"], array]}


class _Unique:
    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(_without_repetition, handler(source))


class _AnyCase:
    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(_each_once, handler(source))


class Entries:
    """How many entries a list or mapping has at least and at most; told instead of what is wrong with each of them."""

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        wanted: type[Any] = list if get_origin(source) is tuple else dict
        return core_schema.no_info_before_validator_function(partial(self.checked, wanted), handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Schema:
        shown = handler(schema)
        what = "Items" if shown["type"] == "array" else "Properties"
        return {**shown, **({f"min{what}": self.least} if self.least else {}), f"max{what}": self.most}

    def checked(self, wanted: type[Any], value: Any) -> Any:
        """The value, when it has so many entries or is not of the wanted type at all. Raises Malformed."""
        if not isinstance(value, wanted):
            return value
        if len(value) > self.most:
            raise Malformed("GM116", f"{len(value)} entries are too many", f"at most {self.most}")
        if len(value) < self.least:
            raise Malformed("GM110", f"the {'list' if wanted is list else 'mapping'} is empty")
        return value


OR_EMPTY: Final = _EmptyIsNothing()
"""A name without a value (`v1:`) has nothing to say: it stands for an empty mapping."""

ONE_OR_LIST: Final = _OneOrList()
"""One item may stand without the list around it."""

UNIQUE: Final = _Unique()
"""A list in which nothing appears twice."""

ANY_CASE: Final = _AnyCase()
"""A mapping whose keys, names of headers, are the same in any case."""


class Gives:
    """Marks a mapping whose keys are names of things, or a list of models with a `name`, for `.names`."""

    def __init__(self, space: str) -> None:
        self.space = space


class Refers:
    """Marks a mapping whose keys, or a text, are names of things that are given elsewhere, for `.names`."""

    def __init__(self, to: str) -> None:
        self.to = to


def _mapping(value: Any) -> Any:
    return {} if value is None else value


def _in_list(value: Any) -> Any:
    return value if isinstance(value, (list, dict)) else [value]


def _without_list(value: Any, write: Callable[[Any], list[Any]]) -> Any:
    items = write(value)
    return items[0] if len(items) == 1 else items


def _without_repetition(value: Any, read: Callable[[Any], tuple[Any, ...]]) -> tuple[Any, ...]:
    """The items as they are read. What appears twice is told beside items that cannot be read, by its text."""
    try:
        items = read(value)
    except ValidationError as error:
        found = error.errors(include_url=False)
        whole = not isinstance(value, list) or any(not each["loc"] for each in found)
        texts = () if whole else value  # what is wrong with the list as a whole comes before its items
        repeated = tuple(_repeated((item if type(item) is str else None for item in texts), mended=False))
        if not repeated:
            raise
        raise _with(found, repeated, value) from None
    repeated = tuple(_repeated(items, mended=True))
    if repeated:
        raise Several(repeated)
    return items


def _repeated(items: Iterable[Any], mended: bool) -> Iterator[Malformed]:
    """Items that are there already; `mended` ones are taken out by --fix, which wants places that stay as they are."""
    first: dict[Any, int] = {}
    for index, item in enumerate(items):
        if item is None:
            continue
        if item in first:
            note = Note((first[item],), "the first time")
            message = f"{quoted(str(item))} is in the list twice"
            yield Malformed("GM112", message, below=(index,), notes=(note,), needless=mended)
        first.setdefault(item, index)


def _with(found: Iterable[ErrorDetails], more: Iterable[Malformed], value: Any) -> ValidationError:
    """What was found, and more problems of the same value."""
    told = [
        InitErrorDetails(type=each["type"], loc=each["loc"], input=each["input"], ctx=each.get("ctx", {}))
        for each in found
    ]
    told.append(InitErrorDetails(type="value_error", loc=(), input=value, ctx={"error": Several(more)}))
    return ValidationError.from_exception_data("list", told)


def _each_once(value: Any, read: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    found = read(value)
    if len(found) == len(value):
        return found
    names = [key.lower() for key in value]
    twice = [key for index, key in enumerate(value) if names[index] in names[:index]]
    advice = "header names ignore case"
    raise Several(
        Malformed("GM112", f"{quoted(key)} is given twice", advice, below=(key,), at_key=True) for key in twice
    )
