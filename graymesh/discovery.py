# ruff: noqa: PTH110, PTH113, PTH116, PTH118, PTH120
# importing pathlib would cost more than all that is done here
"""Finds the project file that a folder belongs to. Imports nothing, so that asking costs nothing."""

from __future__ import annotations

import os

NAME = "graymesh.yaml"


def discovered(folder: str) -> tuple[str | None, str | None]:
    """The project file of a folder or the nearest one above it within the repository, and one that was passed over.

    A file of another user is not read: on a shared machine anybody can put one into a common parent folder.
    """
    trusted = {os.geteuid(), os.stat(folder).st_uid}
    while True:
        file = os.path.join(folder, NAME)
        if os.path.isfile(file):
            return (file, None) if os.stat(file).st_uid in trusted else (None, file)
        above = os.path.dirname(folder)
        if above == folder or os.path.exists(os.path.join(folder, ".git")):
            return None, None
        folder = above
