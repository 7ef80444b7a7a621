"""Copies of graymesh that tests add things to, and programs run in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.helpers import ROOT


def copied_to(root: Path) -> Path:
    """What an installation consists of, in an empty folder; the folder."""
    for name in ("graymesh", "targets", "schemas"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def run_module(
    checkout: Path, *arguments: str, folder: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """`python -m …` with the copy's own packages, in the copy or in another folder."""
    surroundings = {**os.environ, "PYTHONPATH": str(checkout), "NO_COLOR": "1", **environment}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(
        command, cwd=folder or checkout, env=surroundings, capture_output=True, text=True, timeout=120
    )
