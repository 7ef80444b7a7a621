"""What single engines make of a change: whether they decide any request differently, and which files change.

Both sides are compiled in memory. Files that differ are read back, so that a difference which the releases themselves
do not show (a gateway, a port to listen on, trusted proxies) is found as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from graymesh.compile.compiler import Selection, compile_cases
from graymesh.diff.model import Artifact, Change, EngineDiff, Place, Side, Witness
from graymesh.diff.settings import NOT_SET, facts_of_both, trend_of
from graymesh.diff.sides import Compared
from graymesh.ir.release import RouteTable
from graymesh.ir.semantics import Request, decide, host_without_port
from graymesh.ir.settings import SettingRow
from graymesh.ir.witness import as_command, in_words
from graymesh.ir.wording import first_difference, value_in_words
from graymesh.kit.registry import target
from graymesh.kit.target import Decoded, Statement, View
from graymesh.language.case import Case, Progress
from graymesh.proof.equivalence import Difference, Undecided, compare
from graymesh.proof.outcomes import outcome

_EMPTY = RouteTable(())


@dataclass(frozen=True, kw_only=True)
class CompiledSide:
    """One side compiled: path below the side's root → (target, text); `problem` says why there is nothing."""

    files: Mapping[str, tuple[str, str]]
    problem: str = ""

    def of(self, name: str) -> dict[str, str]:
        """The files of one target."""
        return {path: text for path, (owner, text) in self.files.items() if owner == name}


@dataclass(frozen=True, slots=True)
class AlreadyTold:
    """What the releases themselves tell of: families of settings (`graymesh.ir.settings`), and hosts."""

    families: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()


def written(side: Compared, targets: Sequence[str], progress: Progress) -> CompiledSide:
    """All artifacts of a side."""
    files: dict[str, tuple[str, str]] = {}
    for part in side.parts:
        compiled = compile_cases(part.cases, [], Selection(targets=tuple(targets), infos=False), progress)
        errors = [found for found in compiled.diagnostics if found.level == "error"]
        if errors:
            first = errors[0]
            more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
            said = f"{side.name} does not compile: {first.file}:{first.span.line}: {first.code} {first.message}{more}"
            return CompiledSide(files={}, problem=said)
        for path, text in compiled.files.items():
            files[f"{part.output}{path}"] = (path.partition("/")[0], text)
    return CompiledSide(files=files)


def engine_diffs(
    old: Compared, new: Compared, before: CompiledSide, after: CompiledSide, chosen: Sequence[str]
) -> Iterator[EngineDiff]:
    """One for each target of either side; without artifacts when a side does not compile."""
    names = {manifest.name for side in (old, new) for case in side.releases.values() for manifest in case.targets}
    unknown = before.problem or after.problem
    for name in sorted(names & set(chosen) if chosen else names):
        artifacts = () if unknown else tuple(_artifacts(name, before, after))
        sees, reason = _sees(name, old, new)
        yield EngineDiff(target=name, sees=sees, reason=reason, compiled=not unknown, artifacts=artifacts)


def _artifacts(name: str, before: CompiledSide, after: CompiledSide) -> Iterator[Artifact]:
    for path in sorted({**before.files, **after.files}):
        one, other = before.files.get(path), after.files.get(path)
        if one != other and name in {each[0] for each in (one, other) if each}:
            yield Artifact(target=name, path=path, old=one[1] if one else None, new=other[1] if other else None)


def _sees(name: str, old: Compared, new: Compared) -> tuple[bool | None, str]:
    """Does the target route any request of any release differently? None with a reason when that is not decided."""
    found, reason, routes = False, "", False
    before, after = old.releases, new.releases
    for key in {**before, **after}:
        one, other = _view(before.get(key), name), _view(after.get(key), name)
        for left, right in _tables(one, other):
            routes = True
            result = compare(left, right)
            found = found or isinstance(result, Difference)
            reason = reason or (f"{key}: {result.reason}" if isinstance(result, Undecided) else "")
        found = found or (one.facts if one else {}) != (other.facts if other else {})
    calm = "" if routes else "it routes nothing, its rules follow the routes of others"
    return (True, "") if found else (None, reason) if reason else (False, calm)


def _view(case: Case | None, name: str) -> View | None:
    manifest = next((each for each in case.targets if each.name == name), None) if case else None
    return case.view(manifest) if case and manifest else None


def _tables(old: View | None, new: View | None) -> Iterator[tuple[RouteTable, RouteTable]]:
    """The tables of each host on both sides, an empty one where a side does not serve it; each pair once."""
    before, after = _by_host(old), _by_host(new)
    pairs = {(id(before.get(h)), id(after.get(h))): (before.get(h), after.get(h)) for h in {**before, **after}}
    yield from ((one or _EMPTY, other or _EMPTY) for one, other in pairs.values())


def _by_host(view: View | None) -> dict[str, RouteTable]:
    return {host: each.table for each in (view.tables if view else ()) for host in each.hosts}


def engines_for(old: Case, new: Case, request: Request | None, keys: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The release's targets that do another thing with this request, or that are told any of these facts."""
    names = sorted({manifest.name for case in (old, new) for manifest in case.targets})
    facts = tuple(keys)
    return tuple(name for name in names if _concerned(_view(old, name), _view(new, name), request, facts))


def _concerned(old: View | None, new: View | None, request: Request | None, keys: Sequence[tuple[str, str]]) -> bool:
    told = any((old.facts.get(k) if old else None) != (new.facts.get(k) if new else None) for k in keys)
    return told or (request is not None and any(_apart(*tables, request) for tables in _tables(old, new)))


def _apart(left: RouteTable, right: RouteTable, request: Request) -> bool:
    return outcome(decide(left, request).route) != outcome(decide(right, request).route)


def engine_changes(diff: EngineDiff, before: CompiledSide, after: CompiledSide, told: AlreadyTold) -> Iterator[Change]:
    """What the target's files make it do differently that no release tells; `told` is what one does.

    Routes are compared only where no release routes differently (`sees` is False). What targets without routes write
    is named after routes: it follows from the releases, which are compared, and from options.
    """
    if diff.artifacts:
        old, new = (_with_tables(target(diff.target).decode(side.of(diff.target))) for side in (before, after))
        yield from fleet_changes(diff.target, old, new, told, tables=diff.sees is False)


def _with_tables(fleet: Decoded) -> Decoded:
    return replace(fleet, statements=tuple(said for said in fleet.statements if said.table is not None))


def option_changes(name: str, old: Compared, new: Compared) -> Iterator[Change]:
    """Options of a target that decides nothing, so that its files are not compared by what they do."""
    for key in old.releases:
        one, other = (_view(side.releases.get(key), name) for side in (old, new))
        if one is None or other is None or one.tables or other.tables:
            continue
        for option in dict.fromkeys([*one.options, *other.options]):
            if one.options.get(option) != other.options.get(option):
                said = (str(one.options.get(option, NOT_SET)), str(other.options.get(option, NOT_SET)))
                yield Change(kind="engine", who=key, what=option, old=said[0], new=said[1], engines=(name,))


def fleet_changes(name: str, old: Decoded, new: Decoded, told: AlreadyTold, tables: bool) -> Iterator[Change]:
    """Differences of services of both fleets, by host and place; `told` is passed over."""
    before, after = _services(old), _services(new)
    for key in sorted(set(before) & set(after)):
        yield from _service_changes(name, before[key], after[key], told, tables)
    for host in sorted({host for host, _ in set(before) ^ set(after)} - told.hosts):
        ours, theirs = (_of_host(side, host) for side in (before, after))
        found = []
        if len(ours) == len(theirs) == 1:
            found = list(_service_changes(name, ours[0], theirs[0], told, tables))
            yield from found
        if not any(change.what.startswith("served.") for change in found):
            yield _served(name, host, ours, theirs)


def _of_host(services: Mapping[tuple[str, str], Statement], host: str) -> list[Statement]:
    return [each for (where, _), each in sorted(services.items()) if where == host]


def _served(name: str, host: str, old: Sequence[Statement], new: Sequence[Statement]) -> Change:
    """Where the host is decided for, when that is not the same any more."""
    said = (" and ".join(service.scope or "everywhere" for service in side) or "nowhere" for side in (old, new))
    causes = tuple(_files((*old, None)[0], (*new, None)[0]))
    before, after = said
    return Change(kind="engine", who=host, what="served", old=before, new=after, causes=causes, engines=(name,))


def _service_changes(name: str, old: Statement, new: Statement, told: AlreadyTold, tables: bool) -> Iterator[Change]:
    who = old.subject
    if tables:
        yield from _table_change(name, old, new)
    rows = target(name).settings
    for fact, left, right in facts_of_both(old.settings, new.settings):
        row = rows.of(fact[1])
        if not _passed_over(fact[0], row, old, new, told):
            yield Change(
                kind="engine",
                who=f"{who}, {fact[0]}" if fact[0] else who,
                what=row.words(fact[1]),
                old=NOT_SET if left is None else value_in_words(fact[1], left, rows),
                new=NOT_SET if right is None else value_in_words(fact[1], right, rows),
                trend=trend_of(row, left, right),
                causes=tuple(_files(old, new)),
                engines=(name,),
            )


def _passed_over(version: str, row: SettingRow, old: Statement, new: Statement, told: AlreadyTold) -> bool:
    """Is the fact told already, or about the instances of a version that only one side has?"""
    alone = any(all(other != version for other, _ in side.settings) for side in (old, new))
    return (row.said_with_version and alone) or row.family in told.families


def _services(fleet: Decoded) -> dict[tuple[str, str], Statement]:
    return {(said.subject, said.scope): said for said in fleet.statements}


def _table_change(name: str, old: Statement, new: Statement) -> Iterator[Change]:
    result = compare(old.decision, new.decision)
    who = old.subject
    if isinstance(result, Undecided):
        yield Change(kind="undecided", who=who, what="routes", old="", new=result.reason, engines=(name,))
    if isinstance(result, Difference):
        what, before, after = first_difference(result.left, result.right, {})
        shown = witness(result.request, before, after, who)
        causes = tuple(_files(old, new))
        yield Change(
            kind="engine", who=who, what=what, old=before, new=after, witness=shown, causes=causes, engines=(name,)
        )


def _files(old: Statement | None, new: Statement | None) -> Iterator[Place]:
    """Where the service stands now; where it stood when it is gone."""
    side: Side = "old" if new is None else "new"
    found = new or old
    if found and found.file:
        yield Place(side=side, file=found.file)


def witness(request: Request, old: str, new: str, host: str) -> Witness:
    """The request for people, sent to the host unless it names one itself."""
    addressed = request if host_without_port(request.host) else replace(request, host=host)
    return Witness(request=in_words(request), command=as_command(addressed), old=old, new=new)
