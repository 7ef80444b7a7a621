# ruff: noqa: PTH109, PTH110, PTH118, PTH120, PTH206
# names are compared as text: a finding's file need not be there
"""Places for CI services: file names from the root of the repository, and marks that stay when lines move."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

from graymesh.diagnostic import Diagnostic


class RepositoryPlaces:
    """The repository that the working folder is in; without one, the working folder itself."""

    def __init__(self) -> None:
        self._here = os.getcwd()
        self._root = _root(self._here)

    def name(self, file: str) -> str:
        """The file from the repository's root, with `/`; absolute when it lies outside."""
        path = os.path.normpath(os.path.join(self._here, file))
        below = os.path.relpath(path, self._root)
        return path if below.split(os.sep)[0] == os.pardir else below.replace(os.sep, "/")

    def fingerprints(self, found: Sequence[Diagnostic], sources: Mapping[str, str]) -> Iterator[str]:
        """A mark for each finding: 32 hex digits that stay when lines are moved or indented anew, each only once.

        Made of the code, the file, the message and the line it is about; equal ones are numbered.
        """
        seen: Counter[bytes] = Counter()
        lines: dict[str, list[str]] = {}
        for each in found:
            if each.file not in lines:
                lines[each.file] = sources.get(each.file, "").split("\n")
            known = lines[each.file][each.span.line - 1 : each.span.line]
            parts = (each.code, self.name(each.file), each.message, "".join("".join(known).split()))
            mark = b"\0".join(part.encode("utf-8", "surrogatepass") for part in parts)
            seen[mark] += 1
            yield sha256(b"%b\0%d" % (mark, seen[mark])).hexdigest()[:32]


def _root(here: str) -> str:
    folder = here
    while not os.path.exists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return here
        folder = above
    return folder
