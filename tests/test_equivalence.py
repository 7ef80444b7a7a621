"""Equivalence of route tables: decided cases by hand, and generated tables against brute force."""

from collections.abc import Callable, Iterator
from itertools import combinations_with_replacement, product
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graymesh import equivalence
from graymesh.buckets import joined
from graymesh.buckets import pattern as bucket_pattern
from graymesh.decision_lists import Fields
from graymesh.equivalence import (
    Difference,
    Equal,
    UndecidableError,
    Undecided,
    compare,
    corpus,
    overlap,
    reachable,
    shadowing,
    witness_for,
)
from graymesh.ir import (
    ALWAYS,
    Absent,
    Buckets,
    Condition,
    Conjunction,
    Fault,
    Field,
    Kind,
    Matcher,
    Mirror,
    Networks,
    OneOf,
    PathPrefix,
    Policy,
    Prefix,
    Present,
    Regex,
    Retries,
    Route,
    RouteTable,
    SetCookie,
    Share,
    Split,
    Test,
)
from graymesh.outcomes import outcome
from graymesh.portable_regex import literal
from graymesh.request_space import Space, with_values
from graymesh.semantics import Request, decide, first_met
from graymesh.value_domain import METHODS

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


# ---------------------------------------------------------------- spellings of one meaning


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (table(when(header("v2"))), table(when(header(Regex("v2"))))),
        (table(when(header("v2"))), table(when(header(Regex("^v2$"))))),
        (table(when(header(OneOf(("v1", "v2"))))), table(any_of((header("v2"),), (header("v1"),)))),
        (table(when(header(OneOf(("v1", "v2"))))), table(when(header("v2")), when(header("v1")))),
        (table(when(header(Prefix("v")))), table(when(header(Regex("v.*"))))),
        (table(when(header(Present()))), table(when(header(Regex(".+"))))),
        (table(when(header(Present()))), table(when(header(Regex("[!-~].*"))))),
        (table(when(header(Prefix("")))), table(when(header(Present())))),
        (table(when(cookie(Regex("[^;]*")))), table(when(cookie(Present())))),
        (table(when(cookie(Regex("a.*b")))), table(when(cookie(Regex("a[^;]*b"))))),
        (table(when(cookie(Buckets(((0, 499),))))), table(when(cookie(Regex("0[0-4][0-9][0-9]"))))),
        (table(when(cookie(Buckets(((5, 6),))))), table(when(cookie(OneOf(("0005", "0006")))))),
        (table(when(cookie(OneOf(("0005", "x"))))), table(when(cookie(Regex("0005|x"))))),
        (
            table(when(cookie(OneOf(("0005", "x"))))),
            table(any_of((cookie(Buckets(((5, 5),))),), (cookie("x"),))),
        ),
        (table(when(path(PathPrefix("/api")))), table(any_of((path("/api"),), (path(Prefix("/api/")),)))),
        (table(when(path(PathPrefix("/api")))), table(when(path(Regex("/api(/.*)?"))))),
        (table(when(path(PathPrefix("/api")))), table(when(path(Regex("/api/.*|/api"))))),
        (table(when(path(PathPrefix("/")))), RouteTable((Route(name="all", condition=ALWAYS, split=to("v2")),))),
        (table(when(path(Prefix("/")), header("v2"))), table(when(header("v2")))),
        (
            table(any_of((path(PathPrefix("/a")), method("GET")), (path(PathPrefix("/b")), method("GET")))),
            table(
                any_of(
                    *[
                        (path(one), method("GET"))
                        for one in (OneOf(("/a",)), OneOf(("/b",)), Prefix("/a/"), Prefix("/b/"))
                    ]
                )
            ),
        ),
        (
            table(when(path(PathPrefix("/a")), method("GET", "POST"))),
            table(any_of(*[(method(m), path(p)) for m in ("GET", "POST") for p in (Prefix("/a/"), OneOf(("/a",)))])),
        ),
        (
            table(when(method(*METHODS), header("v2"))),
            table(when(header("v2"))),
        ),
        (table(when(Test(METHOD, Regex("GE.")))), table(when(method("GET")))),
        (table(when(source("10.0.0.0/25", "10.0.0.128/25"))), table(when(source("10.0.0.0/24")))),
        (table(when(source("10.0.0.0/25")), when(source("10.0.0.128/25"))), table(when(source("10.0.0.0/24")))),
        (table(when(source("0.0.0.0/0", "::/0"), header("v2"))), table(when(header("v2")))),
        # Mapped addresses are IPv4 ones, so networks of them take nobody.
        (table(when(source("::ffff:10.0.0.0/104"))), table()),
        (table(when(source("0.0.0.0/0", "::/0"))), table(when(source("0.0.0.0/0", "::/1", "8000::/1")))),
        (table(when(source("::fffe:0:0/95"))), table(when(source("::fffe:0:0/96")))),
        (table(when(path(Absent()))), table()),
        (table(when(header("v2"), header(Prefix("v")))), table(when(header("v2")))),
        (table(when(header("v2"), header("v3"))), table()),
        (table(when(header(Absent()), header("v3"))), table()),
        (table(when(cookie("a b"))), table()),
        (table(when(header(Regex(" x")))), table()),
        (table(when(path("/a//b"))), table()),
        (table(when(Test(HOST, OneOf(("Shop.example.com",))))), table()),
        (table(when(header("v2")), when(header("v2"), version="v3")), table(when(header("v2")))),
        (table(when(header("v2")), REST, when(header("v3"))), table(when(header("v2")))),
        (table(when(header("v9"), version="v1")), table()),
        (
            table(when(header("a"), cookie("1")), when(header("a"), version="v3")),
            table(when(cookie("1"), header("a")), when(header(Regex("a")), version="v3")),
        ),
        (table(when(header("a")), when(header("b"))), table(when(header("b")), when(header("a")))),
        (
            table(when(header("a")), when(header("b"), version="v3")),
            table(when(header("b"), version="v3"), when(header("a"))),
        ),
        (table(when(header(Absent()), version="v1"), when(header("a"))), table(when(header("a")))),
        (
            table(when(header(Present()), version="v3"), when(header("a"))),
            table(when(header(Present()), version="v3")),
        ),
    ],
)
def test_spellings_of_one_meaning_are_equal(left: RouteTable, right: RouteTable) -> None:
    assert same(left, right)


@pytest.mark.parametrize(
    ("left", "right", "witness"),
    [
        (table(when(header("v2"))), table(), Request(headers=(("x-gray", "v2"),))),
        (table(when(header("v1"))), table(when(header("v10"))), Request(headers=(("x-gray", "v1"),))),
        (table(when(header("v1"))), table(when(header(Prefix("v1")))), Request(headers=(("x-gray", "v1x"),))),
        (table(when(header(Prefix("v1")))), table(when(header(Regex("v1.+")))), Request(headers=(("x-gray", "v1"),))),
        (table(when(header(Present()))), table(), Request(headers=(("x-gray", "other"),))),
        (table(when(header(Absent()))), table(), Request()),
        (table(when(cookie("1"))), table(when(cookie("1", "Beta"))), Request(cookies=(("beta", "1"),))),
        (table(when(path(PathPrefix("/api")))), table(when(path(Prefix("/api")))), Request(path="/apix")),
        (table(when(path(PathPrefix("/api")))), table(when(path("/api"))), Request(path="/api/x")),
        (table(when(path("/api"))), table(when(path(Prefix("/api/")))), Request(path="/api")),
        (table(when(method("GET"))), table(when(method("GET", "HEAD"))), Request(method="HEAD")),
        (table(when(source("10.0.0.0/24"))), table(when(source("10.0.0.0/25"))), Request(source="10.0.0.129")),
        (table(when(source("10.0.0.0/24"))), table(), Request(source="10.0.0.1")),
        (table(when(source("2001:db8::/32"))), table(), Request(source="2001:db8::1")),
        (table(when(source("0.0.0.0/0"))), table(when(source("0.0.0.0/0", "::/0"))), Request(source="2001:db8::1")),
        (table(when(Test(HOST, Present()))), RouteTable((REST,)), Request(host="shop.example.com")),
        (
            table(when(cookie(Buckets(((0, 499),))))),
            table(when(cookie(Buckets(((0, 500),))))),
            Request(cookies=(("beta", "0500"),)),
        ),
        (
            table(when(header("a"), cookie("1"))),
            table(when(header("a"))),
            Request(headers=(("x-gray", "a"),)),
        ),
        (
            table(any_of((header("a"),), (header("a"), cookie("1")))),
            table(when(header("a"), cookie("1"))),
            Request(headers=(("x-gray", "a"),)),
        ),
        (
            table(any_of((path("/ap"),), (path(Prefix("/apx")),))),
            table(when(path(PathPrefix("/ap")))),
            Request(path="/apx"),
        ),
        (
            table(when(cookie(Buckets(((0, 10), (50, 100))))), when(cookie(Buckets(((0, 100),))), version="v3")),
            table(when(cookie(Buckets(((0, 10), (50, 100)))))),
            Request(cookies=(("beta", "0011"),)),
        ),
        (table(when(source("::/0"))), table(when(source("::fffe:0:0/95"))), Request(source="2001:db8::1")),
        (table(when(source("10.0.0.7/32"))), table(), Request(source="10.0.0.7")),
        (table(when(source("0.0.0.0/0"))), table(when(source("0.0.0.0/1"))), Request()),
        (
            table(any_of((header("a"),), (header(Present()),))),
            table(when(path(Prefix("/")))),
            Request(),
        ),
        (
            table(when(header(Regex("a.*b")), version="v3"), when(header(Present()))),
            table(when(header(Regex("a.*b")), version="v3")),
            Request(headers=(("x-gray", "other"),)),
        ),
    ],
)
def test_differences_come_with_a_readable_request(left: RouteTable, right: RouteTable, witness: Request) -> None:
    assert differs(left, right) == witness


# ---------------------------------------------------------------- the probes that Istio's analyzer got wrong


@pytest.mark.parametrize(
    ("first", "second", "shadowed"),
    [
        ((path(Prefix("/a")),), (path(Prefix("/a/b")),), True),
        ((path(Prefix("/a/b")),), (path(Prefix("/a")),), False),
        ((path(PathPrefix("/a")),), (path(PathPrefix("/a/b")),), True),
        ((path(PathPrefix("/a")),), (path(PathPrefix("/ab")),), False),
        ((path(PathPrefix("/a")),), (path("/a"),), True),
        ((path("/a"),), (path(PathPrefix("/a")),), False),
        ((method("GET"),), (), False),
        ((), (method("GET"),), True),
        ((header(Regex("a.*")),), (header(Regex("b.*")),), False),
        ((header(Regex("a.*")),), (header(Regex("ab*")),), True),
        ((header("v2"),), (header("v2"), path(PathPrefix("/a"))), True),
    ],
)
def test_shadowed_routes_are_found_and_no_others(first: Conjunction, second: Conjunction, shadowed: bool) -> None:
    routes = RouteTable((any_of(first), any_of(second, version="v3"), REST))
    request = reachable(routes)[1]
    assert (request is None) == shadowed
    assert (witness_for(routes, 1) is None) == shadowed
    if request is not None:
        assert decide(routes, request).route is routes.routes[1]
    else:
        taken, example = shadowing(routes, 1)
        assert taken == (0,)
        assert example is not None
        assert decide(routes, example).route is routes.routes[0]
        assert first_met((second,), example) == second


def test_a_route_can_be_shadowed_by_several_together() -> None:
    routes = RouteTable(
        (
            when(header("x")),
            when(path(PathPrefix("/a")), method("GET")),
            when(path(PathPrefix("/a")), Test(METHOD, Regex("[A-FH-Z].*"))),
            when(path(PathPrefix("/a")), version="v3"),
            REST,
        )
    )
    assert [request is None for request in reachable(routes)] == [False, False, False, True, False]
    taken, example = shadowing(routes, 3)
    assert taken == (0, 1, 2)
    assert example is not None
    assert decide(routes, example).route is routes.routes[0]


def test_what_avoids_one_route_may_meet_another() -> None:
    """A field is either there or not, so avoiding routes means to choose, and sometimes to choose again."""
    there = table(when(header(Absent())), when(header(Present()), path(PathPrefix("/a")), version="v3"))
    assert reachable(there)[2] == Request(headers=(("x-gray", "other"),))
    x, y, z = (lambda matcher, name=name: header(matcher, name) for name in "xyz")
    routes = table(
        when(x(Absent()), y(Absent())),
        when(x(Present()), z(Absent()), version="v3"),
        when(x(Present()), z(Present()), version="v4"),
        when(y(Present()), path("/a"), version="v5"),
    )
    assert reachable(routes)[4] == Request(headers=(("y", "other"),))
    assert reachable(RouteTable((*routes.routes[:4], when(y(Present())), REST)))[5] is None


def test_an_impossible_route_is_shadowed_by_nobody() -> None:
    routes = table(when(header("a")), when(header(Absent()), header("b")))
    assert reachable(routes)[1] is None
    assert shadowing(routes, 1) == ((), None)


def test_overlap_of_conditions() -> None:
    both = overlap(((header(Prefix("a")),),), ((header(Regex(".*b")), method("POST")),))
    assert both == Request(method="POST", headers=(("x-gray", "ab"),))
    assert overlap(((header("a"),),), ((header("b"),),)) is None
    assert overlap(((cookie("a"),),), ((cookie("b"),),)) == Request(cookies=(("beta", "a"), ("beta", "b")))
    assert overlap(((path(PathPrefix("/a")),),), ((path(PathPrefix("/b")),),)) is None
    assert overlap(ALWAYS, ALWAYS) == Request()
    assert overlap((), ALWAYS) is None


# ---------------------------------------------------------------- cookies: any pair matches


def test_two_pairs_of_one_cookie_are_told_from_one() -> None:
    """First `a`, then `b`, else v1: only a request with both pairs sees the order."""
    left = table(when(cookie("a")), when(cookie("b"), version="v3"))
    right = table(when(cookie("b"), version="v3"), when(cookie("a")))
    assert differs(left, right) == Request(cookies=(("beta", "a"), ("beta", "b")))
    # A header has one value, so the order of such routes is nothing.
    assert same(
        table(when(header("a")), when(header("b"), version="v3")),
        table(when(header("b"), version="v3"), when(header("a"))),
    )


def test_one_entry_may_ask_for_two_pairs_of_one_cookie() -> None:
    both = table(when(cookie("a"), cookie("b")))
    assert differs(both, table()) == Request(cookies=(("beta", "a"), ("beta", "b")))
    request = differs(
        table(when(cookie("a"), cookie("b")), when(cookie("c"), cookie("d"), version="v3")),
        table(when(cookie("c"), cookie("d"), version="v3"), when(cookie("a"), cookie("b"))),
    )
    assert sorted(value for _, value in request.cookies) == ["a", "b", "c", "d"]


def test_excluding_a_cookie_value_is_not_asking_for_another() -> None:
    """`b…` alone goes the same way in both tables; with an `a…` beside it, it does not."""
    left = table(when(cookie(Regex("[^a].*"))))
    right = table(when(cookie(Prefix("a")), version="v1"), when(cookie(Present())))
    assert len(differs(left, right).cookies) == 2
    headers = table(when(header(Prefix("a")), version="v1"), when(header(Present())))
    assert same(table(when(header(Regex("[^a].*")))), headers)
    assert same(table(when(cookie(Absent()), version="v1"), when(cookie(Present()))), table(when(cookie(Present()))))


# ---------------------------------------------------------------- outcomes


def draw(*shares: tuple[str, int, str], key: Field | None = None, age: int | None = None) -> Route:
    parts = tuple(
        Share(version=version, basis_points=part, set_cookie=SetCookie("gray-bucket", value, age) if value else None)
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


# ---------------------------------------------------------------- outside of the fragment


@pytest.mark.parametrize(
    "test",
    [
        header(Regex("(?=a)b")),
        header(Regex(r"(a)\1")),
        Test(METHOD, Regex("(?i)get")),
        Test(Field(Kind.HEADER, "cookie"), Regex(".*beta=1.*")),
        Test(Field(Kind.HEADER, "host"), OneOf(("shop",))),
        Test(Field(Kind.HEADER, ":path"), OneOf(("/",))),
        Test(Field(Kind.HEADER, "X-Gray"), OneOf(("v2",))),
        Test(SOURCE, OneOf(("10.0.0.1",))),
        Test(SOURCE, Networks(("10.0.0.1/8",))),
        Test(METHOD, Networks(("10.0.0.0/8",))),
        header(Networks(("10.0.0.0/8",))),
    ],
)
def test_what_is_outside_of_the_fragment_is_not_decided(test: Test) -> None:
    result = compare(table(when(test)), table())
    assert isinstance(result, Undecided)
    assert result.reason
    with pytest.raises(UndecidableError):
        reachable(table(when(test)))


def test_beyond_the_limits_nothing_is_decided() -> None:
    hard = header(Regex(".*a" + ".{15}"))
    result = compare(table(when(hard)), table(when(header(Regex(".*a.{14}.")), header(Regex(".*[ab].{14}")))))
    assert isinstance(result, Undecided)
    assert "states" in result.reason
    several = [when(cookie(Regex(f"{first}.*")), version="v2" if first in "aceg" else "v3") for first in "abcdefgh"]
    space = Space([route.condition for route in several])
    rules = [*((space.cases(route.condition), number % 2) for number, route in enumerate(several)), (((),), 2)]
    few = Fields(space.states, [None], frozenset([0]), most_steps=40)
    with pytest.raises(UndecidableError, match="combinations"):
        few.difference(rules, [*rules[-2::-1], rules[-1]])


# ---------------------------------------------------------------- generated tables against brute force

WORDS = [*map("".join, product("ab", repeat=1)), *map("".join, product("ab", repeat=2)), "c", "0001", "0002"]
VALUES = [*WORDS, "aba", "abab", "bbb", "ca", "0003", "a0001"]
PATHS = ["/", "/a", "/ab", "/a/", "/a/b", "/a/b/c", "/b", "/c/a", "/ba"]
ADDRESSES = [
    "192.0.2.1",
    "10.0.0.1",
    "10.0.0.200",
    "10.9.0.1",
    "11.0.0.1",
    "2001:db8::1",
    "2001:db9::1",
    "::ffff:10.0.0.1",
]

WORD_MATCHERS = st.one_of(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=2, unique=True).map(sorted).map(tuple).map(OneOf),
    st.sampled_from(["a", "ab", "b", "0"]).map(Prefix),
    st.sampled_from(
        ["a", "[ab]", "a*b", "(ab)*", ".*a", "a.", "[^a].*", "0[0-9]{3}", "b+|a", "[ab]{2}", "000[12]|a"]
    ).map(Regex),
    st.sampled_from([((1, 1),), ((0, 1),), ((2, 9999),), ((0, 9999),)]).map(Buckets),
    st.just(Present()),
    st.just(Absent()),
)
PATH_MATCHERS = st.one_of(
    st.sampled_from(PATHS).map(lambda text: OneOf((text,))),
    st.sampled_from(["/", "/a", "/a/", "/b"]).map(Prefix),
    st.sampled_from(["/", "/a", "/a/b", "/b"]).map(PathPrefix),
    st.sampled_from(["/a(/.*)?", "/[ab].*", ".*a", "/.+"]).map(Regex),
)
TESTS = st.one_of(
    WORD_MATCHERS.map(header),
    WORD_MATCHERS.map(cookie),
    WORD_MATCHERS.map(lambda matcher: Test(Field(Kind.QUERY, "q"), matcher)),
    PATH_MATCHERS.map(path),
    st.sampled_from([("GET",), ("GET", "POST"), ("DELETE",)]).map(lambda names: method(*names)),
    st.sampled_from(
        [
            ("10.0.0.0/8",),
            ("10.0.0.0/25", "2001:db8::/32"),
            ("10.0.0.128/25",),
            ("0.0.0.0/0",),
            ("::/0",),
            ("::ffff:10.0.0.0/104",),
        ]
    ).map(lambda networks: source(*networks)),
)
CONDITIONS = st.lists(st.lists(TESTS, min_size=1, max_size=2).map(tuple), min_size=1, max_size=2).map(tuple)
ROUTES = st.tuples(CONDITIONS, st.sampled_from(["v1", "v2", "v3"])).map(lambda pair: any_of(*pair[0], version=pair[1]))
TABLES = st.lists(ROUTES, min_size=1, max_size=3).map(lambda routes: table(*routes))


def respelt(test: Test) -> Iterator[Conjunction]:
    """Other ways to say one test, as a disjunction."""
    match test.matcher:
        case OneOf(values):
            yield from ((Test(test.field, Regex(literal(value))),) for value in values)
        case PathPrefix(value) if value != "/":
            yield (Test(test.field, OneOf((value,))),)
            yield (Test(test.field, Prefix(value + "/")),)
        case Prefix(value):
            yield (Test(test.field, Regex(literal(value) + ".*")),)
        case Buckets(intervals):
            yield (Test(test.field, Regex(bucket_pattern(intervals))),)
        case Present():
            yield (Test(test.field, Regex(".+")),)
        case Regex(pattern):
            yield (Test(test.field, Regex(f"(?:{pattern})?")),)
        case _:
            yield (test,)


def respell(condition: Condition) -> Condition:
    return tuple(
        tuple(test for part in parts for test in part)
        for tests in condition
        for parts in product(*[list(respelt(test)) for test in tests])
    )[::-1]


def mutated(draw_: Callable[[st.SearchStrategy[int]], int], routes: tuple[Route, ...]) -> tuple[Route, ...]:
    """The same routes, another spelling, a swap of neighbours, a route less, or another version."""
    at = draw_(st.integers(0, len(routes) - 2))
    route = routes[at]
    match draw_(st.integers(0, 4)):
        case 0:
            changed: tuple[Route, ...] = (any_of(*respell(route.condition), version=route.split.shares[0].version),)
        case 1:
            changed = tuple(any_of(tests, version=route.split.shares[0].version) for tests in route.condition)
        case 2 if at + 2 < len(routes):
            return (*routes[:at], routes[at + 1], route, *routes[at + 2 :])
        case 3:
            changed = ()
        case _:
            changed = (any_of(*route.condition, version="v3"),)
    return (*routes[:at], *changed, *routes[at + 1 :])


@st.composite
def pairs(draw_: st.DrawFn) -> tuple[RouteTable, RouteTable]:
    left = draw_(TABLES)
    routes = left.routes
    for _ in range(draw_(st.integers(1, 3))):
        if len(routes) > 1:
            routes = mutated(draw_, routes)
    return left, RouteTable(routes)


def fields_of(*tables: RouteTable) -> set[Field]:
    return {test.field for table_ in tables for route in table_.routes for tests in route.condition for test in tests}


def enumerated(fields: set[Field], most: int = 5_000) -> Iterator[Request]:
    """Every request over small sets of values: headers and queries absent or one value, cookies up to two pairs.

    None at all when there are more than `most`.
    """
    ordered = sorted(fields)
    held = [_held(field) for field in ordered]
    if prod(map(len, held)) > most:
        return
    for chosen in product(*held):
        request = Request()
        for field, values in zip(ordered, chosen, strict=True):
            request = with_values(request, field, values)
        yield request


def _held(field: Field) -> list[tuple[str, ...]]:
    match field.kind:
        case Kind.COOKIE:
            return [(), *((value,) for value in VALUES), *combinations_with_replacement(WORDS, 2)]
        case Kind.PATH:
            return [(text,) for text in PATHS]
        case Kind.METHOD:
            return [("GET",), ("POST",), ("DELETE",), ("PUT",)]
        case Kind.SOURCE:
            return [(text,) for text in ADDRESSES]
    return [(), *((value,) for value in VALUES)]


def version(routes: RouteTable, request: Request) -> str | None:
    return decide(routes, request).version


@settings(max_examples=200, deadline=None)
@given(pairs())
def test_generated_pairs_agree_with_brute_force(pair: tuple[RouteTable, RouteTable]) -> None:
    left, right = pair
    result = compare(left, right)
    assert not isinstance(result, Undecided), result
    assert type(compare(right, left)) is type(result)
    assert type(equivalence._compared(left, right)) is type(result), "the quick answer is not the exact one"
    if isinstance(result, Difference):
        assert version(left, result.request) != version(right, result.request)
        return
    for request in enumerated(fields_of(left, right)):
        assert version(left, request) == version(right, request), request
    for request in corpus(left, right):
        assert version(left, request) == version(right, request), request


@settings(max_examples=100, deadline=None)
@given(TABLES)
def test_reachable_routes_of_generated_tables(routes: RouteTable) -> None:
    found = reachable(routes)
    for index, request in enumerate(found):
        assert witness_for(routes, index) == request
        if request is not None:
            assert decide(routes, request).route is routes.routes[index]
    reached = {id(decide(routes, request).route) for request in enumerated(fields_of(routes))}
    for route, request in zip(routes.routes, found, strict=True):
        assert request is not None or id(route) not in reached


@settings(max_examples=100, deadline=None)
@given(TABLES)
def test_shadows_of_generated_tables(routes: RouteTable) -> None:
    for index in range(len(routes.routes)):
        taken, example = shadowing(routes, index)
        assert all(earlier < index for earlier in taken)
        if example is not None:
            assert decide(routes, example).route is routes.routes[taken[0]]
            assert first_met(routes.routes[index].condition, example) is not None


@settings(max_examples=100, deadline=None)
@given(CONDITIONS, CONDITIONS)
def test_overlaps_of_generated_conditions(left: Condition, right: Condition) -> None:
    request = overlap(left, right)
    if request is not None:
        assert first_met(left, request) is not None
        assert first_met(right, request) is not None
        return
    fields = {test.field for condition in (left, right) for tests in condition for test in tests}
    assert not any(first_met(left, one) and first_met(right, one) for one in enumerated(fields))


@settings(max_examples=60, deadline=None)
@given(
    TABLES,
    st.lists(st.tuples(st.integers(0, 9999), st.integers(0, 9999)).map(sorted).map(tuple), min_size=1, max_size=3),
)
def test_buckets_are_told_apart_to_the_last_one(routes: RouteTable, intervals: list[tuple[int, int]]) -> None:
    spans = joined(intervals)
    inner = table(when(cookie(Buckets(spans), "gray-bucket"), version="v4"), *routes.routes[:-1])
    low = spans[0][0]
    fewer = joined([(low + 1, spans[0][1]), *spans[1:]])
    narrowed = table(when(cookie(Buckets(fewer), "gray-bucket"), version="v4"), *routes.routes[:-1])
    result = compare(inner, narrowed)
    if isinstance(result, Difference):
        assert (("gray-bucket", f"{low:04}")) in result.request.cookies
    else:
        assert fewer != spans
        assert all(version(inner, request) == version(narrowed, request) for request in corpus(inner, narrowed))


def test_the_corpus_shows_every_class_with_every_route() -> None:
    routes = table(
        when(header(OneOf(("a", "b"))), path(PathPrefix("/api"))), when(cookie(Buckets(((0, 499),)), "gray-bucket"))
    )
    requests = list(corpus(routes))
    assert len(requests) == len(set(requests))
    assert {decide(routes, request).route for request in requests} == set(routes.routes)
    assert {value for request in requests for _, value in request.headers} >= {"a", "b", "A", "a0", "other"}
    assert {request.path for request in requests} == {"/", "/api", "/api/", "/api/x", "/apix", "/ap", "/API"}
    held = {tuple(value for _, value in request.cookies) for request in requests}
    assert {(), ("0000",), ("0499",), ("0500",), ("other",), ("000",), ("00000",)} <= held


def test_witnesses_are_plain() -> None:
    routes = table(
        when(header(Regex("MyApp/[3-9][.].*"), "user-agent"), path(PathPrefix("/api/v3")), method("GET", "POST")),
        when(source("203.0.113.0/24", "2001:db8::/32"), version="v3"),
        when(header(Present(), "x-any"), version="v4"),
    )
    assert reachable(routes) == [
        Request(path="/api/v3", headers=(("user-agent", "MyApp/3."),)),
        Request(source="203.0.113.1"),
        Request(headers=(("x-any", "other"),)),
        Request(),
    ]
