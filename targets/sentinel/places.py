"""Where a rule's field stands in a JSON text."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final, TypeAlias

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}:,]', re.DOTALL)

_Starts: TypeAlias = Mapping[tuple[str, ...], int]
"""Where each field begins, by the names that lead to it; steps of lists are left out. () is the rule itself."""


class RuleLines:
    """The lines of a JSON array that has been parsed before; the text is gone through at the first question."""

    def __init__(self, text: str) -> None:
        self._text = text

    def line(self, index: int, field: str = "") -> int:
        """The line, from 1, of a field (by its dotted name) of one rule, or of what holds it when it is not there."""
        starts = self._rules[index]
        names = tuple(filter(None, field.split(".")))
        ways = [(field,), *(names[:steps] for steps in range(len(names), -1, -1))]
        position = next(starts[way] for way in ways if way in starts)
        return bisect_left(self._breaks, position) + 1

    @cached_property
    def _breaks(self) -> list[int]:
        return [found.start() for found in re.finditer("\n", self._text)]

    @cached_property
    def _rules(self) -> Sequence[_Starts]:
        """The fields of each item of the array, from its signs and strings alone."""
        rules: list[dict[tuple[str, ...], int]] = []
        names: list[str] = []  # of the fields that are open; "" for the array, and for a list
        before, start = "", 0
        for token in _TOKEN.finditer(self._text):
            sign = token[0]
            if sign in "{[":
                if sign == "{" and len(names) == 1:
                    rules.append({(): token.start()})
                names.append("")
            elif sign in "}]":
                names.pop()
            elif sign == ":":
                names[-1] = json.loads(before)
                rules[-1].setdefault(tuple(filter(None, names)), start)
            elif sign == ",":
                names[-1] = ""
            before, start = sign, token.start()
        return rules
