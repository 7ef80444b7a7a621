"""The files of a git revision, by plain git: nothing is checked out, fetched or run from the repository."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from graymesh.diagnostic import Refused
from graymesh.did_you_mean import quoted
from graymesh.diff.git import Git, refused
from graymesh.diff.repository import Repository, opened, repository_of
from graymesh.diff.tree import LINK, SUBMODULE, CommitTree, led, tree_of
from graymesh.language.discovery import NAME

_REVISION: Final = re.compile(r"[A-Za-z0-9_.@^~/+=#%{}-]{1,250}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """What the commit only points at: a submodule, or a link out of the project. `changed`: now it is otherwise.

    `path` is where it stands in the commit, from the top; `there` is the same place in the work tree.
    """

    path: str
    there: Path
    submodule: bool
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A commit with the specs of a path in it: `folder` holds them as they were, `path` is the same path in there."""

    name: str
    folder: Path
    path: Path
    unread: Sequence[Unread]


@contextmanager
def revision(name: str, path: Path) -> Iterator[Revision]:
    """The specs around `path` at the revision `name`, in a temporary folder that is gone afterwards.

    Raises Refused with `usage` for a name that git does not know or that is none, outside a repository, and when
    anything that belongs to the base cannot be read.
    """
    if not _REVISION.fullmatch(name) or name.startswith("-") or ":" in name:
        raise refused(f"{name!r} is not the name of a revision", "give a branch, a tag or a commit: --base main")
    repository = repository_of(path)
    git = opened(repository)
    tree = tree_of(git, _commit(git, name), name)
    relative = tree.followed(repository.path) if repository.path else ""
    with TemporaryDirectory(prefix="graymesh-") as made:
        folder = Path(made).resolve()
        (folder / ".git").mkdir()  # so that nobody looks for a project file above
        unread = _write(tree, repository, relative, folder)
        yield Revision(name=name, folder=folder, path=folder / relative, unread=unread)


def _commit(git: Git, name: str) -> str:
    try:
        return git.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except Refused:
        raise refused(
            f"git has no revision {name!r} here", "fetch it first: a shallow clone has only its tip"
        ) from None


def _write(tree: CommitTree, repository: Repository, relative: str, folder: Path) -> list[Unread]:
    """Writes the files that a project around the path may need; what it cannot, for it stands elsewhere."""
    root = _project_root(tree, relative)
    inside = f"{root}/" if root else ""
    wanted = [path for path in tree.entries if path.startswith(inside) or path == relative]
    links = [path for path in wanted if tree.entries[path].mode == LINK]
    files = [path for path in wanted if tree.entries[path].mode not in (LINK, SUBMODULE)]
    for path, content in zip(files, tree.contents(files), strict=True):
        _create(tree.name, folder, path, content)
    unread = list(_submodules(tree, repository, [path for path in wanted if tree.entries[path].mode == SUBMODULE]))
    for path, content in zip(links, tree.contents(links), strict=True):
        target = os.fsdecode(content)
        if led(path, target, root) is None:
            unread.append(_link_out(tree, repository, path, target))
        else:
            _create(tree.name, folder, path, target)
    return unread


def _project_root(tree: CommitTree, relative: str) -> str:
    """The folder of the nearest project file at or above the path; the path itself without one."""
    for folder in (PurePosixPath(relative), *PurePosixPath(relative).parents):
        if (folder / NAME).as_posix() in tree.entries:
            return "" if str(folder) == "." else str(folder)
    return relative


def _create(name: str, folder: Path, path: str, content: bytes | str) -> None:
    """A file, or a link when the content is text."""
    file = folder / path
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            file.symlink_to(content)
            return
        with file.open("xb") as created:
            created.write(content)
    except (FileExistsError, NotADirectoryError):
        message = f"{name} holds {quoted(path)} as well as what stands in its way here"
        help_ = "where names that differ in upper and lower case are one, compare two folders instead"
        raise refused(message, help_) from None


def _link_out(tree: CommitTree, repository: Repository, path: str, target: str) -> Unread:
    if PurePosixPath(path).name == NAME:
        message = f"{quoted(path)} is a symbolic link at {tree.name} and leads out of its project"
        raise refused(message, "compare two folders instead: graymesh diff OLD NEW")
    there = repository.top / path
    same = there.is_symlink() and os.readlink(there) == target  # noqa: PTH115  the very same text
    return Unread(path=path, there=there, submodule=False, changed=not same)


def _submodules(tree: CommitTree, repository: Repository, paths: Sequence[str]) -> Iterator[Unread]:
    """Those are what they were that are at the same commit in the index."""
    listed = tree.git.entries("ls-files", "--stage", "-z") if paths else ()
    parts = (line.partition(b"\t") for line in listed)
    now = {os.fsdecode(name): about.decode().split()[:2] for about, _, name in parts}
    for path in paths:
        same = now.get(path) == [SUBMODULE, tree.entries[path].object]
        yield Unread(path=path, there=repository.top / path, submodule=True, changed=not same)
