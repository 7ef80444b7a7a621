"""The GitHub action and the GitLab component, run step by step in a shell as their runners do."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

import yaml

from tests.helpers import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
SPEC, JOBS = yaml.safe_load_all((ROOT / "templates" / "graymesh.yml").read_text(encoding="utf-8"))
JOB = JOBS["graymesh"]
SHELLS = [["bash", "-eo", "pipefail"], *([["dash", "-e"]] if shutil.which("dash") else [])]
LONGEST_SECONDS = 600

GRAYMESH = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from graymesh.cli import main; main()"
"""What stands in for an installed graymesh: this one, run by the Python that the tests run in."""

# A python3 whose `-m venv` and `-m pip install` only write down what they were asked for. Nobody calls it without -I.
PYTHON = """#!/usr/bin/env bash
set -e
given=("$@")
[[ $1 == -I ]] || {{ echo "python3 is called without -I: $*" >&2; exit 97; }}
shift
[[ $1 != -X ]] || shift 2
case "$1 $2" in
  "-m venv") mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  "-m pip") printf '%s\\n' "${{@: -1}}" > {installed}; printf '%s\\n' "${{@:3}}" > {installed}.words ;;
  "-m graymesh") shift 2; exec {python} -I -X utf8 -c {graymesh} "$@" ;;
  *) exec {python} "${{given[@]}}" ;;
esac
"""


class Project:
    """A git repository of two commits with a project whose files are compiled; `added` goes into the environment."""

    def __init__(self, folder: Path, tools: Path) -> None:
        self.folder, self.tools = folder, tools
        self.installed = tools / "installed"
        self.added: dict[str, str] = {}

    def commit_twice(self) -> None:
        """The second commit moves the stage."""
        self.git("init", "--quiet", "-b", "main")
        self.run_graymesh("compile", "-q")
        self.commit("first")
        self.edit("stage: gray-5", "stage: gray-20")
        self.edit("{v2: 5%, v1: 95%}", "{v2: 20%, v1: 80%}")
        self.run_graymesh("compile", "-q")
        self.commit("second")

    @property
    def base(self) -> str:
        """The first commit."""
        return self.git("rev-parse", "HEAD~1").strip()

    def git(self, *arguments: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", *who, *arguments], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", message)

    def edit(self, old: str, new: str) -> None:
        file = self.folder / "releases" / "shop.yaml"
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    def run_graymesh(self, *arguments: str) -> None:
        command = [sys.executable, "-I", "-c", GRAYMESH, *arguments]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
        home = {"HOME": str(self.tools), "XDG_CACHE_HOME": str(self.tools / "cache")}
        return {**kept, **home, "PATH": f"{self.tools}:{os.environ['PATH']}", **self.added}


def executable(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def made(folder: Path) -> Project:
    """Tools that stand in for an installed graymesh, and where the repository belongs."""
    tools = folder / "tools"
    tools.mkdir()
    project = Project(folder / "repository", tools)
    words = {"installed": project.installed, "python": sys.executable, "graymesh": GRAYMESH}
    executable(tools / "python3", PYTHON.format(**{name: shlex.quote(str(word)) for name, word in words.items()}))
    return project


def copied(repository: Path, folder: Path) -> Project:
    """The project at `repository` once more, with tools beside it."""
    shutil.copytree(repository, folder / "repository", symlinks=True)
    return made(folder)


# GitHub


class Ran(NamedTuple):
    """What a job knows after the action: its outputs, whether it failed, the log and the summary."""

    outputs: Mapping[str, str]
    failed: bool
    log: str
    summary: str

    def text(self, output: str) -> str:
        return Path(self.outputs[output]).read_text(encoding="utf-8")


class Runner:
    """Runs a composite action: expressions, conditions, environment, commands in the log, and files for the runner."""

    def __init__(self, project: Project, inputs: Mapping[str, str], event: Mapping[str, Any]) -> None:
        self._project = project
        self._context: dict[str, Any] = {"github": {"event": event}, "steps": {}}
        given = {name: str(inputs.get(name, self._text(about["default"]))) for name, about in ACTION["inputs"].items()}
        assert not set(inputs) - set(given), "no such input"
        self._context["inputs"] = given
        self._log: list[str] = []

    def run(self) -> Ran:
        failed = False
        summary = ""
        for step in ACTION["runs"]["steps"]:
            if failed or not self._wanted(step.get("if", "true")) or "uses" in step:
                continue
            failed, outputs, added = self._step(step)
            summary += added
            self._context["steps"][step["id"]] = {"outputs": outputs}
        outputs = {name: self._text(about["value"]) for name, about in ACTION["outputs"].items()}
        return Ran(outputs, failed, "".join(self._log), summary)

    def _step(self, step: Mapping[str, Any]) -> tuple[bool, dict[str, str], str]:
        folder = Path(mkdtemp(dir=self._project.tools))
        names = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH")
        for name in names:
            (folder / name).touch()
        (folder / "script.sh").write_text(step["run"])
        temp = self._project.tools / "temp"
        temp.mkdir(exist_ok=True)
        environment = {
            **self._project.environment,
            **{name: str(folder / name) for name in names},
            **{name: self._text(value) for name, value in step.get("env", {}).items()},
            "RUNNER_TEMP": str(temp),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_WORKSPACE": str(self._project.folder),
            "GITHUB_ACTIONS": "true",
        }
        command = [word.replace("{0}", str(folder / "script.sh")) for word in shlex.split(step["shell"])]
        done = run(command, self._project.folder, environment)
        self._log.append(done.stdout)
        assert not (folder / "GITHUB_ENV").read_text(), "later steps of the job are not changed"
        assert not (folder / "GITHUB_PATH").read_text(), "later steps of the job are not changed"
        lines = (folder / "GITHUB_OUTPUT").read_text().splitlines()
        outputs = {**set_in_log(done.stdout), **dict(line.split("=", 1) for line in lines)}
        return done.returncode != 0, outputs, (folder / names[1]).read_text()

    def _text(self, value: str) -> str:
        return re.sub(r"\$\{\{ (.*?) \}\}", lambda match: self._value(match[1]), str(value))

    def _value(self, expression: str) -> str:
        found: Any = self._context
        assert re.fullmatch(r"[a-z][\w.-]*", expression), expression
        for part in expression.split("."):
            found = found.get(part, "") if isinstance(found, Mapping) else ""
        return str(found)

    def _wanted(self, condition: str) -> bool:
        if condition == "true":
            return True
        match = re.fullmatch(r"\$\{\{ (\S+) (==|!=) '(.*)' \}\}", condition)
        assert match, condition
        return (self._value(match[1]) == match[3]) == (match[2] == "==")


def commands_in(log: str) -> Iterator[tuple[str, str, str]]:
    """(name, properties, data) of the commands that GitHub's runner obeys in a log, in both of its notations.

    As src/Runner.Common/ActionCommand.cs and src/Runner.Worker/ActionCommandManager.cs in github.com/actions/runner
    have it: `::name …::data` at the start of a line, `##[name …]data` anywhere in it; none between `stop-commands` and
    its token.
    """
    token = ""
    for line in log.splitlines():
        found = re.match(r"\s*::([^\s:]+)(?: ([^:]*))?::(.*)", line) or re.search(
            r"##\[([^\s\]]+)(?: ([^\]]*))?\](.*)", line
        )
        if not found:
            continue
        name, properties, data = found[1], found[2] or "", found[3]
        if token:
            token = "" if name == token else token
        elif name == "stop-commands":
            token = data
        else:
            yield name, properties, data


def set_in_log(log: str) -> dict[str, str]:
    """The outputs that a step sets by a command, which runners still obey."""
    return {about.removeprefix("name="): data for name, about, data in commands_in(log) if name == "set-output"}


def action(project: Project, event: Mapping[str, Any] | None = None, **inputs: str) -> Ran:
    return Runner(project, {name.replace("_", "-"): value for name, value in inputs.items()}, event or {}).run()


# GitLab


def gitlab(project: Project, shell: Sequence[str], variables: Mapping[str, str] | None = None, **inputs: str) -> Any:
    """The job's script as GitLab's runner gives it to a shell, with these inputs; predefined `variables` as given."""
    given = {name: about["default"] for name, about in SPEC["spec"]["inputs"].items()}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    assert set(given) == set(SPEC["spec"]["inputs"]), "no such input"
    environment = {**project.environment, "CI_PROJECT_DIR": str(project.folder), **(variables or {})}
    for name, value in JOB["variables"].items():
        text = value["value"] if isinstance(value, dict) else value
        environment[name] = re.sub(r"\$\[\[ inputs\.(\S+) \]\]", lambda match: _plain(given[match[1]]), text)
    program = shutil.which(shell[0])
    assert program
    done = run([program, *shell[1:], "-c", "\n".join(JOB["script"])], project.folder, environment)
    assert "unexpected" not in done.stdout
    return done


def reports(project: Project) -> dict[str, str]:
    """What GitLab keeps of the job: the reports' names and texts."""
    folder = project.folder / JOB["artifacts"]["paths"][0]
    assert not folder.is_symlink()
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """A shell's run; `stdout` is all that it said, in order."""
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="backslashreplace",
        timeout=LONGEST_SECONDS,
    )


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
