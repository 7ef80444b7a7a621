"""`globalcors`: what the gateway answers browsers for pages of other origins, whatever its routes say.

Source: Spring's CorsConfiguration and DefaultCorsProcessor, and measurements. A request whose Origin is not the
gateway's own is compared with the one configuration of its path: another origin or method gets 403, also where browsers
ask nothing first. The gateway's headers then stand before those of the service, which a route has to drop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from graymesh.ir.release import SAFE_METHODS, Cors
from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.spring_cloud_gateway.decode_filters import ACCESS_CONTROL, ALLOWED, CREDENTIALS, EXPOSED
from graymesh.targets.spring_cloud_gateway.decode_routes import DecodedRoute
from graymesh.targets.spring_cloud_gateway.properties import Property
from graymesh.targets.spring_cloud_gateway.refused import literal_text, of_type

_SETTING: Final = "globalcors"
_CONFIGURATION: Final = "globalcors.corsconfigurations.[/**]."
_KEYS: Final = frozenset(
    ["allowedorigins", "allowedmethods", "allowedheaders", "exposedheaders", "allowcredentials", "maxage"]
)


def concerns(setting: Property) -> bool:
    """Is the setting about pages of other origins?"""
    return setting.name.partition(".")[0] == _SETTING


def cors_of(settings: Sequence[Property]) -> Cors | None:
    """What these settings answer, None when there are none. Raises NotUnderstood."""
    said: dict[str, Property] = {}
    for each in settings:
        name = each.name.removeprefix(_CONFIGURATION)
        if name == each.name or name in said:
            raise _wrong(each, "only one configuration for all paths, [/**], is understood")
        if name not in _KEYS:
            raise _wrong(each, "this setting is not understood, and may concern every route")
        said[name] = each
    return _configuration(said, settings[0]) if said else None


def _configuration(said: Mapping[str, Property], first: Property) -> Cors:
    methods, origins = _texts(said.get("allowedmethods")), _texts(said.get("allowedorigins"))
    missing = sorted(set(SAFE_METHODS) - set(methods))
    if missing:
        why = f"{missing[0]} is not among them, which browsers send without asking: the gateway refuses it"
        raise _wrong(said.get("allowedmethods", first), f"allowedMethods: {why}")
    if not origins:
        raise _wrong(said.get("allowedorigins", first), "allowedOrigins: no origin is named")
    credentials, age = said.get("allowcredentials"), said.get("maxage")
    return Cors(
        origins=origins,
        methods=tuple(each for each in methods if each not in SAFE_METHODS),
        headers=_lower(_texts(said.get("allowedheaders"))),
        expose=_lower(_texts(said.get("exposedheaders"))),
        credentials=_flag(credentials) if credentials else False,
        max_age_seconds=_seconds(age) if age else None,
    )


def _wrong(setting: Property, why: str) -> NotUnderstood:
    return NotUnderstood(setting.field, why, setting.path)


def _texts(setting: Property | None) -> tuple[str, ...]:
    """A list, or one text with commas; sorted, each once."""
    if setting is None or not setting.value:
        return ()
    words = setting.value.split(",") if isinstance(setting.value, str) else setting.value
    try:
        listed = of_type(setting.field, words, list)
        found = {literal_text(setting.field, of_type(setting.field, each, str)).strip() for each in listed}
    except NotUnderstood as why:
        raise NotUnderstood(why.field, why.message, setting.path) from why
    if "*" in found:
        raise _wrong(setting, "* stands for all of them")
    return tuple(sorted(found))


def _lower(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({each.lower() for each in names}))


def _flag(setting: Property) -> bool:
    if setting.value not in (True, False, "true", "false"):
        raise _wrong(setting, f"{setting.value!r} is neither true nor false")
    return setting.value in (True, "true")


def _seconds(setting: Property) -> int:
    text = str(setting.value)
    if not (text.isascii() and text.isdigit()) or isinstance(setting.value, bool):
        raise _wrong(setting, f"{setting.value!r} is not a number of seconds")
    return int(text)


def answered(entry: DecodedRoute, cors: Cors | None) -> DecodedRoute:
    """The route with what the gateway answers for it. Raises NotUnderstood where a service's own answer stays."""
    kept, removed = entry.effects.first_kept, entry.effects.removed
    if cors is None:
        if kept or removed:
            name = "DedupeResponseHeader" if kept else "RemoveResponseHeader"
            raise NotUnderstood(name, "it drops what the service itself says")
        return entry
    ours = {ALLOWED} | ({CREDENTIALS} if cors.credentials else set()) | ({EXPOSED} if cors.expose else set())
    if (
        kept != ours
        or removed != ACCESS_CONTROL - ours
        or ACCESS_CONTROL & {name for name, _ in entry.effects.response_headers}
    ):
        why = "what services say of Access-Control themselves stands beside it, or in its place"
        raise NotUnderstood(_SETTING, why)
    policy = replace(entry.effects.policy, cors=cors)
    return replace(entry, effects=replace(entry.effects, policy=policy))
