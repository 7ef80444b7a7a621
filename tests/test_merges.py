"""Two pull requests, each moving another release, merge without a conflict, and the result is what compile would write.

`FOLDERS` are the targets whose committed output is held to that; the list of all written files is not among them yet.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import pytest

from tests.helpers import ROOT

FOLDERS = ("nginx",)
MOVES = {"cart-service": "tenth", "order-service": "gray-5", "product-service": "internal"}
"""Release → the stage it moves to; `product-service` asks for claims from a later stage on only."""

SETTINGS = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
NAMED = ["-c", "user.name=t", "-c", "user.email=t@example.com"]


def git(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["git", *NAMED, *words]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, **SETTINGS}
    )


def compiled(folder: Path) -> None:
    command = [sys.executable, "-m", "graymesh", "compile", "-q", "--force", str(folder)]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=120)


def moved(folder: Path, release: str) -> None:
    spec = folder / "releases" / f"{release}.yaml"
    text = re.sub(r"(?m)^  stage: .*$", f"  stage: {MOVES[release]}", spec.read_text(encoding="utf-8"))
    spec.write_text(text, encoding="utf-8")
    compiled(folder)


def committed(folder: Path, message: str) -> None:
    git(folder, "add", "-A")
    assert git(folder, "commit", "-qm", message).returncode == 0


def output(folder: Path) -> dict[str, str]:
    files = [file for name in FOLDERS for file in sorted((folder / "rendered" / name).rglob("*")) if file.is_file()]
    return {file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8") for file in files}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example on main, and a branch for each release that moves it; without the specs' tests of single stages."""
    folder = tmp_path_factory.mktemp("merges") / "shop"
    shutil.copytree(ROOT / "examples" / "shop", folder, ignore=shutil.ignore_patterns("rendered"))
    for spec in (folder / "releases").iterdir():
        spec.write_text(re.sub(r"(?m)^  tests:\n(?:    .*\n)*", "", spec.read_text(encoding="utf-8")))
    kept = "".join(f"!/rendered/{name}\n" for name in FOLDERS)
    (folder / ".gitignore").write_text(f"/rendered/*\n{kept}")
    compiled(folder)
    git(folder.parent, "init", "-q", "-b", "main", str(folder))
    committed(folder, "main")
    for release in MOVES:
        git(folder, "checkout", "-qb", release, "main")
        moved(folder, release)
        committed(folder, f"move {release}")
    return folder


@pytest.mark.parametrize(("first", "second"), list(permutations(MOVES, 2)), ids=" then ".join)
def test_moves_of_two_releases_merge(first: str, second: str, shop: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(shop), "shop")
    folder = tmp_path / "shop"
    git(folder, "checkout", "-qB", "merged", f"origin/{first}")
    merged = git(folder, "merge", "--no-edit", f"origin/{second}")
    assert merged.returncode == 0, merged.stdout
    found = output(folder)
    compiled(folder)
    assert output(folder) == found


def test_a_move_touches_one_file_of_each_folder(shop: Path) -> None:
    for release in MOVES:
        told = git(shop, "diff", "--name-only", "main", release, "--", *(f"rendered/{name}" for name in FOLDERS))
        assert told.stdout.split() == [f"rendered/nginx/default.{release}.conf"]
