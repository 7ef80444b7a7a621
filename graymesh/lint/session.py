# ruff: noqa: PTH113, PTH119, PTH120
# importing pathlib would cost a good part of linting a file that has not changed
"""What is wrong at the paths that somebody names: finds the releases there, remembers what it found, looks for changes.

Imports next to nothing until a file has to be looked at.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

from graymesh.language.discovery import NAME, discovered

if TYPE_CHECKING:
    from pathlib import Path

    from graymesh.diagnostic import Diagnostic
    from graymesh.language.case import Progress
    from graymesh.language.project import Project
    from graymesh.lint.fix import Fixed
    from graymesh.lint.memory import Memory

STDIN = "<stdin>"


class RuleChoice(NamedTuple):
    """Codes to look for and to leave out, as `graymesh.lint.engine.run` takes them; whether to skip other YAML."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    skip_other: bool = False

    def takes(self, code: str) -> bool:
        """Is this a code to look for?"""
        return code.startswith(self.select or "GM") and not (self.ignore and code.startswith(self.ignore))


class Linting:
    """One run over several paths. `texts` are those it has read, `files` all it knows the findings of, as shown."""

    def __init__(self, choice: RuleChoice, remembers: bool, log: Callable[[str], None], progress: Progress) -> None:
        self.texts: dict[str, str] = {}
        self.files: set[str] = set()
        self._choice, self._remembers, self._log, self._progress = choice, remembers, log, progress
        self._memory: Memory | None = None
        self._folders: dict[str, str | None] = {}
        self._reader: Callable[[Path], Project] | None = None

    def at(self, path: str) -> list[Diagnostic]:
        """What is found at one path; a single file that has not changed is not looked at again."""
        if path == "-" or not os.path.isfile(path) or os.path.basename(path) == NAME:
            return self.look(path)
        if not self._remembers:
            return self.look_at_file(path)
        from graymesh.lint.memory import Memory

        self._memory = self._memory or Memory(self._choice)
        remembered = self._memory.of(path, self._project_file(os.path.dirname(path)))
        known = remembered.recall()
        if known is None:
            known = self.look_at_file(path)
            remembered.keep(known)
        self.files.add(os.path.relpath(path))
        return known

    def look_at_file(self, path: str) -> list[Diagnostic]:
        """What is found in a file; nothing in one that is no release, when such files are to be passed over."""
        if self._choice.skip_other:
            from pathlib import Path

            from graymesh.language.project import concerns_us

            if not concerns_us(Path(path), self._read_project()):
                return []
        return self.look(path)

    def look(self, path: str) -> list[Diagnostic]:
        """What is found at a path, whatever is remembered of it."""
        from graymesh.language.case import load_cases
        from graymesh.lint import engine

        if path == "-":
            return self._look_at_stdin()
        cases, problems = [], []
        for project in self._projects(path):
            if project.ignored:
                self._log(f"{project.ignored} belongs to another user and was not read")
            loaded, found = load_cases(project, (), self._progress)
            cases += loaded
            problems += found
            self.files |= {os.path.relpath(release) for release in project.releases}
        self.texts |= {case.source.file: case.source.text for case in cases}
        return [*problems, *engine.run(cases, self._choice.select, self._choice.ignore)]

    def mend(self, file: str) -> tuple[str, Fixed]:
        """A file's text, or that of standard input, and what becomes of it by all that can be mended."""

        from graymesh.language import reading
        from graymesh.language.project import LIMIT_BYTES, here
        from graymesh.lint.fix import fixed

        if file == STDIN:
            text, project = self.texts[STDIN], here()
            return text, fixed(text, partial(self._looked_at, file, project))
        text = reading.read_named(file, LIMIT_BYTES).decode("utf-8").removeprefix("\ufeff")
        project = next(iter(self._projects(file)))
        return text, fixed(text, partial(self._looked_at, file, project))

    def _looked_at(self, file: str, project: Project, text: str) -> list[Diagnostic]:
        from graymesh.diagnostic import Refused
        from graymesh.language.case import case_of
        from graymesh.lint import engine
        from graymesh.source import load

        try:
            case, problems = case_of(load(text, file), project)
        except Refused as refused:
            return list(refused.diagnostics)
        return [*problems, *engine.run([case] if case else [], self._choice.select, self._choice.ignore)]

    def _look_at_stdin(self) -> list[Diagnostic]:
        from graymesh.language.case import case_of
        from graymesh.language.project import LIMIT_BYTES, here
        from graymesh.lint import engine
        from graymesh.source import load

        source = load(sys.stdin.buffer.read(LIMIT_BYTES + 1), STDIN)
        self.texts[STDIN] = source.text
        case, problems = case_of(source, here())
        return [*problems, *engine.run([case] if case else [], self._choice.select, self._choice.ignore)]

    def _projects(self, path: str) -> list[Project]:
        from pathlib import Path

        from graymesh.language.project import find_each

        single = os.path.isfile(path) and os.path.basename(path) != NAME
        return list(find_each(Path(path), self._read_project() if single else None))

    def _read_project(self) -> Callable[[Path], Project]:
        """Reads each project once. One file says nothing about patterns that others do not match."""
        if self._reader is None:
            from graymesh.language.project import read

            self._reader = cache(partial(read, complete=False))
        return self._reader

    def _project_file(self, folder: str) -> str | None:
        if folder not in self._folders:
            self._folders[folder] = discovered(os.path.realpath(folder or "."))[0]
        return self._folders[folder]
