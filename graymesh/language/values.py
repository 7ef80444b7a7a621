"""Single values as pydantic reads them: how text and numbers are checked, shown in the JSON Schema, and written back.

    DurationMs = Annotated[int, Text("a duration", scalars.duration_ms, scalars.DURATION, unit="s")]

Each is a plain validator: pydantic's own readings take what a spec must not mean, like `yes` for true.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pydantic_core import core_schema

from graymesh.language.problems import Malformed, Mistyped, Raw, RawYaml, described, wrong_type
from graymesh.language.scalars import LONGEST

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

Schema: TypeAlias = dict[str, Any]
_LONGEST_NAME: Final = 63


class Plain(ABC):
    """The base: `read` turns what is written into what it means or raises Malformed, `write` is the way back.

    Not dataclasses: each of those takes half a millisecond to be made, on every start.
    """

    @abstractmethod
    def read(self, value: Any) -> Any:
        """What the value means."""

    def write(self, value: Any) -> Any:
        """What a user would write for it."""
        return value

    @abstractmethod
    def schema(self) -> Schema:
        """The JSON Schema of what may be written."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        back = core_schema.plain_serializer_function_ser_schema(self.write, when_used="unless-none")
        return core_schema.no_info_plain_validator_function(self.read, serialization=back)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Schema:
        return self.schema()


class Text(Plain):
    """Text that `parse` understands. `unit` is what a bare number may lack; `back` writes the meaning as text."""

    def __init__(
        self,
        what: str,
        parse: Callable[[str], Any],
        pattern: str = "",
        *,
        longest: int = LONGEST,
        unit: str = "",
        back: Callable[[Any], str] = str,
    ) -> None:
        self.what, self.parse, self.pattern, self.longest, self.unit = what, parse, pattern, longest, unit
        self.back = back

    def read(self, value: Any) -> Any:
        """The parsed text."""
        if type(value) is not str:
            raise self._no_text(value)
        if len(value) > self.longest:
            message = f"{self.what} of {len(value)} characters is too long"
            raise Malformed("GM116", message, f"at most {self.longest} characters")
        return self.parse(value)

    def write(self, value: Any) -> str:
        """The text."""
        return self.back(value)

    def schema(self) -> Schema:
        """A string of the pattern."""
        pattern = {"pattern": f"^(?:{self.pattern})$"} if self.pattern else {}
        return {"type": "string", **pattern, "maxLength": self.longest}

    def _no_text(self, value: Any) -> Mistyped:
        if not isinstance(value, (bool, int, float)):
            return wrong_type(value, self.what)
        return Mistyped(lambda raw: self._unquoted(value, raw))

    def _unquoted(self, value: Any, raw: Raw) -> Malformed:
        """A number or boolean that lacks its unit or its quotes."""
        written = raw()[:60]
        if self.unit and not isinstance(value, bool):
            advice = f"write {self._with_unit(written)}" if written.replace(".", "", 1).isdecimal() else ""
            return Malformed("GM106", f"{written} is a bare number, not {self.what}", advice)
        message = f"expected {self.what} as text, found {described(value, raw)}"
        return Malformed("GM107", message, f'quote it: "{written}"', self._readable(raw()))

    def _with_unit(self, written: str) -> str:
        """With the unit; what may be a fraction of one as either reading, for `0.01` is often meant as 1%."""
        share = Decimal(written) * 100
        if self.unit == "%" and 0 < share < 100:
            return f"{share.normalize():f}%, or {written}% if that is meant"
        return f"{written}{self.unit}"

    def _readable(self, raw: str) -> str:
        """The text as it stands, when it would do in quotes."""
        try:
            self.parse(raw)
        except Malformed:
            return ""
        return raw if len(raw) <= self.longest else ""


class TrueOrFalse(Plain):
    """A boolean; words like yes and on are text."""

    def read(self, value: Any) -> bool:
        """The boolean."""
        if type(value) is not bool:
            mended = RawYaml(value) if value in ("true", "false") else ""
            raise wrong_type(value, "true or false", f"write {mended}" if mended else "", mended)
        return value

    def schema(self) -> Schema:
        """A boolean."""
        return {"type": "boolean"}


class Whole(Plain):
    """A whole number from `least` to `most`."""

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most

    def read(self, value: Any) -> int:
        """The number."""
        if type(value) is not int:
            raise wrong_type(value, "a whole number", _unquoted(value), _number(value, "[1-9][0-9]*|0"))
        if not self.least <= value <= self.most:
            raise Malformed("GM106", f"{str(value)[:60]} is out of range", f"from {self.least} to {self.most}")
        return value

    def schema(self) -> Schema:
        """An integer between both."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


class Decimals(Plain):
    """A number with decimals, parsed from text, so that no binary fraction ever rounds it.

    `repr` of a float is the shortest text that reads as the same number, so it has the digits that were written.
    """

    def __init__(self, parse: Callable[[str], int], back: Callable[[int], int | float], least: int, most: int) -> None:
        self.parse, self.back, self.least, self.most = parse, back, least, most

    def read(self, value: Any) -> int:
        """The number in the parser's unit."""
        if type(value) is not int and type(value) is not float:
            mended = _number(value, r"(?:[1-9][0-9]*|0)(?:\.[0-9]+)?%?")
            raise wrong_type(value, "a number", _unquoted(value), mended)
        try:
            return self.parse(str(value))
        except Malformed as problem:
            raise self._as_written(problem) from None

    def write(self, value: int) -> int | float:
        """The number as it stands in a file."""
        return self.back(value)

    def schema(self) -> Schema:
        """A number between both; how many decimals it has is beyond what JSON Schema can safely say."""
        return {"type": "number", "minimum": self.least, "maximum": self.most}

    def _as_written(self, problem: Malformed) -> Mistyped:
        """The problem in the file's own notation: `1e-05` may stand there as 0.00001."""

        def word(raw: Raw) -> Malformed:
            try:
                self.parse(raw())
            except Malformed as found:
                return found
            return problem

        return Mistyped(word)


class Reference(Plain):
    """The name of something that is given elsewhere in the spec; `.names` looks whether it is."""

    def __init__(self, to: str) -> None:
        self.to = to

    def read(self, value: Any) -> str:
        """The name."""
        if type(value) is str:
            return value
        wanted = f"the name of {'an' if self.to[0] in 'aeiou' else 'a'} {self.to}"
        if not isinstance(value, (int, float)):
            raise wrong_type(value, wanted)
        raise Mistyped(lambda raw: _unquoted_name(value, wanted, raw))

    def schema(self) -> Schema:
        """Any name; which ones there are is beyond JSON Schema."""
        return {"type": "string", "maxLength": _LONGEST_NAME}


def _unquoted_name(value: Any, wanted: str, raw: Raw) -> Malformed:
    message = f"expected {wanted}, found {described(value, raw)}"
    return Malformed("GM107", message, f'quote it: "{raw()[:60]}"', raw())


def _number(value: Any, allowed: str) -> RawYaml | str:
    """The number that stands in quotes, without them; empty when it is none of the allowed form."""
    return RawYaml(value.rstrip("%")) if isinstance(value, str) and re.fullmatch(allowed, value) else ""


def _unquoted(value: Any) -> str:
    number = value.rstrip("%") if isinstance(value, str) else ""
    return f"write {number}" if number.replace(".", "", 1).isdecimal() and len(number) < 20 else ""
