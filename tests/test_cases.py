"""Folders of real files: `spec.yaml` (or `releases/*.yaml`), what is said about it, and what it compiles to.

tests/cases/<behaviour>/spec.yaml          the input; a folder `x.bad`: it is refused and nothing is compiled
tests/cases/<behaviour>/diagnostics.txt    all diagnostics, one per line
tests/cases/<behaviour>/expected/<target>/**   every file that is written

All are snapshots: `pytest --snapshot-update tests/test_cases.py` rewrites them. A file that nothing writes fails.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation

from graymesh.compile.compiler import Compiled, Selection, compile_project
from graymesh.language.project import Project
from graymesh.report import concise

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir() and path.name != "replay")


class CaseFiles(SingleFileSnapshotExtension):
    """One snapshot is one real file of the case, at its real path."""

    _write_mode = WriteMode.TEXT
    file_extension = ""

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        return str(CASES)

    @classmethod
    def get_location(cls, *, test_location: PyTestLocation, index: int | str = 0) -> str:
        return str(CASES / str(index))

    def is_snapshot_location(self, *, location: str) -> bool:
        path = Path(location)
        return path.is_relative_to(CASES) and (path.name == "diagnostics.txt" or "expected" in path.parts)


@pytest.fixture
def files(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(CaseFiles)


def compiled(name: str) -> Compiled:
    """The case as a project of its own; file names are shown relative to its folder."""
    folder = CASES / name
    specs = tuple(sorted([*folder.glob("spec.yaml"), *folder.glob("releases/*.yaml")]))
    return compile_project(
        Project(root=folder, releases=specs, output=folder / "rendered"), Selection(), lambda *_: None
    )


@pytest.mark.parametrize("name", NAMES)
def test_case(name: str, files: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES / name)
    result = compiled(name)
    said = concise.render(result.diagnostics, {}, color=False)
    assert said.strip("\n") + "\n" == files(name=f"{name}/diagnostics.txt")
    assert result.failed == name.endswith(".bad")
    for path, text in result.files.items():
        assert text == files(name=f"{name}/expected/{path}")
    written = {
        str(path.relative_to(CASES / name / "expected"))
        for path in CASES.glob(f"{name}/expected/**/*")
        if path.is_file()
    }
    assert written == set(result.files), "stale files in expected/"


@pytest.mark.parametrize(
    "story", sorted(path.parent.name for path in CASES.parents[1].glob("examples/*/graymesh.yaml"))
)
def test_examples_are_fresh(story: str) -> None:
    """The committed output of every example is what it compiles to."""
    from graymesh.language.project import find

    project = find(CASES.parents[1] / "examples" / story)
    result = compile_project(project, Selection(), lambda *_: None)
    on_disk = {str(path.relative_to(project.output)) for path in project.output.rglob("*") if path.is_file()}
    assert {path for path in on_disk if not path.startswith(".")} == set(result.files)
    for path, text in result.files.items():
        assert (project.output / path).read_text(encoding="utf-8") == text, f"{path} is stale: run make demo"
