# ruff: noqa: PTH110, PTH112, PTH116, PTH118, PTH120
# importing pathlib would cost more than all that is done here
"""Finds the project file that a folder belongs to. Imports nothing, so that asking costs nothing."""

from __future__ import annotations

import os

NAME = "graymesh.yaml"


def discovered(folder: str) -> tuple[str | None, str | None]:
    """The project file of a folder or the nearest one above it within the repository, and one that was passed over.

    A file of another user is not read: on a shared machine anybody can put one into a common parent folder. What is
    no file at all is for the reader to refuse.
    """
    trusted = {os.geteuid(), os.stat(folder).st_uid}
    while True:
        file = os.path.join(folder, NAME)
        owner = _owner(file)
        if owner is not None:
            return (file, None) if owner in trusted else (None, file)
        above = os.path.dirname(folder)
        if above == folder or os.path.exists(os.path.join(folder, ".git")):
            return None, None
        folder = above


def _owner(file: str) -> int | None:
    """Whose file or link it is; None when there is nothing, or a folder."""
    try:
        found = os.lstat(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return None if os.path.isdir(file) else found.st_uid
