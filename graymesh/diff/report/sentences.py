"""What all renderers say alike, as plain text that each of them still has to quote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from graymesh.diff.model import Change, EngineDiff, Move, ReleaseDiff, Side, TrafficDiff, Trend
from graymesh.diff.protection import protects
from graymesh.ir.settings import family
from graymesh.ir.wording import percent

NO_CHANGE = "no change for traffic"
_COUNTED: Final[Mapping[str, str]] = {
    "limits.qps": ", each instance by itself",
    "limits.cpu": ", by the load of the machine and not of the process",
}
"""How a limit is held, where its name alone would say more."""
_BLANK: Final = re.compile(r"(?:[ +-]|\x1b\[[0-9;]*m)*")
_TRENDS: Mapping[Trend, str] = {
    "changed": "",
    "added": "added",
    "stricter": "stricter",
    "weaker": "WEAKER",
    "removed": "REMOVED",
}
_LIMITS: Mapping[Trend, str] = {"weaker": "LOOSER", "stricter": "tighter"}


def headline(diff: TrafficDiff) -> str:
    """The answer in one line."""
    if not diff.differs:
        moved = any(engine.artifacts for engine in diff.engines)
        return f"{NO_CHANGE}; files are written differently" if moved else NO_CHANGE
    undecided = sum(change.kind == "undecided" for release in diff.releases for change in release.changes)
    unknown = undecided + sum(engine.sees is None for engine in diff.engines) + len(diff.problems)
    parts = [_count(diff.changes - undecided, "change")] if diff.changes > undecided else []
    parts += [f"{unknown} NOT DECIDED"] if unknown else []
    parts = parts or ["no change for traffic, but other files differ"]
    changed = sum(release.state != "unchanged" for release in diff.releases)
    return f"{', '.join(parts)} for traffic in {_count(changed, 'release')}" if changed else ", ".join(parts)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def stage_line(release: ReleaseDiff) -> str:
    """`stage gray-5 → gray-20`; empty when there are no stages."""
    old = release.old.stage if release.old else ""
    new = release.new.stage if release.new else ""
    if release.old and release.new and old != new:
        return f"stage {old or 'none'} → {new or 'none'}"
    return f"stage {new or old}" if new or old else ""


def move_line(move: Move) -> str:
    """`users 0ccd–3332 (15%) move from v1 to v2`."""
    verb = "move BACK" if move.back else "move"
    return f"users {move.users} ({percent(move.basis_points)}) {verb} from {move.old} to {move.new}"


def trend_word(change: Change) -> str:
    """Whether it protects less, or "" when there is no such order."""
    return (_LIMITS if protects(change) == "limit" else _TRENDS).get(change.trend) or _TRENDS[change.trend]


def engines_line(change: Change) -> str:
    """Who sees it."""
    about = family(change.what) if change.kind == "setting" else ""
    if about == "guards" and not change.engines:
        return "no engine of this release, but by whoever takes the canary back"
    how = _COUNTED.get(change.what, "") if change.engines else ""
    return (", ".join(change.engines) or "no engine of this release") + how


def engine_line(engine: EngineDiff) -> str:
    """Whether it routes differently, and how many files change."""
    count = len(engine.artifacts)
    files = f"{_count(count, 'file')} written differently" if count else "no file changes"
    files = files if engine.compiled else "its files are not known, since a side does not compile"
    if engine.sees is None:
        return f"NOT DECIDED whether it does anything differently ({engine.reason}); {files}"
    if engine.reason and engine.artifacts:
        return f"{engine.reason}; {files}"
    return f"{'sees a change' if engine.sees else 'does the same as before'}; {files}"


def no_command(line: str) -> str:
    """The line, unless GitHub Actions would take it for a command: it looks for `::` behind blanks and colours."""
    start = _BLANK.match(line)
    return f"{start[0]}\\x3a{line[start.end() + 1 :]}" if start and line.startswith("::", start.end()) else line


def subject(change: Change) -> str:
    """What is told about: `everyone else`, `timeout of every request`, `guards.errorRate of v2`."""
    alone = (change.kind, change.what) in (("version", "version"), ("release", "host"))
    return change.who if alone else f"{change.what} of {change.who}"


def side_word(side: Side) -> str:
    """Where a line stands."""
    return "" if side == "new" else " (before)"
