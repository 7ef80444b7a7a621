"""What one engine is to the conformance suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from graymesh.semantics import Request


class EngineRefused(Exception):
    """The engine does not take the files; the text is the engine's own."""


@dataclass(frozen=True)
class Answer:
    """Who answered: the label of the upstream (None: nobody), cookies given, response headers (lower-case names).

    Headers that the upstream received come back as `x-seen-<name>`; `:status` is the status code.
    """

    version: str | None
    set_cookies: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class Engine(Protocol):
    """An engine that is started once and loads one set of files after the other."""

    name: str
    version: str

    def available(self) -> str | None:
        """None when it can run, else why not."""

    def start(self) -> None:
        """Start its processes, on loopback only."""

    def stop(self) -> None:
        """End the processes that it started."""

    def load(self, files: Mapping[str, str], project: Any) -> None:
        """Replace everything by these files. Raises EngineRefused."""

    def send_many(self, requests: Sequence[Request], host: str) -> list[Answer]:
        """The answers, in order."""
