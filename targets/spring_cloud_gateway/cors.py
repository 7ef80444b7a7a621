"""Answers to pages of other origins in Spring's words: one configuration for all routes, and filters of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from graymesh.ir.release import SAFE_METHODS, Cors
from graymesh.kit.target import View

EVERY_PATH: Final = "[/**]"
"""The gateway tells configurations apart by path alone, so this one is for all releases."""

_ALWAYS: Final = "Access-Control-Allow-Origin"
_CREDENTIALS: Final = "Access-Control-Allow-Credentials"
_EXPOSED: Final = "Access-Control-Expose-Headers"


def cors_of(view: View) -> Cors | None:
    """What the release asks for."""
    found = (route.policy.cors for table in view.tables for route in table.table.routes)
    return next((cors for cors in found if cors), None)


def global_settings(views: Sequence[View]) -> dict[str, Any]:
    """The gateway's setting. Raises ValueError for releases that differ, which lint reports."""
    asked = {cors_of(view) for view in views}
    if len(asked) > 1:
        raise ValueError("releases of one gateway let in other origins")
    cors = asked.pop() if asked else None
    return {"globalcors": {"cors-configurations": {EVERY_PATH: _configuration(cors)}}} if cors else {}


def _configuration(cors: Cors) -> dict[str, Any]:
    """GET, HEAD and POST are named: Spring refuses what is not, also where browsers do not ask."""
    return {
        "allowedOrigins": list(cors.origins),
        "allowedMethods": [*SAFE_METHODS, *cors.methods],
        **({"allowedHeaders": list(cors.headers)} if cors.headers else {}),
        **({"exposedHeaders": list(cors.expose)} if cors.expose else {}),
        "allowCredentials": cors.credentials,
        **({} if cors.max_age_seconds is None else {"maxAge": cors.max_age_seconds}),
    }


def filters(cors: Cors) -> Iterator[dict[str, Any]]:
    """The gateway's own headers stand before the service's: of each the first is kept, or none that is not its own."""
    own = [_ALWAYS, *([_CREDENTIALS] if cors.credentials else []), *([_EXPOSED] if cors.expose else [])]
    yield {"name": "DedupeResponseHeader", "args": {"name": " ".join(own), "strategy": "RETAIN_FIRST"}}
    for name in (_CREDENTIALS, _EXPOSED):
        if name not in own:
            yield {"name": "RemoveResponseHeader", "args": {"name": name}}
