"""nginx on loopback: an operator's main file that includes ours, started anew for each set of files."""

from __future__ import annotations

import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Final

from graymesh.ir.release import Release
from graymesh.ir.semantics import Request, address, host_without_port
from tests.conformance import nginx_setup, wire
from tests.conformance.engine import FORGED, Answer, EngineRefused, Project, require_loopback
from tests.conformance.istio_objects import bearing
from tests.nginx import engine as private

_LOOPBACK: Final = "127.0.0.1"
_TRUSTED: Final = IPv4Network("127.0.0.0/8")


class Nginx:
    """One process at a time; `address` is where it listens since the last files."""

    name = "nginx"

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._port = 0
        self._releases: Mapping[str, Release] = {}

    @property
    def version(self) -> str:
        """nginx's own word, with that of the scripting module."""
        said = subprocess.run([nginx_setup.binary(), "-v"], capture_output=True, text=True, check=True).stderr
        return f"nginx {re.findall('nginx/([0-9.]+)', said)[0]}, njs {nginx_setup.scripting_version()}"

    def available(self) -> str | None:
        """None when the engine can be used, else why not."""
        return nginx_setup.missing()

    def start(self) -> None:
        """Make room; nginx itself starts with its files."""
        self._folder = tempfile.TemporaryDirectory(prefix="graymesh-nginx-")

    def stop(self) -> None:
        """End the process and forget its files."""
        self._end()
        if self._folder:
            self._folder.cleanup()
            self._folder = None

    def check(self, files: Mapping[str, str]) -> Sequence[str]:
        """What `nginx -t` and gixy say of the files; nothing when they are clean."""
        with tempfile.TemporaryDirectory(prefix="graymesh-nginx-check-") as folder:
            said, _ = private.checked(Path(folder), files)
            return [*said.splitlines(), *nginx_setup.gixy(Path(folder) / "nginx.conf")]

    def load(self, files: Mapping[str, str], project: Project) -> None:
        """Replace the configuration. Raises EngineRefused with nginx's words."""
        require_loopback(files, project.releases)
        assert self._folder
        self._end()
        self._releases = {host: release for release in project.releases for host in release.hosts}
        prefix = Path(tempfile.mkdtemp(dir=self._folder.name))
        said, _ = private.checked(prefix, files)
        if "[emerg]" in said:
            raise EngineRefused(said)
        self._port = private.free_port()
        self._process = private.started(prefix, files, self._port)

    def send_many(self, requests: Sequence[tuple[Request, str]]) -> list[Answer]:
        """Many requests, each with its Host, and their answers in the same order."""
        return self.send_heads([(self.head(request, host), host) for request, host in requests])

    def send_heads(self, requests: Sequence[tuple[bytes, str]]) -> list[Answer]:
        """Requests as they go over the wire, each with the release's host that it is for."""
        return [wire.answer(each) for each in wire.exchange((_LOOPBACK, self._port), [head for head, _ in requests])]

    def head(self, request: Request, host: str) -> bytes:
        """The request as bytes: the client's address as a trusted proxy reports it, claims as a token."""
        source = ("X-Forwarded-For", request.source)
        release = self._releases[host_without_port(host)]
        if not request.claims or release.jwt is None:
            return wire.as_bytes(request, host, [source])
        bearer = bearing(release.jwt, request.claims)
        if release.jwt.source.kind == "cookie":
            return wire.as_bytes(replace(request, cookies=(*request.cookies, bearer)), host, [source])
        return wire.as_bytes(request, host, [source, bearer])

    def at(self, host: str) -> tuple[str, int]:
        """All hosts are served at one address."""
        return _LOOPBACK, self._port

    def chain(self, source: str) -> str:
        """What the client wrote, its address as the first trusted proxy saw it, and a second trusted proxy."""
        return "" if address(source) in _TRUSTED else f"{FORGED}, {source}, 127.0.0.9"

    def _end(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGTERM)
            self._process.communicate(timeout=20)
            self._process = None
