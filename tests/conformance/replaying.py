"""Replays on the real engines: artifacts moved onto loopback, services that can fail, and what the reference allows."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Protocol

from graymesh.ir.release import Release, RouteTable
from graymesh.ir.semantics import Request
from tests.conformance.binomial import improbability
from tests.conformance.engine import Answer, Project
from tests.conformance.istio import Istio
from tests.conformance.nginx import Nginx
from tests.conformance.outcomes import expected, fitting
from tests.conformance.spring import SpringCloudGateway

FAILING, NUMBER = "x-fail-first", "x-number"
"""Request headers: how many of the first tries a service answers with 500, and by what it counts them."""

_PLACEHOLDER: Final = re.compile(r"\b10\.0\.([0-9]+)\.([0-9]+):8080\b")


class Engine(Protocol):
    """What a replay needs of an engine."""

    def available(self) -> str | None:
        """None when it can run, else why not."""

    def start(self) -> None:
        """Start its processes, on loopback only."""

    def stop(self) -> None:
        """End the processes that it started."""

    def load(self, files: Mapping[str, str], project: Project) -> None:
        """Replace everything by these files. Raises EngineRefused."""

    def send_many(self, requests: Sequence[tuple[Request, str]]) -> list[Answer]:
        """Many requests, each with its Host, and their answers in the same order."""


ENGINES: Final[Mapping[str, type[Engine]]] = {
    "istio": Istio,
    "nginx": Nginx,
    "spring-cloud-gateway": SpringCloudGateway,
}


@dataclass(frozen=True, slots=True)
class Alone:
    """A project of one release, as engines ask for it."""

    releases: tuple[Release, ...]


def on_loopback(text: str, port: int) -> str:
    """The text with the placeholders of endpoints as addresses of loopback: `10.0.2.11:8080` → `127.66.2.11:port`."""
    return _PLACEHOLDER.sub(rf"127.66.\1.\2:{port}", text)


@contextmanager
def services(release: Release) -> Iterator[None]:
    """Every endpoint of the release answers with its version's name until the block ends."""
    servers = [_server(version.name, endpoint) for version in release.versions for endpoint in version.endpoints]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def ask(engine: Engine, requests: Sequence[Request]) -> list[Answer]:
    """The answers, in order; each request names its host."""
    return engine.send_many([(request, request.host) for request in requests])


def fits(table: RouteTable, request: Request, answers: Sequence[Answer], error: float) -> bool:
    """May these be the answers to one request, sent so often? A right share is doubted in at most `error` of all cases.

    Each answer must be one of the outcomes that the table allows, and none of them may be met much more or less often
    than its part says, by the binomial distribution.
    """
    allowed = expected(table, request).outcomes
    versions = {each.version: each.version for each in allowed}
    met = Counter(fitting(each, allowed, versions) for each in answers)
    return None not in met and all(
        improbability(met[index], len(answers), each.probability) >= error for index, each in enumerate(allowed)
    )


def label(answer: Answer) -> str:
    """Who answered: the version, or the status when none did."""
    return answer.version or answer.headers[":status"]


def cookies_of(answer: Answer) -> tuple[tuple[str, str], ...]:
    """The cookies that the answer gives, as (name, value)."""
    pairs = (each.partition(";")[0].partition("=") for each in answer.set_cookies)
    return tuple((name, value) for name, _, value in pairs)


class _Server(ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True


def _server(name: str, endpoint: str) -> ThreadingHTTPServer:
    tries: Counter[str] = Counter()

    class Service(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            tries[self.headers.get(NUMBER, "")] += 1
            fails = tries[self.headers.get(NUMBER, "")] <= int(self.headers.get(FAILING, "0"))
            self.send_response(500 if fails else 200)
            if not fails:
                self.send_header("x-served-by", name)
            self.send_header("content-length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing to tell."""

    host, _, port = endpoint.rpartition(":")
    return _Server((host, int(port)), Service)
