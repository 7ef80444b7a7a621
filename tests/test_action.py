"""The GitHub action and the GitLab component, with everything as it should be and with hostile inputs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import graymesh
from graymesh.cli import COMMANDS
from tests.ci_runners import ACTION, JOB, SHELLS, SPEC, Project, action, copied, executable, gitlab, made, reports
from tests.helpers import ROOT

DIFF = pytest.mark.skipif("diff" not in COMMANDS, reason="THE DIFF STEP IS NOT TESTED: there is no `graymesh diff` yet")
HOSTILE = ["$(touch pwned)`touch pwned`\"; touch pwned; '; touch pwned; \\", "--help", "-ox"]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    original = made(tmp_path_factory.mktemp("original"))
    shutil.copytree(ROOT / "tests" / "cli" / "shop", original.folder)
    original.commit_twice()
    return original.folder


@pytest.fixture
def project(tmp_path: Path, repository: Path) -> Project:
    return copied(repository, tmp_path)


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

    def test_a_file_that_is_nobodys_is_proven_wrong(self, project: Project) -> None:
        add_an_unlisted_file(project)
        done = action(project)
        assert (done.failed, done.outputs["exit-code"]) == (True, "1")
        assert "::error title=graymesh::verify failed" in done.log
        assert "| error | GM905 | rendered/istio/zz.yaml:" in done.summary
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

    @pytest.mark.parametrize("names", [("version",), ("paths", "fail_on", "check", "base", "index_url")], ids=" ".join)
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

    def test_pip_takes_nothing_from_anybody_else(self, project: Project) -> None:
        action(project, index_url="https://packages.example.com/simple")
        words = project.installed.with_name("installed.words").read_text().splitlines()
        assert words[0] == "--isolated"
        assert {"--no-cache-dir", "--no-input", "--index-url=https://packages.example.com/simple"} < set(words)
        assert words[-2:] == ["--", str(ROOT)]

    def test_an_old_python_is_told(self, project: Project) -> None:
        executable(project.tools / "python3", "#!/bin/sh\nexit 1\n")
        assert "no python3 of 3.11 or newer" in action_log(project)

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

    def test_steps_of_others_are_pinned_by_digest(self) -> None:
        uses = re.findall(r"uses: (.*)", (ROOT / "action.yml").read_text(encoding="utf-8"))
        assert uses
        assert [each for each in uses if not re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v[\d.]+", each)] == []

    def test_no_shell_reads_what_the_environment_names(self) -> None:
        shells = {step["shell"] for step in ACTION["runs"]["steps"] if "run" in step}
        assert shells == {"/bin/bash --noprofile --norc -p -eo pipefail {0}"}
        for step in (step["run"] for step in ACTION["runs"]["steps"] if "run" in step):
            assert step.startswith('. "$GITHUB_ACTION_PATH/action.sh"\n')

    def test_every_input_and_output_is_described_and_used(self) -> None:
        used = set(re.findall(r"inputs\.([\w-]+)", json.dumps(ACTION["runs"])))
        assert used == set(ACTION["inputs"])
        for about in [*ACTION["inputs"].values(), *ACTION["outputs"].values()]:
            assert about["description"].strip()


def add_an_unlisted_file(project: Project) -> None:
    """A file in a folder that is applied as a whole, which sends everybody to the canary."""
    folder = project.folder / "rendered" / "istio"
    text = (folder / "default.shop.routes.yaml").read_text().replace("name: shop\n", "name: zz-shop\n")
    (folder / "zz.yaml").write_text(text.replace("weight: 20\n", "weight: 100\n"))


def action_log(project: Project, **inputs: str) -> str:
    done = action(project, **inputs)
    assert done.failed
    return done.log


# GitLab


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
class TestComponent:
    def test_nothing_to_report(self, project: Project, shell: list[str]) -> None:
        done = gitlab(project, shell)
        assert done.returncode == 0, done.stdout
        issues = json.loads(reports(project)["code-quality.json"])
        assert [issue["severity"] for issue in issues] == ["minor", "info", "info", "minor", "info"]
        assert list(reports(project)) == ["check-0.xml", "code-quality.json", "lint.xml", "verify-0.xml"]
        assert project.installed.read_text() == f"graymesh=={graymesh.__version__}\n", "pinned, like the component"

    def test_findings_and_stale_files_fail_the_job(self, project: Project, shell: list[str]) -> None:
        project.edit("qps: 500", "qps: 400")
        assert gitlab(project, shell).returncode == 1
        assert "GM910" in reports(project)["check-0.xml"]
        assert gitlab(project, shell, check="false").returncode == 0
        project.edit("stable: v1", "stabel: v1")
        assert gitlab(project, shell, check="false").returncode == 1
        assert "GM101" in reports(project)["code-quality.json"]

    def test_a_file_that_is_nobodys_is_proven_wrong(self, project: Project, shell: list[str]) -> None:
        add_an_unlisted_file(project)
        assert gitlab(project, shell).returncode == 1
        assert "GM905" in reports(project)["verify-0.xml"]
        assert gitlab(project, shell, check="false").returncode == 0

    @pytest.mark.parametrize("value", HOSTILE)
    def test_no_input_is_code(self, project: Project, shell: list[str], value: str) -> None:
        names = ("paths", "fail_on", "check", "package", "base", "index_url")
        assert gitlab(project, shell, **dict.fromkeys(names, value)).returncode
        assert not list(project.folder.parent.rglob("pwned"))
        assert project.installed.read_text() == f"{value}\n"

    def test_paths_one_a_line(self, project: Project, shell: list[str]) -> None:
        (project.folder / "a b").mkdir()
        shutil.copy(project.folder / "releases" / "shop.yaml", project.folder / "a b" / "c d.yaml")
        done = gitlab(project, shell, paths="releases/shop.yaml\na b/c d.yaml", check="false")
        assert done.returncode == 0
        issues = json.loads(reports(project)["code-quality.json"])
        assert {issue["location"]["path"] for issue in issues} == {"a b/c d.yaml", "releases/shop.yaml"}

    @DIFF
    def test_the_diff_of_a_merge_request(self, project: Project, shell: list[str]) -> None:
        done = gitlab(project, shell, {"CI_MERGE_REQUEST_DIFF_BASE_SHA": project.base})
        assert done.returncode == 0, done.stdout
        assert "20%" in reports(project)["diff.md"]


def test_the_component_keeps_what_the_job_writes() -> None:
    artifacts = JOB["artifacts"]
    assert artifacts["when"] == "always"
    assert artifacts["paths"] == ["graymesh-reports/"]
    script = "\n".join(JOB["script"])
    assert "=$reports/" + artifacts["reports"]["codequality"].removeprefix("graymesh-reports/") in script
    assert "reports=$checkout/graymesh-reports\n" in script
    assert not re.search(r"\$\[\[", script), "inputs reach the shell as variables only"
    assert all(about["description"] for about in SPEC["spec"]["inputs"].values())
