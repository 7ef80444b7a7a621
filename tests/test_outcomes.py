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
        (draw(("v2", 500, "0499"), ("v1", 9500, "9999")), draw(("v2", 500, ""), ("v1", 9500, "")), False),
        (draw(("v2", 500, "0499"), ("v1", 9500, "9999")), draw(("v2", 500, "0498"), ("v1", 9500, "9999")), False),
        (draw(("v1", 4000, "a"), ("v1", 6000, "b"), key=UID), draw(("v1", 4000, "a"), ("v1", 6000, "b")), False),
    ],
)
def test_outcomes_of_draws(left: Route, right: Route, equal: bool) -> None:
    result = compare(RouteTable((left,)), RouteTable((right,)))
    assert isinstance(result, Equal if equal else Difference)


def drawn(
    *shares: tuple[str, int, *tuple[tuple[int, int], ...]],
    key: Field | None = None,
    otherwise: str = "",
    cookie: SetCookie | None = SetCookie("gray-ticket", max_age_seconds=60),  # noqa: B008  frozen
) -> Route:
    """A draw by buckets."""
    parts = tuple(
        Share(version=version, basis_points=part, buckets=buckets, set_cookie=cookie)
        for version, part, *spans in shares
        for buckets in [tuple(spans)]
    )
    other = Share(version=otherwise, basis_points=10_000) if otherwise else None
    return Route(name="everyone", condition=ALWAYS, split=Split(parts, key, other))


LOW, HIGH = ("v2", 500, (0, 3276)), ("v1", 9500, (3277, 65_535))
HALVES = (("v1", 4500, (3277, 32_767)), ("v1", 5000, (32_768, 65_535)))
GRID = tuple(("v2" if number < 5 else "v1", 500, (number * 3000, number * 3000)) for number in range(20))


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (drawn(LOW, HIGH), drawn(HIGH, LOW), True),
        (drawn(LOW, HIGH), drawn(LOW, *HALVES), True),
        (drawn(LOW, HIGH), drawn(("v2", 500, (1, 3277)), ("v1", 9500, (0, 0), (3278, 65_535))), False),
        (drawn(LOW, HIGH), drawn(("v2", 500, (0, 3277)), ("v1", 9500, (3278, 65_535))), False),
        (drawn(LOW, HIGH), drawn(("v1", 500, (0, 3276)), ("v2", 9500, (3277, 65_535))), False),
        (drawn(LOW, HIGH), drawn(("v2", 500, (0, 3276)), ("v1", 9500, (3277, 65_534))), False),
        (drawn(LOW, HIGH), drawn(("v2", 500, (0, 65_535)), ("v1", 9500, (0, 65_535))), False),
        (drawn(("v2", 500, (0, 9)), ("v1", 9500, (0, 9))), drawn(("v2", 900, (0, 9)), ("v1", 9100, (0, 9))), False),
        (drawn(LOW, HIGH), drawn(LOW, HIGH, cookie=None), False),
        (drawn(LOW, HIGH), drawn(LOW, HIGH, cookie=SetCookie("gray-ticket")), False),
        (drawn(LOW, HIGH), drawn(LOW, HIGH, cookie=SetCookie("gray-ticket", passed_on=True)), False),
        (drawn(LOW, HIGH), drawn(LOW, HIGH, otherwise="v1"), False),
        (drawn(LOW, HIGH, otherwise="v1"), drawn(LOW, HIGH, otherwise="v2"), False),
        (drawn(LOW, HIGH, key=UID), drawn(HIGH, LOW, key=UID), True),
        (drawn(LOW, HIGH, key=UID), drawn(LOW, HIGH), False),
        (drawn(("v1", 500, (0, 3276)), HIGH, cookie=None), draw(("v1", 10_000, "")), True),
        (drawn(("v1", 500, (0, 3276)), HIGH), draw(("v1", 10_000, "")), False),
        (drawn(*GRID), drawn(*reversed(GRID)), True),
        (drawn(*GRID), drawn(("v2", 501, (0, 0)), ("v2", 499, (3000, 3000)), *GRID[2:]), False),
        (drawn(*GRID), drawn(("v2", 500, (1, 1)), *GRID[1:]), False),
        (drawn(*GRID), drawn(("v1", 500, (0, 0)), *GRID[1:]), False),
        (drawn(*GRID), drawn(GRID[0], *GRID), False),
    ],
)
def test_outcomes_of_draws_by_buckets(left: Route, right: Route, equal: bool) -> None:
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
