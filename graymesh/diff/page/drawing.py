"""Stages, strips and files as geometry for templates: numbers and class names, and texts that templates escape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from graymesh.diff.model import Artifact, Shares, StageStep, Standing, Strip
from graymesh.ir.release import BUCKET_COUNT, WHOLE
from graymesh.ir.tickets import written

COLORS: Final = 8
"""Classes v0 (stable) to v7 of the style sheet; further versions begin again behind v0."""

MIXED: Final = "mixed"
"""The class of buckets whose requests are drawn between versions."""

_OPEN: Final = 0.18  # the part of the picture's width that a stage without a shortest time takes
_MOST_OPEN: Final = 0.6
_NUMBER: Final = 0.08  # the least width of a stage that has room for its number, on a phone
_TIME: Final = 0.12  # … and for a time
_HUNK: Final = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A rectangle; all numbers in percent of the picture, `y` from its top."""

    x: str
    width: str
    y: str
    height: str
    color: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageColumn:
    """One stage of the picture: `number` counts from 1, `start_ms` is the earliest begin if that is known.

    `wide`: there is room for the number; `room`: for a time as well."""

    number: int
    name: str
    shares: Shares
    hold_ms: int | None
    start_ms: int | None
    x: str
    middle: str
    wide: bool
    room: bool
    here: bool
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePair:
    """Two lines side by side; a number of 0 where a side has no such line. `kind`: same, changed, gap."""

    kind: str
    old: str = ""
    new: str = ""
    old_line: int = 0
    new_line: int = 0


def colors(standings: Iterable[Standing | None]) -> Mapping[str, str]:
    """The class of each version, stable ones first: the same on both sides of a change."""
    found = [standing for standing in standings if standing]
    names = [standing.stable for standing in found if standing.stable]
    for standing in found:
        names += [name for step in standing.stages for name, _ in step.shares]
        names += [name for row in standing.routes for name, _ in row.shares]
    return {name: _color(number) for number, name in enumerate(dict.fromkeys(names))}


def columns(standing: Standing, palette: Mapping[str, str]) -> tuple[StageColumn, ...]:
    """The stages from left to right, each as wide as its shortest time; those without one have a fixed width."""
    return tuple(_columns(standing, palette))


def strip_bars(strip: Strip, palette: Mapping[str, str]) -> tuple[Bar, ...]:
    """The users' strip from bucket 0000 to ffff."""
    return tuple(
        Bar(
            x=_percent(low / BUCKET_COUNT),
            width=_percent((high - low + 1) / BUCKET_COUNT),
            y="0%",
            height="100%",
            color=palette.get(version, MIXED),
            said=f"{written(low)}–{written(high)}: {version}",
        )
        for low, high, version in strip
    )


def pairs(artifact: Artifact) -> Iterator[LinePair]:
    """A file's changes with three lines around each, side by side."""
    gone: list[str] = []
    come: list[str] = []
    old = new = 0
    for line in list(artifact.diff())[2:]:
        if line[:1] in "-+":
            (gone if line[:1] == "-" else come).append(line[1:])
            continue
        yield from _changed(gone, come, old, new)
        old, new, gone, come = old + len(gone), new + len(come), [], []
        start = _HUNK.match(line)
        if start:
            old, new = int(start[1]), int(start[2])
            yield LinePair(kind="gap", old=line)
        else:
            yield LinePair(kind="same", old=line[1:], new=line[1:], old_line=old, new_line=new)
            old, new = old + 1, new + 1
    yield from _changed(gone, come, old, new)


def _changed(gone: Sequence[str], come: Sequence[str], old: int, new: int) -> Iterator[LinePair]:
    for index in range(max(len(gone), len(come))):
        left, right = index < len(gone), index < len(come)
        yield LinePair(
            kind="changed",
            old=gone[index] if left else "",
            new=come[index] if right else "",
            old_line=old + index if left else 0,
            new_line=new + index if right else 0,
        )


def _columns(standing: Standing, palette: Mapping[str, str]) -> Iterator[StageColumn]:
    start: int | None = 0
    x = 0.0
    for number, (step, width) in enumerate(zip(standing.stages, _widths(standing.stages), strict=True), 1):
        yield StageColumn(
            number=number,
            name=step.name,
            shares=step.shares,
            hold_ms=step.hold_ms,
            start_ms=start,
            x=_percent(x),
            middle=_percent(x + width / 2),
            wide=width >= _NUMBER,
            room=width >= _TIME,
            here=step.name == standing.stage,
            bars=tuple(_stack(step, standing.stable, palette, x, width)),
        )
        start = start + step.hold_ms if start is not None and step.hold_ms is not None else None
        x += width


def _widths(steps: Sequence[StageStep]) -> list[float]:
    """Parts of 1. Times are to scale with each other; there is no scale for what is open-ended."""
    opened = sum(step.hold_ms is None for step in steps)
    total = sum(step.hold_ms or 0 for step in steps)
    if not total:
        return [1 / len(steps) for _ in steps]
    each = min(_OPEN, _MOST_OPEN / opened) if opened else 0.0
    left = 1 - each * opened
    return [each if step.hold_ms is None else left * step.hold_ms / total for step in steps]


def _stack(step: StageStep, stable: str, palette: Mapping[str, str], x: float, width: float) -> Iterator[Bar]:
    """Canaries stand on the ground, stable hangs from above."""
    top = WHOLE
    for version, part in sorted(step.shares, key=lambda pair: pair[0] == stable):
        top -= part
        yield Bar(
            x=_percent(x),
            width=_percent(width),
            y=_percent(top / WHOLE),
            height=_percent(part / WHOLE),
            color=palette.get(version, MIXED),
            said=version,
        )


def _color(number: int) -> str:
    return f"v{number if number < COLORS else 1 + (number - 1) % (COLORS - 1)}"


def _percent(part: float) -> str:
    return f"{100 * part:.2f}".rstrip("0").rstrip(".") + "%"
