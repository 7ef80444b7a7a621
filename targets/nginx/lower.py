"""Views as nginx files: one for each release, a small one that all share, and the program that reads claims."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from graymesh.kit.target import View
from graymesh.targets.nginx.claims import PROGRAM, may_ask_for_claims
from graymesh.targets.nginx.servers import release_items
from graymesh.targets.nginx.shared import shared_items
from graymesh.targets.nginx.tree import ConfigurationFile

SHARED_FILE: Final = "00-graymesh.conf"
"""Sorts before every release's file: nginx includes files by name, and the server for nobody has to stand first."""

_TEMPLATES: Final = Path(__file__).parent / "templates"


def lower(views: Sequence[View]) -> list[ConfigurationFile]:
    """The shared file first, then one for each release, sorted by namespace and name."""
    if not views:
        return []
    ordered = sorted(views, key=lambda view: view.release.key)
    shared = ConfigurationFile(SHARED_FILE, tuple(shared_items(ordered)))
    program = PROGRAM.rpartition("/")[2]
    text = (_TEMPLATES / program).read_text("utf-8") if any(map(may_ask_for_claims, ordered)) else ""
    programs = [ConfigurationFile(program, text=text)] if text else []
    return [shared, *map(_release, ordered), *programs]


def _release(view: View) -> ConfigurationFile:
    path = f"{view.release.namespace}.{view.release.name}.conf"
    return ConfigurationFile(path, tuple(release_items(view)))
