"""What pages of other origins are answered, in Istio's words."""

from __future__ import annotations

from typing import Any, Final

from graymesh.ir.release import SAFE_METHODS, Cors

OWN: Final = ("access-control-allow-credentials", "access-control-allow-origin", "access-control-expose-headers")
"""What services say of their own; Envoy overwrites it for an origin that it knows, and lets it pass for all others."""


def fields(cors: Cors) -> dict[str, Any]:
    """The fields of a route. Preflights of other origins end at Envoy, which by default passes them on.

    Envoy says nothing of caches, which must not give one origin's answer to another.
    """
    policy = {
        "allowOrigins": [{"exact": origin} for origin in cors.origins],
        "allowMethods": [*SAFE_METHODS, *cors.methods],
        **({"allowHeaders": list(cors.headers)} if cors.headers else {}),
        **({"exposeHeaders": list(cors.expose)} if cors.expose else {}),
        "allowCredentials": cors.credentials,
        **({} if cors.max_age_seconds is None else {"maxAge": f"{cors.max_age_seconds}s"}),
        "unmatchedPreflights": "IGNORE",
    }
    return {"corsPolicy": policy, "headers": {"response": {"add": {"vary": "Origin"}, "remove": list(OWN)}}}
