"""Writes a compiled tree: all of it or nothing, only inside its folder, only over what graymesh itself wrote.

How a write survives being killed at any moment: the new files are first put into `.graymesh-staging` inside the output
folder, then a journal there says that they are complete, and only then they are moved to their places. Killed before
the journal stands, the old tree is untouched; killed later, the next `graymesh compile` finishes the moves before it
does anything else, and until then `--check` and `verify` say that a write was interrupted. `.graymesh.json` lists what
was written, with digests, so that files edited by hand or written by others are never lost.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from graymesh.diagnostic import Diagnostic, Refused
from graymesh.output.folder import Folder, LinkError, open_folder
from graymesh.output.written import LIST, checked, digest, list_text, read_list, unusable
from graymesh.project import shown

STAGING = ".graymesh-staging"
_TREE = f"{STAGING}/tree"
_JOURNAL = f"{STAGING}/journal.json"
_SYNC_AT_ONCE = 64  # from so many files on, one sync of everything is cheaper than one for each

State: TypeAlias = Literal["current", "missing", "stale", "edited", "foreign", "blocked", "orphaned"]
_NOT_OURS: tuple[State, ...] = ("edited", "foreign")


@dataclass(frozen=True, slots=True)
class Entry:
    """How one path stands. `wanted` is what belongs there now, None when nothing does."""

    path: str
    state: State
    wanted: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a write would meet: every path that is wanted or listed, and the list as it shall be."""

    entries: tuple[Entry, ...]
    listed: Mapping[str, str]
    list_changed: bool

    def of(self, *states: State) -> tuple[Entry, ...]:
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


def plan(folder: Folder, files: Mapping[str, str], scope: Sequence[str] = ()) -> Plan:
    """Compare the folder with the wanted files. `scope` are the only beginnings of paths that are looked after (all).

    Raises Refused for a link, an unusable list (GM916), an unsafe path, or an interrupted write (GM917).
    """
    if folder.kind(STAGING):
        raise Refused((interrupted(folder),))
    listed = read_list(folder)
    wanted = {checked(path): text.encode() for path, text in files.items()}
    _refuse_clashes(wanted)
    mine = {path for path in listed if not scope or path.startswith(tuple(scope))}
    try:
        entries = tuple(_entry(folder, path, wanted.get(path), listed.get(path)) for path in sorted(mine | set(wanted)))
    except LinkError as error:
        raise Refused((link_finding(error),)) from None
    kept = {path: known for path, known in listed.items() if path not in mine}
    new = kept | {path: digest(data) for path, data in wanted.items()}
    return Plan(entries=entries, listed=new, list_changed=new != listed)


def write(folder: Folder, files: Mapping[str, str], scope: Sequence[str] = (), force: bool = False) -> Plan:
    """Make the folder hold these files, all or nothing; returns what was found before.

    Raises Refused before anything is touched: an edited or foreign file is in the way and `force` is not set, a link,
    an unusable list, another writer. Raises OSError when the disk does not take it; the old tree stands then.
    """
    if not folder.lock():
        raise Refused((_finding("GM918", folder, "", "another graymesh is writing to this folder"),), usage=True)
    try:
        recover(folder)
        return _write(folder, files, scope, force)
    except LinkError as error:
        raise Refused((link_finding(error),)) from None


def _write(folder: Folder, files: Mapping[str, str], scope: Sequence[str], force: bool) -> Plan:
    found = plan(folder, files, scope)
    refused = [_refusal(folder, entry) for entry in found.of(*(("blocked",) if force else ("blocked", *_NOT_OURS)))]
    if refused:
        raise Refused(tuple(refused))
    if found.changes:
        _stage(folder, found)
        _apply(folder)
    return found


def recover(folder: Folder) -> None:
    """Finish a write that was interrupted after its journal stood, drop one that was interrupted before."""
    if folder.kind(_JOURNAL):
        _apply(folder)
    elif folder.kind(STAGING):
        folder.remove_tree(STAGING)


def findings(folder: Folder, found: Plan, mend: str) -> list[Diagnostic]:
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
    if found.list_changed and not bad:
        result.append(_finding("GM910", folder, LIST, "the list of written files is not up to date", f"run: {mend}"))
    return result


def _mend(entry: Entry, mend: str) -> str:
    if entry.state in ("edited", "foreign"):
        return f"move the change into the spec; `{mend} --force` overwrites the file"
    return f"run: {mend}"


def _entry(folder: Folder, path: str, wanted: bytes | None, listed: str | None) -> Entry:
    try:
        found = folder.read(path)
    except IsADirectoryError:
        return Entry(path, "current" if wanted is None else "blocked", wanted)
    if found is None and wanted is None:
        return Entry(path, "current", wanted)
    if found is None:
        return Entry(path, "blocked" if _blocked(folder, path) else "missing", wanted)
    return Entry(path, _state(found, wanted, listed), wanted)


def _state(found: bytes, wanted: bytes | None, listed: str | None) -> State:
    if found == wanted:
        return "current"
    if listed is None:
        return "foreign"
    if digest(found) != listed:
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


def _stage(folder: Folder, found: Plan) -> None:
    puts = {e.path: e.wanted for e in found.entries if e.wanted is not None and e.state != "current"}
    puts[LIST] = list_text(found.listed).encode()
    gone = [entry.path for entry in found.entries if entry.wanted is None and entry.state != "current"]
    at_once = len(puts) >= _SYNC_AT_ONCE
    try:
        for path, data in puts.items():
            folder.create(f"{_TREE}/{path}", data, flush=not at_once)
        if at_once:
            os.sync()
        journal = {"remove": {path: digest(folder.read(path) or b"") for path in gone}}
        folder.create(f"{_JOURNAL}.new", json.dumps(journal, indent=1).encode())
        folder.rename(f"{_JOURNAL}.new", _JOURNAL)
        folder.flush(STAGING)
    except BaseException:
        if not folder.kind(_JOURNAL):
            folder.remove_tree(STAGING)
        raise


def _apply(folder: Folder) -> None:
    """Do what the journal says; doing it again after an interruption ends in the same tree."""
    for path, known in _journalled_removals(folder).items():
        if digest(folder.read(path) or b"") == known:
            folder.remove(path)
    for name in sorted(folder.names(_TREE), key=lambda name: (name == LIST, name)):
        _merge(folder, name)
    folder.flush()
    folder.remove(_JOURNAL)
    folder.remove_tree(STAGING)


def _merge(folder: Folder, path: str) -> None:
    staged = f"{_TREE}/{path}"
    if folder.kind(path) != "folder" or folder.kind(staged) != "folder":
        folder.rename(staged, path)  # a whole new folder moves at once
        return
    for name in folder.names(staged):
        _merge(folder, f"{path}/{name}")


def _journalled_removals(folder: Folder) -> dict[str, str]:
    try:
        removals = {
            checked(path): str(known) for path, known in json.loads(folder.read(_JOURNAL) or b"")["remove"].items()
        }
        for path in _staged(folder, _TREE):
            if path != LIST:
                checked(path)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, Refused, OSError):
        raise Refused((unusable(folder, _JOURNAL, "remove the folder it is in"),)) from None
    return removals


def _staged(folder: Folder, path: str) -> Iterator[str]:
    for name in folder.names(path):
        below = f"{path}/{name}"
        if folder.kind(below) == "folder":
            yield from _staged(folder, below)
        elif folder.kind(below) == "file":
            yield below.removeprefix(f"{_TREE}/")
        else:
            raise ValueError(below)


def _finding(code: str, folder: Folder, path: str, message: str, help: str = "") -> Diagnostic:
    return Diagnostic(code=code, message=message, help=help, file=shown(folder.path / path))


def _refusal(folder: Folder, entry: Entry) -> Diagnostic:
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
        "GM917", folder, "", "an earlier write to this folder was interrupted", "`graymesh compile` mends it"
    )
