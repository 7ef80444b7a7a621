"""One story from the first commit to the review: a branch moves a stage and weakens a guard.

The real pre-commit stops a bad spec, `compile --check` finds the stale files, and `diff --base main` says who moves in
a comment of Markdown: tests/story/expected.md, byte for byte.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation

from tests.helpers import ROOT

STORY = Path(__file__).parent / "story"
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


class Comment(SingleFileSnapshotExtension):
    """The comment as a real file beside the story."""

    _write_mode = WriteMode.TEXT
    file_extension = "md"

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        return str(STORY)

    @classmethod
    def get_location(cls, *, test_location: PyTestLocation, index: int | str = 0) -> str:
        return str(STORY / "expected.md")


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command in the repository; `code` is the exit code that it must have."""
    kept = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "PYTHONPATH": str(ROOT)}
    kept |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    kept |= {name: str(tmp_path.parent / f"{tmp_path.name}-cache") for name in ("PRE_COMMIT_HOME", "XDG_CACHE_HOME")}
    people = {
        f"GIT_{role}_{what}": f"t{at}"
        for role in ("AUTHOR", "COMMITTER")
        for what, at in (("NAME", ""), ("EMAIL", "@x"))
    }

    def command(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **kept, **people}
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120, env=environment)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return command


def replace_in(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def _hook() -> dict[str, Any]:
    """graymesh's own hook as pre-commit has it from the repository, but run by the graymesh that is installed here."""
    return {**next(each for each in HOOKS if each["id"] == "graymesh-lint"), "language": "system"}


def begin(folder: Path, run: Run) -> None:
    """A repository with two services, compiled, on main, with the hook in place."""
    shutil.copy(STORY / "graymesh.yaml", folder)
    shutil.copytree(STORY / "releases", folder / "releases")
    run(sys.executable, "-m", "graymesh", "compile")
    run("git", "init", "-q", "-b", "main")
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": [_hook()]}]}))
    run(sys.executable, "-m", "pre_commit", "install")
    run("git", "add", "-A")
    run("git", "commit", "-qm", "Two services")


def test_a_branch_moves_a_stage_and_weakens_a_guard(tmp_path: Path, run: Run, snapshot: SnapshotAssertion) -> None:
    pytest.importorskip("pre_commit", reason="NOT TRIED: the real pre-commit is not installed")
    begin(tmp_path, run)
    shop = tmp_path / "releases" / "shop.yaml"
    graymesh = (sys.executable, "-m", "graymesh")
    run("git", "checkout", "-qb", "more-traffic")

    replace_in(shop, "  stage: gray-5\n", "  stage: gray-50\n")
    run("git", "add", "-A")
    stopped = run("git", "commit", "-qm", "More traffic", code=1)
    assert "GM111" in stopped.stdout + stopped.stderr
    assert "did you mean" in stopped.stdout + stopped.stderr

    replace_in(shop, "  stage: gray-50\n", "  stage: gray-20\n")
    replace_in(shop, "max: 1%", "max: 5%")
    run("git", "add", "-A")
    run("git", "commit", "-qm", "More traffic")

    stale = run(*graymesh, "compile", "--check", code=1)
    assert "GM910" in stale.stdout
    assert "rendered/nginx/default.shop.conf" in stale.stdout
    assert "run: graymesh compile" in stale.stderr
    run(*graymesh, "compile")
    run(*graymesh, "compile", "--check")
    run("git", "add", "-A")
    run("git", "commit", "-qm", "Compile")

    comment = run(*graymesh, "diff", "--base", "main", "--format", "markdown")
    assert comment.stdout == snapshot(extension_class=Comment)
    assert "users 7c0e–a273 (15%) move from v1 to v2" in comment.stdout
    run(*graymesh, "diff", "--base", "main", "--exit-code", code=1)
    run("git", "checkout", "-q", "main")
    run(*graymesh, "diff", "--base", "main", "--exit-code")
