"""Targets that exist in tests only, each one folder, and how they are stood beside the others for a while."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import graymesh.targets
from graymesh.kit import registry

TOYS: Final = tuple(sorted(path.parent.name for path in Path(__file__).parent.glob("*/target.yaml")))
"""The folders, without and with routes."""


def copied(toy: str, folder: Path, name: str = "") -> Path:
    """The toy's folder below another, under its own name or this one."""
    made = folder / (name or toy)
    shutil.copytree(Path(__file__).parent / toy, made, ignore=shutil.ignore_patterns("__pycache__"))
    manifest = made / "target.yaml"
    written, called = (text.replace("_", "-") for text in (toy, made.name))
    manifest.write_text(manifest.read_text(encoding="utf-8").replace(f"name: {written}\n", f"name: {called}\n"))
    return made


@contextmanager
def standing(folder: Path) -> Iterator[None]:
    """While this lasts, the folder's targets are found like all others."""
    graymesh.targets.__path__.append(str(folder))
    _forget()
    try:
        yield
    finally:
        graymesh.targets.__path__.remove(str(folder))
        _forget()


def _forget() -> None:
    registry.target_names.cache_clear()
    registry.target.cache_clear()
    importlib.invalidate_caches()
