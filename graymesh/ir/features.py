"""What a release can ask of its engines, by name. Each target declares which of these it can say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias, assert_never

from graymesh.ir.release import (
    Absent,
    Buckets,
    Conjunction,
    Kind,
    Matcher,
    Networks,
    OneOf,
    PathPrefix,
    Prefix,
    Present,
    Regex,
    Suffix,
    Test,
)

Scope: TypeAlias = Literal["every", "some", "hint"]

FEATURES: Mapping[str, tuple[Scope, str]] = {
    "header": ("every", "a request header is one of given values"),
    "header.prefix": ("every", "a request header starts with given characters"),
    "header.suffix": ("every", "a request header ends with given characters"),
    "header.regex": ("every", "a request header matches a regular expression"),
    "header.present": ("every", "a request header is there and not empty"),
    "header.absent": ("every", "a request header is missing or empty"),
    "cookie": ("every", "a cookie is one of given values"),
    "cookie.prefix": ("every", "a cookie starts with given characters"),
    "cookie.suffix": ("every", "a cookie ends with given characters"),
    "cookie.regex": ("every", "a cookie matches a regular expression"),
    "cookie.present": ("every", "a cookie is there and not empty"),
    "cookie.absent": ("every", "a cookie is missing or empty"),
    "cookie.several": ("every", "one audience entry asks for two cookies or more"),
    "query": ("every", "a query parameter is one of given values"),
    "query.prefix": ("every", "a query parameter starts with given characters"),
    "query.suffix": ("every", "a query parameter ends with given characters"),
    "query.regex": ("every", "a query parameter matches a regular expression"),
    "query.present": ("every", "a query parameter is there and not empty"),
    "query.absent": ("every", "a query parameter is missing or empty"),
    "claim": ("every", "a claim of a verified token is one of given values"),
    "claim.prefix": ("every", "a claim starts with given characters"),
    "claim.suffix": ("every", "a claim ends with given characters"),
    "claim.regex": ("every", "a claim matches a regular expression"),
    "claim.present": ("every", "a claim is there and not empty"),
    "claim.absent": ("every", "a claim is missing or empty"),
    "path": ("every", "the path is one of given values"),
    "path.prefix": ("every", "the path is a given one or lies below it"),
    "path.suffix": ("every", "the path ends with given characters"),
    "path.regex": ("every", "the path matches a regular expression"),
    "method": ("every", "the request method"),
    "host": ("every", "the host name that the client asked for"),
    "host.suffix": ("every", "the host name ends with given characters"),
    "source": ("every", "the client's address, after trusted proxies"),
    "preflight": ("every", "CORS preflights go to stable, or where audiences send them"),
    "cors": ("every", "pages of named origins may call, and their preflights are answered"),
    "split": ("every", "shares of the requests go to several versions"),
    "split.several": ("every", "more than one canary at a time"),
    "sticky": ("every", "a user's ticket, kept in a cookie"),
    "sticky.fine": ("every", "users who stay get a share that is no multiple of 5%"),
    "sticky.key": ("every", "an identity is hashed to choose a user's version, before any ticket"),
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
    "fallback": ("every", "requests for a canary go to stable when none of its instances is left to try"),
    "warmup": ("some", "a new instance's share grows over this time"),
    "pool": ("some", "limits on connections and waiting requests"),
    "limits.qps": ("some", "a limit on the requests per second of a version"),
    "limits.cpu": ("some", "a load of the machine above which requests are turned away"),
    "circuitBreaker.slowCalls": ("some", "calls are rejected for a while after too many slow ones"),
    "circuitBreaker.errorRatio": ("some", "calls are rejected for a while after too large a share of errors"),
    "circuitBreaker.errorCount": ("some", "calls are rejected for a while after too many errors"),
    "guards.errorRate": ("some", "a share of errors that takes the canary back"),
    "guards.latency": ("some", "an answer time that takes the canary back"),
    "guards.cpu": ("some", "a processor load that takes the canary back, or keeps new users away"),
    "guards.memory": ("some", "a use of memory that takes the canary back, or keeps new users away"),
    "guards.coverage": ("some", "the share of instances that must report metrics for a verdict"),
    "labels": ("hint", "pod labels that select a version"),
    "endpoints": ("hint", "addresses of a version"),
    "image": ("hint", "the container image of a version"),
    "replicas": ("hint", "how many instances of a version run"),
    "workload": ("hint", "what runs the service"),
    "protocol.http2": ("every", "the versions speak HTTP/2 without TLS"),
    "protocol.grpc": ("every", "the versions speak gRPC"),
    "streams": ("hint", "answers are passed on as they come, and may pause"),
    "jwt": ("hint", "the issuer whose tokens carry claims"),
}
"""Every feature: who must be able to say it, and what it is.

`every`: each target that decides must say it, or the release is refused. `some`: one chosen target is enough, the
others are told. `hint`: used where an engine can, without a word where it cannot.
"""


def test_feature(test: Test) -> str:
    """The feature that a test asks for: `header`, `cookie.regex`, `source`. Exact and one-of are the bare field."""
    word = matcher_word(test.matcher)
    return f"{test.field.kind}" if word == "exact" else f"{test.field.kind}.{word}"


def conjunction_features(tests: Conjunction) -> Iterator[str]:
    """All features of one conjunction; two cookies at once are a feature of their own, `cookie.several`."""
    yield from (test_feature(test) for test in tests)
    if sum(test.field.kind is Kind.COOKIE for test in tests) > 1:
        yield "cookie.several"


def matcher_word(matcher: Matcher) -> str:
    """The matcher's name in the language, for messages."""
    match matcher:
        case OneOf() | Buckets() | Networks():
            return "exact"
        case Prefix() | PathPrefix():
            return "prefix"
        case Suffix():
            return "suffix"
        case Regex():
            return "regex"
        case Present():
            return "present"
        case Absent():
            return "absent"
        case _:
            assert_never(matcher)
