"""Rule files as JSON, and the last gate: no rule is written that its manager would drop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from graymesh.targets.sentinel.lower import RuleFile
from graymesh.targets.sentinel.rules import KINDS
from graymesh.targets.sentinel.values import typed
from graymesh.text import json_groups_text


def emit(trees: Sequence[RuleFile]) -> dict[str, str]:
    """Path → JSON array. Raises ValueError for a rule that Sentinel would drop, and for a path that comes twice."""
    files: dict[str, str] = {}
    for file in sorted(trees, key=lambda file: file.path):
        if file.path in files:
            raise ValueError(f"{file.path}: two releases of one name")
        for rule in file.rules:
            check(file.kind, rule, file.path)
        files[file.path] = json_groups_text([list(rules) for _, rules in groupby(file.rules, _release)])
    return files


def _release(rule: Mapping[str, Any]) -> list[str]:
    """What the names of a release's gateway rules begin with: the namespace and the release."""
    return str(rule.get("resource") or rule.get("apiName") or "").split(".")[:2]


def check(kind: str, raw: Mapping[str, Any], path: str) -> None:
    """Raises ValueError that names the rule and the field when Sentinel would drop the rule or not act on it."""
    rule, problems = typed(KINDS[kind].columns, raw)
    found = [*problems, *(KINDS[kind].broken(rule) if not problems else ())]
    if found:
        name = raw.get("resource") or raw.get("apiName") or "system"
        raise ValueError(f"{path}: the {kind} rule of {name}: {found[0].field} {found[0].message}")
