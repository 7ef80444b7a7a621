"""Equivalence of route tables: decided cases by hand."""

from __future__ import annotations

import pytest

from graymesh.ir.release import (
    ALWAYS,
    Absent,
    Buckets,
    Conjunction,
    Field,
    Kind,
    Networks,
    OneOf,
    PathPrefix,
    Prefix,
    Present,
    Regex,
    Route,
    RouteTable,
    Suffix,
    Test,
)
from graymesh.ir.semantics import Request, decide, first_met
from graymesh.proof import equivalence
from graymesh.proof.decision_lists import Fields
from graymesh.proof.equivalence import (
    Equal,
    UndecidableError,
    Undecided,
    compare,
    overlap,
    reachable,
    shadowing,
    witness_for,
)
from graymesh.proof.normal_form import simplest
from graymesh.proof.request_space import Space
from tests.route_tables import (
    HOST,
    METHOD,
    REST,
    SOURCE,
    any_of,
    cookie,
    differs,
    header,
    method,
    path,
    same,
    source,
    table,
    to,
    when,
)

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
        (table(when(header(Present()))), table(when(header(Regex(r"\S.*"))))),
        (table(when(header(Prefix("")))), table(when(header(Present())))),
        (table(when(header(Suffix("v")))), table(when(header(Regex(".*v"))))),
        (table(when(header(Suffix("")))), table(when(header(Present())))),
        (table(when(cookie(Suffix(".beta")))), table(when(cookie(Regex(r"[^;]*\.beta"))))),
        (table(when(cookie(Suffix("a;b")))), table()),
        (table(when(path(Suffix("/a")), path(Prefix("/a/")))), table(when(path(Regex("/a(/.*)?/a"))))),
        (table(when(header(Suffix("ab"), "x")), when(header(Suffix("b"), "x"))), table(when(header(Suffix("b"), "x")))),
        (table(when(cookie(Regex("[^;]*")))), table(when(cookie(Present())))),
        (table(when(cookie(Regex("a.*b")))), table(when(cookie(Regex("a[^;]*b"))))),
        (table(when(cookie(Buckets(((0, 0x3FF),))))), table(when(cookie(Regex("[0-9a-f-]{4,}0[0-3][0-9a-f]{2}"))))),
        (table(when(cookie(Buckets(((0, 0xFFFF),))))), table(when(cookie(Regex("[0-9a-f-]{3,}[-0-9a-f][0-9a-f]{4}"))))),
        (table(when(cookie(Buckets(((0, 0xF),))))), table(when(cookie(Regex("[-0-9a-f]+[-0-9a-f]{3}000[0-9a-f]"))))),
        (table(when(cookie(OneOf(("0005", "x"))))), table(when(cookie(Regex("0005|x"))))),
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
            table(when(Test(METHOD, Regex("[^;]+")), header("v2"))),
            table(when(header("v2"))),
        ),
        (table(when(Test(METHOD, Regex("GE[T;]")))), table(when(method("GET")))),
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
        (table(when(cookie("a;b"))), table()),
        (table(when(cookie(" a"))), table()),
        (table(when(header(Regex(" x")))), table()),
        (table(when(path("a"))), table()),
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
        (table(when(header(Suffix("a")))), table(when(header(Suffix("b")))), Request(headers=(("x-gray", "a"),))),
        (table(when(header(Suffix("v1")))), table(when(header("v1"))), Request(headers=(("x-gray", "xv1"),))),
        (table(when(header(Suffix("1")))), table(when(header(Regex(".+1")))), Request(headers=(("x-gray", "1"),))),
        (table(when(path(Suffix(".json")))), table(), Request(path="/x.json")),
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
            table(when(cookie(Buckets(((0, 0x1F3),))))),
            table(when(cookie(Buckets(((0, 0x1F4),))))),
            Request(cookies=(("beta", "000001f4"),)),
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
            Request(cookies=(("beta", "0000000b"),)),
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
        ((path(Suffix("a")),), (path(Suffix("/a")),), True),
        ((path(Suffix("/a")),), (path(Suffix("a")),), False),
        ((header(Prefix("a")),), (header(Suffix("a")),), False),
        ((header(Regex(".*[ab]")),), (header(Suffix("a")), header(Prefix("b"))), True),
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
            when(path(PathPrefix("/a")), Test(METHOD, Regex("[^G].*|G|G[^E].*|GE|GE[^T].*|GET.+"))),
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
    assert overlap(((header(Prefix("ab")),),), ((header(Suffix("bc")),),)) == Request(headers=(("x-gray", "abc"),))
    assert overlap(((header(Suffix("a")),),), ((header(Suffix("b")),),)) is None
    regex = ((header(Regex("[a-c]{4}")), header(Prefix("ab"))),)
    assert overlap(regex, ((header(Suffix("ca")),),)) == Request(headers=(("x-gray", "abca"),))
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


# ---------------------------------------------------------------- the usual case is quick


def test_what_engines_usually_spell_needs_no_exact_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoded table mostly says the same in other words; that is seen without looking at combinations."""
    expected = table(
        any_of((header("v2"),), (source("203.0.113.0/24", "2001:db8::/32"),)),
        when(path(PathPrefix("/api/v3")), method("GET", "POST"), header(Regex("MyApp/[3-9][.].*"), "user-agent")),
        when(cookie(Regex("a.*b"))),
        when(cookie(Buckets(((0, 0x3FF),)), "gray-ticket")),
        when(cookie(Buckets(((0, 0xFFFF),)), "gray-ticket"), version="v1"),
    )
    decoded = table(
        when(header(Regex("v2"))),
        when(source("2001:db8::/32", "203.0.113.0/25", "203.0.113.128/25")),
        any_of(
            *[
                (path(matcher), method(name), header(Regex(r"MyApp/[3-9]\..*"), "user-agent"))
                for matcher in (OneOf(("/api/v3",)), Prefix("/api/v3/"))
                for name in ("GET", "POST")
            ]
        ),
        when(cookie(Regex("a[^;]*b"))),
        when(cookie(Regex("[0-9a-f-]{4,}0[0-3][0-9a-f]{2}"), "gray-ticket")),
        when(cookie(Regex("[0-9a-f-]{4,}[0-9a-f]{4}"), "gray-ticket"), version="v1"),
    )
    assert same(expected, decoded)
    monkeypatch.setattr(equivalence, "_compared", None)
    assert compare(expected, decoded) == Equal()


# ---------------------------------------------------------------- outside the fragment


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


@pytest.mark.parametrize(
    ("kind", "pattern", "everything"),
    [
        (Kind.COOKIE, "[^; ].*", True),
        (Kind.COOKIE, r"[^\t ;][^;]*", True),
        (Kind.HEADER, "[^ ].*", True),
        (Kind.HEADER, "[^ ][^;]*", False),
        (Kind.COOKIE, "[^; a].*", False),
        (Kind.QUERY, "[^ ].*", False),
    ],
)
def test_a_pattern_that_says_only_how_values_begin(kind: Kind, pattern: str, everything: bool) -> None:
    """Fields whose ends engines trim never begin with a blank."""
    field = Field(kind, "uid")
    assert (simplest(field, Regex(pattern)) == Present()) == everything
    left, right = (table(any_of((Test(field, matcher),))) for matcher in (Regex(pattern), Present()))
    assert same(left, right) if everything else differs(left, right)
