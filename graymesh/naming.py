"""Names that several engines must agree on, derived from a release alone."""

from __future__ import annotations

import hashlib

from graymesh.ir import Release, Route, Share


def route_id(release: Release, route: Route, share: Share) -> str:
    """The id of one route to one version in engines that name routes: `default.shop.rest.v2.0499`.

    A split has one id per share; the cookie value tells segments of one version apart.
    """
    parts = [release.namespace, release.name, route.name, share.version]
    if share.set_cookie:
        parts.append(share.set_cookie.value)
    return ".".join(parts)


def limited(name: str, length: int) -> str:
    """The name, cut to `length` with a digest of the whole when it is longer, so that long names stay distinct."""
    if len(name) <= length:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:10]
    return f"{name[: length - 11].rstrip('-.')}-{digest}"
