"""For a terminal: what to look at first, then each release, then engines and their files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from graymesh.diff.model import Change, EngineDiff, ReleaseDiff, RouteRow, Standing, TrafficDiff
from graymesh.diff.report.sentences import (
    NO_CHANGE,
    engine_line,
    engines_line,
    headline,
    move_line,
    no_command,
    side_word,
    stage_line,
    subject,
    trend_word,
)
from graymesh.ir.wording import shares_in_words
from graymesh.report.shown import inline

_RESET: Final = "\x1b[0m"
_COLORS: Final = {"bold": "1", "bad": "1;31", "good": "32", "dim": "2", "warn": "1;33", "head": "1;36"}
_GRAVE: Final = frozenset(
    ("undecided", "incomplete", "removed", "gap", "moved-back", "redrawn", "guard-removed", "trust")
)


def render(diff: TrafficDiff, *, color: bool = False, files: bool = False) -> str:
    """The whole diff; lines are not wrapped."""
    writer = _DiffWriter(color)
    return "".join(f"{no_command(line)}\n" for line in writer.lines(diff, files))


class _DiffWriter:
    def __init__(self, color: bool) -> None:
        self._color = color

    def _paint(self, name: str, text: str) -> str:
        return f"\x1b[{_COLORS[name]}m{text}{_RESET}" if self._color and text else text

    def lines(self, diff: TrafficDiff, files: bool) -> Iterator[str]:
        yield self._paint("bold", f"{inline(diff.old)} → {inline(diff.new)}: {headline(diff)}")
        yield from self._risks(diff)
        for release in diff.releases:
            if release.state != "unchanged" or release.plan:
                yield from ("", *self._release(release))
        same = [release.key for release in diff.releases if release.state == "unchanged" and not release.plan]
        if same and len(diff.releases) > len(same):
            yield from ("", f"{NO_CHANGE}: {inline(', '.join(same))}")
        if diff.engines:
            yield from ("", self._paint("bold", "engines"))
            for engine in diff.engines:
                yield from self._engine(engine, files)

    def _risks(self, diff: TrafficDiff) -> Iterator[str]:
        if diff.risks:
            yield from ("", self._paint("bold", "look at first"))
        for risk in diff.risks:
            paint = "bad" if risk.kind in _GRAVE else "warn"
            where = f"{inline(risk.release)}: " if risk.release else ""
            yield f"  {self._paint(paint, '! ' + risk.kind.replace('-', ' '))}: {where}{inline(risk.message)}"

    def _release(self, release: ReleaseDiff) -> Iterator[str]:
        stage = stage_line(release)
        state = release.state if release.state in ("added", "removed") else ""
        said = ", ".join(part for part in (state, inline(stage)) if part)
        yield self._paint("head", inline(release.key)) + (f": {said}" if said else "")
        shown = release.new if release.state == "added" else release.old if release.state == "removed" else None
        if shown:
            yield from self._standing(shown)
        if release.state == "unchanged":
            yield f"  {NO_CHANGE}"
        for change in release.changes:
            yield from self._change(change)
        for line in release.plan:
            yield f"  {self._paint('dim', 'plan')}: {inline(line)}"

    def _standing(self, standing: Standing) -> Iterator[str]:
        yield f"  {inline(standing.file)}"
        yield from (f"  {inline(row.who)}: {self._row(row)}" for row in standing.routes)

    def _row(self, row: RouteRow) -> str:
        return inline(shares_in_words(dict(row.shares)))

    def _change(self, change: Change) -> Iterator[str]:
        if change.kind == "undecided":
            yield f"  {self._paint('bad', 'NOT DECIDED')} for {inline(change.who)}: {inline(change.new)}"
            yield from (
                f"    {self._paint('dim', 'at:'):<10} {inline(f'{place}  {place.text}')}" for place in change.causes
            )
            return
        trend = trend_word(change)
        paint = "bad" if change.trend in ("weaker", "removed") else "good"
        mark = f" ({self._paint(paint, trend)})" if trend else ""
        yield f"  {inline(subject(change))}: {inline(change.old)} → {self._paint('bold', inline(change.new))}{mark}"
        for move in change.moves:
            yield f"    {self._paint('bad' if move.back else 'good', inline(move_line(move)))}"
        yield from (f"    {inline(note)}" for note in change.notes)
        yield from (f"    {self._paint('dim', name + ':'):<10} {inline(text)}" for name, text in _details(change))

    def _engine(self, engine: EngineDiff, files: bool) -> Iterator[str]:
        yield f"  {inline(engine.target)}: {inline(engine_line(engine))}"
        for artifact in engine.artifacts:
            added, gone = artifact.lines
            sign = {"added": "A", "removed": "D"}.get(artifact.state, "M")
            yield f"    {sign} {inline(artifact.path)} (+{added} −{gone})"
            if files:
                yield from (f"      {self._diff_line(line)}" for line in artifact.diff())

    def _diff_line(self, line: str) -> str:
        paint = {"+": "good", "-": "bad", "@": "dim"}.get(line[:1], "")
        return self._paint(paint, inline(line)) if paint else inline(line)


def _details(change: Change) -> Iterator[tuple[str, str]]:
    if change.witness:
        seen = change.witness
        known = (seen.old, seen.new) == (change.old, change.new)
        yield "witness", seen.request if known else f"{seen.request}: {seen.old} → {seen.new}"
        yield "try", seen.command
    elif change.example:
        yield "concerns", change.example
    for place in change.causes:
        yield "because", f"{place}{side_word(place.side)}" + (f"  {place.text}" if place.text else "")
    if change.kind != "release" or change.engines:
        yield "seen by", engines_line(change)
