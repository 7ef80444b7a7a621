"""Names that several engines must agree on, derived from a release alone."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from graymesh.ir.cohorts import size
from graymesh.ir.release import Release, Route, Share
from graymesh.ir.tickets import written


def route_id(release: Release, route: Route, share: Share) -> str:
    """The id of one route to one version in engines that name routes: `default.shop.everyone.v2.ab3f`.

    A split has one id per share; its bucket tells the tickets of one version apart.
    """
    parts = [release.namespace, release.name, route.name, share.version]
    if size(share.buckets) == 1:
        parts.append(written(share.buckets[0][0]))
    return ".".join(parts)


def route_ids(release: Release, route: Route, share: Share) -> tuple[str, ...]:
    """The ids of one share in engines whose routes know no "or": one for each conjunction of the route's condition.

    The first is `route_id`, the others count: `default.shop.beta.v2`, `default.shop.beta_2.v2`. No route's own name
    holds an underscore.
    """
    numbered = (f"{route.name}_{number}" for number in range(2, len(route.condition) + 1))
    names = (route.name, *numbered)
    return tuple(route_id(release, route if name == route.name else replace(route, name=name), share) for name in names)


def everyones_route_id(release: Release, version: str) -> str:
    """The id of the route by which all others get the version, at stages where it alone serves them."""
    return f"{release.namespace}.{release.name}.everyone.{version}"


def limited(name: str, length: int) -> str:
    """The name, cut to `length` with a digest of the whole when it is longer, so that long names stay distinct."""
    if len(name) <= length:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:10]
    return f"{name[: length - 11].rstrip('-.')}-{digest}"
