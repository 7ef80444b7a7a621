"""The repository that a path belongs to.

Whose history a path is compared with must not be the change's to say. A change can commit the layout of a bare
repository (`HEAD`, `objects`, `refs`), which git takes for one, a link to somewhere else, and a submodule. It cannot
commit anything named `.git`: git refuses that. So the path is gone down from the root of the file system, and
- only a folder with a `.git` in it is a repository; the last one on the way is it, so that a repository of the home
  folder or of a collection of checkouts changes nothing for those inside;
- a link inside a repository may not lead out of it, be it to another repository;
- a submodule, which has its `.git` by the word of the change, is taken only by somebody who stands in it.
What is found is then named to git, which looks for nothing itself. Only whether its owner may be trusted is asked first
(`safe.directory`), since git does not ask that of a repository that it is named.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from graymesh.diff.git import Git, git_outside, refused

_GITFILE: Final = "gitdir: "
_LONGEST: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Repository:
    """`top` is its folder, `git_dir` where its history is, both free of links; `path` is the one asked for."""

    top: Path
    git_dir: Path
    path: str

    @property
    def common(self) -> Path:
        """Where all its work trees share what they share."""
        file = self.git_dir / "commondir"
        return (self.git_dir / _first_line(file)).resolve() if file.is_file() else self.git_dir


def repository_of(path: Path) -> Repository:
    """The repository of a path, which need not be there any more. Raises Refused; OSError for what cannot be read."""
    whole = Path(os.path.normpath(Path.cwd() / path))
    if whole.resolve() != (Path.cwd() / path).resolve():
        raise refused(f"{path} goes up from behind a symbolic link", f"name where it leads: {path.resolve()}")
    found = list(_on_the_way(whole))
    if not found:
        raise refused(
            f"not a git repository: no .git at {path} or above", "compare two folders instead: graymesh diff OLD NEW"
        )
    outer = next((each for each in found[:-1] if _inside(found[-1].common, each.common)), None)
    if outer and not Path.cwd().is_relative_to(found[-1].top):
        message = f"{path} is in {found[-1].top}, a submodule, whose history is not that of {outer.top}"
        raise refused(message, f"compare it by itself: cd {found[-1].top}")
    return found[-1]


def opened(repository: Repository) -> Git:
    """A git that reads this repository and no other. Raises Refused, also for one of a user who is not trusted."""
    git = git_outside(repository.top)
    said = Path(git.ask("rev-parse", "--absolute-git-dir")).resolve()
    if said != repository.git_dir:
        raise refused(
            f"git takes {said} for the repository of {repository.top}", "is its .git complete? try git status"
        )
    return git.of(repository.git_dir, repository.top)


def _on_the_way(path: Path) -> Iterator[Repository]:
    """The repositories around a path, the outermost first."""
    last: Repository | None = None
    for folder in (*reversed(path.parents), path):
        if last and folder.is_symlink() and _nearest(folder.resolve()) != last.git_dir:
            raise refused(
                f"{folder} leads out of the repository {last.top}", f"name where it leads: {folder.resolve()}"
            )
        git_dir = _git_dir(folder)
        if git_dir and not (last and git_dir == last.git_dir):
            inside = path.relative_to(folder).as_posix()
            last = Repository(folder.resolve(), git_dir, "" if inside == "." else inside)
            yield last


def _nearest(folder: Path) -> Path | None:
    return next(filter(None, map(_git_dir, (folder, *folder.parents))), None)


def _git_dir(folder: Path) -> Path | None:
    """What a folder's `.git` is or, in work trees and submodules, leads to; None without one, or when it is empty."""
    entry = folder / ".git"
    if os.path.isdir(entry):  # noqa: PTH112  false as well where nobody may look
        return entry.resolve() if os.path.lexists(entry / "HEAD") else None
    if os.path.isfile(entry):  # noqa: PTH113
        line = _first_line(entry)
        return (folder / line.removeprefix(_GITFILE)).resolve() if line.startswith(_GITFILE) else None
    return None


def _first_line(file: Path) -> str:
    with file.open("rb") as opened_:
        return os.fsdecode(opened_.read(_LONGEST).partition(b"\n")[0])


def _inside(folder: Path, other: Path) -> bool:
    return folder != other and folder.is_relative_to(other)
