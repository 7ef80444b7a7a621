"""What one engine is to the conformance suite."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from graymesh.ir.release import Release
from graymesh.ir.semantics import Request


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


_ADDRESS: Final = re.compile(r"(?<![0-9.:a-zA-Z])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?=:[0-9])")


def require_loopback(files: Mapping[str, str], releases: Sequence[Release]) -> None:
    """The last look before an engine may send requests on: nobody but this machine gets any. Raises ValueError."""
    named = {endpoint for release in releases for version in release.versions for endpoint in version.endpoints}
    named |= {match[0] for text in files.values() for match in _ADDRESS.finditer(text)}
    strange = sorted(each for each in named if not each.startswith(("127.", "[::1]")))
    if strange:
        raise ValueError(f"only addresses of loopback may be tried, not {', '.join(strange[:3])}")


class Project(Protocol):
    """What an engine must know of the releases beside their files."""

    @property
    def releases(self) -> Sequence[Release]:
        """The releases as compiled, endpoints on loopback."""


class Engine(Protocol):
    """An engine that is started once and loads one set of files after the other."""

    name: str

    @property
    def version(self) -> str:
        """Name and version of what runs; only where `available` is None."""

    def available(self) -> str | None:
        """None when it can run, else why not."""

    def start(self) -> None:
        """Start its processes, on loopback only."""

    def stop(self) -> None:
        """End the processes that it started."""

    def load(self, files: Mapping[str, str], project: Project) -> None:
        """Replace everything by these files. Raises EngineRefused."""

    def head(self, request: Request, host: str) -> bytes:
        """The request as bytes, for a host that one of the loaded releases serves."""

    def send_heads(self, requests: Sequence[tuple[bytes, str]]) -> list[Answer]:
        """The answers, in order; each request comes with the host that it is for."""

    def at(self, host: str) -> tuple[str, int]:
        """Where requests for the host go, as address and port."""

    def chain(self, source: str) -> str:
        """X-Forwarded-For of a request from `source` that claims to come from elsewhere; empty where none counts."""


FORGED: Final = "198.51.100.77"
"""Whom a client names that is not who it says."""
