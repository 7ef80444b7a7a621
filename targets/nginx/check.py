"""Values that nginx would not take as they are meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Final

from graymesh.diagnostic import Level, Pointer
from graymesh.ir.release import Kind, OneOf, Policy, Retries, Route, Test, Version
from graymesh.ir.semantics import describe, texts
from graymesh.kit.asked import asked_by
from graymesh.kit.durations import in_seconds
from graymesh.kit.target import Constraint, View
from graymesh.targets.nginx.claims import asks_for_claims, key_file, token_source

_OPTIONS: Final[Pointer] = ("spec", "targets", "nginx")
_NO_TLS: Final = "add tlsCertificate and tlsKey to the options of nginx"
_RESILIENCE: Final[Pointer] = ("spec", "resilience")
_RETRIES: Final[Pointer] = (*_RESILIENCE, "retries")
_FALLBACK: Final[Pointer] = (*_RESILIENCE, "fallback")
_ANSWERED_BY_NGINX: Final = frozenset(["CONNECT", "TRACE"])
_COVERED: Final = (("5xx", "gateway-error"), ("5xx", "unavailable"), ("gateway-error", "unavailable"))
_ALWAYS_SHORT_ENOUGH: Final = 250
"""Characters of a value that fits into one of nginx's tokens however it must be escaped."""


def check(view: View) -> Iterator[Constraint]:
    """Everything in this view of the release that nginx cannot be told."""
    routes = [route for table in view.tables for route in table.table.routes]
    for route in routes:
        for test in {test: None for tests in route.condition for test in tests}:
            yield from _test(route, test)
    for header in sorted(_headers_read_besides(view, routes)):
        yield from _header(header, ("spec",), f"the header {header}")
    for header in sorted({name for route in routes if route.policy.cors for name in route.policy.cors.headers}):
        yield from _header(header, ("spec", "cors", "headers"), f"the header {header}, which pages may set")
    yield from _proxies(view)
    yield from _tls(view)
    yield from _tokens(view)
    yield from _streams(view, routes)
    yield from _outlier(view)
    yield from _uncounted(view, routes)
    falling_back = [each for each in view.release.versions if (each.name, "fallback") in view.facts]
    if falling_back and routes:
        most = max(len(version.endpoints) for version in falling_back)
        yield from _fallback(routes[0].policy, most, ("", "outlier.errors") in view.facts)
    retries = next((route.policy.retries for route in routes if route.policy.retries), None)
    if retries:
        yield from _retries(retries, next(route.policy.timeout_ms for route in routes))
    for version in view.release.versions:
        yield from _endpoints(version)
    if any(len(text) > _ALWAYS_SHORT_ENOUGH for text in _texts(routes)):
        yield from _unwritable(view)


def _test(route: Route, test: Test) -> Iterator[Constraint]:
    if test.field.kind is Kind.HEADER:
        yield from _header(test.field.name, route.origin, describe(test))
    if test.field.kind is Kind.METHOD and isinstance(test.matcher, OneOf):
        for method in sorted(_ANSWERED_BY_NGINX.intersection(test.matcher.values)):
            message = f"method {method}: nginx answers it with 405 by itself, so this never matches"
            yield Constraint(path=route.origin, message=message, help=f"leave {method} out")


def _header(name: str, path: Pointer, what: str) -> Iterator[Constraint]:
    if re.fullmatch("[a-z0-9-]+", name) is None:
        message = f"{what}: nginx drops request headers with an underscore in their name"
        yield Constraint(path=path, message=message, help=f"use {name.replace('_', '-')}, or another engine")


def _headers_read_besides(view: View, routes: list[Route]) -> set[str]:
    """Headers that carry a key or a token."""
    keys = [route.split.key for route in routes if route.split.key]
    if any(asks_for_claims(table.table) for table in view.tables):
        keys.append(token_source(view.release))
    return {key.name for key in keys if key.kind is Kind.HEADER}


def _proxies(view: View) -> Iterator[Constraint]:
    for text in view.options["trustedProxies"]:
        try:
            ip_network(text, strict=False)
        except ValueError:
            path: Pointer = (*_OPTIONS, "trustedProxies")
            yield Constraint(path=path, message=f"{text} is not a network", help="write it like 10.0.0.0/8")


def _tls(view: View) -> Iterator[Constraint]:
    """TLS is said for an address, for all who listen there; so is HTTP/2, which without TLS leaves no HTTP/1.1."""
    options = view.options
    if options["listen"] == options["tlsListen"]:
        message = f"{options['listen']} is the port for TLS, and the one without TLS as well"
        yield Constraint(
            path=(*_OPTIONS, "listen"), message=message, help="choose another listen, or another tlsListen"
        )
    for name, other in (("tlsCertificate", "tlsKey"), ("tlsKey", "tlsCertificate")):
        if options[name] and not options[other]:
            message = f"{name} without {other}: nginx needs both files"
            yield Constraint(path=(*_OPTIONS, name), message=message, help=f"add {other}")
    if ("", "protocol.grpc") in view.facts and not options["tlsCertificate"]:
        message = "clients speak gRPC over HTTP/2, which nginx takes beside HTTP/1.1 only in TLS"
        yield Constraint(path=("spec", "service", "protocol"), message=message, help=_NO_TLS)


def _tokens(view: View) -> Iterator[Constraint]:
    """Who verifies the tokens whose claims choose a version, at whatever stage?"""
    asked = asked_by(view, Kind.CLAIM)
    if asked is None:
        return
    if key_file(view) and view.release.jwt is None:
        message = "tokenKeys without spec.jwt: nobody says who must have issued a token, so none would count"
        help_ = "add jwt with the issuer"
        yield Constraint(path=("spec", "targets", "nginx", "tokenKeys"), message=message, help=help_)
    elif not key_file(view):
        canaries = " and ".join(version.name for version in view.release.versions if version.canary)
        message = f"nobody verifies tokens here: anybody can write one with such a claim, and choose {canaries} by it"
        advice = "name a file of the issuer's keys in tokenKeys; ignore this where something in front verifies tokens"
        yield Constraint(path=asked, message=message, help=advice, level="warning")


def _streams(view: View, routes: list[Route]) -> Iterator[Constraint]:
    """nginx's limit is for the time between two parts of an answer."""
    limit_ms = next((route.policy.timeout_ms for route in routes if route.policy.timeout_ms), None)
    if limit_ms is not None and ("", "streams") in view.facts:
        message = f"nginx ends a stream that pauses for {in_seconds(limit_ms)}"
        advice = "leave the timeout out, or send something more often"
        yield Constraint(path=(*_RESILIENCE, "timeout"), message=message, help=advice, level="warning")


def _outlier(view: View) -> Iterator[Constraint]:
    eject_ms = view.facts.get(("", "outlier.eject.ms"))
    if isinstance(eject_ms, int) and eject_ms % 1000:
        yield Constraint(
            path=(*_RESILIENCE, "outlier", "eject"),
            message=f"{eject_ms}ms: nginx leaves servers out for whole seconds",
            help=f"write {-(-eject_ms // 1000)}s",
        )


def _uncounted(view: View, routes: list[Route]) -> Iterator[Constraint]:
    """Answers with 500 and above count as errors only where nginx may try the request again (tried with 1.22.1)."""
    retried = any(_server_errors(route.policy.retries) for route in routes)
    if ("", "outlier.errors") in view.facts and not retried:
        message = "nginx counts failed connections and timeouts here, but no answer with 500 or above"
        advice = "retries: {attempts: 1, on: [connect-failure, timeout, 5xx]}: what may be tried again is counted"
        yield Constraint(path=(*_RESILIENCE, "outlier", "errors"), message=message, help=advice, level="warning")


def _fallback(policy: Policy, most: int, counted: bool) -> Iterator[Constraint]:
    """Stable's servers are what is left to try, so each way to try no more keeps them from being asked (1.22.1).

    `most` is the number of instances of the largest canary; `counted`: those that fail are left out for a while.
    """
    retries = policy.retries
    if retries and not retries.attempts:
        message = "nginx goes on to stable by trying a request again, and retries are switched off"
        yield Constraint(path=_RETRIES, message=message, help="leave retries out, or allow some attempts")
    elif retries and retries.on and "connect-failure" not in retries.on:
        message = "nginx goes on to stable by trying a request again, but not after a connect-failure"
        yield Constraint(path=(*_RETRIES, "on"), message=message, help="add connect-failure")
    elif retries and retries.attempts < most:
        message = f"{retries.attempts} more attempts end among the canary's {most} instances, before stable is asked"
        advice = f"attempts: {most}, or leave retries out: nginx then tries every instance"
        level: Level = "warning" if counted else "error"
        yield Constraint(path=(*_RETRIES, "attempts"), message=message, help=advice, level=level)
    elif _ends_in_silence(policy, most) and not counted:
        message = "a canary that is silent, instead of refusing connections, uses up the time in which stable is asked"
        advice = "leave silent instances out, by outlier: {errors: 1, eject: 10s}, or retries with a shorter perTry"
        yield Constraint(path=_FALLBACK, message=message, help=advice, level="warning")


def _ends_in_silence(policy: Policy, instances: int) -> bool:
    """Are there no more tries when so many instances have let a request wait?"""
    retries = policy.retries
    if retries and retries.on and "timeout" not in retries.on:
        return True
    each_ms = (retries.per_try_ms if retries else None) or policy.timeout_ms
    return policy.timeout_ms is not None and each_ms is not None and each_ms * instances >= policy.timeout_ms


def _server_errors(retries: Retries | None) -> bool:
    return retries is not None and retries.attempts > 0 and "5xx" in retries.on


def _retries(retries: Retries, timeout_ms: int | None) -> Iterator[Constraint]:
    """nginx has fewer words for failures, and cannot tell a limit of each try from the same one for all."""
    if "reset" in retries.on and "connect-failure" not in retries.on:
        message = "reset without connect-failure: nginx has one word for both"
        yield Constraint(path=(*_RETRIES, "on"), message=message, help="add connect-failure")
    if retries.every_method and not retries.on:
        message = "methods: all without on: nginx says which methods it tries again beside what counts as failed"
        yield Constraint(path=(*_RETRIES, "methods"), message=message, help="say on: [connect-failure, timeout]")
    for wide, narrow in _COVERED:
        if wide in retries.on and narrow in retries.on:
            message = f"{narrow} beside {wide}: nginx lists status codes, and {wide} has them all"
            yield Constraint(path=(*_RETRIES, "on"), message=message, help=f"leave {narrow} out")
    if retries.per_try_ms is not None and retries.per_try_ms == timeout_ms:
        message = "each try may take as long as the whole answer, which is what nginx does anyway"
        yield Constraint(path=(*_RETRIES, "perTry"), message=message, help="leave perTry out, or make it shorter")


def _endpoints(version: Version) -> Iterator[Constraint]:
    for endpoint in version.endpoints:
        host = endpoint.rpartition(":")[0]
        if not host.startswith("[") and re.search("[a-z]", host, re.IGNORECASE):
            yield Constraint(
                path=version.origin,
                message=f"{endpoint}: nginx looks the name up when it starts, and does not start without an answer",
                help="write the address, or reload nginx when it changes",
                level="warning",
            )


def _texts(routes: list[Route]) -> Iterator[str]:
    for route in routes:
        for matcher in (test.matcher for tests in route.condition for test in tests):
            yield from texts(matcher)
        for share in route.split.shares:
            yield from (value for _, value in (*share.request_headers, *share.response_headers))


def _unwritable(view: View) -> Iterator[Constraint]:
    """Long values are tried out, since how long they become depends on what must be escaped."""
    from graymesh.targets.nginx.emit import emit
    from graymesh.targets.nginx.lower import lower
    from graymesh.targets.nginx.quoting import UnwritableError

    try:
        emit(lower([view]))
    except UnwritableError as error:
        yield Constraint(path=("spec", "audiences"), message=str(error), help="use a shorter value")
