"""`graymesh diff --base`: whose history is read, by which git, and what is said of what cannot be read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path
from typing import NamedTuple

import pytest

from graymesh.cli import run
from graymesh.commands.base import Terminal
from graymesh.diff import git as git_module
from graymesh.diff import tree as tree_module
from graymesh.diff.tree import led

SPEC = """\
apiVersion: graymesh.io/v1alpha1
kind: Rollout
metadata: {name: NAME, namespace: default}
spec:
  service: {port: 8080, domains: [NAME.example.com]}
  stable: v1
  versions: {v1: {endpoints: [10.0.1.11:8080]}, v2: {endpoints: [10.0.2.11:8080]}}
  sticky: {cookie: gray}
  stages: [{name: few, weight: 5, hold: 1h}, {name: half, weight: 50, hold: 1h}, {name: all, weight: 100}]
  stage: few
  targets: {nginx: {}}
"""
PROJECT = "apiVersion: graymesh.io/v1alpha1\nkind: Project\nreleases: [releases/*.yaml]\noutput: rendered\n"
SAME = "working tree: no change for traffic"
OURS = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    **{f"GIT_{who}_{what}": "t@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def git(folder: Path, *arguments: str, given: bytes | None = None, **environment: str) -> str:
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *arguments],
        cwd=folder,
        input=given,
        capture_output=True,
        env={**os.environ, **OURS, **environment},
    )
    assert done.returncode == 0, done.stderr
    return os.fsdecode(done.stdout).strip()


def commit(folder: Path) -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "a step")
    return git(folder, "rev-parse", "HEAD")


def release(file: Path, name: str = "shop", stage: str = "few") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(SPEC.replace("NAME", name).replace("stage: few", f"stage: {stage}"))


def new(folder: Path, *options: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main", *options)
    return folder


class Result(NamedTuple):
    code: int
    out: str

    def __contains__(self, words: object) -> bool:
        return str(words) in self.out


Diff = Callable[..., Result]


@pytest.fixture
def diff(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Diff:
    """`graymesh diff --base main --exit-code` of paths, in a folder."""

    def call(cwd: Path, *paths: str, base: str = "main") -> Result:
        monkeypatch.chdir(cwd)
        capsys.readouterr()
        code = run(["diff", "--exit-code", "--base", base, "--", *paths], Terminal())
        captured = capsys.readouterr()
        assert "internal error" not in captured.err
        return Result(code, captured.out + captured.err)

    return call


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may themselves be run by a hook of git."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name, value in OURS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A repository with two releases on main, and nothing changed in the work tree."""
    folder = new(tmp_path / "top")
    release(folder / "services/shop/shop.yaml")
    release(folder / "services/cart/cart.yaml", "cart", "all")
    commit(folder)
    return folder


def moved_to_everybody(found: Result) -> bool:
    """Is the step from 5% to 100% told?"""
    return found.code == 1 and "default/shop: stage few → all" in found and SAME not in found


def test_what_is_the_same_and_what_is_not(top: Path, diff: Diff) -> None:
    assert diff(top) == diff(top / "services") == diff(top, "services") == diff(top, "services/shop")
    assert diff(top).code == 0 and SAME in diff(top)
    release(top / "services/shop/shop.yaml", stage="all")
    assert moved_to_everybody(diff(top))
    assert moved_to_everybody(diff(top.parent, "top/services/shop"))


class TestWhoseHistory:
    """The change must not be the one to say with what it is compared."""

    def forged(self, top: Path, folder: Path) -> None:
        """A bare repository whose main has what now stands in the folder."""
        made = new(top.parent / "made")
        shutil.copytree(folder, made, dirs_exist_ok=True)
        commit(made)
        git(made, "clone", "-q", "--bare", ".", str(top.parent / "bare"))
        for each in (top.parent / "bare").iterdir():
            shutil.move(each, folder / each.name)

    @pytest.mark.parametrize("path", ["services/shop", "services/shop/shop.yaml"])
    def test_a_bare_repository_in_the_change(self, top: Path, diff: Diff, path: str) -> None:
        release(top / "services/shop/shop.yaml", stage="all")
        self.forged(top, top / "services/shop")
        git(top, "checkout", "-qb", "attack")
        commit(top)  # git takes all of it
        assert git(top / "services/shop", "rev-parse", "--absolute-git-dir") == str(top / "services/shop")
        assert moved_to_everybody(diff(top, path))
        assert moved_to_everybody(diff(top / "services/shop"))
        assert moved_to_everybody(diff(top.parent, f"top/{path}"))

    def test_a_bare_repository_around_a_folder_that_is_none(self, tmp_path: Path, diff: Diff) -> None:
        release(tmp_path / "plain/services/shop/shop.yaml")
        self.forged(tmp_path / "plain", tmp_path / "plain/services/shop")
        found = diff(tmp_path / "plain", "services/shop")
        assert found.code == 2 and "not a git repository" in found

    def test_a_link_to_another_folder_of_the_repository(self, top: Path, diff: Diff) -> None:
        """What stood at the path is what counts, not what stands where the link leads."""
        release(top / "decoy/shop.yaml", stage="all")
        commit(top)
        shutil.rmtree(top / "services/shop")
        (top / "services/shop").symlink_to("../decoy")
        assert moved_to_everybody(diff(top, "services/shop"))
        assert moved_to_everybody(diff(top, "services/shop/shop.yaml"))

    def test_a_link_to_the_repository_itself(self, top: Path, diff: Diff) -> None:
        shutil.rmtree(top / "services/shop")
        (top / "services/shop").symlink_to("..")
        assert diff(top, "services/shop").code != 0

    @pytest.mark.parametrize("inside", [True, False])
    def test_a_link_to_another_repository(self, top: Path, diff: Diff, inside: bool) -> None:
        other = new((top if inside else top.parent) / "other")
        release(other / "shop.yaml", stage="all")
        commit(other)
        shutil.rmtree(top / "services/shop")
        (top / "services/shop").symlink_to(other)
        for cwd, path in ((top, "services/shop"), (top.parent, "top/services/shop"), (top, "services/shop/shop.yaml")):
            found = diff(cwd, path)
            assert found.code == 2 and "leads out of the repository" in found

    def test_up_from_behind_a_link(self, top: Path, diff: Diff) -> None:
        (top.parent / "link").symlink_to(top / "services/shop")
        found = diff(top.parent, "link/../shop")
        assert found.code == 2 and "goes up from behind a symbolic link" in found
        assert diff(top / "services/cart", "../shop").code == 0

    def test_links_above_the_repository_are_the_users(self, top: Path, diff: Diff) -> None:
        (top.parent / "link").symlink_to(top)
        assert SAME in diff(top.parent, "link/services/shop")
        assert SAME in diff(top.parent / "link", "services/shop")

    def submodule(self, top: Path) -> None:
        """In the place of the shop, with a main of its own; as a checkout with submodules leaves it."""
        other = new(top.parent / "other")
        release(other / "shop.yaml", stage="all")
        commit(other)
        git(top, "rm", "-rq", "services/shop")
        git(top, "submodule", "--quiet", "add", str(other), "services/shop")
        assert (top / "services/shop/.git").is_file()

    def test_a_submodule_in_the_place_of_a_folder(self, top: Path, diff: Diff) -> None:
        self.submodule(top)
        for cwd, path in ((top, "services/shop"), (top.parent, "top/services/shop"), (top, "services/shop/shop.yaml")):
            found = diff(cwd, path)
            assert found.code == 2 and "a submodule, whose history is not that of" in found
        assert moved_to_everybody(diff(top))
        assert SAME in diff(top / "services/shop")  # whoever stands in it asks about it

    def test_a_submodule_of_a_work_tree(self, top: Path, diff: Diff) -> None:
        self.submodule(top)
        commit(top)
        git(top, "worktree", "add", "-q", "-b", "side", str(top.parent / "tree"))
        git(top.parent / "tree", "submodule", "--quiet", "update", "--init")
        assert diff(top.parent / "tree", "services/shop").code == 2

    def test_work_trees(self, top: Path, diff: Diff) -> None:
        for tree in (top.parent / "tree", top / ".trees/tree"):
            git(top, "worktree", "add", "-q", "-b", f"side{len(tree.parts)}", str(tree))
            assert SAME in diff(tree, "services/shop")
            release(tree / "services/shop/shop.yaml", stage="all")
            assert moved_to_everybody(diff(tree, "services/shop"))
            assert moved_to_everybody(diff(top, str(tree / "services/shop")))
        assert SAME in diff(top, "services/shop")

    def test_a_repository_around_the_repository(self, top: Path, diff: Diff) -> None:
        """Of the home folder, say; it need not know the one inside."""
        new(top.parent)
        assert SAME in diff(top, "services/shop")
        assert SAME in diff(top.parent, "top/services/shop")

    def test_an_empty_git_folder_is_no_repository(self, top: Path, diff: Diff) -> None:
        (top / "services/shop/.git").mkdir()
        assert SAME in diff(top, "services/shop")

    def test_a_separate_git_folder(self, top: Path, diff: Diff) -> None:
        git(top, "init", "-q", "--separate-git-dir", str(top.parent / "elsewhere"))
        assert (top / ".git").is_file()
        assert SAME in diff(top, "services/shop")

    def test_a_git_file_that_leads_nowhere(self, top: Path, diff: Diff) -> None:
        (top / "services/.git").write_text("gitdir: /nowhere\n")
        found = diff(top, "services/shop")
        assert found.code == 2 and "not a git repository" in found

    def test_the_environment_of_a_hook(self, top: Path, diff: Diff, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is about the commit that is being made, be it in this repository or in another one."""
        other = new(top.parent / "other")
        release(other / "services/shop/shop.yaml", stage="all")
        commit(other)
        release(top / "services/shop/shop.yaml", stage="all")
        inside = {"GIT_DIR": ".git", "GIT_INDEX_FILE": "index", "GIT_WORK_TREE": ".", "GIT_OBJECT_DIRECTORY": "objects"}
        others = {"GIT_COMMON_DIR": ".git", "GIT_ALTERNATE_OBJECT_DIRECTORIES": ".git/objects", "GIT_PREFIX": "x/"}
        for name, value in (inside | others).items():
            monkeypatch.setenv(name, str(other / value))
            assert moved_to_everybody(diff(top, "services/shop")), name
        monkeypatch.setenv("GIT_NAMESPACE", "x")
        monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.bare=true'")
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(top))
        assert moved_to_everybody(diff(top, "services/shop"))

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
    def test_a_repository_of_somebody_else(self, top: Path, diff: Diff, monkeypatch: pytest.MonkeyPatch) -> None:
        for path in (top, *top.rglob("*")):
            os.chown(path, 12345, 12345)
        found = diff(top)
        assert found.code == 2 and "dubious ownership" in found and "--add safe.directory" in found
        config = top.parent / "config"
        config.write_text(f"[safe]\n\tdirectory = {top}\n")
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
        assert SAME in diff(top)


class TestWhichGit:
    def program(self, folder: Path, text: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "git").write_text(f"#!/bin/sh\n{text}\n")
        (folder / "git").chmod(0o755)
        return folder

    @pytest.mark.parametrize("entry", ["", ".", "tools", "{top}", "{top}/tools", "{top}/../link"])
    def test_none_of_the_checkout(self, top: Path, diff: Diff, monkeypatch: pytest.MonkeyPatch, entry: str) -> None:
        self.program(top, f"touch {top.parent}/ran")
        self.program(top / "tools", f"touch {top.parent}/ran")
        (top.parent / "link").symlink_to("top/tools")
        monkeypatch.setenv("PATH", os.pathsep.join([entry.format(top=top), os.environ["PATH"]]))
        assert SAME in diff(top, "services")
        assert not (top.parent / "ran").exists()

    @pytest.mark.parametrize("path", ["", ".", "nowhere", "{top}/tools"])
    def test_no_git_at_all(self, top: Path, diff: Diff, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
        self.program(top / "tools", f"touch {top.parent}/ran")
        monkeypatch.setenv("PATH", path.format(top=top))
        found = diff(top, "services")
        assert found.code == 2 and "git is not installed" in found

    def test_one_that_is_not_outside_although_its_name_is(
        self, top: Path, diff: Diff, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.program(top / "tools", f"touch {top.parent}/ran")
        (top.parent / "bin").mkdir()
        (top.parent / "bin/git").symlink_to(top / "tools/git")
        monkeypatch.setenv("PATH", f"{top.parent}/bin:{os.environ['PATH']}")
        assert SAME in diff(top, "services")
        assert not (top.parent / "ran").exists()

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("exit 0", "takes"),
            ("exec /usr/bin/env sleep 100", "took more than"),
            ("exec >&-; exec /usr/bin/env sleep 100", "took more than"),
            ("[ $# -gt 9 ] && kill -9 $$; exec {git} \"$@\"", "rev-parse failed"),
            ("case \"$*\" in *ls-tree*) printf '100644 blob 1'; exit 0;; esac; exec {git} \"$@\"", "ls-tree failed"),
            ("case \"$*\" in *ls-tree*) yes;; esac; exec {git} \"$@\"", "printed more than"),
            ("case \"$*\" in *cat-file*) exit 0;; esac; exec {git} \"$@\"", "cat-file failed"),
            ("case \"$*\" in *cat-file*) {git} \"$@\" | head -c 80; exit;; esac; exec {git} \"$@\"", "cat-file failed"),
            ("case \"$*\" in *cat-file*) {git} \"$@\"; exit 3;; esac; exec {git} \"$@\"", "cat-file failed"),
        ],
    )  # fmt: skip
    def test_one_that_fails(
        self, top: Path, diff: Diff, monkeypatch: pytest.MonkeyPatch, text: str, words: str
    ) -> None:
        """Half an answer is none, and nothing takes for ever."""
        text = text.replace("{git}", str(shutil.which("git")))
        self.program(top.parent / "bin", text)
        monkeypatch.setenv("PATH", f"{top.parent}/bin:{os.environ['PATH']}")
        monkeypatch.setattr(git_module, "_SECONDS", 1 if "sleep" in text else 60)
        monkeypatch.setattr(git_module, "_MOST_BYTES", 100_000)
        found = diff(top, "services")
        assert found.code == 2 and words in found

    def test_what_a_configuration_would_run(self, top: Path, diff: Diff) -> None:
        """People include a file of the checkout in their configuration."""
        program = self.program(top.parent / "bin", f"touch {top.parent}/ran") / "git"
        keys = "fsmonitor pager editor sshCommand askPass gitProxy alternateRefsCommand".split()  # noqa: SIM905
        config = "[core]\n" + "".join(f"\t{key} = {program}\n" for key in keys)
        config += f"\thooksPath = {program.parent}\n[pager]\n\tls-tree = {program}\n[alias]\n\tls-tree = !{program}\n"
        config += (
            f'[diff]\n\texternal = {program}\n[filter "x"]\n\tsmudge = {program}\n[diff "x"]\n\ttextconv = {program}\n'
        )
        (top / ".gitconfig").write_text(config)
        (top / ".gitattributes").write_text(
            "* filter=x diff=x export-ignore export-subst working-tree-encoding=UTF-16\n"
        )
        for hook in ("post-checkout", "post-index-change", "reference-transaction"):
            (top / f".git/hooks/{hook}").symlink_to(program)
        git(top, "config", "include.path", "../.gitconfig")
        release(top / "services/shop/shop.yaml", stage="all")
        assert moved_to_everybody(diff(top))
        assert not (top.parent / "ran").exists()


class TestWhatIsCommitted:
    def test_attributes_hide_nothing(self, top: Path, diff: Diff) -> None:
        (top / ".gitattributes").write_text("*.yaml export-ignore\n")
        commit(top)
        assert SAME in diff(top)
        release(top / "services/shop/shop.yaml", stage="all")
        assert moved_to_everybody(diff(top))

    def test_nothing_is_replaced(self, top: Path, diff: Diff) -> None:
        base = git(top, "rev-parse", "HEAD")
        blob = git(top, "rev-parse", "HEAD:services/shop/shop.yaml")
        release(top / "services/shop/shop.yaml", stage="all")
        git(top, "checkout", "-qb", "side")
        now = commit(top)
        git(top, "replace", base, now)
        git(top, "replace", blob, git(top, "rev-parse", "HEAD:services/shop/shop.yaml"))
        assert moved_to_everybody(diff(top))

    def test_parents_are_those_of_the_commit(self, top: Path, diff: Diff) -> None:
        release(top / "services/shop/shop.yaml", stage="half")
        between = commit(top)
        release(top / "services/shop/shop.yaml", stage="all")
        last = commit(top)
        (top / ".git/info").mkdir(exist_ok=True)
        (top / ".git/info/grafts").write_text(f"{last} {last}\n")
        assert between
        assert "stage half → all" in diff(top, base="HEAD~1")

    def test_names_of_all_kinds(self, top: Path, diff: Diff) -> None:
        for number, name in enumerate((b"a\nb.yaml", b"\xff.yaml", b"-x.yaml", b":(top)x.yaml", "ü.yaml".encode())):
            release(top / "services" / os.fsdecode(name), f"more-{number}")
        commit(top)
        assert SAME in diff(top)
        release(top / "services/a\nb.yaml", "more-0", stage="all")
        assert "default/more-0: stage few → all" in diff(top)

    def test_other_digests(self, tmp_path: Path, diff: Diff) -> None:
        top = new(tmp_path / "top", "--object-format=sha256")
        release(top / "shop.yaml")
        commit(top)
        assert SAME in diff(top)

    @pytest.mark.parametrize("size", [8 * 1024 * 1024 + 1, 30 * 1024 * 1024])
    def test_a_file_that_is_too_large(self, top: Path, diff: Diff, size: int) -> None:
        """It is refused as a release, and what stands behind it is read all the same."""
        (top / "services/large.yaml").write_bytes(b"#" * size)
        commit(top)
        assert SAME in diff(top)
        (top / "graymesh.yaml").write_text(PROJECT.replace("releases/*", "services/*"))
        commit(top)
        found = diff(top)
        assert found.code == 2 and "large.yaml" in found

    def test_too_many_files(self, top: Path, diff: Diff, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tree_module, "_MOST_FILES", 1)
        found = diff(top)
        assert found.code == 2 and "more than 1 YAML files" in found


def stored(top: Path, kind: str, content: bytes) -> str:
    """An object as somebody forges it, whatever git thinks of it."""
    whole = b"%b %d\0%b" % (kind.encode(), len(content), content)
    name = sha1(whole).hexdigest()
    file = top / ".git/objects" / name[:2] / name[2:]
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(zlib.compress(whole))
    return name


def tree_entry(mode: bytes, name: bytes, object_: str) -> bytes:
    return b"%b %b\0%b" % (mode, name, bytes.fromhex(object_))


class TestForgedTrees:
    def forge(self, top: Path, *entries: bytes) -> None:
        tree = stored(top, "tree", b"".join(entries))
        git(top, "update-ref", "refs/heads/forged", git(top, "commit-tree", tree, "-m", "forged"))

    @pytest.mark.parametrize("name", [b"..", b".", b"", b".git", b".GIT", b"x/../../..", b"/", b"a//b"])
    def test_names_that_lead_elsewhere(self, top: Path, diff: Diff, tmp_path: Path, name: bytes) -> None:
        blob = git(top, "rev-parse", "HEAD:services/shop/shop.yaml")
        inner = stored(top, "tree", tree_entry(b"100644", b"evil.yaml", blob))
        self.forge(top, tree_entry(b"40000", name, inner))
        before = sorted(tmp_path.rglob("*"))
        found = diff(top, base="forged")
        assert found.code == 2 and ("which no work tree can" in found or "git: " in found)
        assert sorted(tmp_path.rglob("*")) == before

    def test_one_name_twice(self, top: Path, diff: Diff) -> None:
        blob = git(top, "rev-parse", "HEAD:services/shop/shop.yaml")
        self.forge(top, tree_entry(b"100644", b"a.yaml", blob), tree_entry(b"100644", b"a.yaml", blob))
        assert "which no work tree can" in diff(top, base="forged")

    def test_a_file_and_a_folder_of_one_name(self, top: Path, diff: Diff) -> None:
        blob = git(top, "rev-parse", "HEAD:services/shop/shop.yaml")
        inner = stored(top, "tree", tree_entry(b"100644", b"b.yaml", blob))
        self.forge(top, tree_entry(b"100644", b"a.yaml", blob), tree_entry(b"40000", b"a.yaml", inner))
        found = diff(top, base="forged")
        assert found.code == 2 and "as well as" in found

    def test_a_link_and_a_folder_of_one_name(self, top: Path, diff: Diff, tmp_path: Path) -> None:
        blob = git(top, "rev-parse", "HEAD:services/shop/shop.yaml")
        link = stored(top, "blob", str(tmp_path).encode())
        inner = stored(top, "tree", tree_entry(b"100644", b"evil.yaml", blob))
        self.forge(top, tree_entry(b"120000", b"a", link), tree_entry(b"40000", b"a", inner))
        diff(top, base="forged")
        assert not (tmp_path / "evil.yaml").exists()

    def test_a_tree_that_never_ends(self, top: Path, diff: Diff, monkeypatch: pytest.MonkeyPatch) -> None:
        """Ten folders that are one, ten times over."""
        monkeypatch.setattr(git_module, "_MOST_BYTES", 1_000_000)
        blob = stored(top, "blob", b"x")
        tree = stored(top, "tree", tree_entry(b"100644", b"x", blob))
        for _ in range(9):
            tree = stored(top, "tree", b"".join(tree_entry(b"40000", b"%d" % number, tree) for number in range(10)))
        git(top, "update-ref", "refs/heads/forged", git(top, "commit-tree", tree, "-m", "forged"))
        found = diff(top, base="forged")
        assert found.code == 2 and "printed more than 1,000,000 bytes" in found


class TestWhatCannotBeRead:
    """Never `no change` then."""

    def file(self, top: Path, name: str) -> Path:
        found = git(top, "rev-parse", name)
        return top / ".git/objects" / found[:2] / found[2:]

    @pytest.mark.parametrize(
        "name", ["main:services/shop/shop.yaml", "main:services/shop", "main:services", "main^{tree}", "main"]
    )
    @pytest.mark.parametrize("how", ["missing", "empty", "cut", "noise"])
    def test_an_object(self, top: Path, diff: Diff, name: str, how: str) -> None:
        file = self.file(top, name)
        content = file.read_bytes()
        file.unlink()
        if how != "missing":
            file.write_bytes({"empty": b"", "cut": content[:-6], "noise": b"noise"}[how])
        for path in ("services/shop", "."):
            found = diff(top, path)
            assert found.code == 2 and SAME not in found and "GM025" in found

    def test_an_object_that_does_not_matter(self, top: Path, diff: Diff) -> None:
        self.file(top, "main:services/cart/cart.yaml").unlink()
        assert SAME in diff(top, "services/shop")

    def test_a_shallow_clone(self, top: Path, diff: Diff) -> None:
        release(top / "services/shop/shop.yaml", stage="all")
        commit(top)
        git(top.parent, "clone", "-q", "--depth", "1", f"file://{top}", "clone")
        found = diff(top.parent / "clone", base="main~1")
        assert found.code == 2 and "a shallow clone has only its tip" in found

    @pytest.mark.parametrize("filter_", ["blob:none", "tree:0"])
    def test_a_partial_clone_fetches_nothing(self, top: Path, diff: Diff, filter_: str) -> None:
        git(top, "config", "uploadpack.allowFilter", "true")
        git(top, "config", "uploadpack.allowAnySHA1InWant", "true")
        git(top.parent, "clone", "-q", "--no-checkout", f"--filter={filter_}", f"file://{top}", "clone")
        clone = top.parent / "clone"
        ran = top.parent / "ran"
        program = top.parent / "upload"
        program.write_text(f'#!/bin/sh\ntouch {ran}\nexec git-upload-pack "$@"\n')
        program.chmod(0o755)
        git(clone, "config", "remote.origin.uploadpack", str(program))
        release(clone / "services/shop/shop.yaml")
        found = diff(clone, "services/shop")
        assert found.code == 2 and "git fetch --refetch --no-filter" in found
        assert not ran.exists()


class TestLinksOfTheBase:
    def link(self, top: Path, path: str, target: str) -> None:
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).symlink_to(target)

    @pytest.mark.parametrize(
        ("link", "target", "root", "reached"),
        [
            ("a", "b", "", "b"),
            ("a/b/c", "../d", "", "a/d"),
            ("a/b/c", "../../d/./e//f/", "", "d/e/f"),
            ("a/b/c", "../..", "", ""),
            ("a/b/c", "../../..", "", None),
            ("a", "..", "", None),
            ("a", "/etc/passwd", "", None),
            ("a", "", "", None),
            ("a", "b/../c", "", None),
            ("a/b", "../a/c", "a", "a/c"),
            ("a/b", "../ab/c", "a", None),
            ("a/b", "..", "a", None),
        ],
    )
    def test_where_they_lead(self, link: str, target: str, root: str, reached: str | None) -> None:
        assert led(link, target, root) == reached

    def test_inside_of_the_project_they_are_followed(self, top: Path, diff: Diff) -> None:
        (top / "graymesh.yaml").write_text(PROJECT)
        self.link(top, "releases", "services/shop")
        self.link(top, "services/shop/cart.yaml", "../cart/cart.yaml")
        commit(top)
        assert SAME in diff(top)
        (top / "releases/cart.yaml").unlink()
        (top / "releases/shop.yaml").unlink()
        release(top / "releases/shop.yaml", stage="all")
        found = diff(top)
        assert moved_to_everybody(found) and "default/cart: removed" in found

    def test_through_one_at_the_path(self, top: Path, diff: Diff) -> None:
        self.link(top, "current", "services/shop")
        self.link(top, "services/shop/alias.yaml", "shop.yaml")
        commit(top)
        assert SAME in diff(top, "current/shop.yaml")
        (top / "current").unlink()
        release(top / "current/shop.yaml", stage="all")
        assert moved_to_everybody(diff(top, "current/shop.yaml"))

    @pytest.mark.parametrize("target", ["/etc", "../..", "services/../../x", "loop"])
    def test_one_at_the_path_that_leads_out_or_nowhere(self, top: Path, diff: Diff, target: str) -> None:
        self.link(top, "loop", "loop")
        self.link(top, "current", target)
        commit(top)
        (top / "current").unlink()
        release(top / "current/shop.yaml", stage="all")
        found = diff(top, "current")
        assert found.code == 2 and "symbolic link at main" in found

    def test_the_project_file_is_one_that_leads_out(self, top: Path, diff: Diff) -> None:
        self.link(top, "services/graymesh.yaml", "../graymesh.yaml")
        commit(top)
        found = diff(top, "services")
        assert found.code == 2 and "leads out of its project" in found

    def test_one_that_led_out_and_may_have_been_a_release(self, top: Path, diff: Diff, tmp_path: Path) -> None:
        release(tmp_path / "outside.yaml", "outside")
        self.link(top, "services/outside.yaml", str(tmp_path / "outside.yaml"))
        commit(top)
        (top / "services/outside.yaml").unlink()
        found = diff(top)
        assert found.code == 1 and "NOT DECIDED" in found and SAME not in found
        assert "services/outside.yaml is a symbolic link out of its project at main and was not read" in found

    def test_one_that_cannot_have_been_a_release(self, top: Path, diff: Diff) -> None:
        (top / "graymesh.yaml").write_text(PROJECT)
        release(top / "releases/shop.yaml")
        self.link(top, "docs/outside.yaml", "/etc/passwd")
        commit(top)
        (top / "docs/outside.yaml").unlink()
        assert SAME in diff(top)


class TestSubmodulesOfTheBase:
    @pytest.fixture
    def with_one(self, top: Path) -> Path:
        other = new(top.parent / "other")
        release(other / "shop.yaml", "theirs")
        commit(other)
        git(top, "submodule", "--quiet", "add", str(other), "services/theirs")
        commit(top)
        return top

    def test_nothing_of_it_changes(self, with_one: Path, diff: Diff) -> None:
        """A checkout that leaves submodules out is the same on both sides."""
        shutil.rmtree(with_one / "services/theirs")
        (with_one / "services/theirs").mkdir()
        assert SAME in diff(with_one)

    def test_releases_in_it_are_not_said_to_be_the_same(self, with_one: Path, diff: Diff) -> None:
        found = diff(with_one)
        assert found.code == 1 and "services/theirs is a submodule at main and was not read" in found

    def test_it_goes_away(self, with_one: Path, diff: Diff) -> None:
        git(with_one, "rm", "-q", "services/theirs")
        found = diff(with_one)
        assert found.code == 1 and "NOT DECIDED" in found and SAME not in found

    def test_it_moves_on(self, with_one: Path, diff: Diff) -> None:
        release(with_one.parent / "other/shop.yaml", "theirs", stage="all")
        there = commit(with_one.parent / "other")
        git(with_one, "update-index", "--cacheinfo", f"160000,{there},services/theirs")
        assert "NOT DECIDED" in diff(with_one)

    def test_where_no_release_can_be(self, with_one: Path, diff: Diff) -> None:
        (with_one / "graymesh.yaml").write_text(PROJECT)
        release(with_one / "releases/shop.yaml")
        commit(with_one)
        git(with_one, "rm", "-q", "services/theirs")
        assert SAME in diff(with_one)

    @pytest.mark.parametrize(
        ("pattern", "may"), [("services/*/*.yaml", True), ("**/*.yaml", True), ("s*/x.yaml", False)]
    )
    def test_by_the_patterns_of_the_project(self, with_one: Path, diff: Diff, pattern: str, may: bool) -> None:
        (with_one / "graymesh.yaml").write_text(
            PROJECT.replace("releases/*.yaml", f"services/shop/*.yaml, {pattern!r}")
        )
        release(with_one / "services/x.yaml", "x")
        commit(with_one)
        git(with_one, "rm", "-q", "services/theirs")
        assert ("NOT DECIDED" in diff(with_one)) == may

    def test_a_path_that_was_in_it(self, with_one: Path, diff: Diff) -> None:
        git(with_one, "rm", "-q", "services/theirs")
        release(with_one / "services/theirs/shop.yaml", "theirs", stage="all")
        found = diff(with_one, "services/theirs")
        assert found.code == 2 and "is a submodule at main" in found


def test_a_hook_of_git_can_call_it(top: Path) -> None:
    """With all that git puts into a hook's environment, in the midst of a commit of chosen files."""
    hook = top / ".git/hooks/pre-commit"
    hook.write_text(f"#!/bin/sh\nenv > {top.parent}/environment\n{sys.executable} -m graymesh diff --base main >&2\n")
    hook.chmod(0o755)
    release(top / "services/shop/shop.yaml", stage="all")
    (top / "note").write_text("x")
    git(top, "add", "note")
    root = str(Path(__file__).parents[1])
    done = subprocess.run(
        ["git", "commit", "-qm", "x", "services/shop/shop.yaml"],
        cwd=top,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert done.returncode == 0, done.stderr
    assert "GIT_INDEX_FILE" in (top.parent / "environment").read_text()
    assert "stage few → all" in done.stderr
