"""`--output FORMAT=PATH`: findings in files, whole or not at all, whatever was found, and the exit code as without."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from graymesh.language.saving import replace
from graymesh.report import FORMATS
from tests.test_cli import SHOP, Cli, cli, process  # noqa: F401  the fixture

COMMANDS = (["lint"], ["compile"], ["compile", "--check"], ["compile", "--stdout"], ["verify"], ["test"])


def codes(path: Path) -> list[str]:
    return [found["code"] for found in json.loads(path.read_text())["diagnostics"]]


@pytest.fixture(name="run")
def _run(cli: Cli) -> Cli:  # noqa: F811
    """In a project whose output is up to date."""
    assert cli("compile").code == 0
    return cli


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_files_are_written_when_there_is_nothing_to_say(run: Cli, command: list[str]) -> None:
    plain = run(*command, *(["--select", "GM1"] if command == ["lint"] else []))
    done = run(*command, *(["--select", "GM1"] if command == ["lint"] else []), "--output", "sarif=a.sarif")
    assert (done.code, done.out) == (0, plain.out)
    assert "results" in json.loads((run.folder / "a.sarif").read_text())["runs"][0]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_refusal_is_in_the_file(run: Cli, command: list[str]) -> None:
    run.edit(SHOP, "stable: v1", "stable: [")
    done = run(*command, "--output", "json=a.json")
    assert done.code == 1
    assert "GM002" in codes(run.folder / "a.json")
    assert "error[GM002]" in (done.err if "--stdout" in command else done.out)


def test_what_is_in_the_way_is_in_the_file(run: Cli) -> None:
    run.edit("rendered/istio/default.shop.routes.yaml", "apiVersion", "# by hand\napiVersion")
    assert run("compile", "--check", "--output", "json=a.json").code == 1
    assert "GM912" in codes(run.folder / "a.json")
    assert run("compile", "--output", "json=b.json").code == 1
    assert codes(run.folder / "b.json") == ["GM912"]


def test_several_files_and_the_terminal_at_once(run: Cli) -> None:
    run.edit(SHOP, "stable: v1", "stabel: v1")
    files = [word for name in FORMATS for word in ("--output", f"{name}=out.{name}")]
    done = run("lint", "--format", "concise", *files)
    assert done.code == 1
    assert "error[GM101]" in done.out
    for name in FORMATS:
        assert "GM101" in (run.folder / f"out.{name}").read_text(), name
    assert "\x1b" not in (run.folder / "out.text").read_text()


def test_a_cached_answer_is_written_as_well(run: Cli) -> None:
    run.edit(SHOP, "stable: v1", "stabel: v1")
    for name in ("first", "second"):
        assert run("lint", SHOP, "--output", f"sarif={name}").code == 1
    assert (run.folder / "first").read_bytes() == (run.folder / "second").read_bytes()


def test_the_exit_code_is_that_of_fail_on(run: Cli) -> None:
    for level, code in (("error", 0), ("warning", 1), ("never", 0)):
        assert run("lint", "--fail-on", level, "--output", "junit=a.xml").code == code


def test_a_dash_is_the_standard_output(run: Cli) -> None:
    done = run("lint", "--select", "GM1", "--output", "sarif=-", "--output", "gitlab=a.json")
    assert json.loads(done.out)["version"] == "2.1.0"
    assert (run.folder / "a.json").read_text() == "[]\n"
    assert run("lint", "--select", "GM1", "--format", "json", "--output", "json=-").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sarf=a"], "there is no format 'sarf'; did you mean 'sarif'?"),
        (["=a"], "there is no format ''"),
        (["a.sarif"], "'a.sarif' is not FORMAT=PATH, as in sarif=graymesh.sarif"),
        (["sarif="], "is not FORMAT=PATH"),
        (["sarif=no/where/a.sarif"], "there is no folder 'no/where' for 'no/where/a.sarif'; create it first"),
        (["sarif=releases"], "'releases' is a folder; name a file"),
        (["sarif=a", "--output", "junit=a"], "a is named twice"),
        (["sarif=-", "--output", "junit=-"], "- is named twice"),
        (["sarif=-", "--format", "json"], "sarif=- and --format json both want the standard output"),
        (["sarif=\n::error::x"], ""),
    ],
)
def test_one_clear_error(run: Cli, arguments: list[str], words: str) -> None:
    before = sorted(run.folder.iterdir())
    done = run("lint", "--select", "GM1", "--output", *arguments)
    assert (done.code, done.out) == ((2, "") if words else (0, ""))
    assert words in done.err
    assert not any(line.startswith("::") for line in done.err.splitlines())
    assert not words or sorted(run.folder.iterdir()) == before


@pytest.mark.parametrize("command", ["compile", "verify"])
def test_a_folder_is_set_by_another_option(run: Cli, command: str) -> None:
    done = run(command, "--output", "elsewhere")
    assert done.code == 2
    assert "the folder of compiled files is set by -o" in done.err
    run("compile", "-o", "elsewhere")
    assert run(command, "--output-folder", "elsewhere").code == 0


def test_completion_offers_formats(run: Cli) -> None:
    words = {"_GRAYMESH_COMPLETE": "bash_complete", "COMP_WORDS": "graymesh lint --output sa", "COMP_CWORD": "3"}
    done = process(env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **words})
    assert done.stdout == "plain,sarif=\n"


class TestReplace:
    def test_an_interrupted_write_leaves_what_stood_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "a.sarif"
        path.write_text("old")

        def fails(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "replace", fails)
        with pytest.raises(OSError, match="No space") as caught:
            replace(str(path), "new")
        assert caught.value.filename == str(path)
        assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("a.sarif", "old")]

    def test_a_file_that_cannot_be_written_is_exit_code_2(self, run: Cli) -> None:
        full = Path("/dev/full")
        if not full.exists():
            pytest.skip("needs /dev/full")
        done = run("lint", "--select", "GM1", "--output", "sarif=/dev/full")
        assert (done.code, done.err) == (2, "graymesh: /dev/full: No space left on device\n")

    def test_pipes_and_devices_are_written_to(self, tmp_path: Path) -> None:
        replace("/dev/null", "text")
        assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
        os.mkfifo(tmp_path / "pipe")
        reader = subprocess.Popen(["cat", str(tmp_path / "pipe")], stdout=subprocess.PIPE)
        replace(str(tmp_path / "pipe"), "text")
        assert reader.communicate(timeout=10)[0] == b"text"

    def test_who_may_read_it_stays(self, tmp_path: Path) -> None:
        path = tmp_path / "a"
        path.write_text("old")
        path.chmod(0o640)
        replace(str(path), "灰度 \ud800")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert path.read_text() == "灰度 \\ud800"
