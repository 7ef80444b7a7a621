"""Event streams through every engine: each event arrives before the next one is sent, and a quiet stream stays open."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from graymesh.kit.registry import target
from tests.conformance.acceptance import ENGINES
from tests.conformance.engine import Engine
from tests.conformance.running import running
from tests.conformance.suite import Project
from tests.helpers import case_from
from tests.nginx.engine import free_port

HOST: Final = "events.example.com"
ADDRESS: Final = "127.8.10.1"
HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
_LONGEST_SECONDS: Final = 20


class _Stream(socketserver.BaseRequestHandler):
    """Says one event, and the next one when the client has it."""

    def handle(self) -> None:
        server = self.server
        assert isinstance(server, _Streaming)
        self.request.settimeout(_LONGEST_SECONDS)
        while not self.request.recv(65536).endswith(b"\r\n\r\n"):
            pass
        self.request.sendall(HEAD + b"data: first\n\n")
        if server.received.wait(_LONGEST_SECONDS):
            self.request.sendall(b"data: second\n\n")


class _Streaming(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int]) -> None:
        self.received = threading.Event()
        super().__init__(address, _Stream)


@contextmanager
def _streaming(port: int) -> Iterator[_Streaming]:
    with _Streaming((ADDRESS, port)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def _spec(engine: str, port: int, service: dict[str, Any]) -> dict[str, Any]:
    options = {"gateways": ["istio-system/public"]} if engine == "istio" else {}
    spec = {
        "service": {"port": 8080, "domains": [HOST], **service},
        "stable": "v1",
        "versions": {name: {"endpoints": [f"{ADDRESS}:{port}"]} for name in ("v1", "v2")},
        "stages": [{"name": "none", "weight": 0, "hold": "1h"}, {"name": "full", "weight": 100}],
        "targets": {engine: options},
    }
    metadata = {"name": "events", "namespace": "default"}
    return {"apiVersion": "graymesh.io/v1alpha1", "kind": "Rollout", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize("name", sorted(ENGINES))
def test_each_event_arrives_before_the_next_is_sent(name: str) -> None:
    engine: Engine
    for engine in running(ENGINES[name]()):
        port = free_port()
        case, findings = case_from(json.dumps(_spec(name, port, {"streams": True})))
        assert case, findings
        chosen = target(name)
        engine.load(chosen.emit(chosen.lower([case.view(chosen.manifest)])), Project((case.release,)))
        with _streaming(port) as server:
            assert _events(engine.at(HOST), server) == ["first", "second"]


def _events(address: tuple[str, int], server: _Streaming) -> list[str]:
    import socket

    found = b""
    with socket.create_connection(address, timeout=_LONGEST_SECONDS) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        while chunk := connection.recv(65536):
            found += chunk
            if b"data: first\n\n" in found:
                server.received.set()
    return [line.removeprefix("data: ") for line in found.decode().splitlines() if line.startswith("data: ")]
