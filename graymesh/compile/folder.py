"""A folder held open by its descriptor: nothing below it is ever reached through a symbolic link.

Paths below a folder are relative, with `/`. Every step is opened without following links, so a link put in place
between a check and a write is refused too.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

_DEEPEST = 64
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class LinkError(OSError):
    """A step of a path is a symbolic link; `path` says which."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.ELOOP, "is a symbolic link, which could lead out of the output folder", path)
        self.path = path


class Folder:
    """An open folder; `path` is for messages only. Close it, or use it in a `with`.

    The last folder that was reached below is kept open, since neighbours usually come one after the other.
    """

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor = descriptor
        self._kept = ("", descriptor)
        self.path = path

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        self._forget()
        os.close(self._descriptor)

    def lock(self) -> bool:
        """Take the folder for one writer until it is closed; False when another process has it."""
        import fcntl

        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def read(self, path: str, limit: int | None = None) -> bytes | None:
        """The bytes of a regular file, None when nothing is there; at most `limit` + 1 of them.

        Raises LinkError for a symbolic link, IsADirectoryError for anything that is not a regular file.
        """
        try:
            parent, name = self._parent(path)
            descriptor = self._open(path, name, _READ_FILE, parent)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno not in (errno.ENXIO, errno.EOPNOTSUPP):  # as sockets answer
                raise
            raise IsADirectoryError(errno.EISDIR, "is not a regular file", str(self.path / path)) from None
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise IsADirectoryError(errno.EISDIR, "is not a regular file", str(self.path / path))
            with open(descriptor, "rb", closefd=False) as file:
                return file.read() if limit is None else file.read(limit + 1)
        finally:
            os.close(descriptor)

    def create(self, path: str, data: bytes, flush: bool = True) -> None:
        """A new file with these bytes; its folders are made. Raises FileExistsError when something is there."""
        parent, name = self._parent(path, create=True)
        descriptor = os.open(name, _CREATE_FILE, 0o644, dir_fd=parent)
        try:
            _write_all(descriptor, data)
            if flush:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def make(self, path: str) -> None:
        """A new folder that only this user may enter. Raises FileExistsError when something is there."""
        parent, name = self._parent(path)
        os.mkdir(name, 0o700, dir_fd=parent)

    def rename(self, old: str, new: str) -> None:
        """Move one entry, over an existing file if there is one; nothing in between is ever seen."""
        parent, old_name = self._parent(old)
        from_parent = os.dup(parent)
        try:
            to_parent, new_name = self._parent(new, create=True)
            os.rename(old_name, new_name, src_dir_fd=from_parent, dst_dir_fd=to_parent)
        finally:
            os.close(from_parent)
            self._forget()

    def remove(self, path: str) -> None:
        """Remove one file, and every folder above it that is empty then; a missing file is fine."""
        with suppress(FileNotFoundError):
            parent, name = self._parent(path)
            os.unlink(name, dir_fd=parent)
        above = path.rpartition("/")[0]
        with suppress(OSError):
            while above:
                parent, name = self._parent(above)
                os.rmdir(name, dir_fd=parent)
                above = above.rpartition("/")[0]
        self._forget()

    def remove_tree(self, path: str) -> None:
        """Remove an entry with all that is in it; links are removed, not followed. A missing one is fine.

        Folders further down are moved up first, so that a deep tree costs no more than a wide one.
        """
        while names := self.names(path) if self.kind(path) == "folder" else []:
            for name in names:
                here = f"{path}/{name}"
                inner = self.names(here) if self.kind(here) == "folder" else []
                for below in (f"{here}/{name}" for name in inner):
                    if self.kind(below) == "folder":
                        self.rename(below, f"{path}/{os.urandom(8).hex()}")
                    else:
                        self._remove_one(below)
                self._remove_one(here)
        self._remove_one(path)

    def _remove_one(self, path: str) -> None:
        kind = self.kind(path)
        if kind:
            parent, name = self._parent(path)
            (os.rmdir if kind == "folder" else os.unlink)(name, dir_fd=parent)
            self._forget()

    def kind(self, path: str) -> str:
        """`file`, `folder`, `link`, `other`, or "" when nothing is there."""
        try:
            parent, name = self._parent(path)
            mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return ""
        kinds = ((stat.S_ISREG, "file"), (stat.S_ISDIR, "folder"), (stat.S_ISLNK, "link"))
        return next((kind for test, kind in kinds if test(mode)), "other")

    def names(self, path: str = "") -> list[str]:
        """Names in a folder below, sorted; empty when there is no such folder."""
        try:
            return sorted(os.listdir(self._below(path)))  # noqa: PTH208  a path would follow links
        except (FileNotFoundError, NotADirectoryError):
            return []

    def files(self, path: str) -> Iterator[str]:
        """Paths of all entries below that are not folders, sorted; hidden ones are left out."""
        left = [path]
        while left:
            here = left.pop()
            if here == path or self.kind(here) == "folder":
                names = (name for name in reversed(self.names(here)) if not name.startswith("."))
                left += [f"{here}/{name}" for name in names]
            else:
                yield here

    def strangers(self, path: str, known: Collection[str]) -> Iterator[str]:
        """What stands below without being among the known files, hidden entries as well, sorted.

        A folder that leads to none of them is named as a whole, with a `/`; one that holds nothing is left out.
        """
        leading = {known_path[:end] for known_path in known for end, char in enumerate(known_path) if char == "/"}
        left = [path]
        while left:
            here = left.pop()
            kind = self.kind(here)
            if kind == "folder" and (here == path or here in leading):
                left += [f"{here}/{name}" for name in reversed(self.names(here))]
            elif kind == "folder" and self._holds_something(here):
                yield f"{here}/"
            elif kind not in ("", "folder") and here not in known:
                yield here

    def _holds_something(self, path: str) -> bool:
        """Is there anything but folders below, or so many of them that nobody put them there for nothing?"""
        left = [path]
        while left:
            here = left.pop()
            if self.kind(here) != "folder" or here.count("/") > _DEEPEST:
                return True
            left += [f"{here}/{name}" for name in self.names(here)]
        return False

    def flush(self, path: str = "") -> None:
        """Have the names in a folder below stored on the disk."""
        os.fsync(self._below(path))

    def _parent(self, path: str, create: bool = False) -> tuple[int, str]:
        above, _, name = path.rpartition("/")
        return self._below(above, create), name

    def _below(self, path: str, create: bool = False) -> int:
        """The descriptor of a folder below, kept open until another one is asked for."""
        if self._kept[0] == path:
            return self._kept[1]
        self._forget()
        if not path:
            return self._descriptor
        descriptor, reached = self._descriptor, ""
        for step in path.split("/"):
            reached = f"{reached}/{step}" if reached else step
            descriptor = self._closing(descriptor, step, reached, create)
        self._kept = (path, descriptor)
        return descriptor

    def _closing(self, parent: int, name: str, path: str, create: bool) -> int:
        try:
            return self.step(parent, name, path, create)
        finally:
            if parent != self._descriptor:
                os.close(parent)

    def _forget(self) -> None:
        kept, self._kept = self._kept[1], ("", self._descriptor)
        if kept != self._descriptor:
            os.close(kept)

    def step(self, parent: int, name: str, path: str, create: bool) -> int:
        """The descriptor of a folder in an open one, which is made when it is not there and `create` is set."""
        try:
            return self._open(path, name, _OPEN_FOLDER, parent)
        except FileNotFoundError:
            if not create:
                raise
            os.mkdir(name, 0o755, dir_fd=parent)
            return self._open(path, name, _OPEN_FOLDER, parent)

    def _open(self, path: str, name: str, flags: int, parent: int) -> int:
        try:
            return os.open(name, flags, dir_fd=parent)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR) and _link(name, parent):
                raise LinkError(str(self.path / path)) from None
            raise


def open_folder(path: Path, anchor: Path, create: bool = False) -> Folder:
    """The folder `path`, reached from `anchor` (an absolute path without links) step by step, following no link.

    Raises LinkError, FileNotFoundError (unless `create`), NotADirectoryError, ValueError when it is not below.
    """
    steps = path.relative_to(anchor).parts
    descriptor, reached = os.open(anchor, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), anchor
    for step in steps:
        with Folder(descriptor, reached) as folder:
            descriptor = folder.step(descriptor, step, step, create)
        reached /= step
    return Folder(descriptor, path)


def _link(name: str, parent: int) -> bool:
    return stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
