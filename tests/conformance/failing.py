"""A service on loopback that fails in the way that a request asks for, and counts the tries."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

FAILURES: Final = ("500", "502", "503", "504", "404", "reset", "slow")
"""What `X-Fail` may ask for; `X-Number` tells the requests apart."""

_SLOW_SECONDS: Final = 0.8


@dataclass(frozen=True, slots=True)
class Service:
    """A service on loopback and the tries that it has seen, by the number of the request."""

    port: int
    tries: Counter[str] = field(default_factory=Counter)


@contextmanager
def failing_service(hosts: Sequence[str] = ("127.0.0.1",)) -> Iterator[Service]:
    """The service at one port of every host, all counting together."""
    servers = [ThreadingHTTPServer((hosts[0], 0), BaseHTTPRequestHandler)]
    service = Service(servers[0].server_address[1])
    servers += [ThreadingHTTPServer((host, service.port), BaseHTTPRequestHandler) for host in hosts[1:]]

    class Failing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            service.tries[self.headers["X-Number"]] += 1
            _fail(self, self.headers.get("X-Fail", ""))

        def log_message(self, *_: object) -> None:
            """Nothing is logged."""

    for server in servers:
        server.RequestHandlerClass = Failing
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield service
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def _fail(handler: BaseHTTPRequestHandler, how: str) -> None:
    if how == "reset":
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True
        return
    if how == "slow":
        time.sleep(_SLOW_SECONDS)
    handler.send_response(int(how) if how.isdigit() else 200)
    handler.send_header("Content-Length", "0")
    handler.end_headers()
