"""A pull request of somebody who wants in: files that leave a trace as soon as anything runs, follows or believes them.

Each attack is a function that changes a `Project` before its last commit. The project itself is in order.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from tests.ci_runners import GRAYMESH, Project, executable, made
from tests.helpers import ROOT

Attack: TypeAlias = Callable[[Project], None]

TOKEN = "glpat-in-the-environment-of-the-job"
OUTSIDE = "words-of-a-file-outside-of-the-checkout"
FORGED = "forged: no change for traffic"
DASHES = ("--baseline=b.yaml", "--output=sarif=pwned.yaml", "--select=GM9.yaml", "-h.yaml", "--fix.yaml")
NOISY = "releases/zz\n::set-output name=diff::/proc/self/environ\n##[set-output name=sarif]leaked\n.yaml"

_MODULES = (
    "venv",
    "ensurepip",
    "pip",
    "graymesh",
    "click",
    "yaml",
    "jinja2",
    "pydantic",
    "jsonschema",
    "json",
    "secrets",
)
_AT_START = ("sitecustomize", "usercustomize")
_PROGRAMS = (
    *(
        "python3",
        "python",
        "pip",
        "git",
        "bash",
        "sh",
        "env",
        "graymesh",
        "mktemp",
        "mkdir",
        "rm",
        "cat",
        "grep",
        "sed",
    ),
    *("tr", "od", "dirname", "ssh", "git-remote-https", "git-upload-pack"),
)
_BROKEN = (
    "apiVersion: graymesh.io/v1alpha1\nkind: Rollout\nmetadata: {{name: {name}, namespace: default}}\nsepc: {said}\n"
)


def project_in_order(folder: Path) -> Project:
    """Two projects in one repository, on a branch `change` whose parent is `main`; not yet changed nor committed."""
    project = made(folder)
    shutil.copytree(ROOT / "tests" / "cli" / "shop", project.folder)
    project.edit("service: {port: 8080}", "service: {port: 8080, domains: [shop.example.com]}")
    project.edit("  limits: {v2: {qps: 500}}\n", "")
    project.edit("targets: {istio: {}, sentinel: {}}", "targets: {istio: {}, nginx: {}}")
    services = project.folder / "services"
    (services / "releases").mkdir(parents=True)
    shutil.copy(project.folder / "graymesh.yaml", services)
    cart = (project.folder / "releases" / "cart.yaml").read_text()
    (services / "releases" / "pay.yaml").write_text(cart.replace("cart", "pay"))
    project.git("init", "--quiet", "-b", "main")
    for path in (".", "services"):
        project.run_graymesh("compile", "-q", path)
    project.commit("as it is")
    project.git("checkout", "--quiet", "-b", "change")
    return project


def checked_out(project: Project, *attacks: Attack) -> Project:
    """The project with these attacks as a runner checks it out: a clone, with nothing in it that git does not carry."""
    for attack in attacks:
        attack(project)
    project.commit("as somebody wants it")
    origin = project.folder.rename(project.folder.parent / "origin")
    command = ["git", "clone", "--quiet", "--no-local", "-b", "change", str(origin), str(project.folder)]
    subprocess.run(command, check=True, capture_output=True)
    project.git("branch", "main", "origin/main")
    return project


def traps(project: Project) -> Path:
    """Where everything that runs leaves a file."""
    folder = project.tools / "traps"
    folder.mkdir(exist_ok=True)
    return folder


def outside(project: Project) -> Path:
    """A folder beside the checkout, which nobody is to read or to write."""
    folder = project.folder.parent / "outside"
    if not folder.exists():
        folder.mkdir()
        (folder / "secret.yaml").write_text(_BROKEN.format(name="secret", said=OUTSIDE))
    return folder


def modules(project: Project) -> None:
    """Python's own modules, pip, graymesh and what it imports, in the root."""
    for name in (*_MODULES, *_AT_START):
        trace = f"open({str(traps(project) / name)!r} + '.py', 'w').close()\n"
        (project.folder / f"{name}.py").write_text(trace)
        if name in ("pip", "graymesh", "venv", "ensurepip"):
            package = project.folder / name
            package.mkdir()
            for file in ("__init__.py", "__main__.py"):
                (package / file).write_text(trace)


def programs(project: Project) -> None:
    """Programs that every script calls, in the root and in a folder that is often put into PATH."""
    for folder in (project.folder, project.folder / "bin"):
        folder.mkdir(exist_ok=True)
        for name in _PROGRAMS:
            if not (folder / name).is_dir():
                trace = f": > '{traps(project)}/program-{name}'\n"
                executable(folder / name, f'#!/bin/sh\n{trace}PATH=/usr/bin:/bin exec {name} "$@"\n')


def configuration(project: Project) -> None:
    """Configuration of Python, pip, build backends, shells, version managers and git."""
    trap, root = traps(project), project.folder
    shell = f": > '{trap}/shell-startup'\n"
    pip = f"[global]\nlog = {trap}/pip-log\n[install]\ntarget = {trap}/pip-target\n"
    fsmonitor = f"\tfsmonitor = : > {trap}/git-fsmonitor; false\n"
    git = f"[core]\n{fsmonitor}\thooksPath = {root}/bin\n\tsshCommand = {root}/bin/ssh\n"
    files = {
        **dict.fromkeys((".envrc", ".bashrc", ".profile", ".bash_profile", ".env"), shell),
        **dict.fromkeys(("pip.conf", "pip.ini", ".pip/pip.conf", ".config/pip/pip.conf", "setup.cfg"), pip),
        **dict.fromkeys((".gitconfig", ".config/git/config"), git),
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "json"\nbackend-path = ["."]\n',
        "setup.py": f"open({str(trap / 'setup')!r}, 'w').close()\n",
        "pyvenv.cfg": f"home = {root}/bin\n",
        ".python-version": "../../../repository\n",
        ".tool-versions": "python path:.\n",
        ".gitattributes": "*.yaml filter=trap diff=trap textconv=trap\n",
        ".gitmodules": f'[submodule "x"]\n\tpath = x\n\turl = ext::sh -c ":>{trap}/submodule"\n',
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def careless_environment(project: Project) -> Mapping[str, str]:
    """What an earlier step, or a runner set up in haste, leaves behind: it is what makes many of the traps bite."""
    root = str(project.folder)
    path = project.environment["PATH"]
    return {
        "PATH": f".:{root}:{root}/bin:/proc/self/cwd/bin::{path}:bin:",
        "PYTHONPATH": f".:{root}",
        "PYTHONSTARTUP": f"{root}/setup.py",
        "PYTHONUSERBASE": root,
        "PIP_CONFIG_FILE": "pip.conf",
        "PIP_LOG": f"{traps(project)}/pip-log-by-environment",
        "PIP_CACHE_DIR": f"{root}/.cache/pip",
        "PIP_EXTRA_INDEX_URL": f"file://{root}/index",
        "HOME": root,
        "XDG_CACHE_HOME": f"{root}/.cache",
        "XDG_CONFIG_HOME": f"{root}/.config",
        "TMPDIR": ".",
        "CDPATH": root,
        "GIT_DIR": "services",
        "GIT_CONFIG_GLOBAL": ".gitconfig",
        "GIT_EXEC_PATH": f"{root}/bin",
        "GIT_SSH_COMMAND": f"{root}/bin/ssh",
        "DEPLOY_TOKEN": TOKEN,
    }


def link_to_the_environment(project: Project) -> None:
    (project.folder / "releases" / "zz-environment.yaml").symlink_to("/proc/self/environ")


def link_to_a_file(project: Project) -> None:
    (project.folder / "releases" / "zz-secret.yaml").symlink_to(outside(project) / "secret.yaml")


def link_to_a_folder(project: Project) -> None:
    outside(project)
    (project.folder / "linked").symlink_to("../outside")
    _release_more(project, "linked/*.yaml")


def link_instead_of_reports(project: Project) -> None:
    outside(project)
    (project.folder / "graymesh-reports").symlink_to("../outside")


def forged_reports(project: Project) -> None:
    """What is kept of a job that fails early; one of the files is a link to where a report would be written."""
    folder = project.folder / "graymesh-reports"
    folder.mkdir()
    (folder / "diff.md").write_text(FORGED)
    (folder / "lint.xml").symlink_to(outside(project) / "lint.xml")


def forged_repository(project: Project) -> None:
    """A bare repository's layout in a subfolder, whose `main` is what the change makes of it."""
    services = project.folder / "services"
    release = services / "releases" / "pay.yaml"
    release.write_text(release.read_text().replace("stage: first", "stage: full"))
    project.run_graymesh("compile", "-q", "services")
    project.commit("the stage")
    bare = project.tools / "forged"
    subprocess.run(["git", "clone", "--quiet", "--bare", str(project.folder), str(bare)], check=True)
    for name, value in {
        "core.bare": "false",
        "core.worktree": "..",
        "core.fsmonitor": f": > {traps(project)}/forged-fsmonitor; false",
    }.items():
        subprocess.run(["git", f"--git-dir={bare}", "config", name, value], check=True)
    (bare / "refs" / "heads").mkdir(exist_ok=True)
    (bare / "refs" / "heads" / "main").write_text(project.git("rev-parse", "HEAD"))
    for name in ("HEAD", "config", "objects", "refs"):
        source = bare / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, services / name)


def names_like_options(project: Project) -> None:
    """Releases with a fault, called like options that would hide it or write elsewhere."""
    for number, name in enumerate(DASHES):
        (project.folder / name).write_text(_BROKEN.format(name=f"dash-{number}", said="{}"))
    (project.folder / "b.yaml").write_text('{"version": 1, "findings": []}\n')


def names_like_commands(project: Project) -> None:
    """A release whose name holds commands for the runner that reads the log."""
    (project.folder / NOISY).parent.mkdir(exist_ok=True, parents=True)
    _release_more(project, "releases/*/proc/self/*.yaml")
    (project.folder / NOISY).write_text(_BROKEN.format(name="noisy", said="'##[set-output name=summary]leaked'"))


def unlisted_nginx_file(project: Project) -> None:
    """Everything in the folder is applied, and this takes all hosts that nobody else names."""
    text = "server {\n  listen 8080 default_server;\n  location / { proxy_pass http://203.0.113.9; }\n}\n"
    (project.folder / "rendered" / "nginx" / "zz.conf").write_text(text)


def staged_files(project: Project) -> None:
    """What looks like a write of graymesh's own that was cut short."""
    staging = project.folder / "rendered" / ".graymesh-staging"
    (staging / "tree" / "nginx").mkdir(parents=True)
    (staging / "tree" / "nginx" / "default.shop.conf").write_text(f"# {FORGED}\n")
    (staging / "journal.json").write_text('{"remove": {}}')


def forged_memory(project: Project) -> None:
    """A fault, and what lint would remember of the file if it had found nothing in it."""
    project.edit("stable: v1", "stabel: v1")
    command = [sys.executable, "-I", "-c", GRAYMESH, "lint", "releases/shop.yaml"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(project.folder / ".cache")}
    subprocess.run(command, cwd=project.folder, env=environment, capture_output=True, check=False)
    [entry] = (project.folder / ".cache" / "graymesh" / "lint").iterdir()
    key, nothing = entry.read_bytes().split(b"\n")[0], b"nothing found"
    entry.write_bytes(b"\n".join((key, hashlib.sha256(key + nothing).hexdigest().encode(), nothing)))


def many_ignores(project: Project) -> None:
    """Each looks for what it stands for."""
    cart = project.folder / "releases" / "cart.yaml"
    cart.write_text(
        cart.read_text().replace("  stage: first", "# graymesh: ignore[GM203] -- x\n" * 8_000 + "  stage: first")
    )


def wide_globs(project: Project) -> None:
    """A pattern of many `**`, and folders to get lost in."""
    deep = project.folder / "deep" / "/".join("abcdefghijklmnop")
    deep.mkdir(parents=True)
    (deep / "keep.txt").touch()
    (project.folder / "deep" / "again").symlink_to("..")
    _release_more(project, "/".join(["**"] * 7) + "/*.yaml")


def _release_more(project: Project, pattern: str) -> None:
    file = project.folder / "graymesh.yaml"
    file.write_text(file.read_text().replace("releases/*.yaml]", f"releases/*.yaml, '{pattern}']"))


EVERYTHING: tuple[Attack, ...] = (
    forged_repository,
    modules,
    programs,
    configuration,
    link_to_the_environment,
    link_to_a_file,
    link_to_a_folder,
    link_instead_of_reports,
    names_like_options,
    names_like_commands,
    unlisted_nginx_file,
    staged_files,
    many_ignores,
    wide_globs,
    forged_memory,
)
