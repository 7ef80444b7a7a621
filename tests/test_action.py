"""The GitHub action and the GitLab component, run step by step in a shell as their runners do."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

import pytest
import yaml

from graymesh.cli import COMMANDS
from tests.helpers import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
SPEC, JOBS = yaml.safe_load_all((ROOT / "templates" / "graymesh.yml").read_text(encoding="utf-8"))
JOB = JOBS["graymesh"]
DIFF = pytest.mark.skipif("diff" not in COMMANDS, reason="THE DIFF STEP IS NOT TESTED: there is no `graymesh diff` yet")
HOSTILE = ["$(touch pwned)`touch pwned`\"; touch pwned; '; touch pwned; \\", "--help", "-ox"]


# A python3 whose `-m venv` and `-m pip install` only write down what they were asked for.
PYTHON = """#!/usr/bin/env bash
set -e
case "$1 $2" in
  "-m venv") mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; ln -s "{graymesh}" "$3/bin/graymesh" ;;
  "-m pip") printf '%s\\n' "${{@: -1}}" > "$INSTALLED" ;;
  *) exec "{python}" "$@" ;;
esac
"""


class Project:
    """A git repository of two commits with a project whose files are compiled."""

    def __init__(self, folder: Path, tools: Path) -> None:
        self.folder, self.tools = folder, tools
        self.installed = tools / "installed"

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
        subprocess.run([str(self.tools / "graymesh"), *arguments], cwd=self.folder, check=True, capture_output=True)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
        home = {"HOME": str(self.tools), "XDG_CACHE_HOME": str(self.tools / "cache")}
        return {**kept, **home, "PATH": f"{self.tools}:{os.environ['PATH']}", "INSTALLED": str(self.installed)}


def executable(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def made(folder: Path) -> Project:
    """Tools that stand in for an installed graymesh, and where the repository belongs."""
    tools = folder / "tools"
    tools.mkdir()
    executable(tools / "graymesh", f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m graymesh "$@"\n')
    executable(tools / "python3", PYTHON.format(python=sys.executable, graymesh=tools / "graymesh"))
    return Project(folder / "repository", tools)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    original = made(tmp_path_factory.mktemp("original"))
    shutil.copytree(ROOT / "tests" / "cli" / "shop", original.folder)
    original.commit_twice()
    return original.folder


@pytest.fixture
def project(tmp_path: Path, repository: Path) -> Project:
    shutil.copytree(repository, tmp_path / "repository")
    return made(tmp_path)


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
    """Runs a composite action: expressions, conditions, environment, and the files that steps write to."""

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
            assert step["shell"] == "bash", "a composite action's step names its shell"
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
        executable(folder / "script.sh", step["run"])
        temp = self._project.tools / "temp"
        temp.mkdir(exist_ok=True)
        environment = {
            **self._project.environment,
            **{name: str(folder / name) for name in names},
            **{name: self._text(value) for name, value in step.get("env", {}).items()},
            "RUNNER_TEMP": str(temp),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_ACTIONS": "true",
        }
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(folder / "script.sh")]
        done = subprocess.run(
            command, cwd=self._project.folder, env=environment, capture_output=True, text=True, timeout=120
        )
        self._log.append(done.stdout + done.stderr)
        assert not (folder / "GITHUB_ENV").read_text(), "later steps of the job are not changed"
        assert not (folder / "GITHUB_PATH").read_text(), "later steps of the job are not changed"
        lines = (folder / "GITHUB_OUTPUT").read_text().splitlines()
        return done.returncode != 0, dict(line.split("=", 1) for line in lines), (folder / names[1]).read_text()

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


def action(project: Project, event: Mapping[str, Any] | None = None, **inputs: str) -> Ran:
    return Runner(project, {name.replace("_", "-"): value for name, value in inputs.items()}, event or {}).run()


class TestAction:
    def test_nothing_to_report(self, project: Project) -> None:
        done = action(project)
        assert (done.failed, done.outputs["exit-code"], done.outputs["diff"]) == (False, "0", "")
        assert json.loads(done.text("sarif"))["version"] == "2.1.0"
        assert done.summary == done.text("summary")
        assert done.summary.startswith("### graymesh: 2 warnings, 3 infos\n")
        assert done.log.count("::warning file=releases/") == 2
        assert project.installed.read_text() == f"{ROOT}\n"
        assert project.git("status", "--porcelain") == ""

    def test_a_finding_fails_the_job_and_is_told_everywhere(self, project: Project) -> None:
        project.edit("stable: v1", "stabel: v1")
        done = action(project)
        assert (done.failed, done.outputs["exit-code"]) == (True, "1")
        assert "::error file=releases/shop.yaml,line=6," in done.log
        assert "GM101" in done.text("sarif")
        assert "| error | GM101 | releases/shop.yaml:6:3 |" in done.summary

    @pytest.mark.parametrize(("level", "failed"), [("warning", True), ("error", False), ("never", False)])
    def test_the_level_that_fails(self, project: Project, level: str, failed: bool) -> None:
        assert action(project, fail_on=level).failed == failed

    def test_a_stale_file_fails_the_job(self, project: Project) -> None:
        project.edit("qps: 500", "qps: 400")
        done = action(project)
        assert (done.failed, done.outputs["exit-code"]) == (True, "1")
        assert "run: graymesh compile" in done.log
        assert "| GM910 | rendered/" in done.summary
        assert not action(project, check="false").failed

    def test_what_cannot_be_read_fails_with_2(self, project: Project) -> None:
        done = action(project, paths="nowhere")
        assert (done.failed, done.outputs["exit-code"]) == (True, "2")

    @pytest.mark.parametrize("paths", ["", " \n", ".", "releases/shop.yaml\nreleases/cart.yaml\n", "\n  \n.\n"])
    def test_paths_one_a_line(self, project: Project, paths: str) -> None:
        done = action(project, paths=paths)
        assert not done.failed
        assert done.log.count("::warning file=releases/shop.yaml") == 1

    def test_a_path_with_blanks(self, project: Project) -> None:
        (project.folder / "a b").mkdir()
        shutil.copy(project.folder / "releases" / "shop.yaml", project.folder / "a b" / "c d.yaml")
        assert "::warning file=a b/c d.yaml" in action(project, paths="a b/c d.yaml", check="false").log

    @pytest.mark.parametrize("names", [("version",), ("paths", "fail_on", "check", "base")], ids=" ".join)
    @pytest.mark.parametrize("value", HOSTILE)
    def test_no_input_is_code(self, project: Project, names: tuple[str, ...], value: str) -> None:
        assert action(project, **dict.fromkeys(names, value)).failed
        assert not list(project.folder.parent.rglob("pwned"))

    def test_a_version_from_the_index(self, project: Project) -> None:
        action(project, version="1.2.3rc1")
        assert project.installed.read_text() == "graymesh==1.2.3rc1\n"
        for value in ("1.2.3 @ https://evil.example/x.whl", "-r requirements.txt", "1.2.3\n-e ."):
            project.installed.unlink(missing_ok=True)
            assert "is not the number of a version" in action_log(project, version=value)
            assert not project.installed.exists()

    def test_an_old_python_is_told(self, project: Project) -> None:
        executable(project.tools / "python3", "#!/bin/sh\nexit 1\n")
        assert "python3 is older than 3.11" in action_log(project)

    @DIFF
    def test_the_diff_of_a_pull_request(self, project: Project) -> None:
        event = {"pull_request": {"base": {"sha": project.base}}}
        done = action(project, event)
        assert not done.failed
        assert done.text("diff").startswith("<!-- graymesh diff -->\n")
        assert "20%" in done.text("diff")

    @DIFF
    def test_the_base_is_fetched_into_a_shallow_checkout(self, project: Project, tmp_path: Path) -> None:
        base, origin, project.folder = project.base, project.folder, tmp_path / "shallow"
        subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{origin}", str(project.folder)], check=True)
        done = action(project, base=base)
        assert not done.failed
        assert "20%" in done.text("diff")

    @DIFF
    def test_a_base_that_is_not_there(self, project: Project) -> None:
        done = action(project, base="nosuchbranch")
        assert (done.failed, done.outputs["exit-code"], done.outputs["diff"]) == (True, "2", "")
        assert "nosuchbranch" in done.log

    def test_no_input_stands_in_a_script(self) -> None:
        assert not [step["name"] for step in ACTION["runs"]["steps"] if "${{" in step.get("run", "")]

    def test_every_input_and_output_is_described_and_used(self) -> None:
        used = set(re.findall(r"inputs\.([\w-]+)", json.dumps(ACTION["runs"])))
        assert used == set(ACTION["inputs"])
        for about in [*ACTION["inputs"].values(), *ACTION["outputs"].values()]:
            assert about["description"].strip()


def action_log(project: Project, **inputs: str) -> str:
    done = action(project, **inputs)
    assert done.failed
    return done.log


# GitLab


def gitlab(project: Project, shell: list[str], variables: Mapping[str, str] | None = None, **inputs: str) -> Any:
    """The job's script as GitLab's runner gives it to a shell, with these inputs; predefined `variables` as given."""
    given = {name: about["default"] for name, about in SPEC["spec"]["inputs"].items()}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    environment = {**project.environment, **(variables or {})}
    for name, value in JOB["variables"].items():
        text = value["value"] if isinstance(value, dict) else value
        environment[name] = re.sub(r"\$\[\[ inputs\.(\S+) \]\]", lambda match: _plain(given[match[1]]), text)
    script = "\n".join(JOB["script"])
    done = subprocess.run(
        [*shell, "-c", script], cwd=project.folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert "unexpected" not in done.stderr
    return done


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


SHELLS = [["bash", "-eo", "pipefail"], *([["dash", "-e"]] if shutil.which("dash") else [])]


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
class TestComponent:
    def test_nothing_to_report(self, project: Project, shell: list[str]) -> None:
        done = gitlab(project, shell)
        assert done.returncode == 0, done.stderr
        issues = json.loads((project.folder / "graymesh-reports" / "code-quality.json").read_text())
        assert [issue["severity"] for issue in issues] == ["minor", "info", "info", "minor", "info"]
        reports = sorted(path.name for path in (project.folder / "graymesh-reports").iterdir())
        assert reports == ["check-0.xml", "code-quality.json", "lint.xml"]
        assert project.installed.read_text() == "graymesh\n"

    def test_findings_and_stale_files_fail_the_job(self, project: Project, shell: list[str]) -> None:
        project.edit("qps: 500", "qps: 400")
        assert gitlab(project, shell).returncode == 1
        assert "GM910" in (project.folder / "graymesh-reports" / "check-0.xml").read_text()
        assert gitlab(project, shell, check="false").returncode == 0
        project.edit("stable: v1", "stabel: v1")
        assert gitlab(project, shell, check="false").returncode == 1
        assert "GM101" in (project.folder / "graymesh-reports" / "code-quality.json").read_text()

    @pytest.mark.parametrize("value", HOSTILE)
    def test_no_input_is_code(self, project: Project, shell: list[str], value: str) -> None:
        names = ("paths", "fail_on", "check", "package", "base")
        assert gitlab(project, shell, **dict.fromkeys(names, value)).returncode
        assert not list(project.folder.parent.rglob("pwned"))
        assert project.installed.read_text() == f"{value}\n"

    def test_paths_one_a_line(self, project: Project, shell: list[str]) -> None:
        (project.folder / "a b").mkdir()
        shutil.copy(project.folder / "releases" / "shop.yaml", project.folder / "a b" / "c d.yaml")
        done = gitlab(project, shell, paths="releases/shop.yaml\na b/c d.yaml", check="false")
        assert done.returncode == 0
        issues = json.loads((project.folder / "graymesh-reports" / "code-quality.json").read_text())
        assert {issue["location"]["path"] for issue in issues} == {"a b/c d.yaml", "releases/shop.yaml"}

    @DIFF
    def test_the_diff_of_a_merge_request(self, project: Project, shell: list[str]) -> None:
        done = gitlab(project, shell, {"CI_MERGE_REQUEST_DIFF_BASE_SHA": project.base})
        assert done.returncode == 0, done.stderr
        assert "20%" in (project.folder / "graymesh-reports" / "diff.md").read_text()


def test_the_component_keeps_what_the_job_writes() -> None:
    artifacts = JOB["artifacts"]
    assert artifacts["when"] == "always"
    assert artifacts["paths"] == ["graymesh-reports/"]
    script = "\n".join(JOB["script"])
    assert artifacts["reports"]["codequality"] in script
    assert "=graymesh-reports/lint.xml" in script
    assert not re.search(r"\$\[\[", script), "inputs reach the shell as variables only"
    assert all(about["description"] for about in SPEC["spec"]["inputs"].values())
