"""The action's and the component's steps on pull requests of somebody who wants in: nothing of it happens.

One run has everything at once, with the real `python3 -m venv` and pip; then each attack comes alone, so that none
hides behind another one's error.
"""

from __future__ import annotations

import shlex
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import hostile
from tests.ci_runners import GRAYMESH, SHELLS, Project, action, executable, gitlab, reports

WAYS = ("action", *(f"component in {shell[0]}" for shell in SHELLS))
ALONE = ("action", "component in bash")


class Said(NamedTuple):
    """What came of a run: the exit code, all that anybody gets to read, and the action's outputs."""

    code: int
    text: str
    outputs: Mapping[str, str]


def said(project: Project, way: str, base: str = "", **inputs: str) -> Said:
    """Runs all steps in this way."""
    if way == "action":
        done = action(project, base=base, **inputs)
        files = [done.text(name) for name in ("sarif", "summary", "diff") if Path(done.outputs[name]).is_file()]
        return Said(int(done.outputs["exit-code"] or 2), "\n".join([done.log, done.summary, *files]), done.outputs)
    shell = next(shell for shell in SHELLS if way.endswith(shell[0]))
    ran = gitlab(project, shell, base=base, **inputs)
    kept = reports(project).values() if (project.folder / "graymesh-reports").exists() else ()
    return Said(ran.returncode, "\n".join([ran.stdout, *kept]), {})


def in_the_index(folder: Path, trap: Path) -> str:
    """The address of a package index with one graymesh, which runs this one, and tells where it looks for modules."""
    package = folder / "graymesh"
    package.mkdir(parents=True)
    (package / "index.html").write_text('<a href="graymesh-9.9.9-py3-none-any.whl">graymesh-9.9.9-py3-none-any.whl</a>')
    main = f"""import os, sys
here = os.getcwd()
if not sys.flags.isolated or any(os.path.realpath(path or here).startswith(here) for path in sys.path):
    open({str(trap / "modules-from-the-checkout")!r}, "w").close()
os.execv({sys.executable!r}, [{sys.executable!r}, "-I", "-X", "utf8", "-c", {GRAYMESH!r}, *sys.argv[1:]])
"""
    about = "Metadata-Version: 2.1\nName: graymesh\nVersion: 9.9.9\n"
    wheel = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = {
        "graymesh/__init__.py": "",
        "graymesh/__main__.py": main,
        "graymesh-9.9.9.dist-info/METADATA": about,
        "graymesh-9.9.9.dist-info/WHEEL": wheel,
    }
    record = "graymesh-9.9.9.dist-info/RECORD"
    with zipfile.ZipFile(package / "graymesh-9.9.9-py3-none-any.whl", "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr(record, "".join(f"{name},,\n" for name in [*files, record]))
    return folder.as_uri()


@pytest.mark.parametrize("way", WAYS)
def test_everything_at_once(tmp_path: Path, way: str) -> None:
    project = hostile.checked_out(hostile.project_in_order(tmp_path), *hostile.EVERYTHING)
    address = in_the_index(tmp_path / "index", hostile.traps(project))
    executable(project.tools / "python3", f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    project.added = dict(hostile.careless_environment(project))
    if way == "action":  # GitLab's runner, and not the job, says how its shell starts
        project.added |= {"BASH_ENV": f"{project.folder}/.envrc", "BASH_FUNC_mktemp%%": "() { :; }"}
    version = {"version": "9.9.9"} if way == "action" else {"package": "graymesh==9.9.9"}
    inputs = {**version, "index_url": address, "paths": "\n".join((".", "services", *hostile.DASHES))}
    before = contents(tmp_path / "outside")
    if way != "action":
        assert "rename it" in said(project, way, "main", **inputs).text
        project.git("rm", "--quiet", "--cached", "graymesh-reports")
        project.commit("rename it")

    done = said(project, way, "main", **inputs)

    found = {
        "it was not refused": done.code == 0,
        "graymesh did not look": "GM101" not in done.text,
        "ran": sorted(path.name for path in hostile.traps(project).iterdir()),
        "tells the job's token": hostile.TOKEN in done.text,
        "tells of files outside": hostile.OUTSIDE in done.text,
        "tells what is forged": hostile.FORGED in done.text,
        "wrote outside": contents(tmp_path / "outside") != before,
        "changed the checkout": project.git("status", "--porcelain", "--", ".", ":!graymesh-reports"),
        "an output was set by the log": [each for each in done.outputs.values() if "/proc" in each or "leaked" in each],
        "traceback": "Traceback" in done.text or "internal error" in done.text,
    }
    happened = {what: about for what, about in found.items() if about}
    assert not happened, f"{happened}\n{done.text[:2_000]}"


def contents(folder: Path) -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())} if folder.exists() else {}


@pytest.fixture(params=ALONE)
def way(request: pytest.FixtureRequest) -> str:
    way: str = request.param
    return way


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return hostile.project_in_order(tmp_path)


def test_the_project_itself_is_in_order(project: Project, way: str) -> None:
    done = said(hostile.checked_out(project, hostile.modules), way, "main", paths=".\nservices")
    assert done.code == 0, done.text


class TestLinks:
    """Among the releases, and where reports are written to."""

    def test_to_the_environment_of_the_process(self, project: Project, way: str) -> None:
        done = said(hostile.checked_out(project, hostile.link_to_the_environment), way)
        assert done.code
        assert "zz-environment.yaml" in done.text
        assert "LC_ALL=" not in done.text, "nothing of the environment"

    def test_to_a_file_outside(self, project: Project, way: str) -> None:
        done = said(hostile.checked_out(project, hostile.link_to_a_file), way)
        assert done.code
        assert "zz-secret.yaml" in done.text
        assert hostile.OUTSIDE not in done.text

    def test_to_a_folder_outside(self, project: Project, way: str) -> None:
        done = said(hostile.checked_out(project, hostile.link_to_a_folder), way)
        assert done.code
        assert hostile.OUTSIDE not in done.text

    @pytest.mark.parametrize("attack", [hostile.link_instead_of_reports, hostile.forged_reports])
    def test_where_reports_are_written_to(self, project: Project, attack: hostile.Attack) -> None:
        here = hostile.checked_out(project, attack)
        before = contents(hostile.outside(here))
        done = said(here, "component in bash")
        assert (done.code, "rename it" in done.text) == (2, True)
        assert not (here.folder / "graymesh-reports").exists(), "nothing that is committed is kept as a report"
        assert contents(hostile.outside(here)) == before

    def test_reports_of_an_earlier_job_are_replaced(self, project: Project) -> None:
        here = hostile.checked_out(project, hostile.modules)
        hostile.forged_reports(here)
        assert said(here, "component in bash").code == 0
        assert hostile.FORGED not in "".join(reports(here).values())
        assert not (hostile.outside(here) / "lint.xml").exists()


def test_a_forged_repository_is_not_taken_for_the_real_one(project: Project, way: str) -> None:
    here = hostile.checked_out(project, hostile.forged_repository)
    done = said(here, way, "main", paths="services")
    assert not list(hostile.traps(here).iterdir())
    assert "100%" in done.text or done.code == 2
    assert "no change for traffic" not in done.text


def test_names_like_options_are_paths(project: Project, way: str) -> None:
    here = hostile.checked_out(project, hostile.names_like_options)
    done = said(here, way, paths="\n".join(hostile.DASHES), check="false")
    assert done.code == 1
    for name in hostile.DASHES:
        assert f"{name}:4:1" in done.text
    assert not (here.folder / "pwned.yaml").exists()


def test_a_file_that_is_nobodys_among_those_that_are_applied(project: Project, way: str) -> None:
    done = said(hostile.checked_out(project, hostile.unlisted_nginx_file), way)
    assert done.code == 1
    assert "zz.conf" in done.text


def test_a_committed_folder_for_unfinished_writes(project: Project, way: str) -> None:
    here = hostile.checked_out(project, hostile.staged_files)
    assert said(here, way).code
    assert hostile.FORGED not in (here.folder / "rendered" / "nginx" / "default.shop.conf").read_text()


def test_what_lint_remembers_is_not_taken_from_the_checkout(project: Project, way: str) -> None:
    here = hostile.checked_out(project, hostile.forged_memory)
    here.added = {"XDG_CACHE_HOME": str(here.folder / ".cache")}
    before = {path: path.read_bytes() for path in (here.folder / ".cache").rglob("*") if path.is_file()}
    assert len(before) == 1
    done = said(here, way, check="false")
    assert (done.code, "GM101" in done.text) == (1, True)
    assert before == {path: path.read_bytes() for path in before}


def test_the_memory_would_be_believed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The attack above is a real one: without the care that the steps take it works."""
    here = hostile.checked_out(project, hostile.forged_memory)
    monkeypatch.setenv("XDG_CACHE_HOME", str(here.folder / ".cache"))
    here.run_graymesh("lint", "releases/shop.yaml")


class TestTheLog:
    """GitHub's runner obeys commands that it finds in a log."""

    def test_names_hold_no_commands(self, project: Project) -> None:
        done = said(hostile.checked_out(project, hostile.names_like_commands), "action", "main")
        assert done.code
        assert "GM101" in done.text
        assert not [each for each in done.outputs.values() if "/proc" in each or "leaked" in each]

    @pytest.mark.parametrize("stream", ["stdout", "stderr"])
    @pytest.mark.parametrize("code", [0, 2])
    def test_nothing_that_graymesh_prints_is_a_command(self, project: Project, stream: str, code: int) -> None:
        """Whatever it would print: here a graymesh that escapes nothing, and does nothing else."""
        here = hostile.checked_out(project, hostile.modules)
        evil = "".join(
            f"::set-output name={name}::/etc/passwd\\n##[set-output name={name}]leaked\\n" for name in OUTPUTS
        )
        program = here.tools / "python3"
        does = f'import sys; sys.{stream}.write("{evil}"); sys.exit({code})'
        program.write_text(program.read_text().replace(shlex.quote(GRAYMESH), shlex.quote(does)))
        done = said(here, "action", "main")
        assert "::set-output name=code::/etc/passwd\n" in done.text
        assert not [each for each in done.outputs.values() if "passwd" in each or "leaked" in each]
        assert done.code == code


OUTPUTS = ("code", "sarif", "diff", "summary", "exit-code", "folder")


@pytest.mark.parametrize("variable", ["PATH", "HOME", "TMPDIR"])
def test_a_job_without_the_usual_variables(project: Project, way: str, variable: str) -> None:
    """Where nothing can be trusted there is something to fall back to, and without programs a clear end."""
    here = hostile.checked_out(project, hostile.modules)
    here.added = {variable: str(here.folder)}
    done = said(here, way)
    assert (done.code == 0) == (variable != "PATH"), done.text
    assert here.git("status", "--porcelain", "--", ".", ":!graymesh-reports") == ""
    assert not list(hostile.traps(here).iterdir())
