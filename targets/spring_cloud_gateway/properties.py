"""Where the settings of a gateway stand in application files, as Spring Boot binds them.

Keys may be nested, dotted, or both; `default-filters`, `defaultFilters` and `default_filters` are one key. Several
documents add up, but a list is taken whole from one of them: which one is a matter of profiles and of the order of
files, so two lists of routes are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graymesh.diagnostic import Pointer
from graymesh.kit.refusal import NotUnderstood
from graymesh.targets.spring_cloud_gateway.refused import literal_text, of_type

_GATEWAY: Final = ("spring", "cloud", "gateway")
_FORWARDING: Final = ("server", "forwardheadersstrategy")
_INSTANCES: Final = ("spring", "cloud", "discovery", "client", "simple", "instances")
_HARMLESS: Final = frozenset(["metrics", "observability"])
_HARMLESS_VALUES: Final[Mapping[str, bool]] = {"enabled": True, "discovery.locator.enabled": False}

_ELSEWHERE: Final[Mapping[tuple[str, ...], tuple[object, str]]] = {
    ("spring", "webflux", "basepath"): ("", "it stands before every path"),
    _FORWARDING: ("none", "it changes the client's address and the host"),
    ("spring", "cloud", "discovery", "enabled"): (True, "without discovery no lb:// uri works"),
    ("spring", "cloud", "loadbalancer", "enabled"): (True, "without the load balancer no lb:// uri works"),
}
"""Settings outside the gateway that change what it does, and the value that changes nothing."""


@dataclass(frozen=True, slots=True)
class Property:
    """One setting: its name without dashes, in lower case; where it stands; its value; why it is not understood."""

    name: str
    path: Pointer
    value: Any
    why: str = "this setting is not understood, and may concern every route"

    @property
    def field(self) -> str:
        """The name as it stands in the file."""
        return written(self.path)


def written(path: Pointer) -> str:
    """A path as people write it in properties."""
    return ".".join(map(str, path))


def gateway_settings(data: object) -> Iterator[Property]:
    """The settings below the gateway's prefixes, the new one (`server.webflux`) and the old one, level by level."""
    for path, below in _below(data, _GATEWAY, ()):
        for key, value in of_type(written(path), below or {}, dict).items():
            name, *rest = _parts(key)
            if name == "server":
                yield from _server_settings({key: value}, path)
            else:
                yield from _settings(name, rest, _at(path, key), value)


def instances(data: object) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Service ids of Spring's simple discovery with their endpoints, `ip:port`, sorted."""
    for path, below in _below(data, _INSTANCES, ()):
        for key, listed in of_type(written(path), below or {}, dict).items():
            endpoints = map(_endpoint, of_type(f"instances.{key}", listed, list))
            yield _service_id(str(key)), tuple(sorted(endpoints))


def disturbing(data: object) -> Iterator[Property]:
    """Settings outside the gateway that change its meaning."""
    for names, (neutral, why) in _ELSEWHERE.items():
        for path, value in _below(data, names, ()):
            if value != neutral:
                yield Property(".".join(names), path, value, why)


def ignores_forwarded(data: object) -> bool:
    """Does the document say, in any case, that what requests tell of earlier hops is not believed?"""
    return not is_conditional(data) and any(value == "none" for _, value in _below(data, _FORWARDING, ()))


def is_conditional(data: object) -> bool:
    """Does the document hold only under a profile or on a platform?"""
    keys = (("spring", "config", "activate"), ("spring", "profiles"))
    return any(True for names in keys for _ in _below(data, names, ()))


def imports(data: object) -> list[str]:
    """The files that the document imports."""
    found = [value for _, value in _below(data, ("spring", "config", "import"), ())]
    return [str(each) for value in found for each in (value if isinstance(value, list) else [value])]


def _server_settings(data: Mapping[str, Any], path: Pointer) -> Iterator[Property]:
    for where, below in _below(data, ("server",), path):
        for key in of_type(written(where), below or {}, dict):
            if _parts(key)[0] != "webflux":
                place = _at(where, key)
                raise NotUnderstood(written(place), "only the gateway on WebFlux is understood", place)
    for where, below in _below(data, ("server", "webflux"), path):
        for key, value in of_type(written(where), below or {}, dict).items():
            name, *rest = _parts(key)
            yield from _settings(name, rest, _at(where, key), value)


def _settings(name: str, rest: list[str], path: Pointer, value: Any) -> Iterator[Property]:
    """One setting, or nothing when it has no influence on routes."""
    if name in _HARMLESS:
        return
    if name.startswith("routes"):
        yield Property(".".join((name, *rest)), path, value)
        return
    for dotted, where, leaf in _leaves(".".join((name, *rest)), path, value):
        if dotted not in _HARMLESS_VALUES or leaf is not _HARMLESS_VALUES[dotted]:
            yield Property(dotted, where, leaf)


def _leaves(name: str, path: Pointer, value: Any) -> Iterator[tuple[str, Pointer, Any]]:
    if not isinstance(value, dict):
        yield name, path, value
        return
    for key, below in value.items():
        yield from _leaves(".".join((name, *_parts(key))), _at(path, key), below)


def _below(value: object, names: tuple[str, ...], path: Pointer) -> Iterator[tuple[Pointer, Any]]:
    """Every value at these names; keys may hold several of the names at once, or more than are asked for."""
    if not names:
        yield path, value
        return
    for key, child in value.items() if isinstance(value, dict) else ():
        parts = _parts(key)
        if names[: len(parts)] == parts:
            yield from _below(child, names[len(parts) :], _at(path, key))
        elif parts[: len(names)] == names:
            yield path, {_CutKey(key, len(names)): child}


class _CutKey(str):
    """What is left of a dotted key whose first names are asked for already; `whole` is the key as it stands."""

    __slots__ = ("whole",)
    whole: str

    def __new__(cls, key: object, names: int) -> _CutKey:
        cut = super().__new__(cls, ".".join(str(key).split(".")[names:]))
        cut.whole = key.whole if isinstance(key, _CutKey) else str(key)
        return cut


def _at(path: Pointer, key: Any) -> Pointer:
    """The path of a key, as it stands in the file."""
    return (*path, key.whole if isinstance(key, _CutKey) else key)


def _parts(key: object) -> tuple[str, ...]:
    return tuple(part.replace("-", "").replace("_", "").lower() for part in str(key).split("."))


def _service_id(key: str) -> str:
    if key.startswith("[") and key.endswith("]"):
        return key[1:-1]
    if "." in key or "[" in key:
        raise NotUnderstood(f"instances.{key}", "Spring cuts a key at its dots; in brackets it is one")
    return key


def _endpoint(value: object) -> str:
    found = of_type("instances", value, dict)
    if list(found) != ["uri"]:
        raise NotUnderstood("instances", f"{found!r} is not only a uri")
    uri = literal_text("instances.uri", of_type("instances.uri", found["uri"], str))
    scheme, _, endpoint = uri.partition("://")
    if scheme != "http" or "/" in endpoint or not endpoint.rpartition(":")[2].isdigit():
        raise NotUnderstood("instances.uri", f"{uri!r} is not of the form http://address:port")
    return endpoint
