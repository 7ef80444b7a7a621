"""Artifacts on disk: the files that a decoder is given, from an output folder or from anywhere."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from graymesh.compile.folder import Folder, LinkError
from graymesh.compile.write import finished, link_finding, strangers
from graymesh.compile.written import conflict
from graymesh.diagnostic import Diagnostic, Refused
from graymesh.kit.registry import target
from graymesh.language import reading
from graymesh.language.project import shown
from graymesh.language.walking import TooMuchError, files_below

LIMIT_BYTES = 64 * 1024 * 1024


def artifacts_of(folder: Folder, prefix: str, patterns: Sequence[str]) -> dict[str, str]:
    """The files below `prefix` that the target's engine would read: path below it → text.

    Raises Refused for a link (GM915), a write that was interrupted (GM917) and what is not UTF-8 text (GM905).
    """
    finished(folder)
    found: dict[str, str] = {}
    try:
        for path in _read_below(folder, prefix, patterns):
            text = text_of(folder.read(path, LIMIT_BYTES) or b"", shown(folder.path / path), shown(folder.path))
            found[path.removeprefix(f"{prefix}/")] = text
    except LinkError as error:
        raise Refused((link_finding(error),)) from None
    return found


def strangers_among(folder: Folder | None, applied: Mapping[str, str]) -> list[Diagnostic]:
    """What stands in the folders without being read, or without being on the list of written files.

    `applied` is each folder with its target. What is read is held against the releases, but an engine or whoever
    applies the folder may take more. Raises Refused as `artifacts_of` does.
    """
    if folder is None:
        return []
    listed, found = finished(folder), list[str]()
    try:
        for prefix, name in applied.items():
            if folder.kind(prefix):
                read = _read_below(folder, prefix, target(name).manifest.writes)
                found += folder.strangers(prefix, {path for path in read if not listed.there or listed.seals(path)})
    except LinkError as error:
        raise Refused((link_finding(error),)) from None
    return strangers(folder.path, found)


def _read_below(folder: Folder, prefix: str, patterns: Sequence[str]) -> Iterator[str]:
    for path in folder.files(prefix):
        if any(_matches(path.removeprefix(f"{prefix}/"), pattern) for pattern in patterns):
            yield path


def artifacts_at(paths: Sequence[Path], patterns: Sequence[str]) -> dict[str, str]:
    """Anybody's files: each as named, a folder's by the patterns that the target writes; path → text."""
    found: dict[str, str] = {}
    for path in paths:
        for file, name in _named(path, patterns):
            found[name] = text_of(reading.read(*file, LIMIT_BYTES), shown(Path(file[0])))
    return found


def text_of(data: bytes, file: str, output: str = "") -> str:
    """The text of an artifact. Raises Refused when it is too large or not UTF-8 (GM905) or has a conflict (GM920)."""
    if len(data) > LIMIT_BYTES:
        raise Refused((Diagnostic(code="GM905", message=f"the file is larger than {LIMIT_BYTES} bytes", file=file),))
    found = conflict(data, file, output or os.path.dirname(file) or ".")  # noqa: PTH120  as it is shown
    if found:
        raise Refused((found,))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"byte {data[error.start]:#04x} in line {line} is not UTF-8 text"
        raise Refused((Diagnostic(code="GM905", message=message, file=file),)) from None


def _matches(name: str, pattern: str) -> bool:
    """Step by step, since an engine's own `*` does not reach into folders either."""
    steps, wanted = name.split("/"), pattern.split("/")
    return len(steps) == len(wanted) and all(map(fnmatchcase, steps, wanted))


def _named(path: Path, patterns: Sequence[str]) -> Iterator[tuple[tuple[str, str], str]]:
    """Each file, its path and its root, with what it is called."""
    if not path.is_dir():
        named = "/dev/stdin" if str(path) == "-" else str(path)
        yield reading.place(named), "<stdin>" if str(path) == "-" else named
        return
    folder = Path(reading.settled(str(path)))
    try:
        files = files_below(str(folder), patterns)
    except TooMuchError as error:
        message = f"{error} below {shown(path.absolute())}"
        help_ = "name the files or a folder further down"
        raise Refused((Diagnostic(code="GM116", message=message, file=str(path), help=help_),), usage=True) from None
    yield from (((str(folder / name), str(folder)), name) for each in files for name in each)
