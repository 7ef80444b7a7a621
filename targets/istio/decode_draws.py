"""Routes that ask for the last digits of a request's id and hand the id out, as the draw that they amount to.

Envoy gives a request its `x-request-id` before it chooses a route: at a gateway always a new one, in the mesh only when
the caller brings none (HttpConnectionManager, `generate_request_id`, `preserve_external_request_id`). So such routes
decide by chance, and the cookie that they set says what chance it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from graymesh.ir.buckets import ALL
from graymesh.ir.cohorts import basis_points, common, rest
from graymesh.ir.release import (
    Buckets,
    Condition,
    Field,
    Intervals,
    Kind,
    Route,
    Share,
    Split,
    Test,
)

_REQUEST_ID: Final = Field(Kind.HEADER, "x-request-id")


@dataclass(frozen=True, slots=True)
class _Drawing:
    """A route that asks for tickets of these buckets, and for `condition` besides."""

    route: Route
    condition: Condition
    buckets: Intervals


def draws(routes: Sequence[Route]) -> Iterator[Route]:
    """The routes, those that draw put together with the one behind them, which takes ids of any other form."""
    waiting: list[_Drawing] = []
    for route in routes:
        found = _drawing(route)
        if waiting and _ends(waiting, route):
            yield _draw(waiting, route)
            waiting = []
        elif found and (not waiting or (found.condition, route.policy) == _common(waiting)):
            waiting.append(found)
        else:
            yield from (each.route for each in waiting)
            waiting = [found] if found else []
            yield from () if found else (route,)
    yield from (each.route for each in waiting)


def _drawing(route: Route) -> _Drawing | None:
    shares = route.split.shares
    cookie = shares[0].set_cookie if len(shares) == 1 else None
    asked = [[test for test in tests if _asks(test)] for tests in route.condition]
    buckets = {test.matcher.intervals for tests in asked for test in tests if isinstance(test.matcher, Buckets)}
    if not (cookie and shares[0].buckets == ALL and len(buckets) == 1 and all(len(tests) == 1 for tests in asked)):
        return None
    left = tuple(tuple(test for test in tests if not _asks(test)) for tests in route.condition)
    return _Drawing(route, left, buckets.pop())


def _asks(test: Test) -> bool:
    return test.field == _REQUEST_ID and isinstance(test.matcher, Buckets)


def _common(waiting: Sequence[_Drawing]) -> tuple[Condition, object]:
    return waiting[0].condition, waiting[0].route.policy


def _ends(waiting: Sequence[_Drawing], route: Route) -> bool:
    return (route.condition, route.policy) == _common(waiting) and len(route.split.shares) == 1


def _draw(waiting: Sequence[_Drawing], last: Route) -> Route:
    """First match wins: each route takes what those before it have left; other ids fall to the last one."""
    other, left, shares = last.split.shares[0], ALL, list[Share]()
    for each in waiting:
        taken = common(each.buckets, left)
        left = rest([rest([left]), taken])
        shares += [_share(each.route.split.shares[0], taken)] if taken else []
    shares += [_share(other, left)] if left else []
    return replace(last, split=Split(tuple(shares), otherwise=other))


def _share(share: Share, buckets: Intervals) -> Share:
    return replace(share, basis_points=basis_points(buckets), buckets=buckets)
