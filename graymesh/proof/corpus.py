"""Requests for trying engines: every class of every field together with every route, and what barely misses."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, assert_never

from graymesh.ir.release import (
    BUCKETS,
    Absent,
    Buckets,
    Kind,
    Matcher,
    Networks,
    OneOf,
    PathPrefix,
    Prefix,
    Present,
    Regex,
    RouteTable,
    Test,
)
from graymesh.ir.semantics import Request
from graymesh.proof.regex.domain import ALWAYS_THERE, inside
from graymesh.proof.request_space import Space, with_values

_FEW: Final = 5


def corpus(*tables: RouteTable) -> Iterator[Request]:
    """Requests that between them show what the tables can tell apart, each once, the plain one first.

    One that reaches each route that can be reached; each of them with every state of every field; and, with a field
    that the route tests, values that barely match and barely miss. Raises UndecidableError.
    """
    tests = sorted({test for table in tables for test in _tests(table)}, key=repr)
    # Without a test for it, a value that no matcher takes would not be told from no value.
    held = tuple((Test(test.field, Present()),) for test in tests if test.field.kind not in ALWAYS_THERE)
    space = Space([*(route.condition for table in tables for route in table.routes), held])
    seen: set[Request] = set()
    for base, near in [(space.request({}), tests), *_reaching(space, tables)]:
        for request in (base, *_varied(base, space), *_nearly(base, near)):
            if request not in seen:
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
        for value in _near(test.matcher):
            if test.field.kind is Kind.SOURCE or inside(test.field.kind, value):
                yield with_values(base, test.field, (value,))


def _near(matcher: Matcher) -> Iterator[str]:
    """Values at the edge of what the matcher takes, on either side."""
    match matcher:
        case OneOf(values):
            for value in values[:_FEW]:
                yield from (value, value + "0", value[:-1], value.swapcase())
        case Prefix(value):
            yield from (value, value + "x", value[:-1], value.swapcase())
        case PathPrefix(value):
            yield from (value, value + "/", value + "/x", value + "x", value[:-1], value.swapcase())
        case Buckets(intervals):
            for low, high in intervals[:_FEW]:
                numbers = (number for number in (low - 1, low, high, high + 1) if 0 <= number < BUCKETS)
                yield from (f"{number:04}" for number in numbers)
                yield from (f"{low:04}"[1:], f"0{low:04}")
        case Networks(networks):
            yield from (address for cidr in networks[:_FEW] for address in _edges(cidr))
        case Regex() | Present() | Absent():
            return
        case _:
            assert_never(matcher)


def _edges(cidr: str) -> Iterator[str]:
    network = ipaddress.ip_network(cidr)
    low, high = int(network.network_address), int(network.broadcast_address)
    kind = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    return (str(kind(number)) for number in (low - 1, low, high, high + 1) if 0 <= number < 1 << network.max_prefixlen)
