"""Spec files → cases: releases as lint and the compiler look at them, each with its targets and their options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from graymesh.diagnostic import Diagnostic, Refused
from graymesh.ir import Release
from graymesh.language.options import effective
from graymesh.lint import Case
from graymesh.model import parse_rollout
from graymesh.project import Project, read_limited, shown
from graymesh.registry import target
from graymesh.source import Source, load

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done and how much there is."""


def load_cases(project: Project, targets: Sequence[str], progress: Progress) -> tuple[list[Case], list[Diagnostic]]:
    """The project's releases with the targets that each is compiled for; and what cannot be read.

    `targets` stand in for releases that name none. Raises OSError for a file that cannot be opened.
    """
    cases: list[Case] = []
    problems: list[Diagnostic] = []
    for number, file in enumerate(project.releases):
        progress("reading", number, len(project.releases))
        try:
            case, found = case_of(load(read_limited(file), shown(file)), project, targets, below(project, file))
        except Refused as refused:
            problems += refused.diagnostics
            continue
        problems += found
        cases += [case] if case else []
    return cases, problems


def case_of(
    source: Source, project: Project, targets: Sequence[str] = (), place: str = ""
) -> tuple[Case | None, list[Diagnostic]]:
    """One release as lint sees it; None when the spec cannot be understood.

    `place` is the spec's file below the project's root, which artifacts name; empty when it is in none.
    """
    rollout, problems = parse_rollout(source)
    if rollout is None:
        return None, problems
    names = rollout.spec.targets or project.targets or {name: {} for name in targets}
    manifests = tuple(target(name).manifest for name in names)
    options = {m.name: effective(m, project.targets.get(m.name) or {}, names[m.name] or {}) for m in manifests}
    return Case(source=source, rollout=rollout, targets=manifests, options=options, place=place), problems


def below(project: Project, file: Path) -> str:
    """The file below the project's root, the same wherever the project stands."""
    return file.relative_to(project.root).as_posix() if file.is_relative_to(project.root) else file.name


def release_at(case: Case, stage: str | None) -> Release:
    """The release at the stage of that name; where it stands when it has none of that name."""
    if stage is None:
        return case.release
    return next((release for release in case.stages if release.stage == stage), case.release)
