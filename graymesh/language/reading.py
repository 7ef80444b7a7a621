# ruff: noqa: PTH109, PTH112, PTH116, PTH118, PTH119, PTH120, PTH122, PTH123
# importing pathlib would cost linting one file a good part of its time
"""Opens files that somebody else may have put there: regular files inside a root, whatever links say.

The root is the project's folder; without a project it is the folder that is named, or the one in which a named file
lies. A link is followed as long as it stays inside of the root and out of `.git`; anything else is refused, and so are
pipes, devices, sockets and the files of /proc and /sys. Folders on the command line are taken where they really are,
but one below the working folder must lie there, too. Only descriptors of this process (`/dev/stdin`, `/dev/fd/63`) are
read as they are: nobody but its caller can have set them up.

The way is walked step by step from an open folder, a link's text is read and never followed, and what was opened is
looked at once more: whatever is swapped meanwhile, nothing outside is read. Imports next to nothing.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import NoReturn

from graymesh.language.discovery import discovered

_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_MOST_OF_A_PIPE = 64 * 1024 * 1024 + 1  # as much as is read of any file, and a byte that tells of more
_MOST_LINKS = 40  # as many as Linux follows on one path
_MADE_UP = ("/proc", "/sys")  # what stands there is no file: it tells about the machine and its processes
_MEND = "put a file there"
_KINDS = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotReadError(OSError):
    """A file that is not read, whatever it holds; `help` says what to do instead."""

    def __init__(self, path: str, why: str, help: str = "") -> None:
        super().__init__(errno.EACCES, why, path)
        self.help = help


def read(path: str, root: str, limit: int) -> bytes:
    """At most `limit` + 1 bytes of a file below `root`, which is absolute and free of links.

    Raises NotReadError for what is no regular file inside of it, OSError for what cannot be opened.
    """
    own = descriptor(path)
    if own is not None:
        return _of_this_process(own, path, limit)
    with reached(path, root) as (folder, name):
        opened = open_file(folder, name, path)
    with open(opened, "rb") as file:
        return file.read(limit + 1)


def read_named(path: str, limit: int) -> bytes:
    """The same of a file that the command line names."""
    return read(*place(path), limit)


def place(path: str) -> tuple[str, str]:
    """A file that the command line names: its path, with a folder that is free of links, and the root for it."""
    if descriptor(path) is not None:
        return path, "/"
    folder = settled(os.path.dirname(path))
    project = discovered(folder)[0]
    return os.path.join(folder, os.path.basename(path)), os.path.dirname(project) if project else folder


def settled(folder: str) -> str:
    """Where a folder that the command line names really is.

    Raises NotReadError when it is named as one below the working folder and lies elsewhere.
    """
    here = os.getcwd()
    named = os.path.join(here, folder)
    found = os.path.realpath(named)
    if inside(os.path.normpath(named), here) and not inside(found, here):
        why = "a link on this path leads out of the working folder, so nothing is read there"
        raise NotReadError(folder, why, f"name the folder itself: {found}")
    return found


def inside(path: str, folder: str) -> bool:
    """Is the path that of the folder, or of something in it? Both are compared as text."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def something(path: str | os.PathLike[str]) -> bool:
    """Is there anything but a folder? A link to nothing is nothing; what must not be read is something."""
    try:
        return not stat.S_ISDIR(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def descriptor(path: str) -> int | None:
    """The descriptor of this process that a path names, as shells do for `<(command)`."""
    if path == "/dev/stdin":
        return 0
    folder, _, number = path.rpartition("/")
    own = folder in ("/dev/fd", "/proc/self/fd") and number.isascii() and number.isdecimal() and len(number) < 10
    return int(number) if own else None


@contextmanager
def reached(path: str, root: str, last: bool = True) -> Iterator[tuple[int, str]]:
    """The folder, open, in which the file at `path` really lies below `root`, and the file's name in it.

    Unless `last` is set, a link in the last place is left alone. Raises NotReadError for a link that leads out.
    """
    try:
        folder, name = _walked(path, root, last)
    except OSError as error:
        if isinstance(error, NotReadError):
            raise
        raise OSError(error.errno, error.strerror, path) from None
    try:
        yield folder, name
    finally:
        os.close(folder)


def open_file(folder: int, name: str, path: str) -> int:
    """A descriptor of the regular file of that name in an open folder; `path` is for messages."""
    _regular(os.stat(name, dir_fd=folder, follow_symlinks=False), path)  # some devices act when they are opened
    try:
        opened = os.open(name, _FILE, dir_fd=folder)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None
    try:
        _regular(os.fstat(opened), path)
    except BaseException:
        os.close(opened)
        raise
    return opened


def kind_of(mode: int) -> str:
    """What a file is, in words."""
    return next((kind for test, kind in _KINDS if test(mode)), "a file")


def _walked(path: str, root: str, last: bool) -> tuple[int, str]:
    held, links = [_open_root(root)], 0
    left = _steps(path[len(root.rstrip("/")) :]) if inside(path, root) else []
    try:
        while left:
            step = left.pop()
            link = _link(held[-1], step) if last or left else None
            if link is not None:
                links += 1
                if links > _MOST_LINKS:
                    raise NotReadError(path, "its links lead in a circle", _MEND)
                if link.startswith("/"):
                    link = _below(link, root, path)
                    _close(held, 1)
                left += _steps(link)
            elif step == "..":
                if len(held) == 1:
                    _refuse_way_out(path, root)
                _close(held, len(held) - 1)
            elif links and step.casefold() == ".git":
                raise NotReadError(path, "a link leads into .git here, so it is not read", _MEND)
            elif left:
                held.append(os.open(step, _FOLDER, dir_fd=held[-1]))
            else:
                if links and _ending(step) != _ending(path):
                    raise NotReadError(path, "this is a link to a file with another ending, so it is not read", _MEND)
                return held.pop(), step
    finally:
        _close(held, 0)
    raise IsADirectoryError(errno.EISDIR, "this is a folder, not a file", path)


def _ending(path: str) -> str:
    """Links must not make other files look like ours: `r.yaml` that is a link to `.npmrc`, say."""
    ending = os.path.splitext(path)[1]
    return ".yaml" if ending == ".yml" else ending


def _steps(path: str) -> list[str]:
    """The steps of a path, the first of them last."""
    return [step for step in reversed(path.split("/")) if step not in ("", ".")]


def _link(folder: int, name: str) -> str | None:
    """Where a link leads, None for what is no link."""
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return None
        raise


def _below(link: str, root: str, path: str) -> str:
    """The way from the root to where an absolute link leads."""
    if not inside(link, root):
        _refuse_way_out(path, root)
    return link[len(root.rstrip("/")) :]


def _refuse_way_out(path: str, root: str) -> NoReturn:
    where = os.path.relpath(root)
    why = f"a link leads out of {'the working folder' if where == '.' else where} here, so it is not read"
    raise NotReadError(path, why, _MEND)


def _open_root(root: str) -> int:
    """The root's descriptor, reached from the working folder when it is below, without following a link."""
    here = os.getcwd()
    start = here if inside(root, here) else "/"
    folder = os.open("." if start == here else "/", _FOLDER)
    for step in reversed(_steps(root[len(start.rstrip("/")) :])):
        above = folder
        try:
            folder = os.open(step, _FOLDER, dir_fd=above)
        finally:
            os.close(above)
    return folder


def _close(held: list[int], kept: int) -> None:
    while len(held) > kept:
        os.close(held.pop())


def _regular(found: os.stat_result, path: str) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "this is a folder, not a file", path)
    if not stat.S_ISREG(found.st_mode):
        raise NotReadError(path, f"this is {kind_of(found.st_mode)}, not a file, so it is not read", _MEND)
    if found.st_dev in _made_up():
        raise NotReadError(path, "this is a view of the running system, not a file, so it is not read", "name a file")


@cache
def _made_up() -> frozenset[int]:
    """The devices of the file systems that hold no files."""
    return frozenset(_device(folder) for folder in _MADE_UP if os.path.isdir(folder)) - {_device("/")}


def _device(folder: str) -> int:
    return os.stat(folder).st_dev


def _of_this_process(number: int, path: str, limit: int) -> bytes:
    """What a descriptor gives: a file from its start, a pipe all it has, which may be asked for more than once."""
    try:
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode):
            return _drained(number, found.st_dev, found.st_ino)[: limit + 1]
        with open(os.dup(number), "rb") as file:
            file.seek(0)
            return file.read(limit + 1)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None


@lru_cache(maxsize=4)
def _drained(number: int, device: int, inode: int) -> bytes:
    """All that comes out of one pipe; device and inode say which it is."""
    with open(os.dup(number), "rb") as file:
        return file.read(_MOST_OF_A_PIPE)
