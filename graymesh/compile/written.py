"""What graymesh wrote into an output folder, in small lists that git merges whenever it merges the files themselves.

`.graymesh/<namespace>.<name>.sums` lists the files of one release, each with its SHA-256: two branches that each change
another release change other lists. A file that releases share has a list of its own with a digest for each of its
lines, so that whatever git does to the lines of the file, it does to the lines of the list.

`.graymesh/<target>.needs` says what the target needs of whoever runs it, so that a review sees when that changes.

`.graymesh.json` stands in an output folder while a write is under way (see `write`). Earlier versions of graymesh kept
all digests in it; such a list is read, and replaced by the next write.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from graymesh.compile.folder import Folder, LinkError
from graymesh.diagnostic import Diagnostic, Refused, Span
from graymesh.language.project import JOURNAL, LISTS, shown
from graymesh.source.conflicts import conflict_line

_ABOUT: Final = "Files that graymesh wrote into this folder and may replace or remove, with the SHA-256 of each."
_HEADER: Final = "# Files that graymesh wrote and may replace or remove, with their SHA-256, or one for each line.\n"
_ENDING: Final = ".sums"
_NEEDS: Final = ".needs"
_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_SEAL = re.compile(r"[0-9a-f]{64}|[0-9a-f]{8}(?:\n[0-9a-f]{8})*")
_LIMIT_BYTES: Final = 32 * 1024 * 1024
_MOST_LISTS: Final = 200_000
_DEEPEST: Final = 64
_RESTORE: Final = "restore it from version control, or start with an empty folder"
_SHARED: Final = "/"
"""Stands in the names of lists of one file each, and in no name of a release's list."""


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def line_digests(data: bytes) -> str:
    """The first 32 bits of each line's SHA-256, a line each; what is behind the last line end counts as a line."""
    lines = data.split(b"\n")
    known = {line: digest(line)[:8] for line in set(lines)}
    return "\n".join(known[line] for line in lines)


def sealed(data: bytes, place: str) -> str:
    """What the list called `place` says of a file with these bytes."""
    return line_digests(data) if _SHARED in place else digest(data)


def is_sealed(data: bytes, seal: str) -> bool:
    """Are these the bytes that a list tells of?"""
    return seal == (digest(data) if len(seal) == 64 else line_digests(data))


def list_of(path: str, releases: Mapping[str, str], folders: frozenset[str]) -> str:
    """The name of the list that tells of a file. `releases`: what files of a release may be called → its list.

    `folders` are the names of targets' folders. When a file's name does not say whose it is, it has its own list.
    """
    steps = path.split("/")
    below = next((number + 1 for number, step in enumerate(steps[:-1]) if step in folders), 0)
    return next((releases[stem] for stem in _stems(steps[below]) if stem in releases), f"{_SHARED}{path}")


def _stems(name: str) -> Iterator[str]:
    """The name; without its ending; and without the word before that, which tells files of one release apart."""
    stem = name.rpartition(".")[0]
    yield from (name, stem)
    whose = stem.rpartition(".")[0]
    if "." in whose:
        yield whose


def checked(path: object) -> str:
    """The path, when it is a plain relative one that stays inside its folder. Raises Refused (GM916)."""
    segments = path.split("/") if isinstance(path, str) else [""]
    if not all(_SEGMENT.fullmatch(segment) for segment in segments) or not _inside(str(path)):
        message = f"{path!r} is not a plain path inside the output folder"
        raise Refused((Diagnostic(code="GM916", message=message, file=LISTS),))
    return str(path)


@dataclass(frozen=True, slots=True)
class WrittenList:
    """Path → seal of every file that graymesh wrote. `before` are those of an earlier list that stands beside them.

    `begun`: a write is under way, and `before` is what was. `lists` are the lists' own files: path → bytes; `journal`:
    is there a `.graymesh.json`? `there`: is there any list at all? None of it is proof, since whoever sends a change
    can write a list: it says which files may be replaced and removed, never what is right.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)
    begun: bool = False
    lists: Mapping[str, bytes] = field(default_factory=dict)
    journal: bool = False

    @property
    def there(self) -> bool:
        """Is there any list?"""
        return self.journal or bool(self.lists)

    @property
    def paths(self) -> list[str]:
        """Every path that graymesh wrote to, sorted."""
        return sorted({*self.before, *self.files})

    def seals(self, path: str) -> tuple[str, ...]:
        """What a file may hold that graymesh wrote to this path; empty when it wrote none."""
        found = (self.files.get(path), self.before.get(path))
        return tuple(seal for seal in found if seal)


def journal_text(files: Mapping[str, str], before: Mapping[str, str]) -> str:
    """The list while a write is under way."""
    entries = {"before": dict(sorted(before.items())), "files": dict(sorted(files.items()))}
    return json.dumps({"about": _ABOUT, **entries}, indent=1) + "\n"


def list_files(seals: Mapping[str, str], places: Mapping[str, str]) -> dict[str, bytes]:
    """Path → bytes of the lists that tell of these files; `places` are the names of their lists.

    The line with a file's path stands between two digests, so that both may change without a conflict.
    """
    texts: dict[str, list[str]] = {}
    for path, seal in sorted(seals.items()):
        lines = "".join(f"  {each}\n" for each in seal.split("\n"))
        texts.setdefault(places[path], [_HEADER]).append(f"{path}\n{lines}")
    return {f"{LISTS}/{place.lstrip(_SHARED)}{_ENDING}": "".join(text).encode() for place, text in texts.items()}


def needs_file(name: str) -> str:
    """The path of the list of what a target needs."""
    return f"{LISTS}/{name}{_NEEDS}"


def needs_of_targets(lists: Mapping[str, bytes]) -> dict[str, str]:
    """Target → the list of what it needs, of those among the lists of a folder."""
    found = {path: data for path, data in lists.items() if is_needs_file(path)}
    return {PurePosixPath(path).stem: data.decode("utf-8", "replace") for path, data in found.items()}


def is_needs_file(path: str) -> bool:
    """Is it the list of what some target needs?"""
    return path.endswith(_NEEDS)


def read_lists(folder: Folder) -> WrittenList:
    """The lists of a folder. Raises Refused when one is not as graymesh writes it (GM916) or in conflict (GM920)."""
    lists, journal = dict(_lists(folder)), _read(folder, JOURNAL)
    _refuse_conflicts(folder, lists if journal is None else {**lists, JOURNAL: journal})
    files: dict[str, str] = {}
    for path, data in lists.items():
        for named, seal in _entries(folder, path, data) if path.endswith(_ENDING) else ():
            if named in files:
                raise Refused((unusable(folder, path, _RESTORE),))
            files[named] = seal
    if journal is None:
        return WrittenList(files, lists=lists)
    try:
        data = json.loads(journal)
        before, now = _checked_files(data.get("before", {})), _checked_files(data["files"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, Refused):
        raise Refused((unusable(folder, JOURNAL, _RESTORE),)) from None
    if "before" not in data:  # what an earlier version of graymesh wrote
        return WrittenList(files, before=now, lists=lists, journal=True)
    return WrittenList(now, before=before, begun=True, lists=lists, journal=True)


def conflict(data: bytes, file: str, folder: str) -> Diagnostic | None:
    """The finding for a compiled file or a list with a merge conflict in it (GM920); `folder` is the output."""
    # every artifact comes by here, so that none is decoded for this but one that may have marks
    line = conflict_line(data.decode("utf-8", "replace")) if b"<<<<<<<" in data else None
    if line is None:
        return None
    message = "git left a merge conflict in this file"
    commands = f"{shlex.join(['git', 'checkout', 'HEAD', '--', folder])}, and then: graymesh compile"
    help_ = f"resolve conflicts in the releases first, if there are any; then run: {commands}"
    return Diagnostic(code="GM920", message=message, help=help_, file=file, span=Span(line, 1, line, 8))


def _refuse_conflicts(folder: Folder, lists: Mapping[str, bytes]) -> None:
    output = shown(folder.path)
    found = [conflict(data, shown(folder.path / path), output) for path, data in lists.items()]
    if any(found):
        raise Refused(tuple(filter(None, found)))


def _lists(folder: Folder) -> Iterator[tuple[str, bytes]]:
    """Path → bytes of every list. Other files in their folder are left alone."""
    left = _LIMIT_BYTES
    kind = folder.kind(LISTS)
    if kind not in ("", "folder"):
        raise Refused((unusable(folder, LISTS, "remove it"),))
    try:
        for number, path in enumerate(folder.files(LISTS) if kind else ()):
            if path.endswith((_ENDING, _NEEDS)):
                data = _read(folder, path) or b""
                left -= len(data)
                yield path, data
            if left < 0 or number > _MOST_LISTS or path.count("/") > _DEEPEST:
                raise Refused((unusable(folder, LISTS, _RESTORE),))
    except LinkError:
        raise Refused((unusable(folder, LISTS, "remove it"),)) from None


def _read(folder: Folder, path: str) -> bytes | None:
    try:
        return folder.read(path, _LIMIT_BYTES)
    except (LinkError, IsADirectoryError):
        raise Refused((unusable(folder, path, "remove it"),)) from None


def _entries(folder: Folder, path: str, data: bytes) -> Iterator[tuple[str, str]]:
    """The paths of files in a list, each with its seal."""
    try:
        lines = [line for line in data.decode("ascii").splitlines() if not line.startswith("#")]
        starts = [number for number, line in enumerate(lines) if not line.startswith("  ")]
        if lines and starts[:1] != [0]:
            raise ValueError("a digest of nothing")
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            seal = "\n".join(line.removeprefix("  ") for line in lines[start + 1 : end])
            yield checked(lines[start]), _checked_seal(seal)
    except (ValueError, Refused):
        raise Refused((unusable(folder, path, _RESTORE),)) from None


def unusable(folder: Folder, path: str, help: str) -> Diagnostic:
    """The finding for a list, or a folder of its own, that graymesh did not write like this."""
    message = "graymesh did not write it like this, so it is not trusted; nothing was written or removed"
    return Diagnostic(code="GM916", message=message, help=help, file=shown(folder.path / path))


def _checked_files(files: Mapping[str, object]) -> dict[str, str]:
    return {checked(path): _checked_seal(seal) for path, seal in files.items()}


def _checked_seal(seal: object) -> str:
    if not isinstance(seal, str) or not _SEAL.fullmatch(seal):
        raise ValueError("not a digest")
    return seal


def _inside(path: str) -> bool:
    top = PurePosixPath("/output")
    return (top / path).is_relative_to(top) and ".." not in PurePosixPath(path).parts
