# ruff: noqa: PTH109, PTH118, PTH119, PTH120, PTH123
# importing pathlib would cost linting one file a good part of its time
"""Writes single files: whole or not at all, and never through a link.

A new file is made beside the old one under a name that nobody can foresee, and takes its place. Folders below the
working folder may be links as long as they lead to others below it; a path that begins elsewhere is its caller's own.
The output folder of `compile`, a whole tree, has a writer of its own.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from graymesh.language import reading

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OTHER = os.O_WRONLY | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
_OWN = {"/dev/stdout": 1, "/dev/stderr": 2}
_READABLE = 0o666  # before the user's umask


class NotWrittenError(OSError):
    """What stands there must not be written to."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(errno.EACCES, why, path)


def replace(path: str, text: str) -> None:
    """Put the text, as UTF-8, where the command line says; a pipe or a device is written to as it is.

    Raises NotWrittenError for a link, and for a pipe or device below the working folder; OSError with that path for
    what cannot be written. What stood there is untouched then.
    """
    data = text.encode("utf-8", "backslashreplace")
    try:
        own = _OWN.get(path, reading.descriptor(path))
        if own is not None:
            _write(os.dup(own), data)
            return
        with _folder(path) as (folder, name, below):
            _put(folder, name, data, path, below)
    except NotWrittenError:
        raise
    except reading.NotReadError:
        why = "a link on the way leads out of the working folder, so nothing is written there"
        raise NotWrittenError(path, why) from None
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None


def rewrite(path: str, old: bytes, new: bytes) -> None:
    """Change a file that was read as one that the command line names; behind a link inside, the file itself.

    Raises OSError with that path, also when the file does not hold `old` any more; it is untouched then.
    """
    with reading.reached(*reading.place(path)) as (folder, name):
        opened = reading.open_file(folder, name, path)
        with open(opened, "rb") as file:
            mode, found = stat.S_IMODE(os.fstat(opened).st_mode), file.read(len(old) + 1)
        if found != old:
            raise OSError(0, "the file changed while graymesh was at work; nothing was written to it", path)
        try:
            _swap(folder, name, new, mode)
        except OSError as error:
            raise OSError(error.errno, error.strerror, path) from None


@contextmanager
def _folder(path: str) -> Iterator[tuple[int, str, bool]]:
    """The folder that a file is to stand in, open, the file's name, and whether that is below the working folder."""
    here = os.getcwd()
    named = os.path.normpath(os.path.join(here, path))
    below = reading.inside(named, here) and not path.startswith("/dev/")
    folder = here if below else os.path.realpath(os.path.dirname(named))
    full = named if below else os.path.join(folder, os.path.basename(named))
    with reading.reached(full, folder, last=False) as (opened, name):
        yield opened, name, below


def _put(folder: int, name: str, data: bytes, path: str, below: bool) -> None:
    try:
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        mode = 0
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if stat.S_ISLNK(mode):
        where = os.path.realpath(path)
        raise NotWrittenError(path, f"this is a link, and nothing is written through one: name {where} itself")
    if not mode or stat.S_ISREG(mode):
        _swap(folder, name, data, stat.S_IMODE(mode) if mode else None)
        return
    if below:
        raise NotWrittenError(path, f"this is {reading.kind_of(mode)}, not a file, so it is not written to")
    _write(os.open(name, _OTHER, dir_fd=folder), data)


def _swap(folder: int, name: str, data: bytes, mode: int | None) -> None:
    """Who may read a file that stood there may read the new one."""
    scratch = f".{os.urandom(8).hex()}.tmp"
    opened = os.open(scratch, _NEW, _READABLE if mode is None else 0o600, dir_fd=folder)
    try:
        if mode is not None:
            os.fchmod(opened, mode)
        _write(opened, data)
        os.replace(scratch, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(scratch, dir_fd=folder)
        raise


def _write(opened: int, data: bytes) -> None:
    with open(opened, "wb") as file:
        file.write(data)
