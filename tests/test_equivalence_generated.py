"""Equivalence of generated route tables, against brute force over small sets of values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations_with_replacement, product
from math import prod

from hypothesis import given, settings
from hypothesis import strategies as st

from graymesh.ir.buckets import joined
from graymesh.ir.buckets import pattern as bucket_pattern
from graymesh.ir.release import (
    Absent,
    Buckets,
    Condition,
    Conjunction,
    Field,
    Kind,
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
from graymesh.ir.tickets import ticket_of
from graymesh.proof import equivalence
from graymesh.proof.equivalence import (
    Difference,
    Undecided,
    compare,
    corpus,
    overlap,
    reachable,
    shadowing,
    witness_for,
)
from graymesh.proof.regex.portable import literal
from graymesh.proof.request_space import with_values
from tests.route_tables import (
    any_of,
    cookie,
    header,
    method,
    path,
    source,
    table,
    when,
)

# ---------------------------------------------------------------- generated tables against brute force

WORDS = [*map("".join, product("ab", repeat=1)), *map("".join, product("ab", repeat=2)), "c", "00000001", "00000002"]
VALUES = [*WORDS, "aab", "aba", "abab", "bbb", "ca", "00000003", "x00000001"]
PATHS = ["/", "/a", "/ab", "/a/", "/a/b", "/a/b/c", "/b", "/c/a", "/ba", "/c.a", "/c/b/"]
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
    st.sampled_from(["a", "ab", "b", "0"]).map(Suffix),
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
    st.sampled_from(["/", "/a", "a", "b/", ".a"]).map(Suffix),
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
        case Suffix(value):
            yield (Test(test.field, Regex(".*" + literal(value))),)
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
    st.lists(st.tuples(st.integers(0, 65_535), st.integers(0, 65_535)).map(sorted).map(tuple), min_size=1, max_size=3),
)
def test_buckets_are_told_apart_to_the_last_one(routes: RouteTable, intervals: list[tuple[int, int]]) -> None:
    spans = joined(intervals)
    inner = table(when(cookie(Buckets(spans), "gray-ticket"), version="v4"), *routes.routes[:-1])
    low = spans[0][0]
    fewer = joined([(low + 1, spans[0][1]), *spans[1:]])
    narrowed = table(when(cookie(Buckets(fewer), "gray-ticket"), version="v4"), *routes.routes[:-1])
    result = compare(inner, narrowed)
    if isinstance(result, Difference):
        assert ("gray-ticket", ticket_of(low)) in result.request.cookies
    else:
        assert fewer != spans
        assert all(version(inner, request) == version(narrowed, request) for request in corpus(inner, narrowed))


def test_the_corpus_shows_every_class_with_every_route() -> None:
    routes = table(
        when(header(OneOf(("a", "b"))), path(PathPrefix("/api"))), when(cookie(Buckets(((0, 0x1F3),)), "gray-ticket"))
    )
    requests = list(corpus(routes))
    assert len(requests) == len(set(requests))
    assert {decide(routes, request).route for request in requests} == set(routes.routes)
    assert {value for request in requests for _, value in request.headers} >= {"a", "b", "A", "a0", "other"}
    assert {request.path for request in requests} == {"/", "/api", "/api/", "/api/x", "/apix", "/ap", "/API"}
    held = {tuple(value for _, value in request.cookies) for request in requests}
    assert {(), ("00000000",), ("000001f3",), ("000001f4",), ("other",), ("0000000",), ("-0-f00000",)} <= held


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
