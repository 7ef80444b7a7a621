"""What a route does: draws, policies and headers that are the same, and those that are not."""

from __future__ import annotations

from itertools import product

import pytest

from graymesh.ir.release import (
    ALWAYS,
    Fault,
    Field,
    Kind,
    Mirror,
    Policy,
    Regex,
    Retries,
    Route,
    RouteTable,
    SetCookie,
    Share,
    Split,
)
from graymesh.proof.equivalence import Difference, Equal, compare
from tests.route_tables import (
    REST,
    header,
    table,
    to,
    when,
)

# ---------------------------------------------------------------- outcomes


def draw(*shares: tuple[str, int, str], key: Field | None = None, age: int | None = None) -> Route:
    parts = tuple(
        Share(version=version, basis_points=part, set_cookie=SetCookie("gray-ticket", value, age) if value else None)
        for version, part, value in shares
    )
    return Route(name="everyone", condition=ALWAYS, split=Split(parts, key))


UID = Field(Kind.COOKIE, "uid")


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (draw(("v2", 500, ""), ("v1", 9500, "")), draw(("v1", 9500, ""), ("v2", 500, "")), True),
        (draw(("v2", 500, ""), ("v1", 9500, "")), draw(("v2", 200, ""), ("v1", 9500, ""), ("v2", 300, "")), True),
        (draw(("v2", 0, ""), ("v1", 10_000, "")), draw(("v1", 10_000, "")), True),
        (draw(("v2", 500, ""), ("v1", 9500, "")), draw(("v2", 501, ""), ("v1", 9499, "")), False),
        (draw(("v2", 500, "0499"), ("v1", 9500, "9999")), draw(("v2", 500, ""), ("v1", 9500, "")), False),
        (draw(("v2", 500, "0499"), ("v1", 9500, "9999")), draw(("v2", 500, "0498"), ("v1", 9500, "9999")), False),
        (
            draw(("v2", 500, "0499"), ("v1", 1500, "1999"), ("v1", 8000, "9999")),
            draw(("v2", 500, "0499"), ("v1", 9500, "9999")),
            False,
        ),
        (
            draw(("v2", 500, "0499"), ("v3", 700, "5699"), ("v1", 8800, "9999")),
            draw(("v1", 8800, "9999"), ("v3", 700, "5699"), ("v2", 500, "0499")),
            True,
        ),
        (
            draw(("v2", 500, "0499"), ("v3", 500, "5499"), ("v1", 9000, "9999")),
            draw(("v3", 500, "0499"), ("v2", 500, "5499"), ("v1", 9000, "9999")),
            False,
        ),
        (
            draw(("v2", 500, "0499"), ("v1", 9500, "9999"), age=60),
            draw(("v2", 500, "0499"), ("v1", 9500, "9999")),
            False,
        ),
        (draw(("v2", 500, ""), ("v1", 9500, ""), key=UID), draw(("v2", 500, ""), ("v1", 9500, "")), False),
        (
            draw(("v2", 500, ""), ("v1", 9500, ""), key=UID),
            draw(("v1", 9500, ""), ("v2", 500, ""), key=UID),
            False,
        ),
        (
            draw(("v2", 200, ""), ("v2", 300, ""), ("v3", 0, ""), ("v1", 9500, ""), key=UID),
            draw(("v2", 500, ""), ("v1", 9500, ""), key=UID),
            True,
        ),
        (
            draw(("v2", 200, ""), ("v1", 9500, ""), ("v2", 300, ""), key=UID),
            draw(("v2", 500, ""), ("v1", 9500, ""), key=UID),
            False,
        ),
        (draw(("v1", 10_000, ""), key=UID), draw(("v1", 10_000, "")), True),
        (draw(("v1", 4000, ""), ("v1", 6000, ""), key=UID), draw(("v1", 10_000, "")), True),
        (
            draw(("v1", 4000, "0001"), ("v1", 6000, "0002"), key=UID),
            draw(("v1", 4000, "0001"), ("v1", 6000, "0002")),
            False,
        ),
    ],
)
def test_outcomes_of_draws(left: Route, right: Route, equal: bool) -> None:
    result = compare(RouteTable((left,)), RouteTable((right,)))
    assert isinstance(result, Equal if equal else Difference)


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (Policy(timeout_ms=2000), Policy(timeout_ms=2000), True),
        (Policy(timeout_ms=2000), Policy(), False),
        (Policy(retries=Retries(attempts=0)), Policy(), False),
        (
            Policy(retries=Retries(attempts=1, on=("5xx", "reset"))),
            Policy(retries=Retries(attempts=1, on=("reset", "5xx"))),
            True,
        ),
        (Policy(mirror=Mirror("v2", 0)), Policy(), True),
        (Policy(mirror=Mirror("v2", 100)), Policy(), False),
        (Policy(fault=Fault(delay_ms=5)), Policy(), True),
        (Policy(fault=Fault(delay_ms=5, delay_basis_points=1)), Policy(), False),
        (
            Policy(fault=Fault(abort_status=503, abort_basis_points=10, delay_ms=9)),
            Policy(fault=Fault(abort_status=503, abort_basis_points=10)),
            True,
        ),
    ],
)
def test_policies_are_part_of_the_outcome(left: Policy, right: Policy, equal: bool) -> None:
    result = compare(table(when(header("a"), policy=left)), table(when(header("a"), policy=right)))
    assert isinstance(result, Equal if equal else Difference)


def test_headers_are_part_of_the_outcome() -> None:
    plain = Share(version="v2", basis_points=10_000)
    marked = Share(version="v2", basis_points=10_000, request_headers=(("x-lane", "v2"),))
    told = Share(version="v2", basis_points=10_000, response_headers=(("x-lane", "v2"),))
    tables = [
        RouteTable((Route(name="all", condition=ALWAYS, split=Split((share,))),)) for share in (plain, marked, told)
    ]
    for one, other in product(tables, tables):
        assert isinstance(compare(one, other), Equal if one is other else Difference)


def test_no_route_is_an_outcome() -> None:
    open_ended = RouteTable((when(header("a")),))
    assert compare(open_ended, RouteTable((when(header(Regex("a"))),))) == Equal()
    found = compare(open_ended, table(when(header("a"))))
    assert isinstance(found, Difference)
    assert (found.left.route, found.right.route) == (None, REST)
    assert compare(RouteTable(()), RouteTable(())) == Equal()
    assert compare(RouteTable(()), RouteTable((Route(name="never", condition=(), split=to("v1")),))) == Equal()
