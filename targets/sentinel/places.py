"""Where a rule's field stands in a JSON text."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from functools import cached_property
from typing import Final

_DECODER: Final = json.JSONDecoder()
_SPACE: Final = re.compile(r"[\s,]*")


class Places:
    """The lines of a JSON array that has been parsed before; the text is gone through at the first question."""

    def __init__(self, text: str) -> None:
        self._text = text

    def line(self, index: int, field: str = "") -> int:
        """The line, from 1, of a field (by its dotted name) of one rule, or of the rule when it is not there."""
        position, end = self._rules[index]
        for name in filter(None, field.split(".")):
            found = re.compile(re.escape(json.dumps(name)) + r"\s*:").search(self._text, position, end)
            position = found.start() if found else position
        return bisect_left(self._breaks, position) + 1

    @cached_property
    def _breaks(self) -> list[int]:
        return [found.start() for found in re.finditer("\n", self._text)]

    @cached_property
    def _rules(self) -> list[tuple[int, int]]:
        """Start and end of each item of the array."""
        found = []
        end = self._text.index("[") + 1
        while self._text[(start := self._after_space(end))] != "]":
            end = _DECODER.raw_decode(self._text, start)[1]
            found.append((start, end))
        return found

    def _after_space(self, position: int) -> int:
        found = _SPACE.match(self._text, position)
        return found.end() if found else position
