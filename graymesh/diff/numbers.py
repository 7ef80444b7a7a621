"""Which users move where the last digits of an identity decide: numbers whose version is another one than before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from graymesh.diff.known import KnownTable, same
from graymesh.diff.model import Move
from graymesh.diff.movement import move
from graymesh.diff.sections import Section, shares_of
from graymesh.ir.buckets import last_digits
from graymesh.ir.release import Condition, Field, Regex, Route, Test
from graymesh.ir.semantics import compiled


def numbered(
    old: KnownTable, new: KnownTable, before: Section, after: Section
) -> Iterator[tuple[Move, int, int, Condition]]:
    """Runs of numbers whose version changes, with the routes that take them and what their requests have.

    Nothing when no digits decide, or others than before, or when an audience itself asks for the identity.
    """
    keys = {table.identity for table in (old, new) if table.identity}
    if len(keys) != 1:
        return
    field, digits = keys.pop()
    one, other = _owners(before, field, digits), _owners(after, field, digits)
    if not one or not other or not (_asked(before, field) or _asked(after, field)):
        return
    for low, high in _runs(list(zip(one, other, strict=True))):
        i, j = one[low], other[low]
        left, came = shares_of(old.route(i)), shares_of(new.route(j))
        if not same(left, came):
            within = ((Test(field, Regex(last_digits(digits, ((low, high),)))),),)
            moved = move(old, low, high, left, came)
            yield replace(moved, identity=f"{field.kind} {field.name}", digits=digits), i, j, within


def _owners(section: Section, field: Field, digits: int) -> list[int]:
    """The route that takes each number; empty when none is sure to."""
    found = [(index, _ending(section.routes[index], field)) for index in range(section.first, section.after)]
    numbers = [f"{number:0{digits}d}" for number in range(10**digits)]
    if not any(pattern for _, pattern in found):
        main = section.route(section.main)
        asks = any(test.field == field for tests in (main.condition if main else ()) for test in tests)
        return [section.main] * len(numbers) if section.one_version and not asks else []
    owners = [
        next((index for index, pattern in found if pattern and compiled(pattern).fullmatch(number)), None)
        for number in numbers
    ]
    return [owner for owner in owners if owner is not None] if None not in owners else []


def _ending(route: Route, field: Field) -> str:
    """The pattern that all alternatives of a route ask of the identity; empty when they ask for something else."""
    found = [[test.matcher for test in tests if test.field == field] for tests in route.condition]
    alone = {matchers[0] for matchers in found if len(matchers) == 1}
    matcher = next(iter(alone), None)
    whole = len(alone) == 1 and all(len(matchers) == 1 for matchers in found)
    return matcher.pattern if whole and isinstance(matcher, Regex) else ""


def _asked(section: Section, field: Field) -> bool:
    return any(_ending(section.routes[index], field) for index in range(section.first, section.after))


def _runs(pairs: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Numbers side by side that go the same way."""
    first = 0
    for number in range(1, len(pairs) + 1):
        if number == len(pairs) or pairs[number] != pairs[first]:
            yield first, number - 1
            first = number
