"""What is compared: the releases at a path, now or at a revision, each side with what it is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from graymesh.diagnostic import Diagnostic, Refused
from graymesh.language.case import Case, Progress, below, case_of
from graymesh.language.project import Project, find_each, read_release, shown
from graymesh.source import load


@dataclass(frozen=True, kw_only=True)
class SideProject:
    """One project: its releases, and the folder that its output has, relative to the side's root."""

    cases: tuple[Case, ...]
    output: str


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One side: `name` says which, `parts` are its projects, `problems` say what of it could not be read."""

    name: str
    parts: tuple[SideProject, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def releases(self) -> Mapping[str, Case]:
        """All releases by their keys; the first of several."""
        found: dict[str, Case] = {}
        for part in self.parts:
            for case in part.cases:
                found.setdefault(case.release.key, case)
        return found

    @property
    def doubled(self) -> Sequence[str]:
        """Keys that several releases have."""
        keys = [case.release.key for part in self.parts for case in part.cases]
        return sorted({key for key in keys if keys.count(key) > 1})

    def only(self, keys: frozenset[str]) -> Compared:
        """The side with these releases alone."""
        parts = (replace(part, cases=tuple(c for c in part.cases if c.release.key in keys)) for part in self.parts)
        return replace(self, parts=tuple(part for part in parts if part.cases))


@dataclass(frozen=True)
class Root:
    """Where a side's files really stand, and how they are called: `base` in front of paths below `folder`."""

    folder: Path | None = None
    base: str = ""

    def shown(self, path: Path) -> str:
        """The path as the reader knows it."""
        if self.folder is not None and path.is_relative_to(self.folder):
            return printable(f"{self.base}{path.relative_to(self.folder).as_posix()}")
        return printable(shown(path))


def printable(name: str) -> str:
    """A file's name as text that can be written anywhere, whatever its bytes are."""
    return name.encode("utf-8", "backslashreplace").decode()


def side_of(path: Path, name: str, root: Root, targets: Sequence[str], progress: Progress) -> Compared:
    """The releases at a path; `targets` stand in where a release names none.

    Raises OSError; Refused with `usage` for whatever cannot be read.
    """
    try:
        projects = list(find_each(path))
        return Compared(name=name, parts=tuple(_parts(projects, root, targets, progress)))
    except Refused as refused:
        raise Refused(tuple(_renamed(found, root) for found in refused.diagnostics), usage=True) from None


def _parts(
    projects: Sequence[Project], root: Root, targets: Sequence[str], progress: Progress
) -> Iterator[SideProject]:
    folders = [project.root for project in projects]
    problems: list[Diagnostic] = []
    for project in projects:
        cases = []
        for number, file in enumerate(project.releases):
            progress("reading", number, len(project.releases))
            case, found = _case(file, project, root, targets)
            problems += [each for each in found if each.level == "error"]
            cases += [case] if case else []
        below = _relative(project.root, folders) if len(projects) > 1 else ""
        yield SideProject(cases=tuple(cases), output=f"{below}{_relative(project.output, [project.root])}")
    if problems:
        raise Refused(tuple(problems), usage=True)


def _case(file: Path, project: Project, root: Root, targets: Sequence[str]) -> tuple[Case | None, Sequence[Diagnostic]]:
    try:
        source = load(read_release(file, project), root.shown(file))
        return case_of(source, project, targets, below(project, file))
    except Refused as refused:
        return None, refused.diagnostics


def _relative(folder: Path, others: Sequence[Path]) -> str:
    """The folder below what the others have in common, with a slash; empty when it is that itself."""
    common = others[0]
    while not all(other.is_relative_to(common) for other in others):
        common = common.parent
    relative = folder.relative_to(common).as_posix()
    return "" if relative == "." else f"{relative}/"


def _renamed(found: Diagnostic, root: Root) -> Diagnostic:
    return replace(found, file=root.shown(Path(found.file).absolute())) if found.file else found
