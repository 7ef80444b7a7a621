"""Two sides of specs → the diff of traffic: releases by their keys, then engines, then what to look at first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from graymesh.diagnostic import Pointer
from graymesh.diff.causes import Both, route_cause
from graymesh.diff.engines import (
    AlreadyTold,
    engine_changes,
    engine_diffs,
    engines_for,
    option_changes,
    witness,
    written,
)
from graymesh.diff.known import KnownTable, known, words
from graymesh.diff.model import Change, ReleaseDiff, StageStep, Standing, State, TrafficDiff, Witness
from graymesh.diff.needs import needs_changes
from graymesh.diff.order import gap_notes, retirement_notes
from graymesh.diff.places import shifted
from graymesh.diff.risks import risks_of
from graymesh.diff.routing import RoutingDifference, route_changes
from graymesh.diff.sections import shares_of
from graymesh.diff.settings import Told, holder_changes, setting_changes
from graymesh.diff.sides import Compared
from graymesh.ir.release import Release
from graymesh.ir.semantics import decide
from graymesh.ir.settings import family
from graymesh.ir.witness import as_command
from graymesh.ir.wording import duration
from graymesh.language.case import Case, Progress
from graymesh.proof.equivalence import UndecidableError, witness_for
from graymesh.proof.outcomes import outcome


def diff_specs(old: Compared, new: Compared, targets: Sequence[str], progress: Progress) -> TrafficDiff:
    """Everything that the step from old to new does. Raises nothing of its own: what cannot be told is said."""
    before, after = old.releases, new.releases
    keys = sorted({**before, **after})
    releases = []
    for number, key in enumerate(keys):
        progress("comparing", number, len(keys))
        releases.append(release_diff(key, before.get(key), after.get(key)))
    one, other = written(old, targets, progress), written(new, targets, progress)
    engines = tuple(engine_diffs(old, new, one, other, targets))
    told = _told(releases)
    engine_only = [change for engine in engines for change in engine_changes(engine, one, other, told)]
    engine_only += [change for engine in engines for change in option_changes(engine.target, old, new)]
    seeing = {name for change in engine_only for name in change.engines}
    engine_only += needs_changes(old, new, targets)
    releases = _with_engines(releases, engine_only, before, after)
    engines = tuple(replace(each, sees=True) if each.target in seeing else each for each in engines)
    compiling = () if _alike(old, new) else (one.problem, other.problem)
    problems = tuple(_problems(old, new, *compiling))
    risks = risks_of(releases, problems)
    return TrafficDiff(
        old=old.name, new=new.name, releases=tuple(releases), engines=engines, risks=risks, problems=problems
    )


def _alike(old: Compared, new: Compared) -> bool:
    """Do both sides say the same to the compiler? Then they compile to the same, or neither does."""
    before, after = old.releases, new.releases
    return set(before) == set(after) and all(
        before[key].rollout == after[key].rollout
        and before[key].targets == after[key].targets
        and before[key].options == after[key].options
        for key in before
    )


def _problems(old: Compared, new: Compared, *compiling: str) -> Iterator[str]:
    yield from (problem for problem in compiling if problem)
    for side in (old, new):
        yield from side.problems
        for key in side.doubled:
            yield f"{side.name} has several releases {key}; only the first is compared"


def _told(releases: Sequence[ReleaseDiff]) -> AlreadyTold:
    """The settings and hosts whose differences the releases tell themselves."""
    changes = [change for release in releases for change in release.changes]
    families = {family(change.what) for change in changes if change.kind == "setting"}
    hosts = {change.who.removeprefix("requests to ") for change in changes if change.what == "host"}
    for release in releases:
        if release.state in ("added", "removed"):
            hosts.update(*(side.hosts for side in (release.old, release.new) if side))
    return AlreadyTold(frozenset(families), frozenset(hosts))


def _with_engines(
    releases: list[ReleaseDiff], changes: Sequence[Change], before: Mapping[str, Case], after: Mapping[str, Case]
) -> list[ReleaseDiff]:
    """Changes that only an engine shows, each with the release whose host it is about; else with the first."""
    hosts = {host: key for side in (before, after) for key, case in side.items() for host in _names(case)}
    numbers = {release.key: number for number, release in enumerate(releases)}
    for change in changes:
        at = numbers[hosts.get(change.who.partition(", ")[0], releases[0].key)]
        found = releases[at]
        state: State = "changed" if found.state == "unchanged" else found.state
        if found.key in before and found.key in after:
            change = _placed(Both(before[found.key], after[found.key]), change)
        releases[at] = replace(found, state=state, changes=(*found.changes, change))
    return releases


def _names(case: Case) -> tuple[str, ...]:
    return (*case.release.hosts, case.release.key, case.release.name)


def _placed(both: Both, change: Change) -> Change:
    """With the options of the target, when they are what the spec says differently."""
    path: Pointer = ("spec", "targets", *change.engines)
    return change if both.same(path) else replace(change, causes=(both.place(path),))


def release_diff(key: str, old: Case | None, new: Case | None) -> ReleaseDiff:
    """One release on both sides, None where it is not there."""
    before, after = (standing(case) if case else None for case in (old, new))
    if old is None or new is None:
        return ReleaseDiff(key=key, state="removed" if new is None else "added", old=before, new=after)
    changes = tuple(_changes(Both(old, new)))
    state: State = "changed" if changes else "unchanged"
    return ReleaseDiff(key=key, state=state, old=before, new=after, changes=changes, plan=tuple(_plan(before, after)))


def _changes(both: Both) -> Iterator[Change]:
    old, new = known(both.old), known(both.new)
    found, reason = route_changes(old, new)
    yield from (_of_route(both, old, new, each) for each in found)
    if reason:
        path: Pointer = ("spec", "audiences")
        places = () if both.same(path) else (both.place(path),)
        yield Change(kind="undecided", who="some requests", what="version", old="", new=reason, causes=places)
    yield from (_of_setting(both, told) for told in setting_changes(both.old.release, both.new.release))
    old_guards, new_guards = both.old.plan.guards, both.new.plan.guards
    yield from (_of_setting(both, told) for told in holder_changes(old_guards, new_guards))


def _of_route(both: Both, old: KnownTable, new: KnownTable, found: RoutingDifference) -> Change:
    cause = route_cause(both, old, new, found)
    return Change(
        kind="version" if found.what == "version" else "effect",
        who=found.who,
        what=found.what,
        old=found.old,
        new=found.new,
        old_shares=found.old_shares,
        new_shares=found.new_shares,
        moves=found.moves,
        notes=(*found.notes, *(shifted(both.old.rollout.spec, both.new.rollout.spec) if found.moves else ())),
        redrawn=found.redrawn,
        witness=_witness(both, old, new, found),
        causes=(cause,),
        engines=engines_for(both.old, both.new, found.request, ()),
    )


def _witness(both: Both, old: KnownTable, new: KnownTable, found: RoutingDifference) -> Witness | None:
    """The difference's request, unless it is not decided differently after all."""
    if found.request is None:
        return None
    before, after = decide(old.table, found.request).route, decide(new.table, found.request).route
    if outcome(before) == outcome(after):
        return None
    said = (words(shares_of(before)), words(shares_of(after))) if found.what == "version" else (found.old, found.new)
    return witness(found.request, *said, both.new.release.hosts[0])


def _of_setting(both: Both, told: Told) -> Change:
    gaps = tuple(gap_notes(both, told))
    return Change(
        kind=told.kind,
        who=told.who,
        what=told.what,
        old=told.old,
        new=told.new,
        trend=told.trend,
        notes=(*gaps, *retirement_notes(both, told)),
        gap=bool(gaps),
        example=_example(both.new.release, told.who),
        causes=(both.place(told.path),),
        engines=engines_for(both.old, both.new, None, told.keys),
    )


def _example(release: Release, version: str) -> str:
    """A request that the version gets, as a command; "" when there is none or the setting is about something else."""
    for index, route in enumerate(release.table.routes):
        if version.split(", ")[0] in dict(shares_of(route)):
            try:
                request = witness_for(release.table, index)
            except UndecidableError:
                return ""
            if request:
                return as_command(replace(request, host=request.host or release.hosts[0]))
    return ""


def standing(case: Case) -> Standing:
    """Where a release stands, for people."""
    release, table = case.release, known(case)
    hold = {stage.name: stage.hold_ms for stage in case.rollout.spec.stages}
    steps = [
        StageStep(name=each.stage, shares=shares_of(each.table.routes[-1]), hold_ms=hold.get(each.stage))
        for each in (case.stages if release.stage else ())
    ]
    return Standing(
        file=case.source.file,
        stage=release.stage,
        stable=release.stable,
        hosts=release.hosts,
        routes=table.rows(),
        strip=table.users,
        stages=tuple(steps),
    )


def _plan(old: Standing | None, new: Standing | None) -> Iterator[str]:
    """What the stages to come will be that they would not have been."""
    before = {step.name: step for step in old.stages} if old else {}
    after = {step.name: step for step in new.stages} if new else {}
    for name in dict.fromkeys([*before, *after]):
        one, other = before.get(name), after.get(name)
        if one is None or other is None:
            step = one or other
            yield f"stage {name} ({words(step.shares) if step else ''}) is {'new' if other else 'gone'}"
        elif sorted(one.shares) != sorted(other.shares):
            yield f"stage {name}: {words(one.shares)} → {words(other.shares)}"
        elif one.hold_ms != other.hold_ms:
            yield f"stage {name}: hold {_hold(one)} → {_hold(other)}"


def _hold(step: StageStep) -> str:

    return "none" if step.hold_ms is None else duration(step.hold_ms)
