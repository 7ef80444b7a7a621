"""Writes a compiled tree: all of it or nothing, only inside its folder, only over what graymesh itself wrote.

How a write survives being killed at any moment: the new files are first put into a folder of their own inside the
output folder, under a name that nobody can foresee. Then a list is put in place, `.graymesh.json`, that knows each file
as it was and as it will be; only then the files and the lists of them are moved to their places, and it goes last.
Killed before it stands, the old tree is untouched. Killed later, every file is the old or the new one and known to be
graymesh's, so the next `graymesh compile` puts them right, and until then `--check` and `verify` say that a write was
interrupted. What is found in a folder of unfinished files is never used: somebody may have put it there. It is compiled
anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from graymesh.compile.folder import Folder, LinkError, open_folder
from graymesh.compile.written import (
    WrittenList,
    checked,
    conflict,
    is_needs_file,
    is_sealed,
    journal_text,
    list_files,
    list_of,
    needs_file,
    read_lists,
    sealed,
    unusable,
)
from graymesh.diagnostic import Diagnostic, Level, Refused
from graymesh.kit.registry import target_names
from graymesh.language.project import JOURNAL, LISTS, shown

STAGING = ".graymesh-"
"""How the folder of a write begins; 16 hex digits follow."""

_UNFINISHED = re.compile(r"\.graymesh-(?:[0-9a-f]{16}|staging)")
_SYNC_AT_ONCE = 64  # from so many files on, one sync of everything is cheaper than one for each

State: TypeAlias = Literal["current", "missing", "stale", "edited", "foreign", "blocked", "orphaned"]
_NOT_OURS: tuple[State, ...] = ("edited", "foreign")


@dataclass(frozen=True, slots=True)
class PathState:
    """How one path stands. `wanted` is what belongs there now, None when nothing does."""

    path: str
    state: State
    wanted: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePlan:
    """What a write would meet: every path that is wanted or listed, and the lists as they shall be.

    `listed`: path → seal; `lists`: the lists' own files, path → bytes; `lists_before`: those that are there;
    `list_changed`: is another list to be written? `strangers` stand in the folders that engines read, and graymesh
    wrote none of them.
    """

    entries: tuple[PathState, ...]
    listed: Mapping[str, str]
    lists: Mapping[str, bytes]
    lists_before: Mapping[str, bytes]
    list_changed: bool
    strangers: tuple[str, ...] = ()

    def of(self, *states: State) -> tuple[PathState, ...]:
        """The entries in one of these states."""
        return tuple(entry for entry in self.entries if entry.state in states)

    @property
    def changes(self) -> bool:
        """Is there anything to write?"""
        return self.list_changed or any(entry.state != "current" for entry in self.entries)


def open_output(path: Path, root: Path, create: bool = False) -> Folder:
    """The output folder, reached without following a link below the project's root, the working folder or `/`.

    Raises FileNotFoundError when it is not there (unless `create`), Refused (GM915) when a link is in the way.
    """
    path = Path(os.path.normpath(Path.cwd() / path))
    anchor = next((anchor for anchor in (root, Path.cwd()) if path.is_relative_to(anchor)), Path("/"))
    if anchor == Path("/"):  # /tmp and /var are links on some systems
        path = Path("/", *path.parts[1:2]).resolve().joinpath(*path.parts[2:])
    try:
        return open_folder(path, anchor, create)
    except LinkError as error:
        raise Refused((link_finding(error),)) from None
    except NotADirectoryError:
        raise Refused((_in_the_way(str(path), "a folder is needed there"),)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What belongs into an output folder: path → text.

    `scope` are the only beginnings of paths that are looked after (all). `applied` are the folders that engines read as
    they are, whatever stands in them. `releases`: what files of one release are called → the name of their list.
    `needs`: target → what it needs of whoever runs it, a line each.
    """

    files: Mapping[str, str]
    scope: Sequence[str] = ()
    applied: Collection[str] = ()
    releases: Mapping[str, str] = field(default_factory=dict)
    needs: Mapping[str, str] = field(default_factory=dict)


def plan(folder: Folder, output: Output) -> WritePlan:
    """Compare the folder with what belongs into it.

    Raises Refused for a link, an unusable list (GM916), an unsafe path, or an interrupted write (GM917).
    """
    return _plan(folder, finished(folder), output)


def finished(folder: Folder) -> WrittenList:
    """The lists of a folder in which no write was cut short. Raises Refused (GM916, GM917)."""
    listed = read_lists(folder)
    if listed.begun or any(map(_UNFINISHED.fullmatch, folder.names())):
        raise Refused((interrupted(folder),))
    return listed


def write(folder: Folder, output: Output, force: bool = False) -> WritePlan:
    """Make the folder hold these files, all or nothing; returns what was found before. Strangers are left alone.

    Raises Refused before anything is touched: an edited or foreign file is in the way and `force` is not set, a link,
    an unusable list, another writer. Raises OSError when the disk does not take it; the old tree stands then.
    """
    if not folder.lock():
        raise Refused((_finding("GM918", folder, "", "another graymesh is writing to this folder"),), usage=True)
    try:
        return _write(folder, output, force)
    except LinkError as error:
        raise Refused((link_finding(error),)) from None


def _write(folder: Folder, output: Output, force: bool) -> WritePlan:
    listed, left = read_lists(folder), _left_over(folder)
    found = _plan(folder, listed, output, force)
    refused = [_refusal(folder, entry) for entry in found.of(*(("blocked",) if force else ("blocked", *_NOT_OURS)))]
    if refused:
        raise Refused(tuple(refused))
    for name in left:
        folder.remove_tree(name)
    if found.changes:
        name = _stage(folder, found, listed)
        _apply(folder, found, name)
    return found


def _left_over(folder: Folder) -> list[str]:
    """Folders of writes that were cut short; nobody is at work in them, since the output folder is locked."""
    found = [name for name in folder.names() if _UNFINISHED.fullmatch(name)]
    for name in found:
        if folder.kind(name) != "folder":
            raise Refused((unusable(folder, name, "remove it"),))
    return found


def _conflicts(folder: Folder, entries: Sequence[PathState]) -> list[Diagnostic]:
    """Those of the files that are not as they should be in which git left a conflict."""
    bad = [entry.path for entry in entries if entry.state in _NOT_OURS]
    found = (conflict(folder.read(path) or b"", shown(folder.path / path), shown(folder.path)) for path in bad)
    return [each for each in found if each]


def _plan(folder: Folder, listed: WrittenList, output: Output, force: bool = False) -> WritePlan:
    wanted = {checked(path): text.encode() for path, text in output.files.items()}
    _refuse_clashes(wanted)
    scope = tuple(output.scope)
    mine = {path for path in listed.paths if not scope or path.startswith(scope)}
    try:
        paths = sorted(mine | set(wanted))
        entries = tuple(_entry(folder, path, wanted.get(path), listed.seals(path)) for path in paths)
        told = {entry.path for entry in entries if entry.wanted is not None or entry.state != "current"}
        strangers = tuple(each for prefix in output.applied for each in folder.strangers(prefix, told))
        kept = {path: _kept(folder, path, listed) for path in listed.paths if path not in mine}
        conflicts = _conflicts(folder, entries)
    except LinkError as error:
        raise Refused((link_finding(error),)) from None
    if conflicts and not force:
        raise Refused(tuple(conflicts))
    kept = {path: seal for path, seal in kept.items() if seal}
    targets = frozenset(target_names())
    places = {path: list_of(path, output.releases, targets) for path in (*kept, *wanted)}
    new = kept | {path: sealed(data, places[path]) for path, data in wanted.items()}
    lists = list_files(new, places) | _needs(listed, output)
    return WritePlan(
        entries=entries,
        listed=new,
        lists=lists,
        lists_before=listed.lists,
        list_changed=lists != listed.lists or listed.journal,
        strangers=strangers,
    )


def _needs(listed: WrittenList, output: Output) -> dict[str, bytes]:
    """The lists of what targets need: those of this output, and beside a part of it those that are there."""
    kept = {path: data for path, data in listed.lists.items() if is_needs_file(path) and output.scope}
    return kept | {needs_file(name): text.encode() for name, text in output.needs.items()}


def _kept(folder: Folder, path: str, listed: WrittenList) -> str:
    """The seal of a path that is not looked after; of several, that of what stands there."""
    known = listed.seals(path)
    if len(known) == 1 and not listed.begun:
        return known[0]
    try:
        found = folder.read(path)
    except IsADirectoryError:
        return ""
    return next((seal for seal in known if found is not None and is_sealed(found, seal)), known[0])


def findings(folder: Folder, found: WritePlan, mend: str) -> list[Diagnostic]:
    """What `compile --check` reports; `mend` is the command that puts it right."""
    reports: Mapping[State, tuple[str, str]] = {
        "missing": ("GM911", "this file is missing"),
        "stale": ("GM910", "this file is not what the spec compiles to now"),
        "edited": ("GM912", "this file was edited by hand"),
        "foreign": ("GM914", "this file was not written by graymesh, and one that is belongs here"),
        "blocked": ("GM914", "what stands here is not a file, or is a file where a folder is needed"),
        "orphaned": ("GM913", "no release compiles to this file any more"),
    }
    bad = [entry for entry in found.entries if entry.state != "current"]
    result = [_finding(reports[e.state][0], folder, e.path, reports[e.state][1], _mend(e, mend)) for e in bad]
    result += strangers(folder.path, found.strangers)
    if found.list_changed and not bad:
        result.append(_finding("GM910", folder, LISTS, "the list of written files is not up to date", f"run: {mend}"))
    return result


def strangers(output: Path, paths: Sequence[str], level: Level = "error") -> list[Diagnostic]:
    """The findings for what graymesh did not write into the folders that engines read (GM919)."""
    message = "graymesh did not write this file, and applying the folder applies it as well"
    help_ = "delete it, or keep it outside the output folder"
    return [
        Diagnostic(code="GM919", level=level, message=message, help=help_, file=shown(output / path)) for path in paths
    ]


def _mend(entry: PathState, mend: str) -> str:
    if entry.state in ("edited", "foreign"):
        return f"move the change into the spec; `{mend} --force` overwrites the file"
    return f"run: {mend}"


def _entry(folder: Folder, path: str, wanted: bytes | None, listed: Sequence[str]) -> PathState:
    try:
        found = folder.read(path)
    except IsADirectoryError:
        return PathState(path, "current" if wanted is None else "blocked", wanted)
    if found is None and wanted is None:
        return PathState(path, "current", wanted)
    if found is None:
        return PathState(path, "blocked" if _blocked(folder, path) else "missing", wanted)
    return PathState(path, _state(found, wanted, listed), wanted)


def _state(found: bytes, wanted: bytes | None, listed: Sequence[str]) -> State:
    if found == wanted:
        return "current"
    if not listed:
        return "foreign"
    if not any(is_sealed(found, seal) for seal in listed):
        return "edited"
    return "stale" if wanted is not None else "orphaned"


def _blocked(folder: Folder, path: str) -> bool:
    above = path.split("/")[:-1]
    kinds = (folder.kind("/".join(above[: depth + 1])) for depth in range(len(above)))
    return any(kind not in ("", "folder") for kind in kinds)


def _refuse_clashes(wanted: Mapping[str, bytes]) -> None:
    folded: dict[str, str] = {}
    for path in wanted:
        other = folded.setdefault(path.casefold(), path)
        if other != path:
            raise Refused((_in_the_way(path, f"it differs from {other} only in case"),))


def _stage(folder: Folder, found: WritePlan, listed: WrittenList) -> str:
    """Puts the new files into a folder of their own, and the list in place that knows both trees; the folder's name."""
    name = f"{STAGING}{os.urandom(8).hex()}"
    folder.make(name)
    try:
        before = {path: _kept(folder, path, listed) for path in listed.paths}
        _fill(folder, name, found, {path: seal for path, seal in before.items() if seal})
    except BaseException:
        folder.remove_tree(name)
        raise
    folder.rename(f"{name}/begun.json", JOURNAL)
    folder.flush()
    return name


def _fill(folder: Folder, name: str, found: WritePlan, before: Mapping[str, str]) -> None:
    puts = {f"tree/{e.path}": e.wanted for e in found.entries if e.wanted is not None and e.state != "current"}
    puts |= {f"tree/{path}": data for path, data in found.lists.items() if data != found.lists_before.get(path)}
    puts["begun.json"] = journal_text(found.listed, before).encode()
    at_once = len(puts) >= _SYNC_AT_ONCE
    for path, data in puts.items():
        folder.create(f"{name}/{path}", data, flush=not at_once)
    if at_once:
        os.sync()
    folder.flush(name)


def _apply(folder: Folder, found: WritePlan, name: str) -> None:
    """Takes away what is not wanted any more, moves the new files to their places, and the list at last."""
    for entry in found.entries:
        if entry.wanted is None and entry.state != "current":
            folder.remove(entry.path)
    for path in found.lists_before:
        if path not in found.lists:
            folder.remove(path)
    for top in folder.names(f"{name}/tree"):
        _merge(folder, f"{name}/tree", top)
    folder.flush(LISTS if found.lists else "")
    folder.flush()
    folder.remove(JOURNAL)
    folder.flush()
    folder.remove_tree(name)


def _merge(folder: Folder, tree: str, path: str) -> None:
    staged = f"{tree}/{path}"
    if folder.kind(path) != "folder" or folder.kind(staged) != "folder":
        folder.rename(staged, path)  # a whole new folder moves at once
        return
    for name in folder.names(staged):
        _merge(folder, tree, f"{path}/{name}")


def _finding(code: str, folder: Folder, path: str, message: str, help: str = "") -> Diagnostic:
    return Diagnostic(code=code, message=message, help=help, file=shown(folder.path / path))


def _refusal(folder: Folder, entry: PathState) -> Diagnostic:
    if entry.state == "edited":
        message = "this file was edited by hand since graymesh wrote it, so it is neither overwritten nor removed"
        return _finding("GM912", folder, entry.path, message, "move the change into the spec, or give --force")
    if entry.state == "blocked":
        message = "what stands here is not a file, or is a file where a folder is needed"
        return _finding("GM914", folder, entry.path, message, "move it out of the way")
    message = "this file was not written by graymesh, so it is not overwritten"
    return _finding("GM914", folder, entry.path, message, "choose another output folder, or give --force")


def _in_the_way(path: str, why: str) -> Diagnostic:
    return Diagnostic(code="GM914", message=f"something else is in the way: {why}", file=path)


def link_finding(error: LinkError) -> Diagnostic:
    """The finding for a link on the way (GM915)."""
    help_ = f"give the real path: {os.path.realpath(error.path)}"
    return Diagnostic(code="GM915", message=f"{error.path} {error.strerror}", file=error.path, help=help_)


def interrupted(folder: Folder) -> Diagnostic:
    """The finding for an output folder in which a write was cut short (GM917)."""
    return _finding(
        "GM917", folder, "", "an earlier write to this folder was interrupted", "`graymesh compile` finishes it"
    )
