"""Sentinel: a process that loads rule files as an operator's does, and enters resources on demand."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.conformance.engine import EngineRefused
from tests.conformance.jvm import SOURCES, MavenProject, Orders, Say

PROJECT: Final = MavenProject(name="sentinel", folder=SOURCES / "sentinel", version_property="sentinel.version")
_KINDS: Final = {"flow": "flow", "degrade": "degrade", "system": "system"}
_GATEWAY_KINDS: Final = {"flow-rules.json": "gateway-flow", "api-groups.json": "api-groups"}

Held = Mapping[str, list[dict[str, Any]]]
"""Kind of rule → the rules of that kind that the managers hold, with every field of theirs."""


def setup(say: Say) -> None:
    """Build the engine; nothing to do when that is done. Raises RuntimeError."""
    PROJECT.build(say)


@dataclass(frozen=True, slots=True)
class Calls:
    """What became of a number of calls; `blocked` counts them by the name of Sentinel's exception."""

    passed: int
    blocked: Mapping[str, int]
    milliseconds: int


def folders(files: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """A target's files by the process that loads them: folder → its files."""
    found: dict[str, dict[str, str]] = {}
    for path, text in files.items():
        found.setdefault(path.rpartition("/")[0], {})[path] = text
    return found


class Sentinel:
    """One process; each `load` replaces all rules."""

    name = "sentinel"
    version = f"sentinel {PROJECT.version}"

    def __init__(self) -> None:
        self._orders: Orders | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def available(self) -> str | None:
        """None when the engine can be used, else why not."""
        return PROJECT.missing()

    def start(self) -> None:
        """Start the JVM."""
        self._folder = tempfile.TemporaryDirectory(prefix="graymesh-sentinel-")
        classpath = os.pathsep.join([str(PROJECT.built / "rules.jar"), str(PROJECT.built / "lib" / "*")])
        logs = f"-Dcsp.sentinel.log.dir={self._folder.name}/logs"
        main = "io.graymesh.conformance.Harness"
        self._orders = Orders(["-XX:TieredStopAtLevel=1", logs, "-cp", classpath, main], heap="256m")

    def stop(self) -> None:
        """End the JVM and forget its files."""
        if self._orders and self._folder:
            self._orders.close()
            self._folder.cleanup()
            self._orders = None

    def held(self, files: Mapping[str, str]) -> dict[str, Held]:
        """What the managers hold in each process that loads a folder of these files. Raises EngineRefused."""
        return {folder: self.load(own) for folder, own in folders(files).items()}

    def load(self, files: Mapping[str, str]) -> Held:
        """Load one process's files, and nothing else; answers what the managers hold. Raises EngineRefused."""
        texts: dict[str, str] = {}
        for path, text in sorted(files.items()):
            if kind_of(path) in texts:
                raise ValueError(f"{path}: a process has one file of {kind_of(path)} rules")
            texts[kind_of(path)] = text
        return self.load_kinds(texts)

    def load_kinds(self, texts: Mapping[str, str]) -> Held:
        """The same by kind of rule, also those that graymesh never writes: `authority`, `param-flow`."""
        assert self._folder
        self._ask(order="load", files={})  # rules that stay keep their counts and broken circuits
        paths: dict[str, str] = {}
        for kind, text in texts.items():
            paths[kind] = str(Path(self._folder.name) / f"{kind}.json")
            Path(paths[kind]).write_text(text, encoding="utf-8")
        held: Held = self._ask(order="load", files=paths)
        return held

    def bursts(self, counts: Mapping[str, int], gateway: bool = False) -> dict[str, Calls]:
        """So many calls of each resource, all at the start of one second that follows a quiet one.

        `gateway` enters as the adapter for gateways does. Raises TimeoutError when that took more than the second, so
        that the counts say nothing.
        """
        ordered = [{"resource": resource, "count": count} for resource, count in counts.items()]
        answer = self._ask(order="bursts", bursts=ordered, gateway=gateway)
        took = answer["millis"]
        if took >= 1000:
            raise TimeoutError(f"{sum(counts.values())} calls took {took} ms")
        found = (Calls(each["passed"], each["blocked"], took) for each in answer["bursts"])
        return dict(zip(counts, found, strict=True))

    def calls(self, resource: str, count: int, milliseconds: int = 0, fail: bool = False) -> Calls:
        """So many calls at the same time, each of that length; with `fail` each ends with an exception."""
        return self._calls(order="calls", resource=resource, count=count, millis=milliseconds, fail=fail)

    def _calls(self, **order: Any) -> Calls:
        answer = self._ask(**order)
        return Calls(answer["passed"], answer["blocked"], answer["millis"])

    def _ask(self, **order: Any) -> Any:
        assert self._orders
        answer = self._orders.ask(order)
        if "refused" in answer:
            raise EngineRefused(answer["refused"])
        return answer


def kind_of(path: str) -> str:
    """The kind of rules in a file that graymesh wrote, by its path."""
    folder, _, name = path.rpartition("/")
    if folder.rpartition("/")[2] == "gateway" and folder.count("/") == 0:
        return _GATEWAY_KINDS[name]
    return _KINDS[name.removesuffix("-rules.json")]
