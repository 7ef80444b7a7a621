"""A commit's tree: which of its files could be ours, where its links lead, what is in them.

Nothing in a tree is taken at its word: its names come from whoever made it and end up as names of files.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from graymesh.did_you_mean import quoted
from graymesh.diff.git import PARTIAL, Git, refused
from graymesh.language.project import LIMIT_BYTES

LINK: Final = "120000"
SUBMODULE: Final = "160000"
_KEPT: Final = re.compile(r"\.ya?ml\Z|(?:\A|/)\.graymesh(?:\.json\Z|/)")
"""Specs, and by what output folders are known."""
_MOST_FILES: Final = 500_000
_MOST_LINKS: Final = 40  # one after the other, as the system itself follows them


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """`mode` is git's: a regular file, a link or a submodule; `object` is the name of what is in it."""

    mode: str
    object: str


@dataclass(frozen=True, slots=True)
class CommitTree:
    """The tree of the commit that is called `name`: YAML files, links and submodules by their paths from the top."""

    git: Git
    name: str
    entries: Mapping[str, TreeEntry]

    def followed(self, path: str) -> str:
        """Where a path leads through the links of the tree. Raises Refused when that is out of it or in a submodule."""
        for _ in range(_MOST_LINKS):
            start = next((each for each in _beginnings(path) if self._mode(each) in (LINK, SUBMODULE)), None)
            if start is None:
                return path
            if self._mode(start) == SUBMODULE:
                message = f"{quoted(start)} is a submodule at {self.name}, with its own history"
                raise refused(message, f"compare it by itself: cd {quoted(start)}")
            reached = led(start, self.target(start), "")
            if reached is None:
                message = f"{quoted(start)} is a symbolic link at {self.name} and leads out of the repository"
                raise refused(message, "compare two folders instead: graymesh diff OLD NEW")
            path = f"{reached}{path.removeprefix(start)}".strip("/")
        raise refused(f"{quoted(path)} is a symbolic link at {self.name} that leads nowhere", "name another path")

    def target(self, path: str) -> str:
        """What a link says."""
        (content,) = self.contents([path])
        return os.fsdecode(content)

    def contents(self, paths: Sequence[str]) -> Iterator[bytes]:
        """What is in files and links, each cut behind what the loader takes. Raises Refused for what is missing."""
        if not paths:
            return
        objects = [self.entries[path].object.encode() for path in paths]
        with self.git.reading("cat-file", "--batch", given=b"".join(b"%b\n" % each for each in objects)) as answer:
            for path, expected in zip(paths, objects, strict=True):
                head = answer.readline().split()
                if not head:
                    raise EOFError
                if head[:2] != [expected, b"blob"]:
                    message = f"git lacks {quoted(path)} of {self.name} (object {expected.decode()})"
                    raise refused(message, f"see what git fsck says; perhaps {PARTIAL}")
                yield _content(answer, int(head[2]))

    def _mode(self, path: str) -> str:
        return self.entries[path].mode if path in self.entries else ""


def tree_of(git: Git, commit: str, name: str) -> CommitTree:
    """The tree of a commit. Raises Refused when git lacks a part of it, and for names that no work tree could hold."""
    entries: dict[str, TreeEntry] = {}
    for line in git.entries("ls-tree", "-r", "-z", "--full-tree", commit):
        about, _, raw = line.partition(b"\t")
        mode, _, object_ = about.decode().split()
        path = os.fsdecode(raw)
        if mode not in (LINK, SUBMODULE) and not _KEPT.search(path):
            continue
        if path in entries or any(step in ("", ".", "..") or step.lower() == ".git" for step in path.split("/")):
            raise refused(f"{name} holds {quoted(path)}, which no work tree can hold", "see what git fsck says")
        entries[path] = TreeEntry(mode, object_)
        if len(entries) > _MOST_FILES:
            raise refused(f"{name} holds more than {_MOST_FILES:,} YAML files and links", "compare two folders instead")
    return CommitTree(git, name, entries)


def led(link: str, target: str, root: str) -> str | None:
    """The path that a link leads to; None when it is not below `root`, or goes up from behind a name.

    A name may be a link, and what is above that is elsewhere: only steps up from the link itself are what they seem.
    """
    steps = [step for step in target.split("/") if step not in ("", ".")]
    folders = link.split("/")[:-1]
    up = next((number for number, step in enumerate(steps) if step != ".."), len(steps))
    if not target or target.startswith("/") or "\0" in target or ".." in steps[up:] or up > len(folders):
        return None
    reached = "/".join([*folders[: len(folders) - up], *steps[up:]])
    return reached if not root or reached == root or reached.startswith(f"{root}/") else None


def _beginnings(path: str) -> Iterator[str]:
    """`a`, `a/b`, `a/b/c`."""
    steps = path.split("/")
    return ("/".join(steps[: number + 1]) for number in range(len(steps)))


def _content(answer: io.BufferedReader, size: int) -> bytes:
    """The next object of the answer; what is too much is passed over, as is the line end behind it."""
    data = answer.read(min(size, LIMIT_BYTES + 1))
    left = size - len(data) + 1
    while left:
        passed = len(answer.read(min(left, 1 << 20)))
        if not passed:
            raise EOFError
        left -= passed
    return data
