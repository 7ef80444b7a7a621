"""What a project's page shows, as plain values; a diff's page shows `graymesh.diff.model.TrafficDiff`."""

from __future__ import annotations

from dataclasses import dataclass

from graymesh.diff.model import Standing, Strip


@dataclass(frozen=True, slots=True, kw_only=True)
class StageStrip:
    """Which buckets are on which version at one stage; `strip` is empty when users have no buckets."""

    stage: str
    strip: Strip


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRow:
    """One release on one target: how many files tell of it (0: not counted), and whether they are proven."""

    target: str
    files: int
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseView:
    """One release: where it stands, its users at every stage, and its engines."""

    key: str
    standing: Standing
    strips: tuple[StageStrip, ...]
    engines: tuple[EngineRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """A file below the output folder."""

    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetView:
    """What one engine gets."""

    target: str
    files: tuple[FileView, ...]
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectView:
    """A whole project, `name` as its reader calls it; releases and targets in their order."""

    name: str
    releases: tuple[ReleaseView, ...]
    targets: tuple[TargetView, ...]
