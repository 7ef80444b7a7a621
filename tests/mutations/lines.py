"""The examples, compiled in memory and read back: what `graymesh verify` does, with one file's text put in its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from graymesh.cases import load_cases
from graymesh.compiler import ALL, Choice, Job, jobs_of
from graymesh.diagnostic import Diagnostic
from graymesh.project import find
from graymesh.registry import target
from graymesh.target import DecodedFleet, Files, Target
from graymesh.verify import verify
from tests.helpers import ROOT

PROJECTS = sorted(path.parent for path in [*ROOT.glob("examples/*/graymesh.yaml")])


@dataclass(frozen=True, slots=True)
class Line:
    """One target's part of one project at one stage, with its files as they were emitted."""

    project: str
    job: Job
    target: Target
    files: Files

    def read(self, file: str, text: str) -> DecodedFleet:
        """What the files are read back to when one of them has this text."""
        return self.target.decode({**self.files, file: text})

    def findings(self, fleet: DecodedFleet) -> list[Diagnostic]:
        """The errors of `graymesh verify`."""
        found = verify(self.target, self.job.views, fleet, self.job.folder)
        return [each.diagnostic for each in found if each.diagnostic.level == "error"]


@lru_cache(maxsize=None)
def lines(name: str) -> tuple[Line, ...]:
    """The target's lines in all projects, at every stage."""
    return tuple(_lines(name))


def _lines(name: str) -> Iterator[Line]:
    chosen = target(name)
    for folder in PROJECTS:
        cases, problems = load_cases(find(folder), (), lambda *_: None)
        assert not problems, problems
        for job in jobs_of(cases, Choice(stage=ALL, targets=(name,))):
            yield Line(folder.name, job, chosen, chosen.emit(chosen.lower(job.views)))


def artifacts(name: str) -> Iterator[tuple[Line, str]]:
    """Every file of the target with its line; a text that several stages share once."""
    seen: set[tuple[str, str, str]] = set()
    for line in lines(name):
        for file, text in line.files.items():
            if (line.project, file, text) not in seen:
                seen.add((line.project, file, text))
                yield line, file
