"""The git program, to read what is committed and nothing else, whatever a checkout or the environment would have it do.

Only plumbing is called (rev-parse, ls-tree, ls-files, cat-file). It knows no attributes, filters, textconv, aliases or
hooks; what a configuration could still switch on is switched off, and nothing is ever fetched.
"""

from __future__ import annotations

import io
import os
import re
import select
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import PIPE, Popen, TimeoutExpired
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Final

from graymesh.diagnostic import Diagnostic, Refused

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_SECONDS: Final = 120
_MOST_BYTES: Final = 1 << 30
"""What one command may answer: some five million names, or all files of a project as large as can be."""

PARTIAL: Final = "a partial clone left it out; this gets it: git fetch --refetch --no-filter"
"""What to do about an object that was not cloned, and that is not fetched here either."""

_OPTIONS: Final = (
    *("--no-pager", "--no-replace-objects", "--literal-pathspecs"),
    *("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "safe.bareRepository=explicit"),
)
_FIXED: Final[dict[str, str]] = {
    "GIT_ALLOW_PROTOCOL": "none",  # no remote is asked for what a partial clone lacks; older versions know only this
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_GRAFT_FILE": os.devnull,  # a commit has the parents that it was made with
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_OF_THE_USER: Final = re.compile(r"GIT_CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+)|(?!GIT_).*", re.DOTALL)
"""What is passed on. The user's own configuration says whose repositories are safe. What else git reads from the
environment tells it of another repository, index or history than the one at the path: a hook that calls graymesh has
GIT_DIR and GIT_INDEX_FILE of the commit that is being made, which need not be the repository that is asked about."""


@dataclass(frozen=True, slots=True)
class Git:
    """A git outside the checkout, and the options that say which repository it reads."""

    program: str
    where: tuple[str, ...]

    def of(self, git_dir: Path, top: Path) -> Git:
        """The same program, told its repository by name, so that it looks for none."""
        return replace(self, where=(f"--git-dir={git_dir}", f"--work-tree={top}"))

    def ask(self, *arguments: str) -> str:
        """Its answer without the line end. Raises Refused."""
        with self.reading(*arguments) as answer:
            return os.fsdecode(answer.read().removesuffix(b"\n"))

    def entries(self, *arguments: str) -> Iterator[bytes]:
        """Its answer, NUL by NUL. Raises Refused."""
        with self.reading(*arguments) as answer:
            rest = b""
            while chunk := answer.read1():
                *whole, rest = (rest + chunk).split(b"\0")
                yield from whole
            if rest:
                raise EOFError

    @contextmanager
    def reading(self, *arguments: str, given: bytes = b"") -> Iterator[io.BufferedReader]:
        """Its answer, bounded in size and time, to be read to the end; EOFError when that comes too early.

        Raises Refused when it fails, whatever has been read until then: half an answer is none.
        """
        with TemporaryFile() as asked, TemporaryFile() as said:
            asked.write(given)
            asked.seek(0)
            command = [self.program, *_OPTIONS, *self.where, *arguments]
            with Popen(command, stdin=asked, stdout=PIPE, stderr=said, env=environment(), cwd="/") as process:  # noqa: S603
                cut = False
                try:
                    assert process.stdout is not None
                    with process.stdout as pipe:
                        yield io.BufferedReader(_Bounded(pipe.fileno(), arguments[0]), 1 << 16)
                except EOFError:
                    cut = True
                except BaseException:
                    process.kill()
                    raise
                _wait(process, arguments[0])
            if process.returncode or cut:
                raise _failed(said, arguments[0])


class _Bounded(io.RawIOBase):
    """What a process writes, as long as it is not too much and does not take too long."""

    def __init__(self, pipe: int, what: str) -> None:
        self._descriptor, self._what = pipe, what
        self._until, self._left = time.monotonic() + _SECONDS, _MOST_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        if not poll.poll(max(0.0, self._until - time.monotonic()) * 1000):
            raise _late(self._what)
        view = memoryview(buffer).cast("B")
        data = os.read(self._descriptor, len(view))
        view[: len(data)] = data
        self._left -= len(data)
        if self._left < 0:
            raise refused(f"git {self._what} printed more than {_MOST_BYTES:,} bytes", "name a folder of the project")
        return len(data)


def git_outside(checkout: Path) -> Git:
    """The git of PATH: never one in the checkout, nor one that depends on the working folder. Raises Refused."""
    for folder in os.get_exec_path():
        file = os.path.join(folder, "git")  # noqa: PTH118
        if (
            Path(folder).is_absolute()
            and _executable(file)
            and not any(_inside(each, checkout) for each in (folder, file))
        ):
            return Git(file, ("-C", str(checkout)))
    message = "git is not installed: there is none in PATH's folders outside the checkout"
    raise refused(message, "install git, or compare two folders: graymesh diff OLD NEW")


def environment() -> dict[str, str]:
    """What git is told besides its arguments."""
    return {name: value for name, value in os.environ.items() if _OF_THE_USER.fullmatch(name)} | _FIXED


def refused(message: str, help_: str) -> Refused:
    """A revision that cannot be read; nothing is known of the base then, so that nothing is compared."""
    return Refused((Diagnostic(code="GM025", message=message, help=help_),), usage=True)


def _executable(file: str) -> bool:
    return os.path.isfile(file) and os.access(file, os.X_OK)  # noqa: PTH113


def _inside(path: str, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(folder)


def _wait(process: Popen[bytes], what: str) -> None:
    try:
        process.wait(_SECONDS)
    except TimeoutExpired:
        process.kill()
        raise _late(what) from None


def _late(what: str) -> Refused:
    return refused(f"git {what} took more than {_SECONDS} seconds", "try it by hand")


def _failed(said: IO[bytes], what: str) -> Refused:
    said.seek(0)
    lines = said.read(4096).decode("utf-8", "replace").splitlines()
    grave = (line.partition(": ")[2] for line in lines if line.startswith(("fatal: ", "error: ")))
    first = next(grave, lines[0] if lines else f"{what} failed")
    dubious = re.search(r"dubious ownership in repository at '(.*)'", first)
    help_ = "see what git fsck says, or compare two folders: graymesh diff OLD NEW"
    if dubious:
        trust = shlex.join(["git", "config", "--global", "--add", "safe.directory", dubious[1]])
        help_ = f"another user could have it run programs; if you trust them: {trust}"
    elif "promisor" in first or "transport" in first:
        help_ = PARTIAL
    return refused(f"git: {first}", help_)
