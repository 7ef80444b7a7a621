"""The files of a git revision, by plain git: nothing is checked out, fetched or run from the repository."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from graymesh.diagnostic import Diagnostic, Refused
from graymesh.discovery import NAME
from graymesh.project import LIMIT_BYTES

_REVISION: Final = re.compile(r"[A-Za-z0-9_.@^~/+=#%{}-]{1,250}")
_KEPT: Final = (".yaml", ".yml", "/.graymesh.json")
_REGULAR: Final = ("100644", "100755")
_LINK: Final = "120000"
_SECONDS: Final = 120


@dataclass(frozen=True)
class Revision:
    """A commit with the specs of a path in it: `folder` holds them as they were, `path` is the same path in there.

    `links` are files that are symbolic links in the commit and were left out.
    """

    name: str
    folder: Path
    path: Path
    links: Sequence[str]


@contextmanager
def revision(name: str, path: Path) -> Iterator[Revision]:
    """The specs around `path` at the revision `name`, in a temporary folder that is gone afterwards.

    Raises Refused with `usage` for a name that git does not know or that is none, and outside of a repository.
    """
    if not _REVISION.fullmatch(name) or name.startswith("-") or ":" in name:
        raise _refused(f"{name!r} is not the name of a revision", "give a branch, a tag or a commit: --base main")
    start = _existing(path.absolute())
    top = Path(_git(start, "rev-parse", "--show-toplevel").decode().rstrip("\n"))
    commit = _commit(start, name)
    relative = _relative(path, top)
    with TemporaryDirectory(prefix="graymesh-") as made:
        folder = Path(made).resolve()
        (folder / ".git").mkdir()  # so that nobody looks for a project file above
        links = _write(top, commit, "" if relative == "." else relative, folder)
        yield Revision(name, folder, folder / relative, links)


def _relative(path: Path, top: Path) -> str:
    try:
        return path.absolute().resolve().relative_to(top.resolve()).as_posix()
    except ValueError:
        raise _refused(f"{path} leads out of the repository {top}", "name a path inside of it") from None


def _existing(path: Path) -> Path:
    """The nearest folder that is there now, since the path may only have been."""
    while not path.is_dir():
        path = path.parent
    return path


def _commit(folder: Path, name: str) -> str:
    try:
        found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except Refused:
        raise _refused(
            f"git knows no revision {name!r} here", "fetch it first: a shallow clone has only its tip"
        ) from None
    return found.decode().strip()


def _write(top: Path, commit: str, relative: str, folder: Path) -> list[str]:
    """Writes the files that a project around the path may need; returns the links among them."""
    listed = list(_listed(top, commit))
    root = _project_root({path for _, _, path in listed}, relative)
    wanted = [(mode, blob, path) for mode, blob, path in listed if _wanted(path, root, relative)]
    contents = _contents(top, [blob for mode, blob, _ in wanted if mode in _REGULAR])
    for mode, blob, path in wanted:
        if mode in _REGULAR:
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(contents[blob])
    return [path for mode, _, path in wanted if mode == _LINK]


def _listed(top: Path, commit: str) -> Iterator[tuple[str, str, str]]:
    """(mode, blob, path) of every file of the commit that could be one of ours."""
    for entry in _git(top, "ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
        about, _, name = entry.partition(b"\t")
        path = os.fsdecode(name)
        if path.endswith(_KEPT) or path == ".graymesh.json":
            mode, _, blob = about.decode().split()
            yield mode, blob, path


def _project_root(paths: set[str], relative: str) -> str:
    """The folder of the nearest project file at or above the path; the path itself without one."""
    for folder in (PurePosixPath(relative), *PurePosixPath(relative).parents):
        if (folder / NAME).as_posix() in paths:
            return "" if str(folder) == "." else f"{folder}/"
    return f"{relative}/" if relative else ""


def _wanted(path: str, root: str, relative: str) -> bool:
    return path.startswith(root) or path == relative


def _contents(top: Path, blobs: Sequence[str]) -> Mapping[str, bytes]:
    """The blobs' bytes, each cut behind what the loader takes."""
    found: dict[str, bytes] = {}
    answer = _git(top, "cat-file", "--batch", input="".join(f"{blob}\n" for blob in blobs).encode())
    start = 0
    for blob in blobs:
        end = answer.index(b"\n", start)
        size = int(answer[start:end].split()[2])
        found[blob] = answer[end + 1 : end + 1 + min(size, LIMIT_BYTES + 1)]
        start = end + size + 2
    return found


def _git(folder: Path, *arguments: str, input: bytes = b"") -> bytes:
    """What git prints. The repository's own programs (fsmonitor, hooks) are not run, and nothing is fetched."""
    quiet = {"GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    command = ["git", "-C", str(folder), "-c", "core.fsmonitor=false", "--no-replace-objects", *arguments]
    try:
        done = subprocess.run(  # noqa: S603  a list of words, and no word of the user's can be an option
            command, input=input, capture_output=True, timeout=_SECONDS, env={**os.environ, **quiet}, check=False
        )
    except FileNotFoundError:
        raise _refused("git is not installed", "install git, or compare two folders: graymesh diff OLD NEW") from None
    except subprocess.TimeoutExpired:
        raise _refused(f"git {arguments[0]} took more than {_SECONDS} seconds", "try it by hand") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ") or f"git {arguments[0]} failed"
        raise _refused(f"git: {said}", "compare two folders instead: graymesh diff OLD NEW")
    return done.stdout


def _refused(message: str, help_: str) -> Refused:
    return Refused((Diagnostic(code="GM025", message=message, help=help_),), usage=True)
