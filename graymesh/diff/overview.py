"""A compiled project → what its page shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graymesh.compile.compiler import Compiled
from graymesh.diff.compare import standing
from graymesh.diff.known import known
from graymesh.diff.page.model import EngineRow, FileView, ProjectView, ReleaseView, StageStrip, TargetView
from graymesh.language.case import Case


def overview(name: str, cases: Sequence[Case], compiled: Compiled) -> ProjectView:
    """The page's values; releases by their keys. `compiled` holds no errors and one folder per target."""
    ordered = sorted(cases, key=lambda case: case.release.key)
    releases = tuple(_release(case, compiled) for case in ordered)
    return ProjectView(name=name, releases=releases, targets=tuple(_targets(compiled)))


def _release(case: Case, compiled: Compiled) -> ReleaseView:
    release = case.release
    stages = case.stages if release.stage else (release,)
    return ReleaseView(
        key=release.key,
        standing=standing(case),
        strips=tuple(StageStrip(stage=each.stage, strip=known(case, each).users) for each in stages),
        engines=tuple(
            EngineRow(target=row.target, files=row.files, verified=row.verified)
            for row in compiled.rows
            if row.release == release.key
        ),
    )


def _targets(compiled: Compiled) -> Iterator[TargetView]:
    for name in dict.fromkeys(row.target for row in compiled.rows):
        held = [FileView(path=path, text=text) for path, text in compiled.files.items() if path.startswith(f"{name}/")]
        verified = all(row.verified for row in compiled.rows if row.target == name)
        yield TargetView(target=name, files=tuple(held), verified=verified)
