"""`globalcors`: what the gateway answers browsers for pages of other origins, whatever its routes say.

Source: Spring's CorsConfiguration and DefaultCorsProcessor, and measurements. A request whose Origin is not the
gateway's own is compared with the one configuration of its path: another origin or method gets 403, also where browsers
ask nothing first. The gateway's headers then stand before those of the service, which a route has to drop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from graymesh.ir.release import SAFE_METHODS, Cors
from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.spring_cloud_gateway.decode_routes import DecodedRoute
from graymesh.targets.spring_cloud_gateway.properties import Property
from graymesh.targets.spring_cloud_gateway.refused import literal_text, of_type

_SETTING: Final = "globalcors"
_CONFIGURATION: Final = "globalcors.corsconfigurations.[/**]."
_ALLOWED: Final = "access-control-allow-origin"
_CREDENTIALS: Final = "access-control-allow-credentials"
_EXPOSED: Final = "access-control-expose-headers"
OWN: Final = frozenset([_ALLOWED, _CREDENTIALS, _EXPOSED])
"""What services may say themselves."""


def concerns(setting: Property) -> bool:
    """Is the setting about pages of other origins?"""
    return setting.name.partition(".")[0] == _SETTING


def cors_of(settings: Sequence[Property]) -> Cors | None:
    """What these settings answer, None when there are none. Raises NotUnderstood."""
    said: dict[str, Any] = {}
    for each in settings:
        name = each.name.removeprefix(_CONFIGURATION)
        if name == each.name or name in said:
            why = "only one configuration for all paths, [/**], is understood"
            raise NotUnderstood(each.field, why, each.path)
        said[name] = each.value
    if not said:
        return None
    found = _configuration(said, settings[0])
    strange = said.keys() - {"allowedorigins", "allowedmethods", "allowedheaders", "exposedheaders"}
    if left := sorted(strange - {"allowcredentials", "maxage"}):
        raise NotUnderstood(left[0], "this setting is not understood, and may concern every route", settings[0].path)
    return found


def _configuration(said: Mapping[str, Any], where: Property) -> Cors:
    methods = _texts(said, "allowedmethods", where)
    missing = sorted(set(SAFE_METHODS) - set(methods))
    if missing:
        why = f"{missing[0]} is not among them, which browsers send without asking: the gateway refuses it"
        raise NotUnderstood("allowedMethods", why, where.path)
    origins = _texts(said, "allowedorigins", where)
    if not origins:
        raise NotUnderstood("allowedOrigins", "no origin is named", where.path)
    return Cors(
        origins=origins,
        methods=tuple(each for each in methods if each not in SAFE_METHODS),
        headers=_lower(_texts(said, "allowedheaders", where)),
        expose=_lower(_texts(said, "exposedheaders", where)),
        credentials=_flag(said.get("allowcredentials", False), where),
        max_age_seconds=_seconds(said.get("maxage"), where),
    )


def _texts(said: Mapping[str, Any], name: str, where: Property) -> tuple[str, ...]:
    """A list, or one text with commas; sorted, each once."""
    value = said.get(name) or []
    words = value.split(",") if isinstance(value, str) else of_type(name, value, list)
    found = {literal_text(name, of_type(name, each, str)).strip() for each in words}
    if "*" in found:
        raise NotUnderstood(name, "* stands for all of them", where.path)
    return tuple(sorted(found))


def _lower(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({each.lower() for each in names}))


def _flag(value: object, where: Property) -> bool:
    if value not in (True, False, "true", "false"):
        raise NotUnderstood("allowCredentials", f"{value!r} is neither true nor false", where.path)
    return value in (True, "true")


def _seconds(value: object, where: Property) -> int | None:
    if value is None:
        return None
    text = str(value)
    if not (text.isascii() and text.isdigit()):
        raise NotUnderstood("maxAge", f"{value!r} is not a number of seconds", where.path)
    return int(text)


def answered(entry: DecodedRoute, cors: Cors | None) -> DecodedRoute:
    """The route with what the gateway answers for it. Raises NotUnderstood where a service's own answer stays."""
    kept, removed = entry.effects.first_kept, entry.effects.removed
    if cors is None:
        if kept or removed:
            name = "DedupeResponseHeader" if kept else "RemoveResponseHeader"
            raise NotUnderstood(name, "it drops what the service itself says")
        return entry
    ours = {_ALLOWED} | ({_CREDENTIALS} if cors.credentials else set()) | ({_EXPOSED} if cors.expose else set())
    if kept != ours or removed != OWN - ours or OWN & {name for name, _ in entry.effects.response_headers}:
        why = "what services say of Access-Control themselves stands beside it, or in its place"
        raise NotUnderstood(_SETTING, why)
    policy = replace(entry.effects.policy, cors=cors)
    return replace(entry, effects=replace(entry.effects, policy=policy))
