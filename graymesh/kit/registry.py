"""Finds targets by looking into their folder; nothing is listed anywhere else."""

from __future__ import annotations

import pkgutil
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import graymesh.targets
from graymesh.did_you_mean import quoted, suggestion
from graymesh.ir.release import Kind
from graymesh.kit.declared import DeclarationError
from graymesh.kit.target import NEEDS, Capability, Manifest, Option, Target
from graymesh.source import load_artifacts


@lru_cache(maxsize=1)
def target_names() -> tuple[str, ...]:
    """Names of all targets, sorted. A folder's `_` is `-` in the target's name."""
    found = pkgutil.iter_modules(graymesh.targets.__path__)
    return tuple(sorted(module.name.replace("_", "-") for module in found if module.ispkg))


@lru_cache(maxsize=64)
def target(name: str) -> Target:
    """The target of that name.

    Raises KeyError when there is none, DeclarationError when its manifest cannot be meant.
    """
    found = _found(name)
    for need in found.manifest.needs:
        if need not in NEEDS:
            advice = suggestion(need, NEEDS)
            raise DeclarationError(f"target {name}: needs {quoted(need)}, which nobody gives; {advice}")
    _check_order(name, ())
    return found


@lru_cache(maxsize=64)
def _found(name: str) -> Target:
    if name not in target_names():
        raise KeyError(name)
    package = f"graymesh.targets.{name.replace('-', '_')}"
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise KeyError(name)
    folder = Path(next(iter(spec.submodule_search_locations)))
    return Target(manifest=_manifest(folder / "target.yaml"), folder=folder, package=package)


def _check_order(name: str, way: tuple[str, ...]) -> None:
    """Every target that this one comes after is there, and does not come after this one itself."""
    if name in way:
        circle = " → ".join((*way[way.index(name) :], name))
        raise DeclarationError(f"target {name}: after leads back to where it starts: {circle}")
    for other in _found(name).manifest.after:
        if other not in target_names():
            advice = suggestion(other, target_names())
            raise DeclarationError(f"target {name}: after {quoted(other)}, which is no target; {advice}")
        _check_order(other, (*way, name))


def _manifest(path: Path) -> Manifest:
    data = dict(load_artifacts(path.read_bytes(), path.name)[0].data)
    features = {name: Capability(**entry) for name, entry in data["features"].items()}
    options = {name: _option(entry) for name, entry in data.get("options", {}).items()}
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in data.items()
        if key not in ("features", "options", "unseen", "reads")
    }
    fields |= {key: {Kind(kind): text for kind, text in data.get(key, {}).items()} for key in ("unseen", "reads")}
    return Manifest(features=features, options=options, **fields)


def _option(entry: dict[str, Any]) -> Option:
    fields: dict[str, Any] = {key: tuple(value) if key == "values" else value for key, value in entry.items()}
    return Option(**fields)
