"""What of a diff to look at first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from graymesh.diff.model import Change, Move, ReleaseDiff, Risk, Standing
from graymesh.diff.protection import protects
from graymesh.ir.wording import percent

_ORDER: Final = (
    *("undecided", "incomplete", "removed", "gap", "moved-back", "redrawn", "trust", "guard-removed", "guard-weakened"),
    *("limit-loosened", "first-exposure", "stage-skipped", "biggest-step", "fault"),
)


def risks_of(releases: Sequence[ReleaseDiff], problems: Sequence[str]) -> tuple[Risk, ...]:
    """All risks, the gravest kind first, releases in order."""
    found = [Risk(kind="incomplete", release="", message=problem) for problem in problems]
    found += [risk for release in releases for risk in _of_release(release)]
    found += _biggest(releases)
    return tuple(sorted(found, key=lambda risk: _ORDER.index(risk.kind)))


def _of_release(release: ReleaseDiff) -> Iterator[Risk]:
    if release.state == "removed":
        yield Risk(
            kind="removed",
            release=release.key,
            message="the release is gone: nothing here decides for its hosts any more",
        )
    for change in release.changes:
        yield from _of_change(release, change)
    if release.old and release.new:
        yield from _skipped(release.key, release.old, release.new)


def _of_change(release: ReleaseDiff, change: Change) -> Iterator[Risk]:
    for kind, message in (*_traffic(release, change), *_protection(change)):
        yield Risk(kind=kind, release=release.key, message=message, places=change.causes)


def _traffic(release: ReleaseDiff, change: Change) -> Iterator[tuple[str, str]]:
    if change.kind == "undecided":
        yield ("undecided", f"not decided for {change.who}: {change.new}")
    if change.what == "host" and change.trend == "removed":
        yield ("removed", f"nothing here answers {change.who}")
    for note in change.notes if change.gap else ():
        yield ("gap", f"{change.who} is removed in one step. {note}")
    if change.kind == "version":
        for version, share in _first(release, change):
            yield ("first-exposure", f"{version} gets its first requests: {share} of {change.who}")
        back = [move for move in change.moves if move.back]
        if back:
            yield ("moved-back", f"users of {change.who} lose the canary: {_moved(back)}")
        if change.redrawn:
            yield ("redrawn", "; ".join(change.notes))


def _protection(change: Change) -> Iterator[tuple[str, str]]:
    said = f"{change.what} of {change.who}: {change.old} → {change.new}"
    if change.what == "fault" and change.new != "none":
        yield ("fault", f"requests are delayed or fail on purpose, for {change.who}: {change.new}")
    match protects(change):
        case "trust":
            yield ("trust", said)
        case "guard" if change.trend == "removed":
            yield ("guard-removed", said)
        case "guard" | "start" if change.trend in ("weaker", "removed"):
            yield ("guard-weakened", said)
        case "limit" if change.trend in ("weaker", "removed"):
            yield ("limit-loosened", said)


def _first(release: ReleaseDiff, change: Change) -> Iterator[tuple[str, str]]:
    """Versions that nobody got before: no route of the old table led to them."""
    rows = release.old.routes if release.old else ()
    before = {version for row in rows for version, part in row.shares if part}
    before |= {interval.version for interval in (release.old.strip if release.old else ())}
    for version, part in change.new_shares:
        old_part = dict(change.old_shares).get(version, 0)
        unused = version not in before or (change.who == "everyone else" and not old_part)
        if part and unused and release.old and version != release.old.stable:
            yield version, percent(part)


def _moved(moves: Sequence[Move]) -> str:
    parts = (f"{move.users} ({percent(move.basis_points)}) from {move.old} to {move.new}" for move in moves)
    return ", ".join(parts)


def _skipped(key: str, old: Standing, new: Standing) -> Iterator[Risk]:
    names = [step.name for step in new.stages]
    if old.stage in names and new.stage in names:
        between = names[names.index(old.stage) + 1 : names.index(new.stage)]
        if between:
            message = f"from {old.stage} straight to {new.stage}: {', '.join(between)} left out"
            yield Risk(kind="stage-skipped", release=key, message=message)


def _biggest(releases: Sequence[ReleaseDiff]) -> Iterator[Risk]:
    """The largest part of one release's everyone else that changes version at once."""
    found = [
        (_part(change), release.key, change)
        for release in releases
        for change in release.changes
        if change.kind == "version" and change.who == "everyone else"
    ]
    if any(part for part, _, _ in found):
        part, key, change = max(found, key=lambda each: each[0])
        message = f"{percent(part)} of everyone else change version: {change.old} → {change.new}"
        yield Risk(kind="biggest-step", release=key, message=message, places=change.causes)


def _part(change: Change) -> int:
    """Basis points of users that move; without buckets, of requests that another version answers.

    Users with an identity whose digits decide are counted by themselves, so that nobody counts twice.
    """
    if change.moves:
        kinds = [
            [move.basis_points for move in change.moves if bool(move.digits) is digits] for digits in (False, True)
        ]
        return max(map(sum, kinds))
    after = dict(change.new_shares)
    return sum(max(0, part - after.get(version, 0)) for version, part in change.old_shares)
