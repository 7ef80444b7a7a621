# ruff: noqa: PTH100, PTH103, PTH105, PTH109, PTH111, PTH118, PTH120, PTH123
# importing pathlib would cost more than all that is done here
"""What lint found in a file that has not changed since, so that it need not look again.

One entry a file, in the user's cache folder, which may be deleted at any time. An entry holds only for the same bytes
of the release and of its project file, the same choice of rules, the same Python and the same graymesh, down to the
last changed source file; and only when it is as it was written. Imports next to nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import graymesh
from graymesh.language import reading

if TYPE_CHECKING:
    from graymesh.diagnostic import Diagnostic

_LARGEST = 8 * 1024 * 1024
_NOTHING = b"nothing found"
_BYTES = ("utf-8", "surrogateescape")  # how Python decodes names of files


class Memory:
    """What one run remembers: graymesh and each project file are looked at once, however many releases there are."""

    def __init__(self, choice: Sequence[object]) -> None:
        self._about = "\0".join([os.getcwd(), repr(choice), sys.version, *_build()]).encode("utf-8", "surrogateescape")
        self._projects: dict[str | None, bytes] = {None: b""}
        self._folders: dict[str, tuple[str, str]] = {}

    def of(self, path: str, project_file: str | None) -> Remembered:
        """The entry of a release file."""
        try:
            entry = os.path.join(_folder(), sha256(os.path.abspath(path).encode(*_BYTES)).hexdigest()[:32])
            return Remembered(entry, self._key(path, project_file))
        except OSError:
            return Remembered("", b"")

    def _key(self, path: str, project_file: str | None) -> bytes:
        """A digest of everything that lint's findings depend on."""
        if project_file not in self._projects:
            project = project_file or ""
            content = reading.read(project, os.path.dirname(project), _LARGEST)
            self._projects[project_file] = os.fsencode(project) + _digest(content)
        content = self._content(path)
        parts = (self._about, path.encode(*_BYTES), self._projects[project_file], content)
        return _digest(b"".join(b"%d\0%b" % (len(part), part) for part in parts))

    def _content(self, path: str) -> bytes:
        """The bytes of a file; where its folder is, and which root it has, is found out once."""
        folder, name = os.path.split(path)
        if folder not in self._folders:
            file, root = reading.place(path)
            self._folders[folder] = os.path.dirname(file), root
        real, root = self._folders[folder]
        return reading.read(os.path.join(real, name), root, _LARGEST)


class Remembered:
    """The entry of one release file; `recall` and `keep` do nothing for what cannot be remembered."""

    def __init__(self, entry: str, key: bytes) -> None:
        self._entry, self._key = entry, key

    def recall(self) -> list[Diagnostic] | None:
        """What was found then; None when something has changed since, nothing is known, or the entry is damaged."""
        if not self._key:
            return None
        try:
            with open(self._entry, "rb") as file:
                key, digest, text = file.read(_LARGEST).split(b"\n", 2)
            return _found(text) if key == self._key and digest == _digest(key + text) else None
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def keep(self, found: Sequence[Diagnostic]) -> None:
        """Remember what was found; a cache folder that cannot be written to is no error."""
        if not self._key:
            return
        scratch = f"{self._entry}.{os.urandom(8).hex()}"
        text = _text(found)
        try:
            os.makedirs(os.path.dirname(self._entry), mode=0o700, exist_ok=True)
            with open(scratch, "xb") as file:
                file.write(b"\n".join((self._key, _digest(self._key + text), text)))
            os.replace(scratch, self._entry)
        except OSError:
            return


def _folder() -> str:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "graymesh", "lint")


def _digest(data: bytes) -> bytes:
    return sha256(data).hexdigest().encode()


def _build() -> Iterator[str]:
    """graymesh itself: its version, and name, size and time of each of its files."""
    yield graymesh.__version__
    for folder in (
        os.path.dirname(graymesh.__file__),
        os.path.join(os.path.dirname(graymesh.__file__), "..", "targets"),
    ):
        yield from _below(folder)


def _below(folder: str) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if entry.name != "__pycache__":
                yield from _below(entry.path)
        elif entry.name.endswith((".py", ".yaml")):
            state = entry.stat()
            yield f"{entry.path} {state.st_size} {state.st_mtime_ns}"


def _text(found: Sequence[Diagnostic]) -> bytes:
    if not found:
        return _NOTHING
    from dataclasses import asdict
    from json import dumps

    return dumps([asdict(diagnostic) for diagnostic in found]).encode()


def _found(text: bytes) -> list[Diagnostic]:
    if text == _NOTHING:
        return []
    from json import loads

    entries = loads(text)
    if not isinstance(entries, list) or not entries:
        raise ValueError("not what keep() writes")
    return [_diagnostic(entry) for entry in entries]


def _diagnostic(entry: dict[str, Any]) -> Diagnostic:
    from graymesh.diagnostic import Diagnostic, Edit, Note, Span

    def placed(part: dict[str, Any]) -> dict[str, Any]:
        return {**part, "path": tuple(part["path"]), "span": Span(**part["span"])}

    notes = tuple(Note(**placed(note)) for note in entry["notes"])
    edits = tuple(Edit(**placed(edit)) for edit in entry["edits"])
    return Diagnostic(**{**placed(entry), "notes": notes, "edits": edits, "targets": tuple(entry["targets"])})
