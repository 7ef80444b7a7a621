"""Spec files → cases: releases as lint and the compiler look at them, each with its targets and their options.

Every rule imports this module; what reads specs, pydantic above all, is loaded once there is a spec to read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from graymesh.diagnostic import Diagnostic, Refused

if TYPE_CHECKING:
    from pathlib import Path

    from graymesh.ir.plan import Plan
    from graymesh.ir.release import Release
    from graymesh.kit.target import Manifest, View
    from graymesh.language.model import Rollout
    from graymesh.language.project import Project
    from graymesh.source import Source

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done and how much there is."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One spec under lint: as written, as meant at each stage, and the targets it is compiled for.

    `place` is its file below the project's root, empty when it is in none.
    """

    source: Source
    rollout: Rollout
    targets: tuple[Manifest, ...] = ()
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    heeds_accept: bool = True
    place: str = ""
    _views: dict[tuple[str, str, bool], View] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def release(self) -> Release:
        """The release at the stage where it stands."""
        from graymesh.language.resolve import resolve

        return resolve(self.rollout)

    @property
    def ticket_cookie(self) -> str:
        """The cookie that carries users' tickets; "" when the release is not sticky."""
        sticky = self.rollout.spec.sticky
        return sticky.cookie.name if sticky else ""

    @cached_property
    def stages(self) -> tuple[Release, ...]:
        """The release as planned, whoever is held now: at each of its stages, in order; as it is, when it has none."""
        from graymesh.language.resolve import resolve, stages

        here = self.release
        done = {} if here.held else {here.stage: here}
        names = stages(self.rollout)
        return tuple(done.get(name) or resolve(self.rollout, name, as_planned=True) for name in names) or (here,)

    @cached_property
    def plan(self) -> Plan:
        """The release over time, and what runs it."""
        from graymesh.language.resolve_plan import plan_of

        return plan_of(self.rollout)

    def view(self, manifest: Manifest, release: Release | None = None) -> View:
        """The release as the target must enforce it, without what the spec gives up."""
        release = release or self.release
        key = (manifest.name, release.stage, release.held)
        if key not in self._views:
            made = self._view(manifest, release)
            if "stages" in manifest.needs and self.plan.steps:
                made = replace(made, stages=tuple(self._view(manifest, each) for each in self.stages))
            self._views[key] = made
        return self._views[key]

    def _view(self, manifest: Manifest, release: Release) -> View:
        from graymesh.kit.view import view

        beside = next((each for each in self.targets if each.name == manifest.companion), None)
        return view(release, manifest, self.options.get(manifest.name, {}), self.plan, self.place, beside)


def load_cases(project: Project, targets: Sequence[str], progress: Progress) -> tuple[list[Case], list[Diagnostic]]:
    """The project's releases with the targets that each is compiled for; and what cannot be read.

    `targets` stand in for releases that name none. Raises OSError for a file that cannot be opened or must not be read.
    """
    from graymesh.language.project import read_release, shown
    from graymesh.source import load

    cases: list[Case] = []
    problems: list[Diagnostic] = []
    for number, file in enumerate(project.releases):
        progress("reading", number, len(project.releases))
        try:
            source = load(read_release(file, project), shown(file))
            case, found = case_of(source, project, targets, below(project, file))
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
    from graymesh.kit.registry import target
    from graymesh.language.model import parse_rollout
    from graymesh.language.options import effective

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
    from graymesh.language.resolve import resolve, stages

    return resolve(case.rollout, stage) if stage in stages(case.rollout) else case.release
