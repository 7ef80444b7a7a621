"""What a release asks of its engines, what each can say, and the release as one target must enforce it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from graymesh.facts import feature
from graymesh.ir import (
    ALWAYS,
    UNIQUE_ID,
    Absent,
    Conjunction,
    Field,
    Kind,
    Lane,
    Matcher,
    OneOf,
    PathPrefix,
    Policy,
    Prefix,
    Present,
    Regex,
    Release,
    Route,
    RouteTable,
    Share,
    Split,
    Test,
)
from graymesh.target import HostTable, Manifest, Role, View

Scope: TypeAlias = Literal["every", "some", "hint"]
Can: TypeAlias = Callable[[str], bool]

FEATURES: Mapping[str, tuple[Scope, str]] = {
    "header": ("every", "a request header is one of given values"),
    "header.prefix": ("every", "a request header starts with given characters"),
    "header.regex": ("every", "a request header matches a regular expression"),
    "header.present": ("every", "a request header is there and not empty"),
    "header.absent": ("every", "a request header is missing or empty"),
    "cookie": ("every", "a cookie is one of given values"),
    "cookie.prefix": ("every", "a cookie starts with given characters"),
    "cookie.regex": ("every", "a cookie matches a regular expression"),
    "cookie.present": ("every", "a cookie is there and not empty"),
    "cookie.absent": ("every", "a cookie is missing or empty"),
    "cookie.several": ("every", "one audience entry asks for two cookies or more"),
    "query": ("every", "a query parameter is one of given values"),
    "query.prefix": ("every", "a query parameter starts with given characters"),
    "query.regex": ("every", "a query parameter matches a regular expression"),
    "query.present": ("every", "a query parameter is there and not empty"),
    "query.absent": ("every", "a query parameter is missing or empty"),
    "claim": ("every", "a claim of a verified token is one of given values"),
    "claim.prefix": ("every", "a claim starts with given characters"),
    "claim.regex": ("every", "a claim matches a regular expression"),
    "claim.present": ("every", "a claim is there and not empty"),
    "claim.absent": ("every", "a claim is missing or empty"),
    "path": ("every", "the path is one of given values"),
    "path.prefix": ("every", "the path is a given one or lies below it"),
    "path.regex": ("every", "the path matches a regular expression"),
    "method": ("every", "the request method"),
    "host": ("every", "the host name that the client asked for"),
    "source": ("every", "the client's address, after trusted proxies"),
    "split": ("every", "shares of the requests go to several versions"),
    "split.several": ("every", "more than one canary at a time"),
    "sticky": ("every", "a user's bucket, kept in a cookie"),
    "sticky.key": ("hint", "the bucket of a new user is drawn by hashing an identity, not at random"),
    "notice": ("every", "a response header for everyone who gets a canary"),
    "trace": ("every", "a unique id in a request header on canary requests"),
    "lane.set": ("every", "as the edge: overwrite the lane header with the chosen version"),
    "lane.follow": ("every", "behind an edge: go where the lane header says"),
    "timeout": ("some", "a limit on the time of an answer"),
    "retries": ("some", "failed requests are tried again"),
    "retries.perTry": ("some", "a limit on the time of each try"),
    "mirror": ("some", "a copy of requests goes to a version, its answers are thrown away"),
    "fault": ("some", "delays and errors made on purpose"),
    "outlier.errors": ("some", "an instance with this many errors in a row is left out"),
    "outlier.interval": ("some", "the time in which errors are counted"),
    "outlier.eject": ("some", "how long an instance is left out"),
    "outlier.maxEjected": ("some", "the largest share of instances left out at a time"),
    "warmup": ("some", "a new instance's share grows over this time"),
    "pool": ("some", "limits on connections and waiting requests"),
    "limits.qps": ("some", "a limit on the requests per second of a version"),
    "guards.errorRate": ("some", "the share of errors that stops a canary"),
    "guards.latency": ("some", "the answer time that stops a canary"),
    "guards.cpu": ("some", "the load above which a canary gets no new traffic"),
    "guards.coverage": ("some", "the share of instances that must report metrics"),
    "labels": ("hint", "pod labels that select a version"),
    "endpoints": ("hint", "addresses of a version"),
    "jwt": ("hint", "the issuer whose tokens carry claims"),
}
"""Every feature: who must be able to say it, and what it is.

`every`: each target that decides must say it, or the release is refused. `some`: one chosen target is enough, the
others are told. `hint`: used where an engine can, without a word where it cannot.
"""

_MATCHER_SUFFIX: Mapping[type, str] = {
    Prefix: ".prefix",
    PathPrefix: ".prefix",
    Regex: ".regex",
    Present: ".present",
    Absent: ".absent",
}


def test_feature(test: Test) -> str:
    """The feature that a test asks for: `header`, `cookie.regex`, `source`. Exact and one-of are the bare field."""
    return str(test.field.kind) + _MATCHER_SUFFIX.get(type(test.matcher), "")


def conjunction_features(tests: Conjunction) -> Iterator[str]:
    """All features of one conjunction; two cookies at once are a feature of their own, `cookie.several`."""
    yield from (test_feature(test) for test in tests)
    if sum(test.field.kind is Kind.COOKIE for test in tests) > 1:
        yield "cookie.several"


def role_of(release: Release, manifest: Manifest) -> Role:
    """Does the target decide alone, as the edge, or follow the edge's lane header?"""
    if release.lane is None:
        return "alone"
    return "edge" if release.lane.edge in (manifest.name, manifest.companion) else "follower"


def view(release: Release, manifest: Manifest, options: Mapping[str, Any]) -> View:
    """The release as this target must enforce it; what it cannot say, and lint has let pass, is left out.

    A target that chooses no version sees its companion's tables, undiminished: its rules may speak of their routes.
    """
    role = role_of(release, manifest)
    can = manifest.can
    routing = can if manifest.routes else _everything
    facts = {key: value for key, value in release.facts.items() if can(feature(key[1]))}
    return View(
        release=release,
        role=role,
        tables=tuple(_tables(release, role, manifest, routing)),
        facts=facts,
        options=options,
    )


def lane_table(release: Release, lane: Lane) -> RouteTable:
    """What a follower decides: the version that the lane header names, else stable."""
    policy = replace(release.table.routes[-1].policy, mirror=None, fault=None)
    lane_field = Field(Kind.HEADER, lane.header)
    routes = [
        Route(
            name=f"lane-{version.name}",
            condition=((Test(lane_field, OneOf((version.name,))),),),
            split=_only(version.name),
            policy=policy,
            origin=version.origin,
        )
        for version in release.versions
        if version.name != release.stable
    ]
    return RouteTable((*routes, Route(name="stable", condition=ALWAYS, split=_only(release.stable), policy=policy)))


def _everything(_name: str) -> bool:
    return True


def _only(version: str) -> Split:
    return Split((Share(version=version, basis_points=10_000),))


def _tables(release: Release, role: Role, manifest: Manifest, can: Can) -> Iterator[HostTable]:
    public = release.domains if "public" in manifest.serves else ()
    internal = (release.host,) if "internal" in manifest.serves else ()
    if not public and not internal:
        internal = (release.host,)
    full, follow = _adapted(release.table, can, manifest.retries_unasked), None
    if release.lane is not None:
        follow = _adapted(lane_table(release, release.lane), can, manifest.retries_unasked)
        full = _with_lane(full, release.lane)
    if role == "edge" and public and internal and follow is not None:
        yield HostTable(hosts=public, table=full, public=True)
        yield HostTable(hosts=internal, table=follow, public=False)
        return
    table = follow if role == "follower" and follow is not None else full
    yield HostTable(hosts=(*public, *internal), table=table, public=bool(public))


def _adapted(table: RouteTable, can: Can, unasked: bool) -> RouteTable:
    """The table without what is given up: a route whose every conjunction is given up takes nobody, so it goes."""
    routes = []
    for route in table.routes:
        condition = tuple(tests for tests in route.condition if all(map(can, conjunction_features(tests))))
        if condition:
            routes.append(
                replace(
                    route,
                    condition=condition,
                    split=_split(route.split, can),
                    policy=_policy(route.policy, can, unasked),
                )
            )
    return RouteTable(tuple(routes))


def _split(split: Split, can: Can) -> Split:
    key = split.key if can("sticky.key") else None
    if can("notice") and can("trace"):
        return split if key == split.key else replace(split, key=key)
    return Split(tuple(_share(share, can) for share in split.shares), key)


def _share(share: Share, can: Can) -> Share:
    kept = tuple(header for header in share.request_headers if can("trace") or header[1] != UNIQUE_ID)
    return replace(share, request_headers=kept, response_headers=share.response_headers if can("notice") else ())


def _policy(policy: Policy, can: Can, unasked: bool) -> Policy:
    retries = policy.retries if can("retries") else None
    if retries and retries.attempts == 0 and not unasked:
        retries = None
    if retries and retries.per_try_ms is not None and not can("retries.perTry"):
        retries = replace(retries, per_try_ms=None)
    return Policy(
        timeout_ms=policy.timeout_ms if can("timeout") else None,
        retries=retries,
        mirror=policy.mirror if can("mirror") else None,
        fault=policy.fault if can("fault") else None,
    )


def _with_lane(table: RouteTable, lane: Lane) -> RouteTable:
    return RouteTable(tuple(replace(route, split=_split_with_lane(route.split, lane)) for route in table.routes))


def _split_with_lane(split: Split, lane: Lane) -> Split:
    shares = (
        replace(
            share, request_headers=tuple(sorted({**dict(share.request_headers), lane.header: share.version}.items()))
        )
        for share in split.shares
    )
    return replace(split, shares=tuple(shares))


def matcher_word(matcher: Matcher) -> str:
    """The matcher's name in the language, for messages."""
    return {".prefix": "prefix", ".regex": "regex", ".present": "present", ".absent": "absent"}.get(
        _MATCHER_SUFFIX.get(type(matcher), ""), "exact"
    )
