"""Lowerings broken on purpose: what the suite must notice on every engine, or it could not fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from graymesh.ir.release import Conjunction, Kind, Matcher, OneOf, Route, RouteTable, Test
from graymesh.kit.target import View

Bend: TypeAlias = Callable[[View], View]


def _bent(change: Callable[[RouteTable], RouteTable]) -> Bend:
    def bend(view: View) -> View:
        return replace(view, tables=tuple(replace(each, table=change(each.table)) for each in view.tables))

    return bend


def _shares_turned(table: RouteTable) -> RouteTable:
    """The last share of every draw gets the first one's part, and so on."""

    def turned(route: Route) -> Route:
        parts = [share.basis_points for share in route.split.shares][::-1]
        shares = tuple(replace(share, basis_points=part) for share, part in zip(route.split.shares, parts, strict=True))
        return replace(route, split=replace(route.split, shares=shares))

    return RouteTable(tuple(map(turned, table.routes)))


def _letters_turned(table: RouteTable) -> RouteTable:
    """Exact values of headers are asked for in the other case."""

    def turned(tests: Conjunction) -> Conjunction:
        return tuple(Test(test.field, _swapped(test)) for test in tests)

    def asked(route: Route) -> Route:
        return replace(route, condition=tuple(map(turned, route.condition)))

    return RouteTable(tuple(map(asked, table.routes)))


def _swapped(test: Test) -> Matcher:
    if isinstance(test.matcher, OneOf) and test.field.kind is Kind.HEADER:
        return OneOf(tuple(sorted(value.swapcase() for value in test.matcher.values)))
    return test.matcher


def _routes_turned(table: RouteTable) -> RouteTable:
    """The routes before the last one stand in the opposite order."""
    return RouteTable((*table.routes[:-1][::-1], table.routes[-1]))


BENDS: Final[Mapping[str, Bend]] = {
    "shares": _bent(_shares_turned),
    "letters": _bent(_letters_turned),
    "order": _bent(_routes_turned),
}
"""By the name that `python -m tests.conformance run --bend` takes."""
