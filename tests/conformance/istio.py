"""Envoy as Istio configures it: Istio's own translation, a gateway and a sidecar, in one warm process group."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import yaml

from graymesh.ir.release import Kind, Release
from graymesh.ir.semantics import Request, host_without_port
from tests.conformance import istio_setup, wire
from tests.conformance.engine import Answer, EngineRefused, Project, require_loopback
from tests.conformance.istio_objects import Documents, bearing, harness, jwks
from tests.conformance.istio_setup import setup

__all__ = ["Istio", "setup"]

_LOOPBACK: Final = "127.0.0.1"
_HARNESS_FILE: Final = "conformance.json"
_LOG: Final = "engine.log"
_NO_DOCUMENTS: Final = Documents(())


class Istio:
    """Requests for hosts that a gateway serves go there, all others and a release's own host to the sidecar.

    `edits` tells what of the last files was moved onto loopback: where gateways listen, and whose keys sign tokens.
    """

    name = "istio"

    def __init__(self) -> None:
        self.edits: Sequence[str] = ()
        self._process: subprocess.Popen[str] | None = None
        self._folder = Path()
        self._namespace = ""
        self._gateway = (_LOOPBACK, 0)
        self._bind, self._ports = "", frozenset[int]()
        self._documents = _NO_DOCUMENTS
        self._releases: Mapping[str, Release] = {}

    @property
    def version(self) -> str:
        """Both halves: who translates and who serves."""
        return f"istio {istio_setup.istio_version()}, envoy {istio_setup.ENVOY_VERSION}"

    def available(self) -> str | None:
        """None when the engine can be used, else why not."""
        return istio_setup.missing()

    def start(self, namespace: str = "default") -> None:
        """Start the control plane and both Envoys; `namespace` is the one in which the sidecar's client lives."""
        self._folder = Path(tempfile.mkdtemp(prefix="graymesh-istio-"))
        self._namespace = namespace
        self._gateway = (_LOOPBACK, _free_port())
        self._bind, self._ports = "", frozenset()
        command = [
            *(str(istio_setup.control_plane()), "-envoy", str(istio_setup.envoy()), "-dir", str(self._folder)),
            *("-gateway", f"{_LOOPBACK}:{self._gateway[1]}", "-namespace", namespace, "-jwks", jwks()),
        ]
        with (self._folder / _LOG).open("w") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self._answer()

    def stop(self) -> None:
        """End the process, which ends the Envoys, and forget its files."""
        if self._process is None:
            return
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def load(self, files: Mapping[str, str], project: Project) -> None:
        """Replace the whole configuration; back when both Envoys route by it. Raises EngineRefused."""
        require_loopback(files, project.releases)
        self._documents = _documents(files)
        self._releases = {host: release for release in project.releases for host in release.hosts}
        self._move_to(self._documents.namespaces())
        self._bind, self._ports = self._listening({release.port for release in project.releases})
        answer = self._ask({"op": "load", "files": self._with_harness(files, project)})
        self.edits = answer.get("edits", ())

    def check(self, files: Mapping[str, str], project: Project) -> Sequence[str]:
        """What `istioctl validate` and `istioctl analyze` say of the files. Raises EngineRefused where they refuse."""
        answer = self._ask({"op": "check", "files": self._with_harness(files, project)})
        messages: Sequence[str] = answer.get("messages", ())
        return messages

    def send(self, request: Request, host: str) -> Answer:
        """One request and its answer."""
        return self.send_many([(request, host)])[0]

    def send_many(self, requests: Sequence[tuple[Request, str]]) -> list[Answer]:
        """Many requests, each with its Host, and their answers in the same order."""
        return self.send_heads([(self.head(request, host), host) for request, host in requests])

    def send_heads(self, requests: Sequence[tuple[bytes, str]]) -> list[Answer]:
        """Requests as they go over the wire, each with the release's host that it is for."""
        answers: dict[int, Answer] = {}
        by_address: dict[tuple[str, int], list[int]] = {}
        for number, (_, host) in enumerate(requests):
            by_address.setdefault(self.address(host), []).append(number)
        for address, numbers in by_address.items():
            heads = [requests[number][0] for number in numbers]
            answers |= zip(numbers, self.send_bytes(address, heads), strict=True)
        return [answers[number] for number in range(len(requests))]

    def send_bytes(self, address: tuple[str, int], heads: Sequence[bytes]) -> list[Answer]:
        """Requests as they go over the wire."""
        return [wire.answer(response) for response in wire.exchange(address, heads)]

    def at(self, host: str) -> tuple[str, int]:
        """A gateway, or the sidecar."""
        return self.address(host)

    def chain(self, source: str) -> str:
        """Istio's routes know no client's address."""
        return ""

    def address(self, host: str) -> tuple[str, int]:
        """Where requests for the host go. Raises KeyError for a host of no release."""
        name = host_without_port(host)
        release = self._releases[name]
        if name != release.host and name in self._documents.at_gateways():
            return self._gateway
        return self._bind, release.port

    def head(self, request: Request, host: str) -> bytes:
        """The request as bytes: claims as a token at a gateway, in the mesh as the headers that it makes of them."""
        source = ("X-Forwarded-For", request.source)
        release = self._releases[host_without_port(host)]
        if not request.claims or release.jwt is None:
            return wire.as_bytes(request, host, [source])
        if self.address(host) != self._gateway:
            headers = self._documents.claim_headers()
            told = [(headers.get((release.jwt.issuer, name), ""), value) for name, value in request.claims]
            return wire.as_bytes(request, host, [source, *((name, value) for name, value in told if name)])
        bearer = bearing(release.jwt, request.claims)
        if release.jwt.source.kind is Kind.COOKIE:
            return wire.as_bytes(replace(request, cookies=(*request.cookies, bearer)), host, [source])
        return wire.as_bytes(request, host, [source, bearer])

    def _with_harness(self, files: Mapping[str, str], project: Project) -> dict[str, str]:
        own = harness(_documents(files), project.releases, self._gateway, self._bind)
        return {**files, _HARNESS_FILE: own}

    def _listening(self, ports: set[int]) -> tuple[str, frozenset[int]]:
        """The address on which the sidecar listens: the one that it has, unless other ports are wanted."""
        if self._bind and ports <= self._ports:
            return self._bind, self._ports
        return _free_address(sorted(ports)), frozenset(ports)

    def _move_to(self, namespaces: frozenset[str]) -> None:
        """Objects that only their own namespace sees need the client to live there."""
        if not namespaces or namespaces == {self._namespace}:
            return
        if len(namespaces) > 1:
            raise ValueError(f"one client cannot see what only {' and '.join(sorted(namespaces))} see")
        self.stop()
        self.start(*namespaces)

    def _ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process and self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process and self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            log = (self._folder / _LOG).read_text(errors="replace")
            raise ConnectionError(f"the engine has ended:\n{log[-2000:]}")
        answer: dict[str, Any] = json.loads(line)
        if "refused" in answer:
            raise EngineRefused(answer["refused"].strip())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer


def _documents(files: Mapping[str, str]) -> Documents:
    try:
        return Documents.of(files)
    except yaml.YAMLError as error:
        raise EngineRefused(f"not YAML: {error}") from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _free_address(ports: Sequence[int]) -> str:
    """An address of loopback on which all these ports are free. Raises OSError when there is none."""
    for last in range(1, 255):
        address = f"127.20.0.{last}"
        if all(_free(address, port) for port in ports):
            return address
    raise OSError(f"no address of 127.20.0.0/24 has the ports {', '.join(map(str, ports))} free")


def _free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
