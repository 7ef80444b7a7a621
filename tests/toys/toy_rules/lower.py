"""A release as the rules of its versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graymesh.kit.target import View


def lower(views: Sequence[View]) -> list[tuple[str, Any]]:
    """Path and document of each release that has rules."""
    ordered = sorted(views, key=lambda view: view.release.key)
    found = [(f"{view.release.key}.yaml", _release(view)) for view in ordered]
    return [(path, document) for path, document in found if document["rules"]]


def _release(view: View) -> dict[str, Any]:
    rules = [{"version": version, "rule": name, "value": value} for (version, name), value in view.facts.items()]
    return {"release": view.release.key, "strict": view.options["strict"], "rules": sorted(rules, key=_place)}


def _place(rule: dict[str, Any]) -> tuple[str, str]:
    return rule["version"], rule["rule"]
