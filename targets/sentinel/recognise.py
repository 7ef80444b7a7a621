"""Which kind of rules a file holds, and whose: from its path and, where that is not enough, from the fields used."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from graymesh.targets.sentinel.columns import BOOKKEEPING
from graymesh.targets.sentinel.rules import KINDS

_WORDS: Final = {
    "flow": "flow",
    "degrade": "degrade",
    "system": "system",
    "authority": "authority",
    "paramflow": "param-flow",
    "hotparam": "param-flow",
    "gwflow": "gateway-flow",
    "gatewayflow": "gateway-flow",
    "gwapigroup": "api-groups",
    "gatewayapigroup": "api-groups",
    "apigroup": "api-groups",
    "apidefinition": "api-groups",
}
_ENDING: Final = re.compile(r"(?:[-_.]?rules?|s)$", re.IGNORECASE)
_BREAK: Final = re.compile(r"[^A-Za-z0-9]+")


def kinds_by_name(path: str) -> frozenset[str]:
    """The kinds that the file's name may stand for: `flow-rules.json`, `FlowRule.json`, `shop-gw-flow-rules.json`.

    A name that could be read in two ways (`my-gateway-flow-rules.json`: the gateway rules of `my`, or the flow rules
    of `my-gateway`; a version named `gateway`) gives both; a name that says nothing gives none.
    """
    *folders, name = path.split("/")
    words = [word.lower() for word in _BREAK.split(_ENDING.sub("", name.removesuffix(".json"))) if word]
    endings = {"".join(words[start:]): start for start in range(len(words))}
    found = {_WORDS[ending]: start for ending, start in endings.items() if ending in _WORDS}
    if "flow" in found and folders[-1:] == ["gateway"]:
        return frozenset(["gateway-flow"] if len(folders) == 1 else ["flow", "gateway-flow"])
    whole = {kind for kind, start in found.items() if start == 0}
    return frozenset(whole or found)


def kinds_by_fields(rules: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """The kinds that know every field that these rules use."""
    used = {name for rule in rules for name in rule} - BOOKKEEPING
    return frozenset(kind.name for kind in KINDS.values() if used <= kind.columns.keys())


def kind_of(path: str, rules: Sequence[Mapping[str, Any]]) -> str | None:
    """The one kind that fits path and fields; the path's when the fields fit none of its kinds; None when in doubt."""
    named, shaped = kinds_by_name(path), kinds_by_fields(rules)
    fitting = named & shaped or named or shaped
    return next(iter(fitting)) if len(fitting) == 1 else None


def owner(path: str) -> tuple[str, str] | None:
    """(release, version) of a file `<release>/<version>/<file>`; None for any other path."""
    parts = path.split("/")
    return (parts[0], parts[1]) if len(parts) == 3 and all(parts) else None


_ROUTE_ID: Final = re.compile(r"[^.]+\.([^.]+)\.[^.]+\.([^.]+)(?:\.[0-9a-f]{4})?")
_GROUP_NAME: Final = re.compile(r"[^.]+\.([^.]+)")


def route_owner(path: str, route_id: str) -> tuple[str, str] | None:
    """(release, version) of a route id in the shared gateway file, `<namespace>.<release>.<route>.<version>[.NNNN]`."""
    found = _ROUTE_ID.fullmatch(route_id) if path.split("/")[:-1] == ["gateway"] else None
    return (found[1], found[2]) if found else None


def group_owner(path: str, name: str) -> str | None:
    """The release of a path group in the shared gateway file, `<namespace>.<release>`."""
    found = _GROUP_NAME.fullmatch(name) if path.split("/")[:-1] == ["gateway"] else None
    return found[1] if found else None
