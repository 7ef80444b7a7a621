"""`.graymesh.json`: the list of the files that graymesh wrote into an output folder, with their digests."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from graymesh.compile.folder import Folder, LinkError
from graymesh.diagnostic import Diagnostic, Refused
from graymesh.language.project import shown

LIST = ".graymesh.json"
_ABOUT = "Files that graymesh wrote into this folder and may replace or remove, with the SHA-256 of each."
_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LIMIT_BYTES = 32 * 1024 * 1024


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def checked(path: object) -> str:
    """The path, when it is a plain relative one that stays inside its folder. Raises Refused (GM916)."""
    segments = path.split("/") if isinstance(path, str) else [""]
    if not all(_SEGMENT.fullmatch(segment) for segment in segments) or not _inside(str(path)):
        message = f"{path!r} is not a plain path inside the output folder"
        raise Refused((Diagnostic(code="GM916", message=message, file=LIST),))
    return str(path)


@dataclass(frozen=True, slots=True)
class Written:
    """Path → digest of every file that graymesh wrote; while a write is under way, `before` is the list that was.

    None of it is proof, since whoever sends a change can write a list: it says which files may be replaced and removed,
    never what is right.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] | None = None
    there: bool = True

    def digests(self, path: str) -> frozenset[str]:
        """What a file may hold that graymesh wrote to this path; empty when it wrote none."""
        found = (self.files.get(path), (self.before or {}).get(path))
        return frozenset(filter(None, found))


def list_text(written: Written) -> str:
    """The list as it is stored: sorted, nothing in it depends on when or by whom it was written."""
    before = {} if written.before is None else {"before": dict(sorted(written.before.items()))}
    return json.dumps({"about": _ABOUT, **before, "files": dict(sorted(written.files.items()))}, indent=1) + "\n"


def read_list(folder: Folder) -> Written:
    """The list of a folder, empty when there is none. Raises Refused (GM916) when it is not one that graymesh wrote."""
    try:
        text = folder.read(LIST, _LIMIT_BYTES)
    except (LinkError, IsADirectoryError):
        raise Refused((unusable(folder, LIST, "remove it"),)) from None
    if text is None:
        return Written(there=False)
    try:
        data = json.loads(text)
        return Written(_checked_files(data["files"]), _checked_files(data["before"]) if "before" in data else None)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, Refused):
        raise Refused(
            (unusable(folder, LIST, "restore it from version control, or start with an empty folder"),)
        ) from None


def unusable(folder: Folder, path: str, help: str) -> Diagnostic:
    """The finding for a list, or a folder of its own, that graymesh did not write like this."""
    message = "graymesh did not write it like this, so it is not trusted; nothing was written or removed"
    return Diagnostic(code="GM916", message=message, help=help, file=shown(folder.path / path))


def _checked_files(files: Mapping[str, object]) -> dict[str, str]:
    return {checked(path): _checked_digest(known) for path, known in files.items()}


def _checked_digest(known: object) -> str:
    if not isinstance(known, str) or not _DIGEST.fullmatch(known):
        raise ValueError("not a digest")
    return known


def _inside(path: str) -> bool:
    top = PurePosixPath("/output")
    return (top / path).is_relative_to(top) and ".." not in PurePosixPath(path).parts
