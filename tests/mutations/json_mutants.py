"""Changes to the JSON of Sentinel's rule files: every leaf and entry once, and the named classes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

from tests.mutations.mutant import Mutant, changes

Path: TypeAlias = tuple[str | int, ...]


def sweep(text: str) -> Iterator[Mutant]:
    """Every leaf changed in each way, every entry of a list or object left out."""
    data = json.loads(text)
    for path, value in _places(data):
        for new in changes(value):
            yield Mutant(_shown(path), f"{value!r} → {new!r}", _written(_with(data, path, new)))
        yield Mutant(_shown(path), "left out", _written(_without(data, path)))


def named(text: str) -> Iterator[Mutant]:
    """The named classes of a list of rules."""
    data = json.loads(text)
    for index, rule in enumerate(data):
        yield Mutant(str(index), "left out", _written(_without(data, (index,))), "rule dropped")
        for path, kind, new in _rule(rule):
            place = (index, *path)
            change = f"{_at(data, place)!r} → {new!r}"
            yield Mutant(_shown(place), change, _written(_with(data, place, new)), kind)


def _rule(rule: dict[str, Any]) -> Iterator[tuple[Path, str, Any]]:
    for name in ("count", "highestCpuUsage"):
        if name in rule:
            yield (name,), "count", rule[name] / 2
            yield (name,), "count", 0 if rule[name] else 1
    if "grade" in rule:
        yield ("grade",), "grade", 1 - rule["grade"]
    for name in ("resource", "apiName"):
        if name in rule:
            yield (name,), "resource", rule[name] + "x"
    for name in ("timeWindow", "statIntervalMs", "minRequestAmount"):
        if name in rule:
            yield (name,), "window", rule[name] * 2
    for index, item in enumerate(rule.get("predicateItems", ())):
        yield ("predicateItems", index, "pattern"), "pattern", "/x" + item["pattern"]
        yield ("predicateItems", index, "matchStrategy"), "pattern", (item["matchStrategy"] + 1) % 3


def _places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if path:
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _places(item, (*path, key))


def _at(data: Any, path: Path) -> Any:
    for step in path:
        data = data[step]
    return data


def _with(data: Any, path: Path, value: Any) -> Any:
    copy = json.loads(json.dumps(data))
    _at(copy, path[:-1])[path[-1]] = value
    return copy


def _without(data: Any, path: Path) -> Any:
    copy = json.loads(json.dumps(data))
    del _at(copy, path[:-1])[path[-1]]
    return copy


def _written(data: Any) -> str:
    return json.dumps(data, indent=2) + "\n"


def _shown(path: Path) -> str:
    return "/".join(map(str, path))
