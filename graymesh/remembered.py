# ruff: noqa: PTH100, PTH103, PTH105, PTH109, PTH111, PTH118, PTH120, PTH123
# importing pathlib would cost more than all that is done here
"""What lint found in a file that has not changed since, so that it need not look again.

One entry a file, in the user's cache folder. It holds only for the same bytes of the release and of its project file,
the same choice of rules, and the same graymesh, down to the last changed source file. Imports next to nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import graymesh

if TYPE_CHECKING:
    from graymesh.diagnostic import Diagnostic

_LARGEST = 8 * 1024 * 1024
_NOTHING = b"nothing found"


class Remembered:
    """The entry of one release file; `recall` and `keep` do nothing for what cannot be remembered."""

    def __init__(self, path: str, project_file: str | None, choice: Sequence[Sequence[str]]) -> None:
        self._entry, self._key = "", b""
        try:
            self._entry = os.path.join(_folder(), sha256(os.path.abspath(path).encode()).hexdigest()[:32])
            self._key = _key(path, project_file, choice)
        except OSError:
            return

    def recall(self) -> list[Diagnostic] | None:
        """What was found then; None when something has changed since or nothing is known."""
        try:
            with open(self._entry, "rb") as file:
                key, _, text = file.read(_LARGEST).partition(b"\n")
            return None if not self._key or key != self._key else _found(text)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def keep(self, found: Sequence[Diagnostic]) -> None:
        """Remember what was found; a cache folder that cannot be written to is no error."""
        if not self._key:
            return
        scratch = f"{self._entry}.{os.getpid()}"
        try:
            os.makedirs(os.path.dirname(self._entry), mode=0o700, exist_ok=True)
            with open(scratch, "wb") as file:
                file.write(self._key + b"\n" + _text(found))
            os.replace(scratch, self._entry)
        except OSError:
            return


def _folder() -> str:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "graymesh", "lint")


def _key(path: str, project_file: str | None, choice: Sequence[Sequence[str]]) -> bytes:
    """A digest of everything that lint's findings depend on."""
    digest = sha256()
    for part in (path, os.getcwd(), project_file or "", repr(choice), *_build()):
        digest.update(part.encode("utf-8", "surrogateescape") + b"\0")
    for file in filter(None, (path, project_file)):
        with open(file, "rb") as opened:
            text = opened.read(_LARGEST)
        digest.update(b"%d\0" % len(text) + text)
    return digest.hexdigest().encode()


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
    from graymesh.diagnostic import Diagnostic, Note, Span

    def placed(part: dict[str, Any]) -> dict[str, Any]:
        return {**part, "path": tuple(part["path"]), "span": Span(**part["span"])}

    notes = tuple(Note(**placed(note)) for note in entry["notes"])
    return Diagnostic(**{**placed(entry), "notes": notes, "targets": tuple(entry["targets"])})
