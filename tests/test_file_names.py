"""Files and folders that are called like options, or like commands for whoever reads a log."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pytest

from graymesh.cli import run
from graymesh.commands.base import Terminal

SHOP = Path(__file__).parent / "cli" / "shop"
OPTIONS = (
    "-h",
    "--help",
    "--fix",
    "--force",
    "-q",
    "--select=GM9",
    "--output=sarif=pwned",
    "--baseline=b",
    "-ox",
    "--",
)
NOISY = "x\n::set-output name=diff::y##[set-output name=diff]z\x1b[2J.yaml"


class Said(NamedTuple):
    code: int
    out: str
    err: str


Say: TypeAlias = Callable[..., Said]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs a command in a folder that is empty but for a `.git`."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))

    def said(*words: str) -> Said:
        capsys.readouterr()
        return Said(run(list(words), Terminal()), *capsys.readouterr())

    return said


@pytest.mark.parametrize("command", ["lint", "test", "report", "compile", "verify"])
@pytest.mark.parametrize("name", OPTIONS)
def test_behind_two_dashes_every_word_is_a_path(say: Say, tmp_path: Path, command: str, name: str) -> None:
    shutil.copytree(SHOP, tmp_path / name)
    release = tmp_path / name / "releases" / "shop.yaml"
    release.write_text(release.read_text().replace("stable: v1", "stabel: v1"))
    done = say(command, "--", name)
    assert done.code == 1
    assert f" {name}/releases/shop.yaml:6:3\n" in done.out
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted({".git", name, *_kept(tmp_path)})
    assert "stabel: v1" in release.read_text()


def _kept(folder: Path) -> set[str]:
    return {".cache"} if (folder / ".cache").exists() else set()


@pytest.mark.parametrize("name", ["-h.yaml", "--fix.yaml", "--select=GM9.yaml", "--output=sarif=pwned.yaml", "--diff"])
def test_files_of_releases_called_like_options(say: Say, tmp_path: Path, name: str) -> None:
    shutil.copy(SHOP / "releases" / "shop.yaml", tmp_path / name)
    for words in (
        ("route",),
        ("lint", "--skip-other", "--fix"),
        ("test", "-t", "istio"),
        ("diff", "--exit-code", "--", name),
    ):
        done = say(*words, *([] if "--" in words else ["--"]), name)
        assert (done.code, done.err) == (0, done.err), done
        assert "No such option" not in done.err
    assert not (tmp_path / "pwned.yaml").exists()


@pytest.mark.parametrize("command", ["compile --check", "verify"])
@pytest.mark.parametrize("name", ["--force", "-o"])
def test_the_command_that_mends_it_can_be_pasted(say: Say, tmp_path: Path, command: str, name: str) -> None:
    shutil.copytree(SHOP, tmp_path / name)
    for folder in ("rendered", name):
        done = say(*command.split(), f"-o{folder}", "--", name)
        assert done.code == 1
        shown = "rendered" if folder == "rendered" else f"./{name}"
        assert f"run: graymesh compile ./{name} -o {shown}\n" in done.err


@pytest.mark.parametrize("words", [("lint",), ("compile", "--check"), ("diff", "--exit-code")])
def test_an_option_where_a_path_belongs_is_told(say: Say, words: tuple[str, ...]) -> None:
    for option in ("--fail-on=never", "-q", "--output=sarif=lint.sarif"):
        done = say(*words, "--", option, *([option] if words[0] == "diff" else []))
        assert done.code == 2
        assert f"{option}: " in done.err
        assert "after `--` everything is a path, so put options before it" in done.err
    assert "behind" not in say(*words, *(["nowhere"] * (2 if words[0] == "diff" else 1))).err


def test_a_name_in_an_error_stays_on_its_line(say: Say) -> None:
    for command in ("lint", "compile", "verify", "test", "read -t nginx"):
        done = say(*command.split(), "--", NOISY)
        assert done.code == 2
        assert done.err.count("\n") == 1
        assert "\x1b" not in done.err
        assert "##[" not in done.err
