"""Engines that run on the JVM: built once with Maven, then one warm process that takes orders line by line."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final
from xml.etree import ElementTree

SOURCES: Final = Path(__file__).parent / "engines"
GENTLY: Final = ("nice", "-n", "19")
_POM: Final = "{http://maven.apache.org/POM/4.0.0}"
_SAY_EVERY_SECONDS: Final = 5.0

Say = Callable[[str], None]
"""Takes a line of progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MavenProject:
    """A project of `tests/conformance/engines`. `version_property` is the one in its pom that holds the version."""

    name: str
    folder: Path
    version_property: str

    @property
    def version(self) -> str:
        """The pinned version, as the pom says it."""
        pom = ElementTree.parse(self.folder / "pom.xml").getroot()
        found = pom.findtext(f"{_POM}properties/{_POM}{self.version_property}")
        if found is None:
            raise LookupError(f"{self.folder / 'pom.xml'} has no property {self.version_property}")
        return found

    @property
    def cache(self) -> Path:
        """Where the built project is kept, outside the checkout."""
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        root = Path(os.environ.get("GRAYMESH_ENGINES") or Path(home) / "graymesh" / "engines")
        return root / self.name / self.version

    @property
    def built(self) -> Path:
        """Maven's `target` folder."""
        return self.cache / "build" / "target"

    def missing(self) -> str | None:
        """Why the engine cannot be used yet, None when it can."""
        if shutil.which("java") is None:
            return "there is no java"
        if not self._stamp.exists():
            return f"{self.name} {self.version} is not built"
        return None if self._stamp.read_text() == self._digest() else f"the sources of {self.name} have changed"

    def build(self, say: Say) -> None:
        """Build it unless that is done; an interrupted build goes on where it was. Raises RuntimeError."""
        if self.missing() is None:
            say(f"{self.name} {self.version}: built already")
            return
        if shutil.which("mvn") is None or shutil.which("java") is None:
            raise RuntimeError(f"{self.name}: building it needs mvn and a JDK")
        self._stamp.unlink(missing_ok=True)
        shutil.copytree(self.folder, self.cache / "build", dirs_exist_ok=True)
        _maven(self.cache / "build", f"{self.name} {self.version}", say)
        self._stamp.write_text(self._digest())
        say(f"{self.name} {self.version}: built")

    @property
    def _stamp(self) -> Path:
        return self.cache / "built"

    def _digest(self) -> str:
        files = sorted(path for path in self.folder.rglob("*") if path.is_file() and "target" not in path.parts)
        return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()


def _maven(folder: Path, what: str, say: Say) -> None:
    command = [*GENTLY, "mvn", "--batch-mode", "-T1", "-DskipTests", "clean", "package"]
    said = time.monotonic()
    fetched, lines = 0, []
    say(f"{what}: mvn package")
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True
    ) as maven:
        assert maven.stdout
        for line in maven.stdout:
            fetched += "Downloaded from" in line
            lines += [line.rstrip()] if "ERROR" in line else []
            if time.monotonic() - said > _SAY_EVERY_SECONDS:
                said = time.monotonic()
                say(f"{what}: {fetched} files fetched from the Maven repository")
    if maven.returncode:
        raise RuntimeError("\n".join([f"{what}: mvn failed in {folder}", *lines[:10]]))


class Orders:
    """A JVM that answers each line of JSON with one; it ends when its input does, so it never outlives us."""

    def __init__(self, arguments: Sequence[str], heap: str) -> None:
        """Start `java` with these arguments. `heap` is its greatest size: `512m`."""
        self._log: IO[str] = tempfile.NamedTemporaryFile("w+", prefix="graymesh-jvm-")  # noqa: SIM115 - see `close`
        command = ["java", f"-Xmx{heap}", "-XX:+UseSerialGC", *arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True
        )

    def ask(self, order: Mapping[str, Any]) -> Any:
        """The answer. Raises ConnectionError with the end of the JVM's log when it has died."""
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise ConnectionError(f"the JVM has ended:\n{self.log()[-2000:]}")
        return json.loads(answer)

    def log(self) -> str:
        """What the JVM has logged so far."""
        return Path(self._log.name).read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """End it."""
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
