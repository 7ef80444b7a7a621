"""What `graymesh diff --format json` prints: a contract like those in `graymesh.report.contracts`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from graymesh.diff import model as plain
from graymesh.report.contracts import Contract


class Part(Contract):
    """One version's part of some requests."""

    version: str
    basis_points: int = Field(description="In 1/10,000.")


class Buckets(Contract):
    """Users of these buckets, both ends included, and their version."""

    first: int
    last: int
    version: str


class Place(Contract):
    """A line that causes a change; `line` is 0 when only the file is known."""

    side: Literal["old", "new"]
    file: str
    line: int = 0
    column: int = 0
    text: str = ""


class Witness(Contract):
    """A request that is decided differently, in words and as a curl command, and what becomes of it."""

    request: str
    command: str
    old: str
    new: str


class Move(Contract):
    """Users who change version; `back` from a canary to stable.

    `carriedBasisPoints` is the share of users who already carry a bucket of the interval, when buckets were drawn.
    """

    first: int
    last: int
    old: str
    new: str
    back: bool = False
    carried_basis_points: int | None = None


class Change(Contract):
    """One thing that becomes different for `who`. For `undecided`, `new` says why nobody knows."""

    kind: Literal["version", "effect", "setting", "release", "engine", "undecided"]
    who: str
    what: str
    old: str
    new: str
    trend: Literal["changed", "added", "stricter", "weaker", "removed"]
    old_shares: tuple[Part, ...] = ()
    new_shares: tuple[Part, ...] = ()
    moves: tuple[Move, ...] = ()
    notes: tuple[str, ...] = ()
    witness: Witness | None = None
    example: str = Field("", description="A curl command whose request it concerns, where nothing is decided anew.")
    causes: tuple[Place, ...] = ()
    engines: tuple[str, ...] = Field((), description="Targets that see it.")


class Row(Contract):
    """Who gets which versions."""

    who: str
    shares: tuple[Part, ...]


class Step(Contract):
    """One stage and what it gives everyone else."""

    name: str
    shares: tuple[Part, ...]
    hold_ms: int | None = None


class Standing(Contract):
    """A release on one side."""

    file: str
    stage: str
    stable: str
    hosts: tuple[str, ...]
    routes: tuple[Row, ...]
    users: tuple[Buckets, ...] = ()
    stages: tuple[Step, ...] = ()


class Release(Contract):
    """One release on both sides; `plan` tells of stages where it does not stand."""

    key: str
    state: Literal["added", "removed", "changed", "unchanged"]
    old: Standing | None = None
    new: Standing | None = None
    changes: tuple[Change, ...] = ()
    plan: tuple[str, ...] = ()


class Artifact(Contract):
    """A file that is written differently."""

    path: str
    state: Literal["added", "removed", "changed", "unchanged"]
    diff: str = Field("", description="The unified diff, when asked for.")


class Engine(Contract):
    """One target: does it do anything differently (left out when not decided), and which of its files change?"""

    target: str
    sees: bool | None = None
    reason: str = ""
    compiled: bool
    artifacts: tuple[Artifact, ...] = ()


class Risk(Contract):
    """Something to look at first."""

    kind: str
    release: str
    message: str
    places: tuple[Place, ...] = ()


class TrafficDiff(Contract):
    """`graymesh diff --format json`. `differs` decides about `--exit-code`."""

    version: Literal[1] = 1
    old: str
    new: str
    differs: bool
    releases: tuple[Release, ...]
    engines: tuple[Engine, ...] = ()
    risks: tuple[Risk, ...] = ()
    problems: tuple[str, ...] = ()


def traffic_diff(diff: plain.TrafficDiff, files: bool) -> TrafficDiff:
    """The whole diff; with `files`, the artifacts' unified diffs too."""
    return TrafficDiff(
        old=diff.old,
        new=diff.new,
        differs=diff.differs,
        releases=tuple(map(_release, diff.releases)),
        engines=tuple(_engine(engine, files) for engine in diff.engines),
        risks=tuple(
            Risk(kind=each.kind, release=each.release, message=each.message, places=_places(each.places))
            for each in diff.risks
        ),
        problems=diff.problems,
    )


def _release(found: plain.ReleaseDiff) -> Release:
    return Release(
        key=found.key,
        state=found.state,
        old=_standing(found.old) if found.old else None,
        new=_standing(found.new) if found.new else None,
        changes=tuple(map(_change, found.changes)),
        plan=found.plan,
    )


def _standing(found: plain.Standing) -> Standing:
    return Standing(
        file=found.file,
        stage=found.stage,
        stable=found.stable,
        hosts=found.hosts,
        routes=tuple(Row(who=row.who, shares=_parts(row.shares)) for row in found.routes),
        users=tuple(Buckets(first=low, last=high, version=version) for low, high, version in found.strip),
        stages=tuple(Step(name=s.name, shares=_parts(s.shares), hold_ms=s.hold_ms) for s in found.stages),
    )


def _change(found: plain.Change) -> Change:
    seen = found.witness
    return Change(
        kind=found.kind,
        who=found.who,
        what=found.what,
        old=found.old,
        new=found.new,
        trend=found.trend,
        old_shares=_parts(found.old_shares),
        new_shares=_parts(found.new_shares),
        moves=tuple(map(_move, found.moves)),
        notes=found.notes,
        witness=Witness(request=seen.request, command=seen.command, old=seen.old, new=seen.new) if seen else None,
        example=found.example,
        causes=_places(found.causes),
        engines=found.engines,
    )


def _move(found: plain.Move) -> Move:
    return Move(
        first=found.low,
        last=found.high,
        old=found.old,
        new=found.new,
        back=found.back,
        carried_basis_points=found.carried_basis_points,
    )


def _engine(found: plain.EngineDiff, files: bool) -> Engine:
    artifacts = (
        Artifact(path=each.path, state=each.state, diff="\n".join(each.diff()) if files else "")
        for each in found.artifacts
    )
    return Engine(
        target=found.target,
        sees=found.sees,
        reason=found.reason,
        compiled=found.compiled,
        artifacts=tuple(artifacts),
    )


def _parts(shares: plain.Shares) -> tuple[Part, ...]:
    return tuple(Part(version=version, basis_points=part) for version, part in shares)


def _places(found: tuple[plain.Place, ...]) -> tuple[Place, ...]:
    return tuple(Place(side=p.side, file=p.file, line=p.line, column=p.column, text=p.text) for p in found)
