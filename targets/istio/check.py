"""What Istio would not take as it is meant, or what would not hold in it, although every feature is declared."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from graymesh.diagnostic import Pointer
from graymesh.ir.release import Absent, Kind, OneOf, Present, Regex, Route, Test
from graymesh.ir.semantics import describe, texts
from graymesh.ir.wording import percent
from graymesh.kit.durations import in_seconds
from graymesh.kit.target import Constraint, View
from graymesh.targets.istio.claims import Claims, claim_names
from graymesh.targets.istio.names import EVERYWHERE, LONGEST_PATTERN, MESH, WHOLE_NAMESPACE, namespace_of
from graymesh.targets.istio.objects import gateway_name
from graymesh.targets.istio.options import Options, options_of

_SERVICE: Final[Pointer] = ("spec", "service")
_OPTIONS: Final[Pointer] = ("spec", "targets", "istio")
_MAX_EJECTED: Final[Pointer] = ("spec", "resilience", "outlier", "maxEjected")
_MAX_EJECTED_BASIS_POINTS: Final = 1000
"""Envoy's max_ejection_percent, where nobody sets it."""

_CUT_AT_BLANKS: Final = frozenset(["scope", "permission"])
"""Claims that Istio's token filter takes for lists of words (`buildSpaceDelimitedClaims`)."""

_ENVOYS_OWN: Final = frozenset(["x-request-id", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-client-cert"])
_SHOWN: Final = 64
_SHORT: Final = 40
"""Characters of a condition whose pattern is always short enough, whatever must be escaped or repeated."""


def check(view: View) -> Iterator[Constraint]:
    """Everything in this view of the release that Istio cannot be told, or would do otherwise."""
    options = options_of(view)
    yield from _max_ejected(view)
    yield from _never_ejected(view)
    yield from _streams(view)
    yield from _names(view, options)
    yield from _edge(view, options)
    yield from _claims(view, options)
    yield from _gateway_options(view, options)
    yield from _export(view, options)
    yield from _endpoints(view, options)
    for table in view.tables:
        for route in table.table.routes:
            yield from _route(route, at_gateway=table.public and _has_gateway(view, options))


def _has_gateway(view: View, options: Options) -> bool:
    """Are the public names served at a gateway?"""
    return bool(view.release.domains and (options.createGateway or set(options.gateways) - {MESH}))


def _max_ejected(view: View) -> Iterator[Constraint]:
    basis_points = view.facts.get(("", "outlier.maxEjected.bp"))
    if not isinstance(basis_points, int):
        return
    if not basis_points:
        message = "maxEjected 0%: Istio takes 0 for not set, which leaves out up to 10% of the instances"
        yield Constraint(path=_MAX_EJECTED, message=message, help="write at least 1%, or remove outlier")
    elif basis_points % 100:
        message = f"maxEjected {percent(basis_points)}: Istio takes whole percent only"
        yield Constraint(path=_MAX_EJECTED, message=message, help=f"write {-(-basis_points // 100)}%")


def _never_ejected(view: View) -> Iterator[Constraint]:
    """Versions of which the largest share that may be left out is less than one instance (tried with Envoy 1.40)."""
    if ("", "outlier.errors") not in view.facts:
        return
    said = view.facts.get(("", "outlier.maxEjected.bp"))
    basis_points = said if isinstance(said, int) and said else _MAX_EJECTED_BASIS_POINTS
    counts = {each.name: each.replicas or len(each.endpoints) for each in view.release.versions}
    few = {name: count for name, count in counts.items() if count > 1 and count * basis_points < 10_000}
    for name, count in few.items():
        share = percent(basis_points) if said else f"Envoy's own {percent(basis_points)}"
        message = f"no instance of {name!r} is ever left out: {share} of {count} is less than one"
        path = _MAX_EJECTED if said else _MAX_EJECTED[:-1]
        yield Constraint(path=path, message=message, help=f"maxEjected: {-(-100 // count)}% or more", level="warning")
    if said is None and not any(counts.values()):
        message = "Envoy leaves out 10% of the instances at most: a version with fewer than ten never loses one"
        yield Constraint(path=_MAX_EJECTED[:-1], message=message, help="say maxEjected: 50%", level="warning")


def _streams(view: View) -> Iterator[Constraint]:
    """Envoy's timeout of a route is for the whole answer, to its end (route.RouteAction.timeout)."""
    limits = {route.policy.timeout_ms for table in view.tables for route in table.table.routes}
    for limit_ms in sorted(limit for limit in limits if limit and ("", "streams") in view.release.facts):
        message = f"Istio ends every answer after {in_seconds(limit_ms)}, and streams with it"
        advice = "leave the timeout out, or release what streams under a host of its own"
        yield Constraint(path=("spec", "resilience", "timeout"), message=message, help=advice)


def _names(view: View, options: Options) -> Iterator[Constraint]:
    """Names without a dot get the namespace added; a rule holds for all callers in the service's namespace only."""
    release = view.release
    named = [((*_SERVICE, "host"), release.host)]
    named += [((*_SERVICE, "domains", index), domain) for index, domain in enumerate(release.domains)]
    for path, name in named:
        if "." not in name:
            full = f"{name}.{release.namespace}.svc.cluster.local"
            message = f"{name}: Istio takes a name without a dot for the service {full}"
            yield Constraint(path=path, message=message, help="write the full name")
    where = namespace_of(release.host)
    if where not in ("", release.namespace) and not options.serviceEntry:
        yield Constraint(
            path=(*_SERVICE, "host"),
            message=f"{release.host} is a service of the namespace {where}, and Istio would show its versions "
            f"only to callers in {release.namespace}, where the release is",
            help=f"set metadata.namespace: {where}",
        )


def _edge(view: View, options: Options) -> Iterator[Constraint]:
    if view.role != "edge" or _has_gateway(view, options):
        return
    if not view.release.domains:
        message, advice = "the edge has no public name to decide for", "add service.domains"
    else:
        message = "Istio is the edge, but no gateway of it serves the public names"
        advice = "name the gateways: targets: {istio: {gateways: [istio-system/public]}}"
    yield Constraint(path=("spec", "edge", "target"), message=message, help=advice)


def _claims(view: View, options: Options) -> Iterator[Constraint]:
    asked = sorted({name for table in view.tables for name in claim_names(table.table)})
    for name in (name for name in asked if "://" in name):
        yield Constraint(
            path=("spec", "routes"),
            message=f"the claim {name}: Envoy takes the dots for claims inside of others when it hands a claim on",
            help="have the issuer write it under a name without dots as well, or let another engine be the edge",
        )
    if asked and not _has_gateway(view, options):
        what = f"the claims {', '.join(asked)} come" if len(asked) > 1 else f"the claim {asked[0]} comes"
        yield Constraint(
            path=_OPTIONS,
            message=f"without a gateway {what} in headers, which every caller in the mesh can write; a list comes "
            "as one text there, of which no member matches",
            help="name the gateways that serve the public names: there the token itself decides",
            level="info",
        )


def _gateway_options(view: View, options: Options) -> Iterator[Constraint]:
    if MESH in options.gateways:
        message = "mesh is Istio's word for all sidecars, not a gateway; the service's own name is served there anyway"
        yield Constraint(path=(*_OPTIONS, "gateways"), message=message, help="leave it out")
    labels = [entry.partition("=")[0] for entry in options.gatewaySelector]
    for label in sorted({label for label in labels if labels.count(label) > 1}):
        message = f"the label {label} appears twice, and no pod has two values of it"
        yield Constraint(path=(*_OPTIONS, "gatewaySelector"), message=message, help="keep one of them")


def _export(view: View, options: Options) -> Iterator[Constraint]:
    """By Istio's own validation, and so that the gateways' pods see the routes."""
    seen = [view.release.namespace if name == WHOLE_NAMESPACE else name for name in options.exportTo]
    path = (*_OPTIONS, "exportTo")
    if len(set(seen)) < len(seen):
        yield Constraint(
            path=path, message="a namespace appears twice in exportTo", help="name each once; . is its own"
        )
    if EVERYWHERE in seen and len(seen) > 1:
        yield Constraint(path=path, message="exportTo: * is every namespace already", help="leave the others out")
    if seen and _has_gateway(view, options) and not {EVERYWHERE, options.gatewayNamespace} & set(seen):
        yield Constraint(
            path=path,
            message=f"the gateway's pods in {options.gatewayNamespace} would not see the release's routes",
            help=f"add {options.gatewayNamespace}, or set gatewayNamespace to where the pods are",
        )
    elif set(seen) == {view.release.namespace}:
        homes = {gateway_name(name, view.release.namespace).partition("/")[0] for name in options.gateways}
        for home in sorted(homes - {view.release.namespace, MESH}):
            message = f"with {view.release.namespace} alone, gateways of {home} may not see the release's routes"
            yield Constraint(path=path, message=message, help=f"add {home}")


def _endpoints(view: View, options: Options) -> Iterator[Constraint]:
    for version in view.release.versions if options.serviceEntry else ():
        if not version.endpoints:
            message = f"{version.name} has no endpoints, so that a ServiceEntry answers 503 for it"
            yield Constraint(path=version.origin, message=message, help="list its endpoints")


def _route(route: Route, at_gateway: bool) -> Iterator[Constraint]:
    for tests in route.condition:
        for test in tests:
            yield from _test(test, route.origin, at_gateway)
        size = _longest_pattern(tests)
        if size > LONGEST_PATTERN:
            what = " and ".join(map(describe, tests))
            message = f"{_shortened(what)}: becomes a pattern of {size} characters, and Istio takes {LONGEST_PATTERN}"
            yield Constraint(path=route.origin, message=message, help="use a shorter value, or several entries")


def _test(test: Test, path: Pointer, at_gateway: bool) -> Iterator[Constraint]:
    kind, name, matcher = test.field.kind, test.field.name, test.matcher
    if kind is Kind.COOKIE and isinstance(matcher, Regex) and _needs_semicolon(matcher.pattern):
        message = f"{describe(test)}: no cookie's value holds a semicolon, so this never matches"
        yield Constraint(path=path, message=message, help="leave the semicolon out")
    if kind is Kind.METHOD and isinstance(matcher, OneOf) and "CONNECT" in matcher.values:
        message = "method CONNECT: Envoy matches it by a route of its own kind, so this never matches"
        yield Constraint(path=path, message=message, help="leave CONNECT out")
    if kind is Kind.HEADER and (name in _ENVOYS_OWN or name.startswith("x-envoy-")):
        message = f"{describe(test)}: Envoy writes this header itself, so that it may not be what the client sent"
        yield Constraint(path=path, message=message, help="use a header of your own", level="warning")
    if kind is Kind.CLAIM and at_gateway and name in _CUT_AT_BLANKS and not isinstance(matcher, Present | Absent):
        message = f"{describe(test)}: Istio cuts this claim at its blanks and compares word by word"
        yield Constraint(path=path, message=message, help="use another claim")


def _needs_semicolon(pattern: str) -> bool:
    """Is nothing left of the pattern when values hold no semicolon?"""
    if ";" not in pattern:
        return False
    from graymesh.proof.regex.portable import without
    from graymesh.proof.regex.tree import NEVER, render

    return without(pattern, ";") == render(NEVER)


@lru_cache(maxsize=1024)
def _longest_pattern(tests: tuple[Test, ...]) -> int:
    """The longest pattern in the match requests of a conjunction; 0 when all that is asked for is short."""
    if sum(map(_length, tests)) <= _SHORT:
        return 0
    from graymesh.targets.istio.matches import matches

    found = matches((tests,), Claims("", at_gateway=True)) or []
    return max((len(pattern) for match in found for pattern in _patterns(match)), default=0)


def _length(test: Test) -> int:
    return len(test.field.name) + max(map(len, texts(test.matcher)), default=0)


def _patterns(match: Any) -> Iterator[str]:
    """Every regular expression in a match request."""
    for key, value in match.items():
        if isinstance(value, dict):
            yield from _patterns(value)
        elif key == "regex":
            yield value


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
