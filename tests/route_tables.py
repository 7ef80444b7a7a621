"""Short ways to write route tables and requests in tests, and what every comparison of two tables must obey."""

from __future__ import annotations

from graymesh.ir.release import (
    ALWAYS,
    Conjunction,
    Field,
    Kind,
    Matcher,
    Networks,
    OneOf,
    Policy,
    Route,
    RouteTable,
    Share,
    Split,
    Test,
)
from graymesh.ir.semantics import Request, decide
from graymesh.proof import equivalence
from graymesh.proof.equivalence import Difference, Equal, compare
from graymesh.proof.outcomes import outcome

PATH, METHOD, HOST, SOURCE = (Field(kind) for kind in (Kind.PATH, Kind.METHOD, Kind.HOST, Kind.SOURCE))


def header(matcher: Matcher | str, name: str = "x-gray") -> Test:
    return Test(Field(Kind.HEADER, name), OneOf((matcher,)) if isinstance(matcher, str) else matcher)


def cookie(matcher: Matcher | str, name: str = "beta") -> Test:
    return Test(Field(Kind.COOKIE, name), OneOf((matcher,)) if isinstance(matcher, str) else matcher)


def path(matcher: Matcher | str) -> Test:
    return Test(PATH, OneOf((matcher,)) if isinstance(matcher, str) else matcher)


def method(*names: str) -> Test:
    return Test(METHOD, OneOf(names))


def source(*networks: str) -> Test:
    return Test(SOURCE, Networks(networks))


def to(version: str) -> Split:
    return Split((Share(version=version, basis_points=10_000),))


def when(*tests: Test, version: str = "v2", policy: Policy | None = None) -> Route:
    return Route(name=f"to-{version}", condition=(tests,), split=to(version), policy=policy or Policy())


def any_of(*conjunctions: Conjunction, version: str = "v2") -> Route:
    return Route(name=f"to-{version}", condition=conjunctions, split=to(version))


REST = Route(name="everyone", condition=ALWAYS, split=to("v1"))


def table(*routes: Route) -> RouteTable:
    return RouteTable((*routes, REST))


def differs(left: RouteTable, right: RouteTable) -> Request:
    """The witness of a difference; both directions must find one, and it must be one."""
    found, mirrored = compare(left, right), compare(right, left)
    assert isinstance(found, Difference), found
    assert isinstance(mirrored, Difference), mirrored
    for result, one, other in ((found, left, right), (mirrored, right, left)):
        assert (result.left, result.right) == (decide(one, result.request), decide(other, result.request))
        assert outcome(result.left.route) != outcome(result.right.route)
    return found.request


def same(left: RouteTable, right: RouteTable) -> bool:
    """Equal in both directions, and by the exact comparison too when the forms already agree."""
    exact = equivalence._compared(left, right)
    return (compare(left, right), compare(right, left), exact) == (Equal(), Equal(), Equal())
