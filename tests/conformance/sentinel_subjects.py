"""What is held to Sentinel: every example and every case that is compiled for it, at all stages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from graymesh.kit.registry import target
from graymesh.language.case import Case, load_cases
from graymesh.language.project import Project, find
from tests.helpers import ROOT

SENTINEL: Final = target("sentinel")


def everything_at_all_stages() -> Iterator[tuple[Project, list[Case], str]]:
    """Projects with their releases, once for each stage that one of these has."""
    for project in projects():
        cases = told(project)
        yield from ((project, cases, stage) for stage in (stages(cases) if cases else ()))


def projects() -> Iterator[Any]:
    """Every example and every case that compiles for Sentinel."""
    for folder in sorted((ROOT / "examples").glob("*/graymesh.yaml")):
        yield find(folder.parent)
    for folder in sorted((ROOT / "tests" / "cases").iterdir()):
        specs = tuple(sorted([*folder.glob("spec.yaml"), *folder.glob("releases/*.yaml")]))
        if specs and not folder.name.endswith(".bad"):
            yield Project(root=folder, releases=specs, output=folder / "rendered")


def told(project: Project) -> list[Case]:
    """The releases of a project that are compiled for Sentinel."""
    cases, _ = load_cases(project, (), lambda *_: None)
    return [case for case in cases if SENTINEL.manifest in case.targets]


def stages(cases: list[Case]) -> list[str]:
    return list(dict.fromkeys(release.stage for case in cases for release in case.stages))


def files_at(cases: list[Case], stage: str) -> dict[str, str]:
    """What all of them together are compiled to at a stage."""
    releases = [next((r for r in case.stages if r.stage == stage), case.release) for case in cases]
    views = [case.view(SENTINEL.manifest, release) for case, release in zip(cases, releases, strict=True)]
    return SENTINEL.emit(SENTINEL.lower(views))
