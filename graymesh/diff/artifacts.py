"""Two folders of an engine's files, compared by what they make the engine do; as `kubectl diff` hands them over.

Versions are called as the engine's artifacts call them, and nobody says which of them is the stable one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from graymesh.compile.artifacts import LIMIT_BYTES, text_of
from graymesh.diagnostic import Diagnostic, Refused
from graymesh.diff.engines import AlreadyTold, fleet_changes, witness
from graymesh.diff.known import KnownTable, carries_ticket, words
from graymesh.diff.model import (
    Artifact,
    Change,
    EngineDiff,
    Place,
    ReleaseDiff,
    Standing,
    State,
    TrafficDiff,
)
from graymesh.diff.risks import risks_of
from graymesh.diff.routing import RoutingDifference, route_changes
from graymesh.diff.sections import shares_of
from graymesh.diff.sides import printable
from graymesh.ir.release import (
    Conjunction,
    Kind,
    Route,
    RouteTable,
)
from graymesh.ir.semantics import decide
from graymesh.kit.registry import target, target_names
from graymesh.kit.target import Decoded, Refusal, Statement
from graymesh.language import reading
from graymesh.language.discovery import NAME
from graymesh.language.project import looks_like_a_release, shown
from graymesh.language.walking import TooMuchError, files_below

_MOST_FILES = 20_000
_OBJECT = re.compile(r"""^[\s{"']*apiVersion["']?\s*:""", re.MULTILINE)
_OF_OBJECTS = "istio"  # the engine that is told by objects of a cluster; other objects are no traffic to it
Texts = Mapping[str, str]


def holds_artifacts(path: Path) -> bool:
    """Is there no spec and no project file at or below the path?"""
    found, root = _real(path)
    return not any(file.name == NAME or looks_like_a_release(file, root) for file in _possible_specs(found))


def artifact_diff(old: Path, new: Path, targets: Sequence[str]) -> TrafficDiff:
    """Everything that the step from old to new does. Raises Refused when no engine is known to read such files."""
    before, after = _texts(old), _texts(new)
    name = targets[0] if targets else _engine(before, after)
    read = target(name)
    fleets = [read.decode(texts) for texts in (before, after)]
    releases = tuple(_services(name, *fleets))
    artifacts = tuple(_artifacts(name, before, after))
    problems = (*_problems(fleets[0], "before"), *_problems(fleets[1], "after")) if before != after else ()
    releases = releases if before != after else tuple(replace(e, state="unchanged", changes=()) for e in releases)
    sees = any(release.state != "unchanged" for release in releases)
    return TrafficDiff(
        old=shown(old.absolute()),
        new=shown(new.absolute()),
        releases=releases,
        engines=(EngineDiff(target=name, sees=sees, artifacts=artifacts),),
        risks=risks_of(releases, problems),
        problems=problems,
        artifacts_only=True,
    )


def _real(path: Path) -> tuple[Path, Path]:
    """A path that the command line names with folders that are no links, and the root for files there."""
    if path.is_dir():
        folder = Path(reading.settled(str(path)))
        return folder, folder
    file, root = reading.place(str(path))
    return Path(file), Path(root)


def _possible_specs(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    yield from (path / name for each in _below(path, "**/*.yaml", "**/*.yml") for name in each)


def _files(path: Path) -> list[Path]:
    """The files at or below a path but for hidden ones; a linked folder is refused, since an engine would follow it."""
    if not path.is_dir():
        return [path]
    found, waiting = list[Path](), [path]
    while waiting:
        for entry in _shown_entries(waiting.pop()):
            if entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry))
            elif entry.is_dir():
                why = "this is a linked folder, and links are not followed"
                raise reading.NotReadError(entry.path, why, "put a folder there, or name its own path")
            elif reading.something(entry):
                found.append(Path(entry))
        if len(found) > _MOST_FILES:
            raise _too_much(f"more than {_MOST_FILES} files", path)
    return sorted(found)


def _shown_entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return [entry for entry in entries if not entry.name.startswith(".")]


def _below(path: Path, *patterns: str) -> list[list[str]]:
    try:
        return files_below(str(path), patterns)
    except TooMuchError as error:
        raise _too_much(str(error), path) from None


def _too_much(what: str, path: Path) -> Refused:
    help_ = "name the files or a folder further down"
    return Refused((Diagnostic(code="GM116", message=what, file=str(path), help=help_),), usage=True)


def _texts(path: Path) -> Texts:
    found, root = _real(path)
    base = found if found.is_dir() else found.parent
    files = _files(found)
    data = ((file, reading.read(str(file), str(root), LIMIT_BYTES)) for file in files)
    return {printable(file.relative_to(base).as_posix()): text_of(bytes_, shown(file)) for file, bytes_ in data}


def _engine(before: Texts, after: Texts) -> str:
    """The target whose decoder finds most in the files. Raises Refused when none finds anything."""
    found = {name: _understood(name, before) + _understood(name, after) for name in target_names()}
    best = max(found, key=lambda name: found[name])
    if found[best] > 0:
        return best
    if any(map(_OBJECT.search, (*before.values(), *after.values()))):
        return _OF_OBJECTS
    message = "neither side holds a release or files that an engine is known to read"
    raise Refused(
        (Diagnostic(code="GM020", message=message, help=f"name the engine: -t {'|'.join(found)}"),), usage=True
    )


def _understood(name: str, texts: Texts) -> int:
    try:
        fleet = target(name).decode(texts)
    except (Refused, ValueError):
        return 0
    return len(fleet.statements)


def _artifacts(name: str, before: Texts, after: Texts) -> Iterator[Artifact]:
    for path in sorted({**before, **after}):
        if before.get(path) != after.get(path):
            yield Artifact(target=name, path=path, old=before.get(path), new=after.get(path))


def _problems(fleet: Decoded, when: str) -> Iterator[str]:
    for refusal in fleet.refusals:
        line = f":{refusal.line}" if refusal.line else ""
        yield f"not understood {when}: {refusal.file}{line}: {refusal.field}: {refusal.message}"


def _services(name: str, old: Decoded, new: Decoded) -> Iterator[ReleaseDiff]:
    """Hosts that are served by the same two services stand together."""
    before, after = _by_place(old), _by_place(new)
    pairs: dict[tuple[int, int], list[tuple[str, str]]] = {}
    for place in sorted({**before, **after}):
        pairs.setdefault((id(before.get(place)), id(after.get(place))), []).append(place)
    for places in pairs.values():
        yield _service(name, places, old, new)


def _service(name: str, places: Sequence[tuple[str, str]], old: Decoded, new: Decoded) -> ReleaseDiff:
    scope = f" ({places[0][1]})" if places[0][1] else ""
    key = ", ".join(host for host, _ in places) + scope
    before, after = _by_place(old).get(places[0]), _by_place(new).get(places[0])
    unclear = (old.refusals if before is None else ()) or (new.refusals if after is None else ())
    if unclear:
        changes: tuple[Change, ...] = (_not_understood(name, key, unclear[0]),)
    else:
        changes = tuple(_changes(name, before, after)) if before and after else ()
    state: State = "changed" if changes else "unchanged"
    if not unclear and not (before and after):
        state = "removed" if before else "added"
    return ReleaseDiff(key=key, state=state, old=_standing(before), new=_standing(after), changes=changes)


def _not_understood(name: str, who: str, refusal: Refusal) -> Change:
    """One side's files say something that the decoder does not know: maybe about this very service."""
    reason = f"{refusal.file}: {refusal.field}: {refusal.message}"
    place = Place(side="new", file=refusal.file, line=refusal.line, column=min(refusal.line, 1))
    return Change(kind="undecided", who=who, what="routes", old="", new=reason, causes=(place,), engines=(name,))


def _by_place(fleet: Decoded) -> dict[tuple[str, str], Statement]:
    """By host and by where the table holds."""
    found: dict[tuple[str, str], Statement] = {}
    for service in fleet.statements:
        for host in service.hosts or (service.subject,):
            found[host, service.scope] = service
    return found


def _known(service: Statement) -> KnownTable:
    """The table with a route for each alternative, those of nothing but a ticket behind the others of their route."""
    routes: list[Route] = []
    for route in _told_once(service.decision.routes):
        each = [replace(route, condition=(tests,)) for tests in route.condition]
        routes += sorted(each, key=carries_ticket)
    return KnownTable(RouteTable(tuple(routes)), {})


def _told_once(routes: Sequence[Route]) -> Iterator[Route]:
    """The routes but for those that the next one would serve alike: some methods may have retries of their own."""
    for route, after in zip_longest(routes, routes[1:]):
        if after is None or after.split != route.split or not _takes_all(after, route):
            yield route


def _takes_all(after: Route, route: Route) -> bool:
    return all(_of_any_method(tests) in after.condition for tests in route.condition)


def _of_any_method(tests: Conjunction) -> Conjunction:
    return tuple(test for test in tests if test.field.kind is not Kind.METHOD)


def _standing(service: Statement | None) -> Standing | None:
    if service is None:
        return None
    table = _known(service)
    return Standing(file=service.file, stage="", stable="", hosts=service.hosts, routes=table.rows(), strip=table.users)


def _changes(name: str, old: Statement, new: Statement) -> Iterator[Change]:
    before, after = _known(old), _known(new)
    found, reason = route_changes(before, after)
    yield from (_of_route(name, old, new, each) for each in found)
    if reason:
        yield Change(kind="undecided", who="some requests", what="version", old="", new=reason, engines=(name,))
    yield from fleet_changes(name, Decoded((old,)), Decoded((new,)), AlreadyTold(), tables=False)


def _of_route(name: str, old: Statement, new: Statement, found: RoutingDifference) -> Change:
    shown_by = None
    if found.request is not None:
        sides = [words(shares_of(decide(each.decision, found.request).route)) for each in (old, new)]
        said = sides if found.what == "version" else [found.old, found.new]
        shown_by = witness(found.request, said[0], said[1], (*new.hosts, "localhost")[0])
    return Change(
        kind="version" if found.what == "version" else "effect",
        who=found.who,
        what=found.what,
        old=found.old,
        new=found.new,
        old_shares=found.old_shares,
        new_shares=found.new_shares,
        moves=found.moves,
        notes=found.notes,
        redrawn=found.redrawn,
        witness=shown_by,
        causes=(Place(side="new", file=new.file),) if new.file else (),
        engines=(name,),
    )
