"""What Spring Cloud Gateway is told beside its routes: limits by route id, and names for the paths of a release."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from graymesh.ir.naming import everyones_route_id, route_ids
from graymesh.ir.release import Absent, Kind, Matcher, OneOf, PathPrefix, Present
from graymesh.kit.target import View

_WILDCARDS: Final = frozenset("*?{")
_EXACT, _ANT, _REGEX = 0, 1, 2


def limits(view: View) -> Iterator[Mapping[str, Any]]:
    """One rule for each route to a limited version, each with the version's whole limit.

    A request passes one route, so a route alone above the limit means that the version is above it: no rule rejects
    what the limit allows. The sum over the routes is held by the version's own flow rule. The rule that stands at every
    stage comes first: by it git tells neighbours apart whose other rules change with the stage.
    """
    first = set(_everyones(view)) if view.companion else set()
    for name, limit in [*sorted(first), *sorted(_limited_routes(view) - first)]:
        yield {"resource": name, "resourceMode": 0, "grade": 1, "count": limit, "intervalSec": 1}


def _everyones(view: View) -> Iterator[tuple[str, Any]]:
    """The route by which a limited version serves everyone at some stage; behind an edge there is none."""
    for version in view.release.versions if view.role != "follower" else ():
        if (version.name, "limits.qps") in view.facts:
            yield everyones_route_id(view.release, version.name), view.facts[version.name, "limits.qps"]


def _limited_routes(view: View) -> set[tuple[str, Any]]:
    """(route id, requests per second) of every route that leads to a version with a limit."""
    return {
        (name, view.facts[share.version, "limits.qps"])
        for tables in view.companion
        for route in tables.table.routes
        for share in route.split.shares
        if share.basis_points and (share.version, "limits.qps") in view.facts
        for name in route_ids(view.release, route, share)
    }


def groups(view: View) -> Iterator[Mapping[str, Any]]:
    """The paths that the routes of the release ask for, under its name; nothing when no route asks for a path."""
    items = sorted({item for matcher in _path_matchers(view) for item in _items(matcher)})
    if items:
        predicates = [{"pattern": pattern, "matchStrategy": strategy} for strategy, pattern in items]
        yield {"apiName": f"{view.release.namespace}.{view.release.name}", "predicateItems": predicates}


def _path_matchers(view: View) -> Iterator[Matcher]:
    for tables in view.companion:
        for route in tables.table.routes:
            for tests in route.condition:
                yield from (test.matcher for test in tests if test.field.kind is Kind.PATH)


def _items(matcher: Matcher) -> list[tuple[int, str]]:
    from graymesh.kit.patterns import pattern

    if isinstance(matcher, OneOf):
        return [(_EXACT, value) for value in matcher.values]
    if isinstance(matcher, Present | Absent):
        return []
    if isinstance(matcher, PathPrefix) and not _WILDCARDS & set(matcher.value):
        return [(_ANT, f"{matcher.value.rstrip('/')}/**")]
    return [(_REGEX, pattern(matcher))]
