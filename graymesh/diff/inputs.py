"""What the command line names → what is compared: two paths, or paths and a git revision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from graymesh.diagnostic import Refused
from graymesh.diff.artifacts import artifact_diff, holds_artifacts
from graymesh.diff.compare import diff_specs
from graymesh.diff.model import TrafficDiff
from graymesh.diff.revision import Revision, revision
from graymesh.diff.sides import Compared, Root, SideProject, side_of
from graymesh.diff.unread import missed, told
from graymesh.language.case import Progress
from graymesh.language.project import shown


def two_paths(old: Path, new: Path, targets: Sequence[str], progress: Progress) -> TrafficDiff:
    """Specs, or an engine's artifacts when neither path holds a spec. Raises OSError, Refused."""
    for path in (old, new):
        path.stat()
    if holds_artifacts(old) and holds_artifacts(new):
        return artifact_diff(old, new, targets)
    before, after = (side_of(path, shown(path.absolute()), Root(), targets, progress) for path in (old, new))
    return diff_specs(before, after, targets, progress)


def against_revision(
    base: str,
    paths: Sequence[Path],
    targets: Sequence[str],
    progress: Progress,
    log: Callable[[str], None],
    stack: ExitStack,
) -> TrafficDiff:
    """Each path now against what it was at the revision. Raises OSError, Refused."""
    before, after = Compared(name=base), Compared(name="working tree")
    for path in dict.fromkeys(paths):
        then = stack.enter_context(revision(base, path))
        now = side_of(path, after.name, Root(), targets, progress) if path.exists() else None
        was = _was(then, now, path, targets, progress)
        problems = tuple(missed(then, now))
        for sentence in {told(then, each) for each in then.unread} - set(problems):
            log(sentence)
        if now is None and was is None:
            raise FileNotFoundError(2, f"there is no such file or folder, neither now nor at {base}", str(path))
        below = path if len(paths) > 1 and now else None
        before = replace(before, parts=(*before.parts, *_parts(was, below)), problems=(*before.problems, *problems))
        after = replace(after, parts=(*after.parts, *_parts(now, below)))
    return diff_specs(before, after, targets, progress)


def _parts(side: Compared | None, below: Path | None) -> tuple[SideProject, ...]:
    """The side's projects; with the path in front of their output folders, which may be called alike."""
    found = side.parts if side else ()
    return found if below is None else tuple(replace(each, output=f"{below}/{each.output}") for each in found)


def _was(
    then: Revision, now: Compared | None, path: Path, targets: Sequence[str], progress: Progress
) -> Compared | None:
    """The path at the revision; for a file that was not there, the same releases in other files of its project."""
    root = Root(then.folder, f"{then.name}:")
    if then.path.exists():
        return _side(then.path, root, then, targets, progress)
    folder = next((each for each in then.path.parents if each.is_dir()), then.folder)
    if now is None or path.is_dir() or not folder.is_relative_to(then.folder):
        return None
    there = _side(folder, root, then, targets, progress)
    return there.only(frozenset(now.releases)) if there else None


def _side(path: Path, root: Root, then: Revision, targets: Sequence[str], progress: Progress) -> Compared | None:
    """None when there was no release yet."""
    try:
        return side_of(path, then.name, root, targets, progress)
    except Refused as refused:
        if all(found.code == "GM020" for found in refused.diagnostics):
            return None
        raise
