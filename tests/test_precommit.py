"""The hooks in `.pre-commit-hooks.yaml`, run by the real pre-commit on real commits of a real repository."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.helpers import ROOT

HOOKS = ("graymesh-lint", "graymesh-check")
PARTS = ("graymesh", "targets", "schemas", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
UNREACHABLE = ("NewConnectionError", "Temporary failure in name resolution", "Network is unreachable", "ProxyError")
SHOP, SERVICE = "releases/shop.yaml", "k8s/service.yaml"
DASHES = ("--baseline=b.yaml", "--select=GM9.yaml", "--output=sarif=pwned.yaml", "-h.yaml", "--fix.yaml", "--.yaml")


class Repository:
    """A repository whose commits run hooks."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PRE_COMMIT_HOME": str(home / "pre-commit"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        folder.mkdir(exist_ok=True)
        self.run("git", "init", "--quiet", "--initial-branch", "main")
        self.run("git", "config", "user.name", "Test")
        self.run("git", "config", "user.email", "test@example.com")

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        given = {"cwd": self.folder, "env": self.environment, "capture_output": True, "text": True, "timeout": 300}
        done: subprocess.CompletedProcess[str] = subprocess.run(command, check=False, **given)  # type: ignore[call-overload]
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    def commit(self) -> tuple[int, str]:
        """Commits everything; the exit code and all that was said."""
        self.run("git", "add", "--all")
        done = self.run("git", "commit", "--quiet", "--message", "change", check=False)
        return done.returncode, done.stdout + done.stderr

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text()
        assert old in text
        (self.folder / name).write_text(text.replace(old, new))


def graymesh_repository(folder: Path) -> str:
    """A repository of this very graymesh, as pre-commit would clone it; its revision."""
    repository = Repository(folder, folder.parent)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)
    code, said = repository.commit()
    assert code == 0, said
    return repository.run("git", "rev-parse", "HEAD").stdout.strip()


def users_repository(folder: Path, graymesh: Path, revision: str, *hooks: str) -> Repository:
    """A project, a Kubernetes file, and the hooks installed."""
    shutil.copytree(ROOT / "tests" / "cli" / "shop", folder)
    repository = Repository(folder, folder.parent)
    configure(repository, graymesh, revision, *({"id": hook} for hook in hooks))
    (folder / "k8s").mkdir()
    (folder / SERVICE).write_text("{{- template of something else }}\nkind: [\n")
    done = repository.run(sys.executable, "-m", "pre_commit", "install", "--install-hooks", check=False)
    said = done.stdout + done.stderr
    if any(word in said for word in UNREACHABLE):
        pytest.skip("NOT TRIED: the real pre-commit, since no package index can be reached from here")
    assert done.returncode == 0, said
    return repository


def configure(repository: Repository, graymesh: Path, revision: str, *hooks: Mapping[str, object]) -> None:
    config = {"repos": [{"repo": str(graymesh), "rev": revision, "hooks": [dict(hook) for hook in hooks]}]}
    (repository.folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))


def test_the_hooks_of_a_repository(tmp_path: Path) -> None:
    pytest.importorskip("pre_commit", reason="NOT TRIED: the real pre-commit is not installed")
    graymesh = tmp_path / "graymesh"
    revision = graymesh_repository(graymesh)
    here = users_repository(tmp_path / "project", graymesh, revision, *HOOKS)

    code, said = here.commit()
    assert code == 1, "nothing is compiled yet"
    assert "graymesh lint........" in said and "Passed" in said
    assert "GM911" in said and "run: graymesh compile" in said
    here.run(sys.executable, "-m", "graymesh", "compile")
    code, said = here.commit()
    assert code == 0, said

    here.edit(SHOP, "stable: v1", "stabel: v1")
    code, said = here.commit()
    assert code == 1
    assert "GM101" in said and "did you mean 'stable'?" in said
    here.run(sys.executable, "-m", "graymesh", "lint", "--fix")
    here.edit(SHOP, "qps: 500", "qps: 600")
    code, said = here.commit()
    assert code == 1
    assert "GM910" in said, "the spec is right, the committed output is stale"
    here.run(sys.executable, "-m", "graymesh", "compile")
    code, said = here.commit()
    assert code == 0, said

    (here.folder / "rendered" / "istio" / "default.shop.routes.yaml").unlink()
    code, said = here.commit()
    assert (code, "GM911" in said) == (1, True), "a file that is deleted is noticed too"
    here.run("git", "reset", "--quiet", "--hard")

    (here.folder / SERVICE).write_text("still: [ no release\n")
    code, said = here.commit()
    assert code == 0, said
    fixes_what_is_committed(here)

    here.run(sys.executable, "-m", "graymesh", "compile")
    takes_options_from_nobody(here, graymesh, revision)


def fixes_what_is_committed(here: Repository) -> None:
    """The hook that mends: it stops the commit once, as such hooks do."""
    here.edit(".pre-commit-config.yaml", "id: graymesh-lint", "id: graymesh-fix")
    here.edit(SHOP, "stable: v1", "stabel: v1  # as it is now")
    here.run("git", "add", "--all")
    code, said = here.commit()
    assert (code, "files were modified by this hook" in said) == (1, True)
    assert "stable: v1  # as it is now" in (here.folder / SHOP).read_text()
    code, said = here.commit()
    assert code == 0, said


def takes_options_from_nobody(here: Repository, graymesh: Path, revision: str) -> None:
    """Each hook on releases with a fault, called like options that would hide it, mend it or write elsewhere."""
    release = (here.folder / SHOP).read_text().replace("stable: v1", "stabel: v1")
    for number, name in enumerate(DASHES):
        (here.folder / name).write_text(release.replace("name: shop", f"name: dash-{number}"))
    (here.folder / "b.yaml").write_text('{"version": 1, "findings": []}\n')
    for name in ("click.py", "graymesh.py"):  # not imported either
        (here.folder / name).write_text("open('pwned.yaml', 'w').close()\n")

    configure(here, graymesh, revision, {"id": "graymesh-lint"})
    code, said = here.commit()
    assert (code, [name for name in DASHES if f" {name}:6:3\n" not in said]) == (1, []), said
    assert "stabel: v1" in (here.folder / "--fix.yaml").read_text()
    configure(here, graymesh, revision, {"id": "graymesh-fix"})
    code, said = here.commit()
    assert (code, "files were modified by this hook" in said) == (1, True), said
    assert [name for name in DASHES if "stable: v1" not in (here.folder / name).read_text()] == []

    here.edit(SHOP, "stable: v1", "stabel: v1")
    configure(here, graymesh, revision, {"id": "graymesh-check"})
    code, said = here.commit()
    assert (code, f" {SHOP}:6:3\n" in said) == (1, True), said
    what_users_add_is_a_path(here, graymesh, revision)
    assert not (here.folder / "pwned.yaml").exists()


def what_users_add_is_a_path(here: Repository, graymesh: Path, revision: str) -> None:
    """`args` come behind `--` too, and an `entry` of the user's own takes options."""
    for hook, option in (("graymesh-lint", "--fail-on=never"), ("graymesh-fix", "-q"), ("graymesh-check", "--force")):
        configure(here, graymesh, revision, {"id": hook, "args": [option]})
        code, said = here.commit()
        assert (code, f"{option}: " in said, "put options before it" in said) == (1, True, True), said
    entry = "graymesh lint --skip-other --fail-on never --"
    configure(here, graymesh, revision, {"id": "graymesh-lint", "entry": entry})
    code, said = here.commit()
    assert code == 0, said


def test_hooks_are_as_pre_commit_wants_them() -> None:
    clientlib = pytest.importorskip("pre_commit.clientlib", reason="NOT TRIED: pre-commit is not installed")
    hooks = {hook["id"]: hook for hook in clientlib.load_manifest(str(ROOT / ".pre-commit-hooks.yaml"))}
    assert {*HOOKS, "graymesh-fix"} == set(hooks)
    assert hooks["graymesh-lint"]["require_serial"] is False, "files are spread over the cores"
    assert hooks["graymesh-check"]["pass_filenames"] is False
    for hook in hooks.values():
        assert (shlex.split(hook["entry"])[-1], hook["args"]) == ("--", []), "names of files come next, and are paths"
