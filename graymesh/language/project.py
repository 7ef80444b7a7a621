"""Which releases, which targets, where to: `graymesh.yaml`, or what can be taken for granted without one.

apiVersion: graymesh.io/v1alpha1
kind: Project
releases: [releases/*.yaml]   # files, relative to this one
output: rendered              # the folder that `compile` writes to
targets:                      # options that every release starts from, and the targets of releases that name none
  nginx: {listen: 8080}
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from graymesh.diagnostic import Diagnostic, Refused
from graymesh.language import reading
from graymesh.language.discovery import NAME, discovered
from graymesh.language.walking import DEEPEST, TooMuchError, files_below

if TYPE_CHECKING:
    from graymesh.source import Source

API_VERSION: Final = "graymesh.io/v1alpha1"
DEFAULT_OUTPUT: Final = "rendered"
LISTS: Final = ".graymesh"
JOURNAL: Final = ".graymesh.json"
"""What graymesh keeps in a folder that it writes to: a folder of lists, or a file while it is at work."""

LIMIT_BYTES: Final = 8 * 1024 * 1024
_SPEC = re.compile(rb"^[ \t]*[\"']?apiVersion[\"']?[ \t]*:[ \t]*[\"']?graymesh\.io/", re.MULTILINE)
_PROJECT = re.compile(rb"^[ \t]*[\"']?kind[\"']?[ \t]*:[ \t]*[\"']?Project\b", re.MULTILINE)
_ROLLOUT = re.compile(rb"^[ \t]*[\"']?kind[\"']?[ \t]*:[ \t]*[\"']?Rollout\b", re.MULTILINE)


Reader: TypeAlias = "Callable[[Path], Project]"
"""Reads a project file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """`root` is absolute and free of links; `releases` are absolute, sorted; `output` lies below the root.

    `file` is the project's own file, None when there is none; `ignored` is one that was found but belongs to another
    user. `targets` maps a target's name to the options that every release starts from.
    """

    root: Path
    releases: tuple[Path, ...]
    output: Path
    targets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    file: Path | None = None
    ignored: Path | None = None

    def holds(self, release: Path) -> bool:
        """Is this one of the releases?"""
        index = bisect_left(self.releases, release)
        return self.releases[index : index + 1] == (release,)

    def only(self, release: Path) -> Project:
        """The same project with this release alone."""
        return replace(self, releases=(release,))


def find(path: Path, reader: Reader | None = None) -> Project:
    """The project that a file or folder belongs to; without a project file, one made up for that file or folder.

    `reader` reads project files, `read` unless another is given.
    Raises FileNotFoundError, NotReadError; Refused with `usage` when no release is found, or for a bad project file.
    """
    if reading.descriptor(str(path)) is not None:
        return here().only(path)
    reader = reader or read
    path = path.absolute()
    folder = Path(reading.settled(str(path if path.is_dir() else path.parent)))
    if path.is_file() and path.name == NAME:
        return reader(folder / NAME)
    if not path.exists():
        raise FileNotFoundError(2, "there is no such file or folder", str(path))
    file, ignored = _discovered(folder)
    if file:
        project = reader(file)
        if path.is_dir() or project.holds(folder / path.name):
            return project
    if path.is_dir():
        return _loose(folder, tuple(_specs_below(folder)), ignored)
    return _loose(folder, (folder / path.name,), ignored)


def find_each(path: Path, reader: Reader | None = None) -> Iterator[Project]:
    """For reading commands: a file's project with that file alone, a folder's project, or all projects below it."""
    path = path.absolute()
    if not path.is_dir() and path.name != NAME:
        own = reading.descriptor(str(path)) is not None
        yield find(path, reader).only(path if own else Path(reading.settled(str(path.parent)), path.name))
        return
    folder = Path(reading.settled(str(path)))
    nested = [] if path.is_file() or _discovered(folder)[0] else sorted(_below(folder, NAME))
    if not nested:
        yield find(path, reader)
        return
    yield from map(reader or read, nested)
    roots = {file.parent for file in nested}
    loose = tuple(file for file in _specs_below(folder) if roots.isdisjoint(file.parents))
    if loose:
        yield _loose(folder, loose, None)


def here() -> Project:
    """The project of the working folder for a release that is in no file; without one, a project without targets."""
    folder = Path.cwd()
    file, ignored = _discovered(folder)
    return read(file) if file else Project(root=folder, releases=(), output=folder / DEFAULT_OUTPUT, ignored=ignored)


def read(file: Path, complete: bool = True) -> Project:
    """The project that a `graymesh.yaml` describes. Raises Refused with placed diagnostics.

    Unless the project is to be `complete`, a pattern that no file matches is passed over.
    """
    from graymesh.language.model import parse_project
    from graymesh.source import load

    source = load(read_limited(file, file.parent), shown(file))
    said, problems = parse_project(source)
    if said is None:
        raise Refused(tuple(problems))
    root, output = file.parent, file.parent / said.output
    releases = _matched(root, output, said.releases, source, complete)
    return Project(root=root, releases=releases, output=output, targets=said.targets, file=file)


def read_limited(file: Path, root: Path) -> bytes:
    """The bytes of a file below `root`, cut behind the size that the loader refuses. Raises OSError, NotReadError."""
    return reading.read(str(file), str(root), LIMIT_BYTES)


def read_release(file: Path, project: Project) -> bytes:
    """The same of a project's release. One that its own project does not name may be a link to another place there."""
    own = project.root if project.file else Path(reading.place(str(file))[1])
    return read_limited(file, own if project.root.is_relative_to(own) else project.root)


def shown(path: Path) -> str:
    """The path as a user in the working folder would type it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _discovered(folder: Path) -> tuple[Path | None, Path | None]:
    file, ignored = discovered(str(folder))
    return Path(file) if file else None, Path(ignored) if ignored else None


def _loose(folder: Path, releases: tuple[Path, ...], ignored: Path | None) -> Project:
    if not releases:
        what = f"no release found in {shown(folder)}: a release is a YAML file with `apiVersion: {API_VERSION}`"
        start = "start with `graymesh init`"
        raise Refused((Diagnostic(code="GM020", message=what, file=shown(folder), help=start),), usage=True)
    return Project(root=folder, releases=releases, output=folder / DEFAULT_OUTPUT, ignored=ignored)


def _specs_below(folder: Path) -> Iterator[Path]:
    files = _below(folder, "*.yaml", "*.yml")
    return (path for path in sorted(files) if path.name != NAME and looks_like_a_release(path, folder))


def concerns_us(path: Path, reader: Reader) -> bool:
    """Is this file a release, well written or not? One says so itself, or is named by its project."""
    text = reading.read_named(str(path), LIMIT_BYTES)
    if _SPEC.search(text):
        return not _PROJECT.search(text)
    folder = Path(reading.settled(str(path.parent)))
    file, _ = _discovered(folder)
    try:
        return file is not None and reader(file).holds(folder / path.name)
    except Refused:
        return False


def looks_like_a_release(path: Path, root: Path) -> bool:
    """Do the file's words say that it holds a release, whatever else is wrong with it?"""
    text = read_limited(path, root)
    return bool(_SPEC.search(text) and _ROLLOUT.search(text))


def _below(folder: Path, *names: str) -> list[Path]:
    """Files below by patterns of their names; hidden folders, dependencies and output folders are left out."""
    try:
        files = files_below(str(folder), [f"**/{name}" for name in names], lambda path: not is_output(path))
    except TooMuchError as error:
        what = f"{error} below {shown(folder)}"
        help_ = f"name the files, or the folders to look into in a {NAME}"
        raise Refused((Diagnostic(code="GM116", message=what, file=shown(folder), help=help_),), usage=True) from None
    return [folder / path for each in files for path in each]


def is_output(folder: str) -> bool:
    """Does graymesh write to this folder?"""
    return any(Path(folder, name).exists() for name in (LISTS, JOURNAL))


def _unmatched(pattern: str) -> str:
    """Why a pattern may match less than it seems to."""
    if not pattern.endswith((".yaml", ".yml")):
        return "a release is called .yaml or .yml"
    folders = pattern.rpartition("/")[0]
    return "wildcards enter no linked folders, no hidden ones and no node_modules" if "*" in folders else ""


def _matched(root: Path, output: Path, patterns: Sequence[str], source: Source, complete: bool) -> tuple[Path, ...]:
    """A pattern without a match is an error: it would silently take its releases' files out of the output."""
    try:
        files = files_below(str(root), patterns, lambda path: path != str(output))
    except TooMuchError as error:
        help_ = f"name the folders of the releases, at most {DEEPEST} deep, instead of `**`"
        large = Diagnostic(code="GM116", message=f"looking for releases: {error}", path=("releases",), help=help_)
        raise Refused((source.place(large),), usage=True) from None
    found: set[Path] = set()
    for index, each in enumerate(files):
        matched = {root / path for path in each if path.endswith((".yaml", ".yml"))}
        matched = {path for path in matched if not path.is_relative_to(output)}
        if not matched and complete:
            message = f"no file matches {patterns[index]}"
            missing = Diagnostic(
                code="GM020", message=message, path=("releases", index), help=_unmatched(patterns[index])
            )
            raise Refused((source.place(missing),), usage=True)
        found |= matched
    return tuple(sorted(found - {root / NAME}))
