"""The reference, row by row: what each field and each matcher takes, and which route wins. All rows by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graymesh.ir.release import (
    ALWAYS,
    WHOLE,
    Absent,
    Buckets,
    Condition,
    Cors,
    Field,
    Kind,
    Matcher,
    Networks,
    OneOf,
    PathPrefix,
    Policy,
    Prefix,
    Present,
    Regex,
    Route,
    RouteTable,
    Share,
    Split,
    Suffix,
    Test,
)
from graymesh.ir.semantics import (
    Decision,
    Request,
    decide,
    describe,
    first_met,
    holds,
    host_without_port,
    values_of,
)
from graymesh.kit.deciding import decided_by
from graymesh.kit.registry import target

HEADER = Field(Kind.HEADER, "x-gray")
COOKIE = Field(Kind.COOKIE, "beta")
QUERY = Field(Kind.QUERY, "v")
CLAIM = Field(Kind.CLAIM, "tier")
PATH = Field(Kind.PATH)
METHOD = Field(Kind.METHOD)
HOST = Field(Kind.HOST)
SOURCE = Field(Kind.SOURCE)


def header(*values: str, name: str = "X-Gray") -> Request:
    return Request(headers=tuple((name, value) for value in values))


def cookies(*pairs: tuple[str, str]) -> Request:
    return Request(cookies=pairs)


def query(*pairs: tuple[str, str]) -> Request:
    return Request(query=pairs)


def path(value: str) -> Request:
    return Request(path=value)


def source(value: str) -> Request:
    return Request(source=value)


FIELD_ROWS = [
    # a header's name has no letter case, its value is trimmed of blanks, an empty one is no value
    (HEADER, header("v2"), ("v2",)),
    (HEADER, header("v2", name="x-gray"), ("v2",)),
    (HEADER, header("v2", name="X-GRAY"), ("v2",)),
    (HEADER, header("v2", name="X-Gray-Version"), ()),
    (HEADER, header(" \tv2 \t"), ("v2",)),
    (HEADER, header("a b"), ("a b",)),
    (HEADER, header("V2"), ("V2",)),
    (HEADER, header(""), ()),
    (HEADER, header(" \t "), ()),
    (HEADER, Request(), ()),
    (HEADER, header("", "v2"), ("v2",)),
    # a cookie's name has letter case; every pair of the name counts
    (COOKIE, cookies(("beta", "1")), ("1",)),
    (COOKIE, cookies(("Beta", "1")), ()),
    (COOKIE, cookies(("beta", "1"), ("beta", "2")), ("1", "2")),
    (COOKIE, cookies(("beta", ""), ("beta", "2")), ("2",)),
    (COOKIE, cookies(("beta", "")), ()),
    (COOKIE, cookies(("xbeta", "1"), ("betax", "1")), ()),
    # a query parameter's name has letter case; every value counts
    (QUERY, query(("v", "2")), ("2",)),
    (QUERY, query(("V", "2")), ()),
    (QUERY, query(("v", "1"), ("w", "3"), ("v", "2")), ("1", "2")),
    (QUERY, query(("v", "")), ()),
    # a claim's name has letter case
    (CLAIM, Request(claims=(("tier", "beta"),)), ("beta",)),
    (CLAIM, Request(claims=(("Tier", "beta"),)), ()),
    (CLAIM, Request(claims=(("tier", ""),)), ()),
    # a host has neither letter case nor port
    (HOST, Request(host="Shop.Example.COM"), ("shop.example.com",)),
    (HOST, Request(host="shop.example.com:8080"), ("shop.example.com",)),
    (HOST, Request(host="shop.example.com:"), ("shop.example.com",)),
    (HOST, Request(host="[2001:DB8::1]:443"), ("[2001:db8::1]",)),
    (HOST, Request(host="[::1]"), ("[::1]",)),
    (HOST, Request(host="10.0.0.1:80"), ("10.0.0.1",)),
    (HOST, Request(host=""), ()),
    # the rest is taken as it is
    (PATH, path("/Api"), ("/Api",)),
    (METHOD, Request(method="POST"), ("POST",)),
    (SOURCE, source("198.51.100.7"), ("198.51.100.7",)),
]


@pytest.mark.parametrize(("field", "request_", "values"), FIELD_ROWS)
def test_values_of_a_field(field: Field, request_: Request, values: tuple[str, ...]) -> None:
    assert values_of(field, request_) == values
    assert holds(Test(field, Present()), request_) == bool(values)
    assert holds(Test(field, Absent()), request_) == (not values)


MATCHER_ROWS = [
    # one of
    (HEADER, OneOf(("v2",)), header("v2"), True),
    (HEADER, OneOf(("v2",)), header("v20"), False),
    (HEADER, OneOf(("v2",)), header("V2"), False),
    (HEADER, OneOf(("v2", "v3")), header("v3"), True),
    (HEADER, OneOf(()), header("v2"), False),
    (HEADER, OneOf(("",)), header(""), False),
    (HOST, OneOf(("shop.example.com",)), Request(host="SHOP.example.com:80"), True),
    (HOST, OneOf(("shop.example.com",)), Request(host="shop.example.com.evil.org"), False),
    (METHOD, OneOf(("GET",)), Request(method="GET"), True),
    (METHOD, OneOf(("GET",)), Request(method="get"), False),
    (CLAIM, OneOf(("beta",)), Request(claims=(("tier", "beta"),)), True),
    (PATH, OneOf(("/a",)), path("/a"), True),
    (PATH, OneOf(("/a",)), path("/a/"), False),
    (PATH, OneOf(("/a",)), path("/A"), False),
    # any pair of several
    (COOKIE, OneOf(("1",)), cookies(("beta", "0"), ("beta", "1")), True),
    (COOKIE, OneOf(("1",)), cookies(("beta", "0"), ("alpha", "1")), False),
    (QUERY, OneOf(("2",)), query(("v", "1"), ("v", "2")), True),
    # prefix
    (HEADER, Prefix("v2"), header("v2"), True),
    (HEADER, Prefix("v2"), header("v2.1"), True),
    (HEADER, Prefix("v2"), header("xv2"), False),
    (HEADER, Prefix("v2"), Request(), False),
    (COOKIE, Prefix("b"), cookies(("beta", "a"), ("beta", "bc")), True),
    # suffix, by characters, of a path too
    (HEADER, Suffix(".beta"), header("user.beta"), True),
    (HEADER, Suffix(".beta"), header(".beta"), True),
    (HEADER, Suffix(".beta"), header("user.Beta"), False),
    (HEADER, Suffix(".beta"), header("user.beta2"), False),
    (HEADER, Suffix(".beta"), Request(), False),
    (COOKIE, Suffix("b"), cookies(("beta", "a"), ("beta", "cb")), True),
    (PATH, Suffix("pi/v3"), path("/api/v3"), True),
    (PATH, Suffix("/v3"), path("/api/v3/"), False),
    (HOST, Suffix(".beta.example"), Request(host="Shop.Beta.example:8080"), True),
    (HOST, Suffix(".beta.example"), Request(host="beta.example"), False),
    # a path's prefix, by whole segments
    (PATH, PathPrefix("/api/v3"), path("/api/v3"), True),
    (PATH, PathPrefix("/api/v3"), path("/api/v3/"), True),
    (PATH, PathPrefix("/api/v3"), path("/api/v3/x"), True),
    (PATH, PathPrefix("/api/v3"), path("/api/v30"), False),
    (PATH, PathPrefix("/api/v3"), path("/api/v3.1"), False),
    (PATH, PathPrefix("/api/v3"), path("/API/v3"), False),
    (PATH, PathPrefix("/api/v3"), path("/x/api/v3"), False),
    (PATH, PathPrefix("/api/v3"), path("/api"), False),
    (PATH, PathPrefix("/"), path("/"), True),
    (PATH, PathPrefix("/"), path("/anything/at/all"), True),
    # regex: the whole value, no more and no less
    (HEADER, Regex("v[0-9]+"), header("v12"), True),
    (HEADER, Regex("v[0-9]+"), header("xv1"), False),
    (HEADER, Regex("v[0-9]+"), header("v1x"), False),
    (HEADER, Regex("a|ab"), header("ab"), True),
    (HEADER, Regex("MyApp/[3-9][.].*"), header("MyApp/3.1 (iPhone)"), True),
    (HEADER, Regex("MyApp/[3-9][.].*"), header("MyApp/2.9"), False),
    (HEADER, Regex(".*"), header(""), False),
    (HEADER, Regex("[a-z]+"), header("Beta"), False),
    (COOKIE, Regex("[0-9]{4}"), cookies(("beta", "x"), ("beta", "0499")), True),
    (PATH, Regex("/(a|b)/x"), path("/b/x"), True),
    (PATH, Regex("/(a|b)/x"), path("/b/x/"), False),
    # buckets: the last four hex digits of a ticket, which has at least eight of 0-9a-f-
    (COOKIE, Buckets(((0, 0x3FF),)), cookies(("beta", "00000000")), True),
    (COOKIE, Buckets(((0, 0x3FF),)), cookies(("beta", "123e4567-e89b-12d3-a456-4266141703ff")), True),
    (COOKIE, Buckets(((0, 0x3FF),)), cookies(("beta", "123e4567-e89b-12d3-a456-426614170400")), False),
    (COOKIE, Buckets(((0, 0x3FF),)), cookies(("beta", "----03ff")), True),
    (COOKIE, Buckets(((0, 0x3FF),)), cookies(("beta", "0499")), False),
    (COOKIE, Buckets(((0, 0x3FF),)), cookies(("beta", "00003ff")), False),
    (COOKIE, Buckets(((0, 0x3FF),)), cookies(("beta", "000003FF")), False),
    (COOKIE, Buckets(((0, 0x3FF),)), cookies(("beta", "000003ff ")), False),
    (COOKIE, Buckets(((0, 0x3FF),)), cookies(("beta", "000003ffg")), False),
    (COOKIE, Buckets(((0, 0x3FF),)), cookies(("beta", "g00003ff")), False),
    (COOKIE, Buckets(((0, 0x3FF),)), cookies(("beta", "000003f-")), False),
    (COOKIE, Buckets(((0, 0x3FF),)), cookies(("beta", "٠٠٠٠٠٠٠٠")), False),
    (COOKIE, Buckets(((0, 0x3FF),)), cookies(("beta", "01arz3ndektsv4rrffq69g5fav")), False),
    (COOKIE, Buckets(((0, 9), (0xFFF0, 0xFFFF))), cookies(("beta", "0000fffe")), True),
    (COOKIE, Buckets(((0, 9), (0xFFF0, 0xFFFF))), cookies(("beta", "0000ffef")), False),
    (COOKIE, Buckets(((0, 65_535),)), cookies(("beta", "deadbeef")), True),
    (COOKIE, Buckets(((0, 0x3FF),)), cookies(("beta", "0000ffff"), ("beta", "00000001")), True),
    # networks
    (SOURCE, Networks(("203.0.113.0/24",)), source("203.0.113.0"), True),
    (SOURCE, Networks(("203.0.113.0/24",)), source("203.0.113.255"), True),
    (SOURCE, Networks(("203.0.113.0/24",)), source("203.0.114.0"), False),
    (SOURCE, Networks(("203.0.113.7/32",)), source("203.0.113.7"), True),
    (SOURCE, Networks(("0.0.0.0/0",)), source("8.8.8.8"), True),
    (SOURCE, Networks(("0.0.0.0/0",)), source("2001:db8::1"), False),
    (SOURCE, Networks(("2001:db8::/32",)), source("2001:db8:ffff::1"), True),
    (SOURCE, Networks(("2001:db8::/32",)), source("2001:DB8:0:0::1"), True),
    (SOURCE, Networks(("2001:db8::/32",)), source("2001:db9::1"), False),
    (SOURCE, Networks(("::/0",)), source("10.0.0.1"), False),
    (SOURCE, Networks(("10.0.0.0/8", "2001:db8::/32")), source("2001:db8::1"), True),
    # an IPv4 address written in IPv6 is the IPv4 address
    (SOURCE, Networks(("203.0.113.0/24",)), source("::ffff:203.0.113.9"), True),
    (SOURCE, Networks(("203.0.113.0/24",)), source("::FFFF:cb00:7109"), True),
    (SOURCE, Networks(("::/0",)), source("::ffff:203.0.113.9"), False),
    (SOURCE, Networks(("203.0.113.0/24",)), source("::203.0.113.9"), False),
    # present and absent
    (HEADER, Present(), header("0"), True),
    (HEADER, Absent(), header("0"), False),
    (COOKIE, Present(), cookies(("beta", ""), ("beta", "x")), True),
    (COOKIE, Absent(), cookies(("beta", "")), True),
    (COOKIE, Absent(), cookies(("Beta", "1")), True),
]


@pytest.mark.parametrize(("field", "matcher", "request_", "expected"), MATCHER_ROWS)
def test_a_matcher_on_a_field(field: Field, matcher: Matcher, request_: Request, expected: bool) -> None:
    assert holds(Test(field, matcher), request_) is expected


def only(version: str) -> Split:
    return Split((Share(version=version, basis_points=10_000),))


GRAY = Test(HEADER, OneOf(("v2",)))
BETA = Test(COOKIE, OneOf(("1",)))
POST = Test(METHOD, OneOf(("POST",)))

CONDITION_ROWS: list[tuple[Condition, Request, bool]] = [
    (ALWAYS, Request(), True),
    ((), Request(), False),
    (((GRAY,),), header("v2"), True),
    (((GRAY, BETA),), header("v2"), False),
    (((GRAY, BETA),), Request(headers=(("x-gray", "v2"),), cookies=(("beta", "1"),)), True),
    (((GRAY,), (BETA,)), cookies(("beta", "1")), True),
    (((GRAY,), (BETA,)), Request(), False),
    (((GRAY, POST), (BETA,)), header("v2"), False),
    (((GRAY, POST), (BETA,)), Request(method="POST", headers=(("x-gray", "v2"),)), True),
]


@pytest.mark.parametrize(("condition", "request_", "expected"), CONDITION_ROWS)
def test_a_condition_is_any_of_its_conjunctions(condition: Condition, request_: Request, expected: bool) -> None:
    assert (first_met(condition, request_) is not None) is expected


def test_two_tests_of_one_cookie_may_be_met_by_two_pairs() -> None:
    both = ((Test(COOKIE, Prefix("a")), Test(COOKIE, Prefix("b"))),)
    assert first_met(both, cookies(("beta", "a1"), ("beta", "b1"))) is not None
    assert first_met(both, cookies(("beta", "a1"))) is None


DRAWN = Split((Share(version="v2", basis_points=500), Share(version="v1", basis_points=9500)))
TABLE = RouteTable(
    (
        Route(name="testers", condition=((GRAY,), (BETA, POST)), split=only("v2")),
        Route(name="also", condition=((BETA,),), split=only("v3")),
        Route(name="everyone", condition=ALWAYS, split=DRAWN),
        Route(name="never", condition=ALWAYS, split=only("v9")),
    )
)

DECISION_ROWS = [
    (header("v2"), "testers", "v2", 'header x-gray is "v2"'),
    (
        Request(method="POST", cookies=(("beta", "1"),)),
        "testers",
        "v2",
        'cookie beta is "1" and method is "POST"',
    ),
    (cookies(("beta", "1")), "also", "v3", 'cookie beta is "1"'),
    (Request(), "everyone", None, "everyone else"),
]


@pytest.mark.parametrize(("request_", "route", "version", "why"), DECISION_ROWS)
def test_the_first_route_wins(request_: Request, route: str, version: str | None, why: str) -> None:
    decision = decide(TABLE, request_)
    assert decision.route is not None
    assert (decision.route.name, decision.version, decision.why) == (route, version, why)


def test_a_request_that_no_route_takes_goes_nowhere() -> None:
    decision = decide(RouteTable(TABLE.routes[:1]), Request())
    assert decision == Decision(None, "no route takes it")
    assert (decision.shares, decision.version) == ((), None)


def test_shares_of_nothing_leave_no_choice() -> None:
    split = Split((Share(version="v2", basis_points=0), Share(version="v1", basis_points=10_000)))
    table = RouteTable((Route(name="everyone", condition=ALWAYS, split=split),))
    assert decide(table, Request()).version == "v1"


def test_segments_of_one_version_leave_no_choice() -> None:
    split = Split((Share(version="v1", basis_points=2000), Share(version="v1", basis_points=8000)))
    table = RouteTable((Route(name="everyone", condition=ALWAYS, split=split),))
    assert decide(table, Request()).version == "v1"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("Shop.example.com:8080", "shop.example.com"),
        ("[::1]:80", "[::1]"),
        ("[::1]", "[::1]"),
        ("", ""),
        (":80", ""),
        ("a:b", "a:b"),
        ("localhost", "localhost"),
    ],
)
def test_host_without_port(host: str, expected: str) -> None:
    assert host_without_port(host) == expected


@pytest.mark.parametrize(
    ("test", "words"),
    [
        (Test(HEADER, OneOf(("a", "b"))), 'header x-gray is "a" or "b"'),
        (Test(HEADER, Prefix("v")), 'header x-gray starts with "v"'),
        (Test(HEADER, Suffix(".beta")), 'header x-gray ends with ".beta"'),
        (Test(PATH, PathPrefix("/api")), "path is /api or below"),
        (Test(COOKIE, Regex("[0-9]+")), "cookie beta matches [0-9]+"),
        (
            Test(COOKIE, Buckets(((0, 0x1F3), (0x258, 0x258)))),
            "cookie beta is a ticket of bucket 0000–01f3 or 0258–0258",
        ),
        (Test(COOKIE, Buckets(((0, 65_535),))), "cookie beta is a ticket"),
        (Test(SOURCE, Networks(("10.0.0.0/8", "::1/128"))), "source in 10.0.0.0/8 or ::1/128"),
        (Test(CLAIM, Present()), "claim tier is present"),
        (Test(QUERY, Absent()), "query v is absent"),
    ],
)
def test_reasons_in_words(test: Test, words: str) -> None:
    assert describe(test) == words


PREFLIGHTS = {
    ("OPTIONS", "https://app.example.org", "PUT"): "may call",
    ("OPTIONS", "https://evil.example.org", "PUT"): "may not call",
}
NO_PREFLIGHTS = (
    ("PUT", "https://app.example.org", "PUT"),
    ("OPTIONS", "", "PUT"),
    ("OPTIONS", "https://app.example.org", ""),
)


def _asked(method: str, origin: str, wanted: str) -> Request:
    return Request(method=method, headers=(("Origin", origin), ("Access-Control-Request-Method", wanted)))


def test_with_cors_no_version_gets_a_preflight() -> None:
    policy = Policy(cors=Cors(origins=("https://app.example.org",)))
    everyone = Route(name="everyone", condition=ALWAYS, split=Split((Share(version="v1", basis_points=WHOLE),)))
    table = RouteTable((replace(everyone, policy=policy),))
    for (method, origin, wanted), said in PREFLIGHTS.items():
        decision = decide(table, _asked(method, origin, wanted))
        assert (decision.version, decision.answered) == (None, True)
        assert f"page of {origin}, which {said}" in decision.why
    for parts in NO_PREFLIGHTS:
        decision = decide(table, _asked(*parts))
        assert (decision.version, decision.answered) == ("v1", False)


def test_who_answers_preflights_without_cors() -> None:
    """Spring Cloud Gateway itself, by 403; the others pass them on."""
    everyone = Route(name="everyone", condition=ALWAYS, split=Split((Share(version="v1", basis_points=WHOLE),)))
    table, preflight = RouteTable((everyone,)), _asked("OPTIONS", "https://app.example.org", "PUT")
    found = {name: decided_by(target(name).manifest, table, preflight) for name in ("istio", "nginx")}
    assert {decision.version for decision in found.values()} == {"v1"}
    spring = target("spring-cloud-gateway").manifest
    refused = decided_by(spring, table, preflight)
    assert refused.version is None and "403" in refused.why
    assert decided_by(spring, table, replace(preflight, method="GET")).version == "v1"
