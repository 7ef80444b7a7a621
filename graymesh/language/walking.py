"""Files below a folder by patterns: one walk for all of them, which no tree and no pattern can make long.

A pattern's steps are split by `/`: `**` stands for any folders, none included; within a step `*` stands for any
characters and `?` for one. Wildcards do not enter linked folders, hidden ones and `node_modules`, and mean no hidden
files; a step that is written out is taken as it is. All positions in a pattern that a folder may stand at are followed
side by side, as in an NFA, so that nothing is tried twice.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from fnmatch import translate
from typing import Final, NamedTuple, TypeAlias

from graymesh.language.reading import something

MOST_COMPARISONS: Final = 2_000_000
"""Of an entry's name with a step of a pattern; some seconds."""

DEEPEST: Final = 64
"""Folders within folders."""

Enter: TypeAlias = Callable[[str], bool]
"""Is this folder, by its path, to be looked into?"""


class TooMuchError(ValueError):
    """The tree is deeper or larger than what is looked at; says so in words."""


def files_below(root: str, patterns: Sequence[str], enter: Enter = lambda _: True) -> list[list[str]]:
    """For each pattern what it matches but folders, as sorted paths below the root, which is not part of them.

    Whether something is a file that may be read is for the reader to say.

    Raises TooMuchError. Folders that cannot be read are passed over.
    """
    matched: list[set[str]] = [set() for _ in patterns]
    walk = _Walk(tuple(tuple(_steps(pattern)) for pattern in patterns), enter)
    for path, number in walk.files(root):
        matched[number].add(path)
    return [sorted(each) for each in matched]


class _Step(NamedTuple):
    """One step of a pattern: any folders; a regular expression; or, when it has no wildcard, the name itself."""

    text: str
    regex: re.Pattern[str] | None

    @property
    def any_folders(self) -> bool:
        return self.text == "**"

    def takes(self, name: str) -> bool:
        return self.regex.match(name) is not None if self.regex else name == self.text

    def means(self, name: str) -> bool:
        """As in shells, no wildcard stands for a hidden file."""
        return self.takes(name) and not (self.regex and name.startswith("."))


def _steps(pattern: str) -> Iterator[_Step]:
    """The steps; `**/**` says no more than `**`, and a last `**` means files, like `*`."""
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    if parts and parts[-1] == "**":
        parts.append("*")
    for index, part in enumerate(parts):
        if part != "**":
            yield _Step(part, re.compile(translate(part)) if {"*", "?"} & set(part) else None)
        elif parts[index - 1 : index] != ["**"]:
            yield _Step(part, None)


_Places: TypeAlias = frozenset[tuple[int, int]]
"""Where a folder stands: numbers of patterns, each with the number of the step that its entries are compared with."""


class _Walk:
    def __init__(self, patterns: Sequence[Sequence[_Step]], enter: Enter) -> None:
        self._patterns, self._enter = patterns, enter
        self._left = MOST_COMPARISONS

    def files(self, root: str) -> Iterator[tuple[str, int]]:
        """Each file that a pattern matches with the pattern's number."""
        start = frozenset(place for number in range(len(self._patterns)) for place in self._closed(number, 0))
        waiting: list[tuple[str, int, _Places]] = [("", 0, start)]
        while waiting:
            folder, depth, places = waiting.pop()
            for entry in _entries(f"{root}/{folder}"):
                self._left -= len(places)
                if self._left < 0:
                    raise TooMuchError("there is too much to search")
                path = f"{folder}/{entry.name}" if folder else entry.name
                yield from ((path, number) for number in self._ending(entry, places))
                below = self._below(entry, places)
                if below and self._enter(entry.path):
                    if depth == DEEPEST:
                        raise TooMuchError(f"folders are nested deeper than {DEEPEST} levels")
                    waiting.append((path, depth + 1, below))

    def _ending(self, entry: os.DirEntry[str], places: _Places) -> set[int]:
        """The patterns whose last step means the entry, unless it is a folder or a link to nothing."""
        last = {number for number, at in places if at == len(self._patterns[number]) - 1}
        last = {number for number in last if self._patterns[number][-1].means(entry.name)}
        return last if last and something(entry) else set()

    def _below(self, entry: os.DirEntry[str], places: _Places) -> _Places:
        """Where the entry stands as a folder."""
        if not _is_folder(entry):
            return frozenset()
        wild = not (entry.is_symlink() or entry.name.startswith(".") or entry.name == "node_modules")
        return frozenset(place for number, at in places for place in self._after(number, at, entry.name, wild))

    def _after(self, number: int, at: int, name: str, wild: bool) -> Iterator[tuple[int, int]]:
        step = self._patterns[number][at]
        if step.any_folders:
            if wild:
                yield from self._closed(number, at)
        elif at + 1 < len(self._patterns[number]) and (wild or step.regex is None) and step.takes(name):
            yield from self._closed(number, at + 1)

    def _closed(self, number: int, at: int) -> Iterator[tuple[int, int]]:
        """The place itself and, since `**` may stand for nothing, the one after it."""
        yield number, at
        if self._patterns[number][at].any_folders:
            yield number, at + 1


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
