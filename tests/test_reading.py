# ruff: noqa: F811  the fixture `cli` is another module's
"""What is read: regular files inside, whatever a stranger's change holds. Nothing hangs, no secret is shown."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from graymesh.commands import base
from graymesh.language import reading
from graymesh.report import FORMATS
from tests.test_cli import ROOT, SHOP, Cli, cli, process  # noqa: F401

SECRET = "hunter2-the-token"
COMMANDS = (
    ["lint"],
    ["lint", "--no-cache", "--fix"],
    ["compile"],
    ["compile", "--check"],
    ["compile", "--stdout"],
    ["verify"],
    ["report"],
    ["test"],
    ["diff", ".", "."],
)
SINGLE = (["lint"], ["lint", "--skip-other"], ["compile"], ["report"], ["verify"], ["route"], ["diff", SHOP])
BAD = f"apiVersion: graymesh.io/v1alpha1\nkind: Rollout\n{SECRET}: {SECRET}\n"
"""Whoever reads this shows the secret in a message and in an excerpt."""


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder beside the project, with what no command may show."""
    folder = tmp_path / "outside"
    folder.mkdir()
    for name in ("secret.yaml", "other.yaml"):
        (folder / name).write_text(BAD)
    monkeypatch.setenv("TOKEN", SECRET)
    return folder


def refused(cli: Cli, *arguments: str, code: str = "GM022") -> str:
    """Runs in a process of its own, which is to end soon: what it says, which holds no secret."""
    done = process(*arguments, cwd=cli.folder, timeout=60, stdin=subprocess.DEVNULL)
    said = done.stdout + done.stderr
    assert done.returncode == 2, said
    assert f"error[{code}]" in said or not code
    assert SECRET not in said
    assert "Traceback" not in said
    return said


def link_of(kind: str) -> Callable[[Path, Path], None]:
    """Puts something in place of a release that is not to be read, given its path and the folder outside."""
    targets = {
        "environment": "/proc/self/environ",
        "outside": "../../outside/secret.yaml",
        "absolute": "{outside}/secret.yaml",
        "through a folder": "../linked/secret.yaml",
        "git": "../.git/config.yaml",
        "another ending": "../.npmrc",
        "circle": "r.yaml",
        "endless": "/dev/zero",
        "descriptor": "/dev/fd/0",
        "own root": "/proc/self/root/etc/hostname",
        "nowhere outside": "../../outside/nowhere.yaml",
    }

    def put(path: Path, outside: Path) -> None:
        root = path.parents[1]
        (root / "linked").symlink_to(outside)
        (root / ".git").mkdir()
        (root / ".git" / "config.yaml").write_text(BAD)
        (root / ".npmrc").write_text(BAD)
        path.symlink_to(targets[kind].format(outside=outside))

    def special(path: Path, _: Path) -> None:
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "socket":
            os.mknod(path, 0o600 | stat.S_IFSOCK)
        elif kind == "link to a pipe":
            os.mkfifo(path.with_suffix(".pipe.yaml"))
            path.symlink_to(path.with_suffix(".pipe.yaml").name)
        else:
            os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))

    return put if kind in targets else special


LINKS = (
    "environment",
    "outside",
    "absolute",
    "through a folder",
    "git",
    "another ending",
    "circle",
    "endless",
    "descriptor",
    "own root",
)
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make devices")
SPECIAL = ("pipe", "socket", "link to a pipe", pytest.param("device", marks=ROOT_ONLY))


class TestReleases:
    @pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
    def test_the_environment_among_the_releases(self, cli: Cli, outside: Path, command: list[str]) -> None:
        Path("releases/r.yaml").symlink_to("/proc/self/environ")
        assert "releases/r.yaml" in refused(cli, *command)
        assert not Path("rendered").exists()
        assert not Path("report.html").exists()

    @pytest.mark.parametrize("kind", [*LINKS, *SPECIAL])
    def test_every_kind(self, cli: Cli, outside: Path, kind: str) -> None:
        link_of(kind)(Path("releases/r.yaml").absolute(), outside)
        said = refused(cli, "lint")
        assert "releases/r." in said
        assert "GM022" in said

    @pytest.mark.parametrize("kind", [*LINKS, *SPECIAL])
    def test_every_kind_without_a_project_file(self, cli: Cli, outside: Path, kind: str) -> None:
        Path("graymesh.yaml").unlink()
        link_of(kind)(Path("releases/r.yaml").absolute(), outside)
        refused(cli, "lint")

    @pytest.mark.parametrize("command", SINGLE, ids=" ".join)
    @pytest.mark.parametrize("kind", ["environment", "outside", "pipe"])
    def test_named_on_the_command_line(self, cli: Cli, outside: Path, command: list[str], kind: str) -> None:
        Path("drafts").mkdir()
        link_of(kind)(Path("drafts/r.yaml").absolute(), outside)
        refused(cli, *command, "drafts/r.yaml")

    @pytest.mark.parametrize("name", ["/proc/self/environ", "/proc/self/status", "/dev/zero", "/sys/kernel/notes"])
    def test_what_is_no_file_named_on_the_command_line(self, cli: Cli, outside: Path, name: str) -> None:
        if not Path(name).exists():
            pytest.skip(f"there is no {name}")
        for command in (["lint", name], ["diff", name, SHOP], ["read", "-t", "nginx", name]):
            refused(cli, *command)

    def test_every_format_and_file(self, cli: Cli, outside: Path, tmp_path: Path) -> None:
        Path("releases/r.yaml").symlink_to("/proc/self/environ")
        files = [word for name in FORMATS for word in ("--output", f"{name}={tmp_path}/out.{name}")]
        refused(cli, "lint", "--format", "text", *files)
        for name in FORMATS:
            text = (tmp_path / f"out.{name}").read_text()
            assert "GM022" in text, name
            assert "r.yaml" in text, name
            assert SECRET not in text, name

    def test_a_linked_folder(self, cli: Cli, outside: Path) -> None:
        Path("releases/more").symlink_to(outside)
        cli.edit("graymesh.yaml", "releases/*.yaml", "releases/*/*.yaml")
        assert "wildcards enter no linked folders" in refused(cli, "lint", code="GM020")

    def test_a_linked_folder_that_is_written_out(self, cli: Cli, outside: Path) -> None:
        Path("releases/more").symlink_to(outside)
        cli.edit("graymesh.yaml", "releases/*.yaml", "releases/more/*.yaml")
        assert "a link leads out of the working folder here" in refused(cli, "lint")

    def test_the_releases_folder_is_a_link(self, cli: Cli, outside: Path) -> None:
        shutil.rmtree("releases")
        Path("releases").symlink_to(outside)
        for command in COMMANDS:
            refused(cli, *command)

    @pytest.mark.parametrize("pattern", ["?git/*.yaml", "*/*.yaml", "?secret.yaml"])
    def test_patterns_mean_nothing_hidden(self, cli: Cli, pattern: str) -> None:
        Path(".git").mkdir()
        for name in (".git/config.yaml", ".secret.yaml"):
            Path(name).write_text(BAD)
        cli.edit("graymesh.yaml", "releases/*.yaml", f"'{pattern}'")
        done = cli("lint")
        assert SECRET not in done.out
        assert ("GM020" in done.out) == (pattern != "*/*.yaml")

    def test_patterns_mean_yaml_files(self, cli: Cli) -> None:
        Path("releases/credentials.json").write_text(BAD)
        Path("releases/notes.yaml").mkdir()
        cli.edit("graymesh.yaml", "releases/*.yaml", "releases/*")
        assert cli("lint", "--select", "GM1") == (0, "", "")

    def test_what_was_remembered_is_not_told_of_a_link(self, cli: Cli, outside: Path) -> None:
        assert cli("lint", SHOP).code == 0
        text = Path(SHOP).read_text()
        (outside / "shop.yaml").write_text(text)
        Path(SHOP).unlink()
        Path(SHOP).symlink_to(outside / "shop.yaml")
        refused(cli, "lint", SHOP)

    @pytest.mark.parametrize("target", ["/proc/self/environ", "../outside/graymesh.yaml", "graymesh.yaml", ""])
    @pytest.mark.parametrize("path", [".", SHOP, "graymesh.yaml"])
    def test_it_is_no_file_inside(self, cli: Cli, outside: Path, target: str, path: str) -> None:
        shutil.move("graymesh.yaml", outside / "graymesh.yaml")
        if target:
            Path("graymesh.yaml").symlink_to(target)
        else:
            os.mkfifo("graymesh.yaml")
        for command in ("lint", "compile"):
            refused(cli, command, path, code="" if path == target else "GM022")

    def test_a_link_inside_is_followed(self, cli: Cli) -> None:
        Path("config").mkdir()
        shutil.move("graymesh.yaml", "config/project.yaml")
        Path("graymesh.yaml").symlink_to("config/project.yaml")
        assert cli("compile").code == 0
        assert Path("rendered/istio").is_dir()


class TestInside:
    @pytest.mark.parametrize("target", ["../real.yaml", "{here}/real.yaml", "../sub/../real.yaml", "again.yaml"])
    def test_links_inside_are_followed(self, cli: Cli, target: str) -> None:
        Path("sub").mkdir()
        shutil.move(SHOP, "real.yaml")
        Path(SHOP).symlink_to(target.format(here=cli.folder))
        if target == "again.yaml":
            Path("sub/folder").symlink_to(cli.folder)
            Path("releases/again.yaml").symlink_to("../sub/folder/real.yaml")
            cli.edit("graymesh.yaml", "releases/*.yaml", "releases/shop.yaml")
        assert cli("lint", "--select", "GM0,GM1").code == 0
        assert cli("lint", SHOP, "--select", "GM0,GM1").code == 0
        assert cli("compile").code == 0
        assert "default.shop.routes.yaml" in [path.name for path in Path("rendered/istio").iterdir()]

    def test_a_draft_that_is_a_link_to_a_release(self, cli: Cli) -> None:
        Path("drafts").mkdir()
        Path("drafts/x.yaml").symlink_to("../releases/shop.yaml")
        for command in (
            ["lint", "--select", "GM1"],
            ["lint", "--select", "GM1", "--skip-other"],
            ["test", "-t", "istio"],
        ):
            assert cli(*command, "drafts/x.yaml").code == 0

    def test_a_mounted_config_map(self, cli: Cli, tmp_path: Path) -> None:
        mount = tmp_path / "mount"
        (mount / "..2024_05_01").mkdir(parents=True)
        shutil.copy(SHOP, mount / "..2024_05_01" / "shop.yaml")
        (mount / "..data").symlink_to("..2024_05_01")
        (mount / "shop.yaml").symlink_to("..data/shop.yaml")
        for path in (mount, mount / "shop.yaml"):
            assert cli("lint", "--select", "GM0,GM1", str(path)).code == 0

    def test_a_link_to_nothing_is_nothing(self, cli: Cli) -> None:
        """As Emacs makes one beside a file that is being edited."""
        Path("releases/.#shop.yaml").symlink_to("user@host.1234")
        Path("releases/x.yaml").symlink_to("nothing.yaml")
        assert cli("compile").code == 0
        Path("graymesh.yaml").unlink()
        assert cli("lint", "--select", "GM0").code == 0

    def test_what_the_caller_sets_up_is_read(self, cli: Cli) -> None:
        lint = f"{sys.executable} -m graymesh lint --select GM1 --format concise"
        text = f"sed 's/stable: v1/stabel: v1/' {SHOP}"
        for command in (
            f"{lint} <({text})",
            f"{text} | {lint} -",
            f"{text} | {lint} /dev/stdin",
            f"{lint} - < <({text})",
        ):
            done = subprocess.run(
                ["bash", "-c", command], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
            )
            assert (done.returncode, "error[GM101]" in done.stdout) == (1, True), command + done.stderr
        diff = f"{sys.executable} -m graymesh diff --exit-code <(sed 's/stage: gray-5/stage: gray-20/' {SHOP}) {SHOP}"
        done = subprocess.run(["bash", "-c", diff], capture_output=True, text=True)
        assert (done.returncode, "shop: stage gray-20 → gray-5" in done.stdout) == (1, True), done.stderr + done.stdout
        Path("all.yaml").write_text(cli("compile", "--stdout", "-t", "istio").out)
        for name in ("<(cat all.yaml)", "/dev/stdin < all.yaml", "- < <(cat all.yaml)"):
            done = subprocess.run(
                ["bash", "-c", f"{sys.executable} -m graymesh read -t istio {name}"], capture_output=True, text=True
            )
            assert (done.returncode, "x-gray-version" in done.stdout) == (0, True), name + done.stderr


class TestFoldersOnTheCommandLine:
    @pytest.mark.parametrize("command", [c for c in COMMANDS if c[0] != "diff"], ids=" ".join)
    @pytest.mark.parametrize("name", ["linked", "linked/", "linked/shop", "deep/linked", "{here}/linked"])
    def test_one_below_that_lies_elsewhere(self, cli: Cli, tmp_path: Path, command: list[str], name: str) -> None:
        elsewhere = tmp_path / "elsewhere"
        shutil.copytree(cli.folder, elsewhere)
        shutil.copytree(cli.folder, elsewhere / "shop")
        before = sorted(elsewhere.rglob("*"))
        Path("deep").mkdir()
        for link in ("linked", "deep/linked"):
            Path(link).symlink_to(elsewhere)
        assert "name the folder itself" in refused(cli, *command, name.format(here=cli.folder))
        assert sorted(elsewhere.rglob("*")) == before

    def test_one_that_is_named_itself(self, cli: Cli, tmp_path: Path) -> None:
        Path("linked").symlink_to(tmp_path)
        assert cli("lint", "--select", "GM1", "linked/../shop/releases/shop.yaml").code in (0, 2)
        assert cli("lint", "--select", "GM1", str(tmp_path / "shop")).code == 0
        Path("inner").symlink_to("releases")
        assert cli("lint", "--select", "GM1", "inner").code == 0


class TestEngineFiles:
    """`read` and `diff` of what engines read."""

    @pytest.fixture(name="compiled")
    def _compiled(self, cli: Cli) -> Cli:
        assert cli("compile").code == 0
        shutil.copytree("rendered/istio", "other")
        return cli

    @pytest.mark.parametrize("kind", ["environment", "outside", "pipe", "endless"])
    def test_what_must_not_be_read(self, compiled: Cli, outside: Path, kind: str) -> None:
        link_of(kind)(Path("other/r.yaml").absolute(), outside)
        refused(compiled, "read", "-t", "istio", "other/r.yaml")
        refused(compiled, "read", "-t", "istio", "other")
        refused(compiled, "diff", "rendered/istio", "other")
        refused(compiled, "diff", "other/r.yaml", "rendered/istio")

    def test_a_linked_folder_is_not_passed_over(self, compiled: Cli, outside: Path) -> None:
        """What an engine would read in there could be the change."""
        Path("other/more").symlink_to(outside)
        refused(compiled, "diff", "rendered/istio", "other")

    def test_links_inside(self, compiled: Cli) -> None:
        Path("other/whole.yaml").write_text(compiled("compile", "--stdout", "-t", "istio").out)
        Path("other/link.yaml").symlink_to("whole.yaml")
        assert "x-gray-version" in compiled("read", "-t", "istio", "other/link.yaml").out
        done = compiled("diff", "other/whole.yaml", "other/link.yaml")
        assert "no change for traffic" in done.out


class TestSwaps:
    """Somebody puts a link in place between a look and the next step."""

    @pytest.mark.parametrize("function", ["_link", "_regular"])
    def test_a_file(self, tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch, function: str) -> None:
        file = tmp_path / "in" / "a.yaml"
        file.parent.mkdir()
        file.write_text("ours")
        real = getattr(reading, function)

        def swap(*arguments: object) -> object:
            found = real(*arguments)
            if not file.is_symlink():
                file.unlink()
                file.symlink_to(outside / "secret.yaml")
            return found

        monkeypatch.setattr(reading, function, swap)
        with pytest.raises(OSError) as caught:
            reading.read(str(file), str(file.parent), 1000)
        assert caught.value.filename == str(file)

    @pytest.mark.parametrize("what", ["folder", "root"])
    def test_a_folder(self, tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
        folder = tmp_path / "in" / "folder"
        folder.mkdir(parents=True)
        (folder / "secret.yaml").write_text("ours")
        swapped = folder if what == "folder" else folder.parent
        real = os.open

        def swap(*arguments: object, **options: object) -> int:
            if not swapped.is_symlink() and arguments[0] == swapped.name:
                swapped.rename(tmp_path / "was")
                swapped.symlink_to(outside)
            return real(*arguments, **options)  # type: ignore[arg-type]

        (outside / "folder").symlink_to(".")
        monkeypatch.setattr(os, "open", swap)
        with pytest.raises(OSError):
            reading.read(str(folder / "secret.yaml"), str(folder.parent), 1000)

    def test_between_the_findings_and_their_excerpts(
        self, cli: Cli, outside: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cli.edit(SHOP, "stable: v1", "stabel: v1")
        real = base._texts

        def swap(*arguments: object) -> object:
            Path(SHOP).unlink()
            Path(SHOP).symlink_to(outside / "lines.yaml")
            return real(*arguments)  # type: ignore[arg-type]

        (outside / "lines.yaml").write_text(f"{SECRET}\n" * 100)
        monkeypatch.setattr(base, "_texts", swap)
        done = cli("compile")
        assert done.code == 1
        assert "GM101" in done.out
        assert SECRET not in done.out


class TestExcerpts:
    @pytest.mark.parametrize("end", [b"\0", b"\xff\xfe", b"\xe9"])
    def test_only_of_text(self, cli: Cli, end: bytes) -> None:
        Path(SHOP).write_bytes(Path(SHOP).read_bytes() + f"# {SECRET} ".encode() + end + b"\n")
        done = cli("lint", SHOP)
        assert done.code == 1
        assert SECRET not in done.out
        assert f"{SHOP}:" in done.out

    def test_second_positions_too(self, cli: Cli, outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from graymesh.diagnostic import Diagnostic, Note, Span

        place = Span(1, 1, 1, 5)
        (outside / "n.yaml").write_text(SECRET)
        Path("n.yaml").symlink_to(outside / "n.yaml")
        note = Note((), "as here", file="n.yaml", span=place)
        found = Diagnostic(code="GM101", message="x", file="n.yaml", span=place, notes=(note,))
        assert base._texts([found]) == {}


def test_where_folders_can_only_be_opened_for_reading(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS."""
    monkeypatch.setattr(reading, "_FOLDER", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "a.yaml").write_text("ours")
    (tmp_path / "in" / "b.yaml").symlink_to("deep/a.yaml")
    (tmp_path / "in" / "c.yaml").symlink_to("../outside/secret.yaml")
    assert reading.read_named(str(tmp_path / "in" / "b.yaml"), 100) == b"ours"
    with pytest.raises(reading.NotReadError):
        reading.read_named(str(tmp_path / "in" / "c.yaml"), 100)


def test_a_socket_that_listens_is_not_connected_to(cli: Cli, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir("releases")
        listening.bind("s.yaml")
        os.chdir("..")
        listening.listen()
        refused(cli, "lint")
