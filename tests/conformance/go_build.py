"""Engines that are Go programs of ours: built once into a cache outside the checkout."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.conformance.cache import Say, engines

SOURCES: Final = Path(__file__).parent / "engines"
_GENTLY: Final = ("nice", "-n", "19")
_SAY_EVERY_SECONDS: Final = 10.0


def stamp(path: Path) -> Path:
    """Written last, so that half of something never counts."""
    return path.with_name(f"{path.name}.done")


@dataclass(frozen=True, slots=True, kw_only=True)
class GoProgram:
    """A module of `tests/conformance/engines/<name>`.

    `pinned` finds the version in its go.mod as group 1, which `version_format` completes. `time_needed` is what a
    build of everything takes.
    """

    name: str
    pinned: re.Pattern[str]
    version_format: str = "{}"
    time_needed: str

    @property
    def folder(self) -> Path:
        """Its sources."""
        return SOURCES / self.name

    @property
    def version(self) -> str:
        """The pinned version of what is built into it, as go.mod says it."""
        found = self.pinned.search((self.folder / "go.mod").read_text(encoding="utf-8"))
        if found is None:
            raise LookupError(f"{self.folder / 'go.mod'} does not pin {self.pinned.pattern}")
        return self.version_format.format(found[1])

    @property
    def binary(self) -> Path:
        """The program, once it is built."""
        return engines(self.name) / self.version / f"{self.name}-engine"

    def missing(self) -> str | None:
        """Why the program cannot be used yet, None when it can."""
        if not stamp(self.binary).exists():
            return f"{self.name.capitalize()} {self.version} is not built"
        same = stamp(self.binary).read_text() == self._digest()
        return None if same else f"the sources of the {self.name.capitalize()} engine have changed"

    def build(self, say: Say) -> None:
        """Build it unless that is done; goes on where it was interrupted. Raises RuntimeError."""
        what = f"{self.name} {self.version}"
        if self.missing() is None:
            say(f"{what}: built already")
            return
        stamp(self.binary).unlink(missing_ok=True)
        self.binary.parent.mkdir(parents=True, exist_ok=True)
        digest = self._digest()
        self._compile(what, self._stale_packages(what, say), say)
        stamp(self.binary).write_text(digest)
        say(f"{what}: built")

    def module_file(self, module: str, path: str, say: Say) -> Path:
        """A file of a module that go.mod requires, in the version that go.sum vouches for. Raises RuntimeError."""
        what = f"{self.name} {self.version}"
        say(f"{what}: {path} of {module}")
        failure = f"{what}: {module} cannot be had"
        self._run(["go", "mod", "download", module], f"{what}: fetched {{}} modules", failure, say)
        folder = self._run(["go", "list", "-m", "-f", "{{.Dir}}", module], f"{what}: {{}}", failure, say)
        return Path(folder.strip()) / path

    def _stale_packages(self, what: str, say: Say) -> int:
        """How many packages are to be compiled; Go keeps the others from earlier builds."""
        say(f"{what}: asking Go what is to be done")
        command = ["go", "list", "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", "."]
        listed = self._run(command, f"{what}: fetched {{}} modules", f"{what}: its modules cannot be had", say)
        return len(listed.split())

    def _compile(self, what: str, packages: int, say: Say) -> None:
        say(f"{what}: {packages} packages to compile; two cores take {self.time_needed} for all of them")
        part = self.binary.with_suffix(".part")
        command = [*_GENTLY, "go", "build", "-v", "-buildvcs=false", "-ldflags", "-s -w", "-o", str(part), "."]
        self._run(command, f"{what}: {{}} of {packages} packages", f"{what}: go build failed", say)
        part.replace(self.binary)

    def _run(self, command: Sequence[str], progress: str, failure: str, say: Say) -> str:
        """What the command prints; each line on its stderr is a step. Raises RuntimeError with the last of them."""
        if shutil.which("go") is None:
            raise RuntimeError(f"{failure}: there is no Go")
        said, steps = time.monotonic(), []
        with (
            tempfile.TemporaryFile("w+") as printed,
            subprocess.Popen(
                command,
                cwd=self.folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.PIPE,
                text=True,
            ) as running,
        ):
            assert running.stderr
            for line in running.stderr:
                steps.append(line)
                if time.monotonic() - said > _SAY_EVERY_SECONDS:
                    said = time.monotonic()
                    say(progress.format(len(steps)))
            if running.wait():
                raise RuntimeError(f"{failure}:\n{''.join(steps[-10:]).strip()}")
            printed.seek(0)
            return printed.read()

    def _digest(self) -> str:
        files = sorted(path for path in self.folder.iterdir() if path.suffix in (".go", ".mod", ".sum"))
        return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()


def _environment() -> dict[str, str]:
    """go.mod and go.sum stay as they are, and the machine stays usable."""
    return {**os.environ, "GOFLAGS": "-mod=readonly", "GOMAXPROCS": "2"}
