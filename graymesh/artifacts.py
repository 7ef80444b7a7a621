"""Artifacts on disk: the files that a decoder is given, from an output folder or from anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from graymesh.diagnostic import Diagnostic, Refused
from graymesh.output.folder import Folder, LinkError
from graymesh.project import shown
from graymesh.walking import TooMuchError, files_below
from graymesh.write import STAGING, interrupted, link_finding

LIMIT_BYTES = 64 * 1024 * 1024


def artifacts_of(folder: Folder, prefix: str, patterns: Sequence[str]) -> dict[str, str]:
    """The files below `prefix` that the target's engine would read: path below it → text.

    Raises Refused for a link (GM915), a write that was interrupted (GM917) and what is not UTF-8 text (GM905).
    """
    if folder.kind(STAGING):
        raise Refused((interrupted(folder),))
    found: dict[str, str] = {}
    try:
        for path in folder.files(prefix):
            name = path.removeprefix(f"{prefix}/")
            if any(_matches(name, pattern) for pattern in patterns):
                found[name] = text_of(folder.read(path, LIMIT_BYTES) or b"", shown(folder.path / path))
    except LinkError as error:
        raise Refused((link_finding(error),)) from None
    return found


def artifacts_at(paths: Sequence[Path], patterns: Sequence[str]) -> dict[str, str]:
    """Anybody's files: each as named, a folder's by the patterns that the target writes; path → text."""
    found: dict[str, str] = {}
    for path in paths:
        for file, name in _named(path, patterns):
            found[name] = text_of(_limited(file), str(file))
    return found


def text_of(data: bytes, file: str) -> str:
    """The text of an artifact. Raises Refused (GM905) when it is too large or not UTF-8."""
    if len(data) > LIMIT_BYTES:
        raise Refused((Diagnostic(code="GM905", message=f"the file is larger than {LIMIT_BYTES} bytes", file=file),))
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


def _named(path: Path, patterns: Sequence[str]) -> Iterator[tuple[Path, str]]:
    if not path.is_dir():
        yield (Path("/dev/stdin"), "<stdin>") if str(path) == "-" else (path, str(path))
        return
    try:
        files = files_below(str(path), patterns)
    except TooMuchError as error:
        message = f"{error} below {shown(path.absolute())}"
        help_ = "name the files or a folder further down"
        raise Refused((Diagnostic(code="GM116", message=message, file=str(path), help=help_),), usage=True) from None
    yield from ((path / name, name) for each in files for name in each)


def _limited(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(LIMIT_BYTES + 1)
