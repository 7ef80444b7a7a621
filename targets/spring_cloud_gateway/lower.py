"""A fleet as one list of gateway routes: one route for each conjunction and share, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from graymesh.ir.naming import route_ids
from graymesh.ir.release import Conjunction, Kind, OneOf, Release, Route, Share
from graymesh.ir.wording import buckets_in_words, percent
from graymesh.kit.asked import asked_by
from graymesh.kit.comments import condition_in_words, file_of_all, in_lines
from graymesh.kit.target import Tree, View
from graymesh.targets.spring_cloud_gateway import predicates, services
from graymesh.targets.spring_cloud_gateway.cors import global_settings
from graymesh.targets.spring_cloud_gateway.filters import filters, metadata
from graymesh.text import Remarked

PREFIXES = {"2025": ("server", "webflux"), "legacy": ()}
"""Where the list of routes stands below `spring.cloud.gateway`."""


def lower(views: Sequence[View]) -> list[Tree]:
    """The one document of all releases; none when there are none. The first release's `prefix` counts.

    Raises ValueError for what no configuration can say and `check` reports.
    """
    ordered = sorted(views, key=lambda view: view.release.key)
    if not ordered:
        return []
    routes: Any = {**global_settings(ordered), "routes": [route for view in ordered for route in _routes(view)]}
    for key in reversed(PREFIXES[ordered[0].options["prefix"]]):
        routes = {key: routes}
    found = {key: listed for view in ordered for key, listed in _instances(view)}
    discovery = {"discovery": {"client": {"simple": {"instances": found}}}} if found else {}
    # Where Boot heeds forwarded headers (as it does by itself on Kubernetes), clients write their address themselves.
    # From the first stage on, since it is a setting of the whole application.
    sources = any(asked_by(view, Kind.SOURCE) is not None for view in ordered)
    server = {"server": {"forward-headers-strategy": "none"}} if sources else {}
    document = {**server, "spring": {"cloud": {**discovery, "gateway": routes}}}
    return [Remarked(document, (file_of_all(),))]


def _routes(view: View) -> Iterator[Remarked]:
    """Before the first stands a heading that no stage changes, so that git merges changes of two releases."""
    heading: tuple[str, ...] = ("", f"Release {view.release.key}{f', from {view.spec}' if view.spec else ''}.", "")
    for table in view.tables:
        scope = predicates.host(OneOf(tuple(sorted(table.hosts))))
        for position, route in enumerate(table.table.routes):
            for each in _route(view, scope, route, view.options["order"] + position):
                yield Remarked(each.value, (*heading, *each.lines))
                heading = ()


def _route(view: View, scope: predicates.Predicate, route: Route, order: int) -> Iterator[Remarked]:
    shares = route.split.shares
    effects = [_effects(view, route, share) for share in shares]
    ids = [route_ids(view.release, route, share) for share in shares]
    for number, tests in enumerate(route.condition):
        matched = [scope, *predicates.predicates(tests, view.options)]
        group = _group(view.release, route, number)
        for share, names, effect in zip(shares, ids, effects, strict=True):
            drawn = [predicates.weight(group, share.basis_points)] if len(shares) > 1 else []
            uri = services.uri(view.release, share.version)
            found = {"id": names[number], "uri": uri, "order": order, "predicates": [*matched, *drawn], **effect}
            yield Remarked(found, tuple(in_lines(_in_words(view.release, route, tests, share))))


def _in_words(release: Release, route: Route, tests: Conjunction, share: Share) -> str:
    """`shop/product-service testers: header x-gray-version is v2; to v2.` One route of Spring's is one share."""
    part = percent(share.basis_points) + " " if len(route.split.shares) > 1 else ""
    bucket = f" with a ticket of bucket {buckets_in_words(share.buckets)}" if share.set_cookie else ""
    who = condition_in_words((tests,))
    return f"{release.key} {route.name}: {who}; to {part}{share.version}{bucket}."


def _group(release: Release, route: Route, number: int) -> str:
    """A group of its own for every draw: members of one group with different predicates answer 404 at random."""
    suffix = f"_{number + 1}" if number else ""
    return f"{release.namespace}.{release.name}.{route.name}{suffix}"


def _effects(view: View, route: Route, share: Share) -> dict[str, Any]:
    if route.policy.mirror or route.policy.fault:
        raise ValueError("Spring Cloud Gateway neither copies requests nor makes faults")
    found = list(filters(share, route.policy, view.options["preserveHost"]))
    limits = metadata(route.policy)
    return {**({"filters": found} if found else {}), **({"metadata": limits} if limits else {})}


def _instances(view: View) -> Iterator[tuple[str, list[dict[str, str]]]]:
    if view.options["discovery"] == "external":
        return
    for version in view.release.versions:
        if version.endpoints:
            key = services.property_key(services.service_id(view.release, version.name))
            yield key, services.instances(version)
