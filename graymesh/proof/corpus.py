"""Requests for trying engines: every class of every field together with every route, and what barely misses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from graymesh.ir.release import (
    Kind,
    Present,
    RouteTable,
    Test,
)
from graymesh.ir.semantics import Request
from graymesh.proof.regex.domain import ALWAYS_THERE, inside
from graymesh.proof.request_space import Space, read_alike, with_values
from graymesh.proof.samples import near


def corpus(*tables: RouteTable) -> Iterator[Request]:
    """Requests that between them show what the tables can tell apart, each once, the plain one first.

    One that reaches each route that can be reached; each of them with every state of every field; and, with a field
    that the route tests, values that barely match and barely miss. Only requests that all engines read alike. Raises
    UndecidableError.
    """
    tests = sorted({test for table in tables for test in _tests(table)}, key=repr)
    # Without a test for it, a value that no matcher takes would not be told from no value.
    held = tuple((Test(test.field, Present()),) for test in tests if test.field.kind not in ALWAYS_THERE)
    space = Space([*(route.condition for table in tables for route in table.routes), held])
    seen: set[Request] = set()
    for base, close in [(space.request({}), tests), *_reaching(space, tables)]:
        for request in (base, *_varied(base, space), *_nearly(base, close)):
            if request not in seen and read_alike(request):
                seen.add(request)
                yield request


def _tests(table: RouteTable) -> Iterator[Test]:
    return (test for route in table.routes for tests in route.condition for test in tests)


def _reaching(space: Space, tables: Iterable[RouteTable]) -> Iterator[tuple[Request, Sequence[Test]]]:
    """A request for each route, with the route's tests."""
    for table in tables:
        cases = [space.cases(route.condition) for route in table.routes]
        for index, route in enumerate(table.routes):
            request = space.met(cases[index], cases[:index])
            if request is not None:
                yield request, [test for tests in route.condition for test in tests]


def _varied(base: Request, space: Space) -> Iterator[Request]:
    for field, every in zip(space.fields, space.states, strict=True):
        for state in every:
            yield with_values(base, field, state.values)
        if field.kind is Kind.COOKIE:
            for one, other in pairwise(state for state in every if state.values):
                yield with_values(base, field, (*one.values, *other.values))
                yield with_values(base, field, (*other.values, *one.values))


def _nearly(base: Request, tests: Iterable[Test]) -> Iterator[Request]:
    for test in tests:
        for value in near(test.matcher):
            if test.field.kind is Kind.SOURCE or inside(test.field.kind, value):
                yield with_values(base, test.field, (value,))
