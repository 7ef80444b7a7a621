"""Releases made by hand, each with other features, as nginx must enforce them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from graymesh.ir.release import (
    ALWAYS,
    TICKET,
    UNIQUE_ID,
    Absent,
    Buckets,
    Condition,
    Facts,
    Field,
    Jwt,
    Kind,
    Matcher,
    Networks,
    OneOf,
    PathPrefix,
    Policy,
    Prefix,
    Present,
    Regex,
    Release,
    Retries,
    Route,
    RouteTable,
    SetCookie,
    Share,
    Split,
    Suffix,
    Test,
    Version,
)
from graymesh.kit.registry import target
from graymesh.kit.target import HostTable, View

NGINX = target("nginx")
OPTIONS: dict[str, Any] = {**NGINX.manifest.defaults, "trustedProxies": ["127.0.0.0/8", "10.0.0.0/8"]}
ENDPOINTS = {"v1": ("10.0.1.11:8080", "10.0.1.12:8080"), "v2": ("10.0.2.11:8080",), "v3": ("10.0.3.11:8080",)}


def header(name: str, matcher: Matcher) -> Test:
    return Test(Field(Kind.HEADER, name), matcher)


def cookie(name: str, matcher: Matcher) -> Test:
    return Test(Field(Kind.COOKIE, name), matcher)


def query(name: str, matcher: Matcher) -> Test:
    return Test(Field(Kind.QUERY, name), matcher)


def claim(name: str, matcher: Matcher) -> Test:
    return Test(Field(Kind.CLAIM, name), matcher)


def path(matcher: Matcher) -> Test:
    return Test(Field(Kind.PATH), matcher)


def method(*names: str) -> Test:
    return Test(Field(Kind.METHOD), OneOf(names))


def host(*names: str) -> Test:
    return Test(Field(Kind.HOST), OneOf(names))


def source(*networks: str) -> Test:
    return Test(Field(Kind.SOURCE), Networks(networks))


def exact(*values: str) -> OneOf:
    return OneOf(tuple(sorted(values)))


def goes_to(name: str, condition: Condition, *shares: Share | str, key: Field | None = None) -> Route:
    """A route to one version, or to several shares."""
    made = tuple(Share(version=each, basis_points=10_000) if isinstance(each, str) else each for each in shares)
    return Route(name=name, condition=condition, split=Split(made, key))


def share(version: str, basis_points: int, *buckets: tuple[int, int], ticket: bool = False, **more: Any) -> Share:
    given = SetCookie("gray-ticket", TICKET, 2_592_000, passed_on=True) if ticket else None
    return Share(version=version, basis_points=basis_points, buckets=buckets, set_cookie=given, **more)


def release(
    name: str, routes: Sequence[Route], facts: Facts | None = None, policy: Policy | None = None, **more: Any
) -> View:
    """A release of its own domain, with three versions and their addresses."""
    ruled = tuple(replace(route, policy=policy) for route in routes) if policy else tuple(routes)
    endpoints = {version: more.pop(version, ENDPOINTS[version]) for version in ENDPOINTS}
    versions = tuple(
        Version(name=version, labels=(), endpoints=addresses, canary=version != "v1")
        for version, addresses in endpoints.items()
    )
    table = RouteTable(ruled)
    made = Release(
        name=name,
        namespace="default",
        host=f"{name}.default.svc.cluster.local",
        port=8080,
        domains=(f"{name}.example.com",),
        stable="v1",
        versions=versions,
        stage="gray",
        table=table,
        jwt=more.pop("jwt", None),
    )
    known = {(version, "endpoints"): tuple(sorted(addresses)) for version, addresses in endpoints.items()}
    tables = (HostTable(hosts=made.domains, table=table, public=True),)
    return View(
        release=made, role="alone", tables=tables, facts={**known, **(facts or {})}, options={**OPTIONS, **more}
    )


EVERYONE = goes_to("everyone", ALWAYS, "v1")
CANARY, OTHERS = (0xFF00, 0xFFFF), (0xBCD, 0xFEFF)
"""5%, around the end: 3277 buckets."""

HASHED = (share("v2", 500, (0, 0xBCC), CANARY), share("v1", 9500, OTHERS))
DRAWN = (share("v2", 500, (0, 0xBCC), CANARY, ticket=True), share("v1", 9500, OTHERS, ticket=True))
STICKY = (
    goes_to("ticket-v2", ((cookie("gray-ticket", Buckets(((0, 0xBCC), CANARY))),),), "v2"),
    goes_to("ticket-v1", ((cookie("gray-ticket", Buckets(((0, 0xFFFF),))),),), "v1"),
    goes_to("everyone", ALWAYS, *DRAWN),
)


def keyed(key: Field) -> Sequence[Route]:
    """Users by their key, and all others by their ticket."""
    return (goes_to("keyed", ((Test(key, Present()),),), *HASHED, key=key), *STICKY)


JWT = Jwt(issuer="https://id.example.com", jwks="https://id.example.com/keys", source=Field(Kind.COOKIE, "token"))
MARKED = Share(
    version="v2",
    basis_points=10_000,
    request_headers=(("x-gray-lane", "v2"), ("x-gray-trace", UNIQUE_ID)),
    response_headers=(("x-gray-notice", 'you pay $5; "try" it\\'),),
)
UNMARKED = Share(version="v1", basis_points=10_000, request_headers=(("x-gray-lane", "v1"),))


def _to_v2(name: str, *conjunctions: tuple[Test, ...]) -> View:
    return release(name, [goes_to("asked", conjunctions, "v2"), EVERYONE])


VIEWS: tuple[View, ...] = (
    release("plain", [EVERYONE]),
    _to_v2("header-exact", (header("x-gray-version", exact("v2")),)),
    _to_v2("header-list", (header("x-gray-version", exact("v2", "V2", "a|b", "c.d")),)),
    _to_v2("header-prefix", (header("user-agent", Prefix("MyApp/(3")),)),
    _to_v2("header-regex", (header("user-agent", Regex("MyApp/[3-9][.].*")),)),
    _to_v2("header-anchored", (header("x-try", Regex("^(a|b)+$")),)),
    _to_v2("header-present", (header("x-try", Present()),)),
    _to_v2("header-absent", (header("x-try", Absent()), header("x-not", Absent()))),
    _to_v2("cookie-exact", (cookie("beta", exact("1")),), (cookie("x.y-z", exact("a$b")),)),
    _to_v2("cookie-list", (cookie("beta", exact("1", "yes", "a.b")),)),
    _to_v2(
        "suffixes",
        (header("user-agent", Suffix(" (Beta)")),),
        (cookie("user", Suffix(".beta")),),
        (query("q", Suffix("x")),),
        (path(Suffix(".json")),),
        (Test(Field(Kind.HOST), Suffix(".example.com")), header("x-a", Suffix("$"))),
    ),
    _to_v2("cookie-prefix", (cookie("beta", Prefix("v2-")),)),
    _to_v2("cookie-regex", (cookie("beta", Regex("a.*b|[^x]{2,4}")),)),
    _to_v2("cookie-nullable", (cookie("beta", Regex("(ab)*")),)),
    _to_v2("cookie-present", (cookie("beta", Present()),)),
    _to_v2("cookie-absent", (cookie("beta", Absent()),)),
    _to_v2("cookies", (cookie("beta", exact("1")), cookie("team", exact("red")))),
    _to_v2("query", (query("gray", exact("1")),), (query("q", Prefix("x")), query("r", Regex("[0-9]+")))),
    _to_v2("query-there", (query("gray", Present()), query("q", Absent()))),
    _to_v2("claims", (claim("tier", exact("beta")),), (claim("group", Regex("[^a]{1,3}b")), claim("left", Absent()))),
    _to_v2("paths", (path(PathPrefix("/api/v3")),), (path(exact("/a", "/b/")),), (path(Regex("/x/[0-9]+")),)),
    _to_v2("path-root", (path(PathPrefix("/")), header("x-gray-version", exact("v2")))),
    _to_v2("methods", (method("GET"), path(PathPrefix("/g"))), (method("POST", "PUT"),)),
    _to_v2("hosts", (host("hosts.example.com"), header("x-try", exact("1")))),
    _to_v2("source", (source("2001:db8::/32", "203.0.113.0/24"),), (source("203.0.113.128/25"), method("POST"))),
    _to_v2(
        "mixed",
        (header("x-a", exact("1")), cookie("b", exact("2")), path(PathPrefix("/m")), method("GET", "POST")),
        (header("x-a", exact("3")),),
    ),
    release(
        "order",
        [
            goes_to("first", ((header("x-a", exact("1")),),), "v2"),
            goes_to("second", ((header("x-a", Prefix("1")), cookie("b", Present())),), "v3"),
            goes_to("third", ((header("x-a", Present()),),), "v2"),
            EVERYONE,
        ],
    ),
    release("random", [goes_to("everyone", ALWAYS, share("v2", 533), share("v3", 1), share("v1", 9466))]),
    release("sticky", STICKY),
    release("keyed", keyed(Field(Kind.COOKIE, "uid"))),
    release("keyed-header", keyed(Field(Kind.HEADER, "x-user"))),
    release("keyed-query", keyed(Field(Kind.QUERY, "user"))),
    release("keyed-claim", keyed(Field(Kind.CLAIM, "sub")), jwt=JWT),
    release(
        "drawn-inside",
        [goes_to("some", ((header("x-a", Present()),),), share("v2", 5000), share("v3", 5000)), EVERYONE],
    ),
    release("nothing-drawn", [goes_to("everyone", ALWAYS, share("v2", 0), share("v1", 10_000))]),
    release(
        "marks",
        [goes_to("asked", ((header("x-gray-version", exact("v2")),),), MARKED), goes_to("everyone", ALWAYS, UNMARKED)],
    ),
    release(
        "policies",
        [EVERYONE],
        facts={("", "outlier.errors"): 5, ("", "outlier.eject.ms"): 30_000, ("v1", "limits.qps"): 500},
        policy=Policy(timeout_ms=2000, retries=Retries(attempts=2, per_try_ms=500, on=("5xx", "connect-failure"))),
    ),
    release("fallback", [*STICKY], facts={("v2", "fallback"): "stable"}),
    release("timeout", [EVERYONE], policy=Policy(timeout_ms=1500)),
    release("no-retries", [EVERYONE], policy=Policy(retries=Retries(attempts=0))),
    release("retries", [EVERYONE], policy=Policy(retries=Retries(attempts=1, on=("gateway-error", "timeout")))),
    release("retries-anyhow", [EVERYONE], policy=Policy(timeout_ms=900, retries=Retries(attempts=3))),
    release(
        "limits",
        [*_to_v2("x", (header("x-gray-version", exact("v2")),)).release.table.routes],
        facts={("v1", "limits.qps"): 7, ("v2", "limits.qps"): 7},
    ),
    release("two-limits", [*STICKY], facts={("v1", "limits.qps"): 1, ("v2", "limits.qps"): 900}),
    release("many", [goes_to(f"r{n}", ((header("x-a", exact(f"v{n}")),),), "v2") for n in range(60)] + [EVERYONE]),
)


def named(name: str) -> View:
    return next(view for view in VIEWS if view.release.name == name)


def written(*views: View) -> dict[str, str]:
    """The files for these views."""
    return NGINX.emit(NGINX.lower(views))


def thousand() -> list[View]:
    """Each with values, a cookie and a ticket cookie of its own."""
    return [
        release(
            f"service-{number:04}",
            [
                goes_to("tried", ((header("x-gray-version", exact(f"v{number}")),),), "v2"),
                goes_to("asked", ((path(exact(f"/{number}")), method("GET"), cookie(f"c{number}", exact("1"))),), "v2"),
                goes_to("kept", ((cookie(f"ticket-{number}", Buckets(((0, 0xBCC), CANARY))),),), "v2"),
                goes_to("everyone", ALWAYS, *DRAWN),
            ],
        )
        for number in range(1000)
    ]
