"""What a release's rule files must state, from the view alone."""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.naming import everyones_route_id, route_ids
from graymesh.ir.release import Absent, Facts, Kind, OneOf, PathPrefix, Present, Scalar, Test
from graymesh.kit.target import Expected, View


def expected(view: View) -> Expected:
    """The settings, and the ids of routes by which the gateway's rules go."""
    return Expected(settings=_settings(view), names=_names(view))


def _settings(view: View) -> Facts:
    """The facts of the spec that Sentinel can hold, and those that only its files have (`graymesh.ir.settings`)."""
    facts = dict(_held(view))
    if view.options["gateway"]:
        facts.update(_routes(view))
        facts.update(_paths(view))
    return dict(sorted(facts.items()))


def _held(view: View) -> Iterator[tuple[tuple[str, str], Scalar]]:
    for (version, name), value in view.facts.items():
        match name.split("."):
            case ["limits", "qps"]:
                yield (version, f"{name}.perInstance"), _for_each_instance(view, version, _number(value))
            case ["limits", "cpu", "bp"] | ["circuitBreaker", *_]:
                yield (version, name), value


def _for_each_instance(view: View, version: str, whole: int) -> int:
    spread = view.options["limitsPer"] == "version"
    return whole // (view.release.version(version).replicas or 1) if spread else whole


def _names(view: View) -> dict[str, tuple[str, str]]:
    """The ids of the gateway's routes that have a limit: a rule for an id that no route has never acts."""
    if not view.options["gateway"]:
        return {}
    return {name: (version, "limits.qps") for version, _ in view.facts for name in _limited(view, version)}


def _routes(view: View) -> Iterator[tuple[tuple[str, str], Scalar]]:
    for version in view.release.versions:
        names = _limited(view, version.name)
        if view.companion and view.role != "follower" and (version.name, "limits.qps") in view.facts:
            names |= {everyones_route_id(view.release, version.name)}  # there at every stage, used at the last one
        if names:
            limit = view.facts[version.name, "limits.qps"]
            yield (version.name, "gateway.routes"), tuple(sorted(f"{name}={limit}" for name in names))


def _limited(view: View, version: str) -> set[str]:
    """The ids of all routes to a version that has a limit."""
    if (version, "limits.qps") not in view.facts:
        return set()
    return {
        name
        for tables in view.companion
        for route in tables.table.routes
        for share in route.split.shares
        if share.version == version and share.basis_points > 0
        for name in route_ids(view.release, route, share)
    }


def _paths(view: View) -> Iterator[tuple[tuple[str, str], Scalar]]:
    tests = [
        test
        for tables in view.companion
        for route in tables.table.routes
        for conjunction in route.condition
        for test in conjunction
        if test.field.kind is Kind.PATH
    ]
    patterns = sorted({pattern for test in tests for pattern in _patterns(test)})
    if patterns:
        yield ("", "gateway.group"), f"{view.release.namespace}.{view.release.name}"
        yield ("", "gateway.paths"), tuple(patterns)


def _patterns(test: Test) -> Iterator[str]:
    from graymesh.kit.patterns import pattern

    matcher = test.matcher
    if isinstance(matcher, OneOf):
        yield from (f"exact {value}" for value in matcher.values)
    elif isinstance(matcher, PathPrefix) and not any(char in matcher.value for char in "*?{"):
        yield f"prefix {matcher.value}"
    elif not isinstance(matcher, Present | Absent):
        yield f"regex {pattern(matcher)}"


def _number(value: Scalar) -> int:
    return int(str(value))
