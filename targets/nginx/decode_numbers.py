"""Numbers and times as nginx writes them."""

from __future__ import annotations

import re
from typing import Final

from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.nginx.syntax import ParsedDirective

_TIME: Final = re.compile(r"([0-9]+)(ms|s|m|h|d)?")
_UNITS_MS: Final = {"ms": 1, "s": 1000, None: 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def milliseconds(text: str, where: ParsedDirective) -> int:
    """A time as nginx writes it, in milliseconds. Raises NotUnderstood for months, years and sums of units."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise NotUnderstood(where.name, f"the time {text!r} is not understood", where)
    return int(found[1]) * _UNITS_MS[found[2]]


def whole_number(directive: ParsedDirective) -> int:
    """The only thing that a directive says, of at most nine digits. Raises NotUnderstood."""
    if len(directive.arguments) != 1 or not re.fullmatch("[0-9]{1,9}", directive.arguments[0]):
        raise NotUnderstood(directive.name, "it takes a number", directive)
    return int(directive.arguments[0])
