# ruff: noqa: F811  the fixture `cli` is another module's
"""What is written: whole or not at all, where it was said, and never through a link."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from graymesh.language import saving
from graymesh.language.saving import NotWrittenError, replace
from tests.test_cli import ROOT, SHOP, Cli, cli, process  # noqa: F401

PRECIOUS = "precious\n"
WRITING = {
    "findings": ["lint", "--select", "GM1", "--output", "sarif={}"],
    "findings of compile": ["compile", "--output", "json={}"],
    "page": ["report", "-o", "{}"],
    "diff": ["diff", SHOP, SHOP, "--output", "json={}"],
    "baseline": ["lint", "--baseline", "{}", "--write-baseline"],
}
EACH = pytest.mark.parametrize("command", WRITING.values(), ids=WRITING.keys())


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the project with files that no command may touch."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "victim").write_text(PRECIOUS)
    (folder / "known.json").write_text('{"version": 1, "findings": []}')
    return folder


def run(cli: Cli, command: list[str], path: str) -> tuple[int, str]:
    """In a process of its own, which is to end soon."""
    words = [word.format(path) for word in command]
    done = process(*words, cwd=cli.folder, timeout=60, stdin=subprocess.DEVNULL)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr + done.stdout


def state(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class TestLinks:
    @EACH
    @pytest.mark.parametrize("target", ["{}/victim", "../outside/victim", "{}/new", "releases/shop.yaml", "nowhere"])
    def test_in_the_last_place(self, cli: Cli, outside: Path, command: list[str], target: str) -> None:
        Path("x").symlink_to(target.format(outside))
        before, release = state(outside), Path(SHOP).read_bytes()
        code, said = run(cli, command, "x")
        assert code == 2
        assert any(word in said for word in ("nothing is written through one", "GM022", "x: No such file"))
        assert state(outside) == before
        assert Path(SHOP).read_bytes() == release
        assert Path("x").is_symlink()
        assert not Path("nowhere").exists()

    @EACH
    @pytest.mark.parametrize("path", ["out/x", "deep/out/x", "{}/out/x"])
    def test_a_folder_on_the_way(self, cli: Cli, outside: Path, command: list[str], path: str) -> None:
        Path("deep").mkdir()
        for link in ("out", "deep/out"):
            Path(link).symlink_to(outside)
        before = state(outside)
        code, said = run(cli, command, path.format(cli.folder))
        assert code == 2
        assert "leads out of the working folder" in said
        assert state(outside) == before

    def test_a_known_baseline_behind_a_link(self, cli: Cli, outside: Path) -> None:
        Path("known.json").symlink_to(outside / "known.json")
        before = state(outside)
        for more in ([], ["--write-baseline"]):
            code, said = run(cli, ["lint", "--baseline", "{}", *more], "known.json")
            assert (code, "GM022" in said) == (2, True)
        assert state(outside) == before

    @EACH
    def test_into_git_s_own_folder(self, cli: Cli, command: list[str]) -> None:
        Path(".git/hooks").mkdir(parents=True)
        Path("reports").symlink_to(".git/hooks")
        code, _ = run(cli, command, "reports/pre-commit")
        assert code == 2
        assert list(Path(".git/hooks").iterdir()) == []

    @EACH
    def test_a_linked_folder_inside_is_fine(self, cli: Cli, command: list[str]) -> None:
        Path("build/reports").mkdir(parents=True)
        Path("reports").symlink_to("build/reports")
        assert run(cli, command, "reports/x")[0] == 0
        assert Path("build/reports/x").is_file()

    def test_another_s_file_of_two_names_stays(self, cli: Cli, outside: Path) -> None:
        Path("x.json").hardlink_to(outside / "victim")
        assert run(cli, ["lint", "--select", "GM1", "--output", "json={}"], "x.json")[0] == 0
        assert (outside / "victim").read_text() == PRECIOUS

    def test_one_that_is_put_in_place_at_the_last_moment(
        self, tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "a"
        real = saving._swap

        def swap(*arguments: object) -> None:
            path.symlink_to(outside / "victim")
            real(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(saving, "_swap", swap)
        replace(str(path), "ours")
        assert (outside / "victim").read_text() == PRECIOUS
        assert (path.is_symlink(), path.read_text()) == (False, "ours")

    def test_a_folder_that_becomes_one_at_the_last_moment(
        self, tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "folder"
        folder.mkdir()
        monkeypatch.chdir(tmp_path)
        real = saving._put

        def swap(*arguments: object) -> None:
            folder.rename(tmp_path / "was")
            folder.symlink_to(outside)
            real(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(saving, "_put", swap)
        replace("folder/victim", "ours")
        assert (outside / "victim").read_text() == PRECIOUS
        assert (tmp_path / "was" / "victim").read_text() == "ours"


class TestSpecialFiles:
    @EACH
    @pytest.mark.parametrize("kind", ["pipe", "socket"])
    def test_none_below_the_working_folder(self, cli: Cli, command: list[str], kind: str) -> None:
        if kind == "pipe":
            os.mkfifo("x")
        else:
            os.mknod("x", 0o600 | stat.S_IFSOCK)
        code, said = run(cli, command, "x")
        assert code == 2
        assert f"this is a {kind}, not a file" in said
        assert not stat.S_ISREG(Path("x").stat().st_mode)

    @pytest.mark.parametrize("where", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/dev/fd/3"])
    @pytest.mark.parametrize("kind", ["pipe", "file"])
    def test_what_the_caller_sets_up(self, cli: Cli, where: str, kind: str) -> None:
        command = f"{sys.executable} -m graymesh lint -q --select GM1 --output sarif={where} 3>&1"
        command += " | cat" if kind == "pipe" else " > out; cat out"
        done = subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        assert done.stderr == ""
        assert done.stdout.startswith("{\n")
        assert done.stdout.endswith("}\n")

    def test_a_process_that_reads(self, cli: Cli) -> None:
        command = f"{sys.executable} -m graymesh report -q -o >(wc -c >&2)"
        done = subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        assert int(done.stderr) > 1000

    def test_nothing_and_what_is_closed(self, cli: Cli) -> None:
        assert run(cli, ["lint", "--select", "GM1", "--output", "json={}"], "/dev/null")[0] == 0
        code, said = run(cli, ["lint", "--select", "GM1", "--output", "json={}"], "/dev/fd/99")
        assert (code, said) == (2, "graymesh: /dev/fd/99: Bad file descriptor\n")


class TestFix:
    """`--fix` writes to the files that it read, wherever links inside of the project lead."""

    @pytest.fixture(name="broken")
    def _broken(self, cli: Cli, outside: Path) -> Cli:
        cli.edit(SHOP, "stable: v1", "stabel: v1")
        shutil.copy(SHOP, outside / "shop.yaml")
        return cli

    @pytest.mark.parametrize("path", [".", SHOP])
    @pytest.mark.parametrize("target", ["../../outside/shop.yaml", "{}/shop.yaml", "../linked/shop.yaml"])
    def test_a_link_out(self, broken: Cli, outside: Path, path: str, target: str) -> None:
        Path("linked").symlink_to(outside)
        Path(SHOP).unlink()
        Path(SHOP).symlink_to(target.format(outside))
        before = state(outside)
        assert run(broken, ["lint", "--fix", "{}"], path)[0] == 2
        assert state(outside) == before

    @pytest.mark.parametrize("what", ["file", "folder"])
    def test_a_link_that_is_put_in_place_meanwhile(
        self, broken: Cli, outside: Path, monkeypatch: pytest.MonkeyPatch, what: str
    ) -> None:
        real: Callable[..., None] = saving.rewrite

        def swap(*arguments: object) -> None:
            path = Path(SHOP) if what == "file" else Path(SHOP).parent
            path.rename("was")
            path.symlink_to(outside / "shop.yaml" if what == "file" else outside)
            real(*arguments)

        monkeypatch.setattr(saving, "rewrite", swap)
        before = state(outside)
        done = broken("lint", SHOP, "--fix", "--no-cache")
        assert done.code == 2
        assert "GM022" in done.out
        assert state(outside) == before

    def test_another_s_file_of_two_names_stays(self, broken: Cli, outside: Path) -> None:
        Path(SHOP).unlink()
        Path(SHOP).hardlink_to(outside / "shop.yaml")
        before = state(outside)
        assert run(broken, ["lint", "--fix", "{}"], SHOP)[0] == 0
        assert "stable: v1" in Path(SHOP).read_text()
        assert state(outside) == before


class TestInit:
    @pytest.mark.parametrize("name", ["graymesh.yaml", "releases", "releases/my-service.yaml"])
    @pytest.mark.parametrize("target", ["{}", "{}/new", "{}/victim"])
    def test_links(self, cli: Cli, outside: Path, name: str, target: str) -> None:
        Path("new").mkdir()
        (Path("new") / name).parent.mkdir(exist_ok=True)
        (Path("new") / name).symlink_to(target.format(outside))
        before, there = state(outside), sorted(Path("new").rglob("*"))
        code, said = run(cli, ["init", "{}", "--yes"], "new")
        assert code == 2
        assert "is there already" in said or "GM915" in said
        assert state(outside) == before
        assert sorted(Path("new").rglob("*")) == there

    def test_the_folder_itself(self, cli: Cli, outside: Path) -> None:
        Path("new").symlink_to(outside)
        before = state(outside)
        code, said = run(cli, ["init", "{}", "--yes"], "new")
        assert code != 0
        assert "GM915" in said
        assert state(outside) == before

    def test_a_file_where_a_folder_is_needed(self, cli: Cli) -> None:
        Path("new").mkdir()
        Path("new/releases").write_text("x")
        code, said = run(cli, ["init", "{}", "--yes"], "new")
        assert (code, "new/releases is there already" in said) == (2, True)
        assert not Path("new/graymesh.yaml").exists()


class TestOutputFolder:
    @pytest.mark.parametrize("name", ["rendered", "rendered/istio", "rendered/istio/default.shop.routes.yaml", "-o"])
    def test_links(self, cli: Cli, outside: Path, name: str) -> None:
        path = Path("linked" if name == "-o" else name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(outside)
        before = state(outside)
        for command in (["compile"], ["compile", "--force"], ["compile", "--check"], ["verify"]):
            code, said = run(cli, [*command, *(["-o", "linked/deep"] if name == "-o" else [])], "")
            assert code != 0
            assert "GM915" in said
        assert state(outside) == before


class TestReplace:
    @pytest.mark.parametrize("name", ["灰度" * 40, "x" * 255])
    def test_a_name_as_long_as_can_be(self, tmp_path: Path, name: str) -> None:
        replace(str(tmp_path / name), "text")
        assert [path.name for path in tmp_path.iterdir()] == [name]

    def test_a_folder_and_what_is_not_there(self, tmp_path: Path) -> None:
        for path in (tmp_path, tmp_path / "no" / "where"):
            with pytest.raises(OSError) as caught:
                replace(str(path), "text")
            assert caught.value.filename == str(path)

    def test_a_link_outside_of_the_working_folder(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to("real/a")
        with pytest.raises(NotWrittenError, match=f"name {tmp_path}/real/a itself"):
            replace(str(tmp_path / "link"), "text")
        assert list((tmp_path / "real").iterdir()) == []

    def test_the_way_there_is_the_caller_s_own(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to("real")
        replace(str(tmp_path / "link" / "a"), "text")
        assert (tmp_path / "real" / "a").read_text() == "text"


def test_a_refusal_whose_file_cannot_be_written(cli: Cli) -> None:
    """Both are told, and it is no fault of graymesh."""
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    Path("releases/r.yaml").symlink_to("/proc/self/environ")
    code, said = run(cli, ["lint", "--output", "json={}"], "/dev/full")
    assert code == 2
    assert "GM022" in said
    assert "/dev/full: No space left on device" in said
