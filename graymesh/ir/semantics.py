"""The reference: which version gets a request, and why. Every engine is held to this file.

| field | meaning |
|---|---|
| header | name case-insensitive; value case-sensitive after trimming; empty counts as absent |
| cookie | any pair of that name in any Cookie header; name and value case-sensitive; empty counts as absent |
| query | any value of that name, empty counts as absent |
| path | of the URL, without query; a prefix goes by whole segments, a suffix by characters |
| host | case-insensitive, without port |
| method | exact |
| claim | a string claim, or any member of a list claim, of a token that somebody verified; empty counts as absent |
| ticket | a cookie whose value is one; its bucket is its last four hex digits (`graymesh.ir.tickets`) |
| source | the client's address after trusted proxies; IPv4-mapped IPv6 is IPv4 |
"""

from __future__ import annotations

import ipaddress
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import assert_never

from graymesh.ir.preflights import ORIGIN, PREFLIGHT
from graymesh.ir.release import (
    BUCKET_COUNT,
    Absent,
    Buckets,
    Condition,
    Conjunction,
    Cors,
    Field,
    Intervals,
    Kind,
    Matcher,
    Networks,
    OneOf,
    PathPrefix,
    Prefix,
    Present,
    Regex,
    Route,
    RouteTable,
    Share,
    Suffix,
    Test,
)
from graymesh.ir.tickets import bucket_of, written

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as the first engine sees it; `headers` without Cookie, whose pairs stand in `cookies`."""

    method: str = "GET"
    host: str = ""
    path: str = "/"
    query: Pairs = ()
    headers: Pairs = ()
    cookies: Pairs = ()
    claims: Pairs = ()
    source: str = "192.0.2.1"


@dataclass(frozen=True, slots=True)
class Decision:
    """The route that takes a request (None: nobody), its shares and the reason in words.

    `answered`: no version gets it, since the engine answers by itself.
    """

    route: Route | None
    why: str
    answered: bool = False

    @property
    def shares(self) -> tuple[Share, ...]:
        """The shares of the route, empty when no route takes the request."""
        return self.route.split.shares if self.route else ()

    @property
    def version(self) -> str | None:
        """The version when there is no choice left, else None."""
        versions = {share.version for share in self.shares if share.basis_points}
        return versions.pop() if len(versions) == 1 else None


def decide(table: RouteTable, request: Request) -> Decision:
    """The first route whose condition the request meets."""
    for route in table.routes:
        met = first_met(route.condition, request)
        if met is not None and route.policy.cors and first_met(PREFLIGHT, request):
            return Decision(None, _preflight(route.policy.cors, request), answered=True)
        if met is not None:
            return Decision(route, _because(met))
    return Decision(None, "no route takes it")


def _preflight(cors: Cors, request: Request) -> str:
    origin = next(iter(values_of(ORIGIN, request)), "")
    return f"a preflight for a page of {origin}, which {'may' if origin in cors.origins else 'may not'} call"


def first_met(condition: Condition, request: Request) -> Conjunction | None:
    """The first conjunction of the condition that the request meets."""
    return next((tests for tests in condition if all(holds(test, request) for test in tests)), None)


def holds(test: Test, request: Request) -> bool:
    """Does the request pass this test?"""
    values = values_of(test.field, request)
    if isinstance(test.matcher, Absent):
        return not values
    return any(matches(test.matcher, value) for value in values)


def values_of(field: Field, request: Request) -> tuple[str, ...]:
    """Every value that the field has in the request; absent and empty give none."""
    match field.kind:
        case Kind.HEADER:
            found = [value.strip(" \t") for name, value in request.headers if name.lower() == field.name]
        case Kind.COOKIE:
            found = [value for name, value in request.cookies if name == field.name]
        case Kind.QUERY:
            found = [value for name, value in request.query if name == field.name]
        case Kind.CLAIM:
            found = [value for name, value in request.claims if name == field.name]
        case Kind.PATH:
            found = [request.path]
        case Kind.METHOD:
            found = [request.method]
        case Kind.HOST:
            found = [host_without_port(request.host)]
        case Kind.SOURCE:
            found = [request.source]
        case _:
            assert_never(field.kind)
    return tuple(value for value in found if value)


def matches(matcher: Matcher, value: str) -> bool:
    """Does one present value satisfy the matcher?"""
    match matcher:
        case OneOf(values):
            return value in values
        case Prefix(prefix):
            return value.startswith(prefix)
        case Suffix(suffix):
            return value.endswith(suffix)
        case PathPrefix(prefix):
            return prefix == "/" or value == prefix or value.startswith(prefix + "/")
        case Regex(pattern):
            return compiled(pattern).fullmatch(value) is not None
        case Buckets(intervals):
            bucket = bucket_of(value)
            return bucket is not None and inside(bucket, intervals)
        case Networks(networks):
            return any(address(value) in network(cidr) for cidr in networks)
        case Present():
            return True
        case Absent():
            return False
        case _:
            assert_never(matcher)


def texts(matcher: Matcher) -> tuple[str, ...]:
    """The texts that the matcher names: values, a beginning, a pattern, networks, spans of buckets."""
    match matcher:
        case OneOf(values) | Networks(values):
            return values
        case Prefix(value) | Suffix(value) | PathPrefix(value) | Regex(value):
            return (value,)
        case Buckets(intervals):
            return tuple(f"{written(low)}-{written(high)}" for low, high in intervals)
        case Present() | Absent():
            return ()
        case _:
            assert_never(matcher)


def host_without_port(host: str) -> str:
    """Lower case, the port cut off: `Shop.example.com:8080` → `shop.example.com`; `[::1]:80` → `[::1]`."""
    return re.sub(r":[0-9]*$", "", host.lower())


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern for ASCII, where `.` takes every character but LF; portable patterns mean the same everywhere."""
    return re.compile(pattern, re.ASCII)


@lru_cache(maxsize=4096)
def network(cidr: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """The network of a canonical CIDR."""
    return ipaddress.ip_network(cidr)


@lru_cache(maxsize=4096)
def address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address; an IPv4-mapped IPv6 address is the IPv4 one."""
    found = ipaddress.ip_address(text)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def inside(number: int, intervals: Intervals) -> bool:
    """Does the number lie in one of them? By bisection: a pattern may stand for a thousand intervals."""
    following = bisect_right(intervals, (number, BUCKET_COUNT))
    return following > 0 and number <= intervals[following - 1][1]


def _because(tests: Conjunction) -> str:
    return " and ".join(describe(test) for test in tests) or "everyone else"


def describe(test: Test) -> str:
    """The test in words, as reasons and tables show it: `cookie beta is "1"`."""
    subject = f"{test.field.kind} {test.field.name}".strip()
    match test.matcher:
        case OneOf(values):
            return f"{subject} is " + " or ".join(f'"{value}"' for value in values)
        case Prefix(value):
            return f'{subject} starts with "{value}"'
        case Suffix(value):
            return f'{subject} ends with "{value}"'
        case PathPrefix(value):
            return f"{subject} is {value} or below"
        case Regex(pattern):
            return f"{subject} matches {pattern}"
        case Buckets(intervals) if intervals == ((0, BUCKET_COUNT - 1),):
            return f"{subject} is a ticket"
        case Buckets(intervals):
            return f"{subject} is a ticket of bucket " + " or ".join(
                f"{written(low)}–{written(high)}" for low, high in intervals
            )
        case Networks(networks):
            return f"{subject} in " + " or ".join(networks)
        case Present():
            return f"{subject} is present"
        case Absent():
            return f"{subject} is absent"
        case _:
            assert_never(test.matcher)
