"""Retries for engines that have them by route and not by method: requests that must not be done twice get a route."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from graymesh.ir.release import NOT_IDEMPOTENT, Conjunction, Field, Kind, OneOf, Retries, Route, RouteTable
from graymesh.ir.release import Test as Asked

_METHOD = Field(Kind.METHOD)


def by_route(table: RouteTable) -> RouteTable:
    """The same decisions, with each route that retries behind one for the methods that must not be done twice.

    The first, `<name>.once`, takes those and tries nothing again; the other one takes the rest of the route's requests.
    A route that asks for methods of one sort alone needs no second.
    """
    return RouteTable(tuple(each for route in table.routes for each in _split(route)))


def _split(route: Route) -> Iterator[Route]:
    retries = route.policy.retries
    if retries is None or not retries.attempts or retries.every_method:
        yield route
        return
    again = replace(route.policy, retries=replace(retries, every_method=True))
    once = replace(route.policy, retries=Retries(attempts=0))
    parts = [_by_method(tests) for tests in route.condition]
    single = tuple(alone for alone, _ in parts if alone is not None)
    others = tuple(rest for _, rest in parts if rest is not None)
    if single:
        yield replace(route, name=f"{route.name}.once" if others else route.name, condition=single, policy=once)
    if others:
        yield replace(route, condition=others, policy=again)


def _by_method(tests: Conjunction) -> tuple[Conjunction | None, Conjunction | None]:
    """The part about methods that must not be done twice, and what is left once that is taken; None for nobody."""
    asked = [set(test.matcher.values) for test in tests if test.field == _METHOD and isinstance(test.matcher, OneOf)]
    others = tuple(test for test in tests if test.field != _METHOD)
    methods = set(NOT_IDEMPOTENT).intersection(*asked)
    left = set.intersection(*asked) - methods if asked else None
    single = (*others, _method(methods)) if methods else None
    return single, tests if left is None else (*others, _method(left)) if left else None


def _method(methods: set[str]) -> Asked:
    return Asked(_METHOD, OneOf(tuple(sorted(methods))))
