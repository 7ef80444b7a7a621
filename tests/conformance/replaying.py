"""Replays on the real engines: artifacts moved onto loopback, services that can fail, and what the reference allows."""

from __future__ import annotations

import re
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import comb
from pathlib import Path
from typing import Final, Protocol

from graymesh.ir import BUCKETS, Release, Share
from graymesh.semantics import Decision, Request
from tests.conformance import wire
from tests.conformance.engine import Answer
from tests.conformance.istio import Istio
from tests.conformance.spring import SpringCloudGateway
from tests.nginx import engine as nginx

FAILING, NUMBER = "x-fail-first", "x-number"
"""Request headers: how many of the first tries a service answers with 500, and by what it counts them."""

_PLACEHOLDER: Final = re.compile(r"\b10\.0\.([0-9]+)\.([0-9]+):8080\b")


class Engine(Protocol):
    """What a replay needs of an engine."""

    def available(self) -> str | None:
        """None when it can run, else why not."""

    def load(self, files: Mapping[str, str], release: Release) -> None:
        """Replace everything by these files. Raises EngineRefused."""

    def ask(self, requests: Sequence[Request]) -> list[Answer]:
        """The answers, in order; each request names its host."""

    def stop(self) -> None:
        """End the processes that it started."""


class OnIstio:
    """Envoy under Istio's translation."""

    def __init__(self) -> None:
        self._engine = Istio()
        self._started = False

    def available(self) -> str | None:
        return self._engine.available()

    def load(self, files: Mapping[str, str], release: Release) -> None:
        if not self._started:
            self._engine.start()
            self._started = True
        self._engine.load(files, Project((release,)))

    def ask(self, requests: Sequence[Request]) -> list[Answer]:
        return self._engine.send_many([(request, request.host) for request in requests])

    def stop(self) -> None:
        self._engine.stop()


class OnNginx:
    """A private nginx, started anew for each set of files."""

    def __init__(self) -> None:
        self._running = ExitStack()
        self._port = 0

    def available(self) -> str | None:
        return nginx.missing() or None

    def load(self, files: Mapping[str, str], release: Release) -> None:
        self.stop()
        folder = self._running.enter_context(tempfile.TemporaryDirectory(prefix="graymesh-replay-"))
        self._port = self._running.enter_context(nginx.running(Path(folder), files, {}))

    def ask(self, requests: Sequence[Request]) -> list[Answer]:
        heads = [wire.as_bytes(request, request.host) for request in requests]
        return [_answer(response) for response in wire.exchange(("127.0.0.1", self._port), heads)]

    def stop(self) -> None:
        self._running.close()


class OnSpring:
    """Spring Cloud Gateway in a warm JVM."""

    def __init__(self) -> None:
        self._engine = SpringCloudGateway()
        self._started = False

    def available(self) -> str | None:
        return self._engine.available()

    def load(self, files: Mapping[str, str], release: Release) -> None:
        if not self._started:
            self._engine.start()
            self._started = True
        self._engine.load(files, Project((release,)))

    def ask(self, requests: Sequence[Request]) -> list[Answer]:
        return self._engine.send_many([(request, request.host) for request in requests])

    def stop(self) -> None:
        self._engine.stop()


ENGINES: Final[Mapping[str, type[Engine]]] = {
    "istio": OnIstio,
    "nginx": OnNginx,
    "spring-cloud-gateway": OnSpring,
}


@dataclass(frozen=True, slots=True)
class Project:
    """What the engine of Istio asks of a project."""

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


def fits(decision: Decision, answers: Sequence[Answer], error: float) -> bool:
    """May these be the answers to one request, sent so often? Wrongly False in at most `error` of all cases.

    Each answer must be one of the decision's shares, with the cookie and the headers that it gives, and no share may
    be met much more or less often than its part says, by the binomial distribution.
    """
    shares = [share for share in decision.shares if share.basis_points]
    met = Counter(next((index for index, share in enumerate(shares) if _is(share, each)), -1) for each in answers)
    if met[-1]:
        return False
    parts: Counter[Share] = Counter()
    seen: Counter[Share] = Counter()
    for index, share in enumerate(shares):
        same = replace(share, basis_points=0)
        parts[same] += share.basis_points
        seen[same] += met[index]
    bound = Fraction(error) / len(parts)
    return all(tail(seen[each], len(answers), Fraction(part, BUCKETS)) >= bound for each, part in parts.items())


def tail(count: int, total: int, part: Fraction) -> Fraction:
    """How likely a count as far off as this one, or farther, is on its side of the binomial distribution, doubled."""
    chances = [comb(total, k) * part**k * (1 - part) ** (total - k) for k in range(total + 1)]
    return min(Fraction(1), 2 * min(sum(chances[: count + 1], Fraction(0)), sum(chances[count:], Fraction(0))))


def label(answer: Answer) -> str:
    """Who answered: the version, or the status of an answer that is an error."""
    return (answer.version or "") if answer.headers[":status"] == "200" else answer.headers[":status"]


def cookies_of(answer: Answer) -> tuple[tuple[str, str], ...]:
    """The cookies that the answer gives, as (name, value)."""
    pairs = (each.partition(";")[0].partition("=") for each in answer.set_cookies)
    return tuple((name, value) for name, _, value in pairs)


def _is(share: Share, answer: Answer) -> bool:
    given = ((share.set_cookie.name, share.set_cookie.value),) if share.set_cookie else ()
    told = all(answer.headers.get(name) == value for name, value in share.response_headers)
    return label(answer) == share.version and cookies_of(answer) == given and told


def _answer(response: wire.Response) -> Answer:
    return Answer(
        version=response.first("x-served-by"),
        set_cookies=response.every("set-cookie"),
        headers={":status": str(response.status), **dict(response.headers)},
    )


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
            self.send_header("x-served-by", name)
            self.send_header("content-length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing to tell."""

    host, _, port = endpoint.rpartition(":")
    return _Server((host, int(port)), Service)
