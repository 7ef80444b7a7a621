"""What a base only points at, a link or a submodule: could there have been a release, so that the answer lacks it?"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from graymesh.diff.revision import Revision, Unread
from graymesh.diff.sides import Compared
from graymesh.language.discovery import NAME
from graymesh.language.model import parse_project
from graymesh.language.project import read_limited
from graymesh.source import load
from graymesh.source.hidden import escaped


def missed(then: Revision, now: Compared | None) -> Iterator[str]:
    """A sentence about each thing that may have held a release; "no change" would be too much to say then."""
    files = [Path(case.source.file).absolute() for case in now.releases.values()] if now else []
    for each in then.unread:
        held = each.submodule and any(file.is_relative_to(each.there) for file in files)
        if (each.changed or held) and _may_hold_a_release(then.folder, each):
            yield told(then, each)


def told(then: Revision, unread: Unread) -> str:
    """What was not read, and why."""
    what = "a submodule" if unread.submodule else "a symbolic link out of its project"
    return f"{escaped(unread.path)} is {what} at {then.name} and was not read"


def _may_hold_a_release(folder: Path, unread: Unread) -> bool:
    """By the patterns of its project; without one, every YAML file is looked at, but no folder behind a link."""
    path, folder = PurePosixPath(unread.path), folder.resolve()
    for above in path.parents:
        file = folder / above / NAME
        if file.is_file():
            said, _ = parse_project(load(read_limited(file, folder), str(file)))
            below = path.relative_to(above).parts
            return said is None or any(_may_match(pattern, below) for pattern in said.releases)
    return unread.submodule or path.suffix in (".yaml", ".yml")


def _may_match(pattern: str, below: tuple[str, ...]) -> bool:
    """Does the pattern take this path, or could it take one below?"""
    steps = PurePosixPath(pattern).parts
    for number, step in enumerate(below):
        if number >= len(steps):
            return False
        if steps[number] == "**":
            return True
        if not fnmatchcase(step, steps[number]):
            return False
    return True
