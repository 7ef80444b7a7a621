"""Doing something again whenever a project's files change."""

from __future__ import annotations

import gc
import os
import select
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from graymesh.language.discovery import discovered
from graymesh.language.project import is_output

EVERY_SECONDS: Final = 0.5
"""Files are asked, not awaited: that works on every file system, in containers and over networks."""
SETTLED_SECONDS: Final = 0.1
"""A change counts when nothing else has changed for so long."""

Seen: TypeAlias = Mapping[str, tuple[int, int, int]]
"""Path → time of the last change in nanoseconds, size in bytes, inode."""


def heard(seconds: float) -> None:
    """Sleeps. Raises BrokenPipeError as soon as nobody is there any more to read what is printed."""
    mode = os.fstat(sys.stdout.fileno()).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        time.sleep(seconds)
        return
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)  # that the other end is closed is told without being asked for
    if poll.poll(seconds * 1000):
        raise BrokenPipeError


def watch(path: Path, once: Callable[[], None], sleep: Callable[[float], None] = heard) -> None:
    """Calls `once`, and again after every change of a YAML file of the project at `path`, until one of both raises.

    What changes while `once` is at work is noticed afterwards.
    """
    root = _root(path)
    before: Seen | None = None
    while True:
        now = dict(_seen(root))
        if now != before and (before is None or _settled(root, now, sleep)):
            once()
            gc.collect()  # switched off for short runs; this one is long
            before = now
        elif now == before:
            sleep(EVERY_SECONDS)


def _settled(root: str, now: Seen, sleep: Callable[[float], None]) -> bool:
    """Is everything as it was a moment ago? An editor may be at work on a file, or git on several."""
    sleep(SETTLED_SECONDS)
    return dict(_seen(root)) == now


def _root(path: Path) -> str:
    """The project's folder, or the one that would be taken for it."""
    folder = os.path.realpath(path if path.is_dir() else path.parent)
    file, _ = discovered(folder)
    return str(Path(file).parent) if file else folder


def _seen(folder: str) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """Every YAML file below; hidden folders and those that graymesh writes to are left out."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:  # gone meanwhile
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if not _passed_over(entry):
                yield from _seen(entry.path)
        elif entry.name.endswith((".yaml", ".yml")):
            try:
                found = entry.stat()
            except OSError:
                continue
            yield entry.path, (found.st_mtime_ns, found.st_size, found.st_ino)


def _passed_over(folder: os.DirEntry[str]) -> bool:
    return folder.name.startswith(".") or folder.name == "node_modules" or is_output(folder.path)
