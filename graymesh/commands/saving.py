# ruff: noqa: PTH105, PTH108, PTH110, PTH113, PTH116, PTH118, PTH123
# importing pathlib would cost linting one file a good part of its time
"""Writes a file of findings: whole or not at all."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


def replace(path: str, text: str) -> None:
    """Put the text, as UTF-8, where the path leads; a pipe or a device is written to as it is.

    Raises OSError with that path when it cannot be written; what stood there is untouched then.
    """
    data = text.encode("utf-8", "backslashreplace")
    try:
        _replace(os.path.realpath(path), data)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None


def _replace(path: str, data: bytes) -> None:
    if os.path.exists(path) and not os.path.isfile(path):
        with open(os.open(path, os.O_WRONLY | os.O_CLOEXEC), "wb") as device:
            device.write(data)
        return
    folder, name = os.path.split(path)
    scratch = os.path.join(folder, f".{name[:200]}.{os.getpid()}.tmp")
    try:
        with open(os.open(scratch, _NEW, _mode(path)), "wb") as file:
            file.write(data)
        os.replace(scratch, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(scratch)
        raise


def _mode(path: str) -> int:
    """Who may read a file that stood there may read the new one."""
    with suppress(OSError):
        return stat.S_IMODE(os.stat(path).st_mode)
    return 0o666
