"""corsPolicy: what Envoy answers browsers for pages of other origins.

Source: Istio's reference of CorsPolicy, Envoy's CORS filter, and measurements: for an origin that it knows Envoy sets
its own headers in place of the service's; for all others those of the service pass unless the route removes them.
"""

from __future__ import annotations

from typing import Final

from graymesh.ir.release import SAFE_METHODS, Cors
from graymesh.kit.nodes import ObjectNode
from graymesh.kit.refusal import NotUnderstood

_FIELDS: Final = frozenset(
    [
        *("allowOrigins", "allowMethods", "allowHeaders", "exposeHeaders"),
        *("allowCredentials", "maxAge", "unmatchedPreflights"),
    ]
)
_REFUSED: Final = {"allowOrigin": "an older field than allowOrigins"}
_PASSED: Final = frozenset(
    ["access-control-allow-origin", "access-control-allow-credentials", "access-control-expose-headers"]
)
_VARY: Final = ("vary", "Origin")


def cors_of(route: ObjectNode) -> Cors | None:
    """What a route answers, None when it leaves that to the service. Raises NotUnderstood."""
    policy = route.node("corsPolicy")
    if policy is None:
        return None
    policy.limited(_FIELDS, _REFUSED)
    if policy.text("unmatchedPreflights") != "IGNORE":
        raise policy.wrong("unmatchedPreflights", "preflights of other origins go on to the service")
    if _removed(route) != _PASSED:
        raise policy.wrong("allowOrigins", "headers.response.remove has to take out what services say of it themselves")
    age_ms = policy.milliseconds("maxAge")
    if age_ms is not None and age_ms % 1000:
        raise policy.wrong("maxAge", "is not a whole number of seconds")
    return Cors(
        origins=tuple(sorted(_origin(each) for each in policy.nodes("allowOrigins"))),
        methods=tuple(sorted(set(_listed(policy, "allowMethods")) - set(SAFE_METHODS))),
        headers=tuple(sorted({each.lower() for each in _listed(policy, "allowHeaders")})),
        expose=tuple(sorted({each.lower() for each in _listed(policy, "exposeHeaders")})),
        credentials=policy.flag("allowCredentials"),
        max_age_seconds=None if age_ms is None else age_ms // 1000,
    )


def _origin(match: ObjectNode) -> str:
    match.limited(frozenset(["exact"]))
    origin = match.text("exact")
    if origin in ("", "*"):
        raise match.wrong("exact", "stands for every origin, or for none")
    return origin


def _listed(policy: ObjectNode, name: str) -> tuple[str, ...]:
    found = policy.texts(name)
    if "*" in found:
        raise policy.wrong(name, "stands for all of them, but not with credentials")
    return found


def _removed(route: ObjectNode) -> frozenset[str]:
    """The headers of the service's answers that the route takes out."""
    headers = route.node("headers")
    response = headers.node("response") if headers else None
    return frozenset(each.lower() for each in response.texts("remove")) if response else frozenset()


def for_caches(response: ObjectNode, with_cors: bool) -> dict[str, str]:
    """What is added to answers besides what tells caches that they depend on the origin. Raises NotUnderstood."""
    added = response.text_map("add")
    told = {name: value for name, value in added.items() if (name.lower(), value) == _VARY}
    if with_cors and not told:
        raise NotUnderstood("vary", "caches may give one origin's answer to another", (*response.path, "add"))
    return {name: value for name, value in added.items() if not with_cors or name not in told}
