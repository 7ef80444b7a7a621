"""The one release that a command looks at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from graymesh.commands.base import Terminal
from graymesh.diagnostic import Refused

if TYPE_CHECKING:
    from graymesh.ir.release import Release
    from graymesh.language.case import Case


def one_case(terminal: Terminal, path: Path, stage: str | None) -> tuple[Case, Release]:
    """The one release at `path`, at a stage of that name. Raises Refused or UsageError when there is no such thing."""
    from graymesh.language.case import case_of
    from graymesh.language.project import find_each, read_release, shown
    from graymesh.source import load

    files = [(project, file) for project in find_each(path) for file in project.releases]
    if len(files) != 1:
        raise click.UsageError(f"{path} holds {len(files)} releases; name the file of one")
    project, file = files[0]
    case, problems = case_of(load(read_release(file, project), shown(file)), project)
    errors = tuple(problem for problem in problems if problem.level == "error")
    if case is None or errors:
        raise Refused(errors)
    return case, _at(case, stage)


def _at(case: Case, stage: str | None) -> Release:
    from graymesh.did_you_mean import suggestion
    from graymesh.language.case import release_at

    if stage is None:
        return case.release
    if stage in {release.stage for release in case.stages}:
        return release_at(case, stage)
    known = [release.stage for release in case.stages]
    raise click.BadParameter(f"the release has no stage {stage!r}; {suggestion(stage, known)}", param_hint="--stage")
