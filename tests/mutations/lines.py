"""The examples, compiled in memory and read back: what `graymesh verify` does, with another text for one file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from graymesh.compile.compiler import ALL, Job, Selection, jobs_of
from graymesh.compile.verify import verify
from graymesh.diagnostic import Diagnostic
from graymesh.kit.registry import target
from graymesh.kit.target import Decoded, Files, Target
from graymesh.language.case import Case, load_cases
from graymesh.language.project import find
from tests.helpers import ROOT
from tests.mutations.mutant import Mutant

PROJECTS = [*sorted(path.parent for path in ROOT.glob("examples/*/graymesh.yaml")), Path(__file__).parent / "project"]
"""All examples, and a project that has what they do not show."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One target's part of one project at one stage, with its files as they were emitted."""

    project: str
    job: Job
    target: Target
    files: Files

    def findings(self, fleet: Decoded) -> list[Diagnostic]:
        """The errors of `graymesh verify`."""
        found = verify(self.target, self.job.views, fleet, self.job.folder)
        return [each.diagnostic for each in found if each.diagnostic.level == "error"]


@dataclass(frozen=True, slots=True)
class Change:
    """One mutant of one file of a line."""

    line: Line
    file: str
    mutant: Mutant

    @property
    def before(self) -> str:
        """The file as graymesh wrote it."""
        return self.line.files[self.file]

    @property
    def files(self) -> Files:
        """All files of the line after the change."""
        return {**self.line.files, self.file: self.mutant.text}

    def read(self) -> Decoded:
        """What the target's decoder makes of them."""
        return self.line.target.decode(self.files)

    def found(self) -> list[Diagnostic]:
        """What `graymesh verify` says of them."""
        return self.line.findings(self.read())


@cache
def lines(name: str) -> tuple[Line, ...]:
    """The target's lines in all projects, at every stage."""
    return tuple(_lines(name))


def _lines(name: str) -> Iterator[Line]:
    """A target that no release names is beside all of one project."""
    chosen, cases = target(name), {folder: _cases(folder) for folder in PROJECTS}
    if not any(chosen.manifest in case.targets for found in cases.values() for case in found):
        cases = {folder: [beside(case, chosen) for case in cases[folder]] for folder in PROJECTS[-1:]}
    for folder, found in cases.items():
        for job in jobs_of(found, Selection(stage=ALL, targets=(name,))):
            yield Line(folder.name, job, chosen, chosen.emit(chosen.lower(job.views)))


def _cases(folder: Path) -> list[Case]:
    cases, problems = load_cases(find(folder), (), lambda *_: None)
    assert not problems, problems
    return cases


def beside(case: Case, chosen: Target) -> Case:
    """The case for one target more, which has its defaults."""
    name = chosen.manifest.name
    options = {**case.options, name: dict(chosen.manifest.defaults)}
    return replace(case, targets=(*case.targets, chosen.manifest), options=options)


def artifacts(name: str) -> Iterator[tuple[Line, str]]:
    """Every file of the target with its line; a text that several stages share once."""
    seen: set[tuple[str, str, str]] = set()
    for line in lines(name):
        for file, text in line.files.items():
            if (line.project, file, text) not in seen:
                seen.add((line.project, file, text))
                yield line, file
