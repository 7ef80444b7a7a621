"""Views as nginx files: one for each release, one that all share, and the program that reads claims."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from graymesh.kit.target import View
from graymesh.targets.nginx.maps import PROGRAM, shared_items
from graymesh.targets.nginx.needs import Needs
from graymesh.targets.nginx.servers import label, release_items
from graymesh.targets.nginx.tree import ConfigurationFile

__all__ = ["SHARED_FILE", "label", "lower"]

SHARED_FILE: Final = "00-graymesh.conf"
"""Sorts before every release's file: nginx includes files by name, and the server for nobody has to stand first."""

_TEMPLATES: Final = Path(__file__).parent / "templates"


def lower(views: Sequence[View]) -> list[ConfigurationFile]:
    """The shared file first, then one for each release, sorted by namespace and name."""
    needs = Needs()
    releases = [_release(view, needs) for view in sorted(views, key=lambda view: view.release.key)]
    if not releases:
        return []
    shared = ConfigurationFile(SHARED_FILE, tuple(shared_items(needs)))
    program = PROGRAM.rpartition("/")[2]
    programs = [ConfigurationFile(program, text=(_TEMPLATES / program).read_text("utf-8"))] if needs.claims else []
    return [shared, *releases, *programs]


def _release(view: View, needs: Needs) -> ConfigurationFile:
    path = f"{view.release.namespace}.{view.release.name}.conf"
    return ConfigurationFile(path, tuple(release_items(view, needs)))
