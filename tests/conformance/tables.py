"""The support tables of the documentation, made of what targets declare and of what the suite has seen at work.

They stand between two markers in README.md and in each target's README; `python -m tests.conformance tables` renews
them, and a test compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from graymesh.ir.features import FEATURES
from graymesh.kit.registry import target, target_names
from graymesh.kit.target import Manifest, Target
from tests.conformance import report
from tests.helpers import ROOT

_BEGIN: Final = "<!-- support: made from the conformance suite's report by `make support` -->"
_END: Final = "<!-- end of support -->"
_BLOCK: Final = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)


def pages() -> Mapping[Path, str]:
    """Every file that has a table, with the text that it should have. Raises ValueError when the markers are gone."""
    found = report.read()
    tables = {ROOT / "README.md": overview(found)}
    tables |= {target(name).folder / "README.md": details(target(name), found.get(name)) for name in target_names()}
    return {path: _renewed(path, text) for path, text in tables.items()}


def write() -> None:
    """Renew all tables."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


def overview(found: Mapping[str, Any]) -> str:
    """One row a feature, one column a target."""
    manifests = [target(name).manifest for name in target_names()]
    rows = [["", *(manifest.title for manifest in manifests)], ["---"] * (len(manifests) + 1)]
    rows += _facts([found.get(manifest.name) for manifest in manifests])
    for feature in FEATURES:
        rows.append([f"`{feature}`", *(_cell(manifest, feature, found.get(manifest.name)) for manifest in manifests)])
    return _markdown(rows)


def details(chosen: Target, seen: Mapping[str, Any] | None) -> str:
    """One target's features, each with how it is said or why it is not."""
    rows = [["", "held to the engine"], ["---", "---"], *_facts([seen])]
    head = [["feature", "support", "requests compared", "how, or why not"], ["---"] * 4]
    for feature in FEATURES:
        capability = chosen.manifest.capability(feature)
        told = capability.how or ". ".join(filter(None, (capability.why, capability.instead)))
        head.append([f"`{feature}`", capability.support, _count(seen, feature), told.replace("|", "\\|")])
    return f"{_markdown(rows)}\n{_markdown(head)}"


def _facts(entries: list[Mapping[str, Any] | None]) -> list[list[str]]:
    names = {"version": "engine", "releases": "releases tried", "stages": "stages of them"}
    names |= {"requests": "requests compared", "disagreements": "disagreements", "rules": "rules held and tried"}
    rows = [[words, *(_shown((entry or {}).get(name)) for entry in entries)] for name, words in names.items()]
    return [row for row in rows if any(row[1:])]


def _cell(manifest: Manifest, feature: str, seen: Mapping[str, Any] | None) -> str:
    support = manifest.capability(feature).support
    if support == "none":
        return "–"
    count = _count(seen, feature)
    return f"{support}, {count}" if count else f"{support}"


def _count(seen: Mapping[str, Any] | None, feature: str) -> str:
    return _shown((seen or {}).get("features", {}).get(feature))


def _shown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value or "")


def _markdown(rows: list[list[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _renewed(path: Path, table: str) -> str:
    text = path.read_text(encoding="utf-8")
    if not _BLOCK.search(text):
        raise ValueError(f"{path} has no place for the support table: {_BEGIN} … {_END}")
    return _BLOCK.sub(lambda _: f"{_BEGIN}\n\n{table}\n{_END}", text)


_TRIED_APART: Final = frozenset(["protocol.http2", "protocol.grpc", "fallback"])
"""What the suite's services do not do: speak these protocols (`test_protocols.py`, `test_nginx_tls.py`), or be dead
(`test_fallback.py`)."""


def untried(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(target, feature) of all that is declared, decides about traffic, and was not seen at work."""
    for name, entry in found.items():
        manifest = target(name).manifest
        for feature, (scope, _) in FEATURES.items():
            asked = manifest.routes and scope == "every" and feature not in _TRIED_APART
            if asked and manifest.can(feature) and not entry["features"].get(feature):
                yield name, feature
