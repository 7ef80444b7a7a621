"""Shapes of numbers: whole ones, and those with decimals, which are read from their text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from graymesh.language.scalars import Malformed, Written
from graymesh.language.shapes import Place, Schema, wrong_type


class Whole:
    """A whole number from `least` to `most`."""

    space = ""

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most

    def read(self, value: Any, place: Place) -> int:
        """The number."""
        if type(value) is not int:
            raise wrong_type(value, "a whole number", place, _unquoted(value), _number(value, "[1-9][0-9]*|0"))
        if not self.least <= value <= self.most:
            raise Malformed("GM106", f"{str(value)[:60]} is out of range", f"from {self.least} to {self.most}")
        return value

    def schema(self) -> Schema:
        """An integer between both."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


class Decimals:
    """A number with decimals, parsed from text, so that no binary fraction ever rounds it.

    `repr` of a float is the shortest text that reads as the same number, so it has the digits that were written.
    """

    space = ""

    def __init__(self, parse: Callable[[str], int], least: int, most: int) -> None:
        self.parse, self.least, self.most = parse, least, most

    def read(self, value: Any, place: Place) -> int:
        """The number in the parser's unit."""
        if type(value) is not int and type(value) is not float:
            mended = _number(value, r"(?:[1-9][0-9]*|0)(?:\.[0-9]+)?%?")
            raise wrong_type(value, "a number", place, _unquoted(value), mended)
        try:
            return self.parse(str(value))
        except Malformed:
            return self.parse(place.raw())

    def schema(self) -> Schema:
        """A number between both; how many decimals it has is beyond what JSON Schema can safely say."""
        return {"type": "number", "minimum": self.least, "maximum": self.most}


def _number(value: Any, allowed: str) -> Written | str:
    """The number that stands in quotes, without them; empty when it is none of the allowed form."""
    return Written(value.rstrip("%")) if isinstance(value, str) and re.fullmatch(allowed, value) else ""


def _unquoted(value: Any) -> str:
    number = value.rstrip("%") if isinstance(value, str) else ""
    return f"write {number}" if number.replace(".", "", 1).isdecimal() and len(number) < 20 else ""
