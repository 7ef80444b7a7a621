"""Pages of other origins: what a browser makes of the answers of each engine, by the rules of the Fetch standard.

The services say Access-Control headers of their own, which must neither count nor stand beside the engine's.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple

import pytest

from graymesh.kit.registry import target
from tests.conformance import wire
from tests.conformance.acceptance import ENGINES
from tests.conformance.engine import Engine
from tests.conformance.running import running
from tests.conformance.suite import Project
from tests.helpers import case_from
from tests.nginx.engine import free_port

HOST: Final = "api.example.com"
APP: Final = "https://app.example.org"
LOCAL: Final = "http://localhost:3000"
SAFE: Final = ("GET", "HEAD", "POST")
SPECS: Final[Mapping[str, Mapping[str, Any]]] = {
    "everything": {
        "origins": [APP, LOCAL],
        "methods": ["PUT", "DELETE"],
        "headers": ["X-Token", "Content-Type"],
        "expose": ["X-Total", "X-Page"],
        "credentials": True,
        "maxAge": "10m",
    },
    "origins alone": {"origins": [APP]},
}
OWN: Final = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Credentials", "true"),
    ("Access-Control-Expose-Headers", "X-Own"),
    ("Access-Control-Allow-Methods", "TRACE"),
)


class Call(NamedTuple):
    """What a page of an origin wants to send."""

    origin: str
    method: str = "GET"
    headers: tuple[str, ...] = ()
    credentials: bool = False


class Outcome(NamedTuple):
    """May the page read the answer, which headers of it, and how long is a preflight remembered?"""

    read: bool
    exposed: frozenset[str] = frozenset()
    age: str = ""


ORIGINS: Final = (APP, LOCAL, "https://evil.example.org", f"{APP}.evil.example", "http://app.example.org", "null")
CALLS: Final = tuple(
    Call(origin, method, headers, credentials)
    for origin in ORIGINS
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
    for headers in ((), ("x-token",), ("content-type", "x-token"), ("x-evil",))
    for credentials in (False, True)
)


class _Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        self.send_response(200)
        for name, value in (*OWN, ("X-Served", self.command), ("Vary", "Accept"), ("Content-Length", "0")):
            self.send_header(name, value)
        self.end_headers()

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _answer  # noqa: N815  names of the library

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def _services(port: int) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.8.9.1", port), _Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module", params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from running(ENGINES[request.param]())


@contextmanager
def _served(engine: Engine, cors: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Where the engine serves a release with these answers; both versions are the same services."""
    port = free_port()
    spec: dict[str, Any] = {
        "service": {"port": 8080, "domains": [HOST]},
        "stable": "v1",
        "versions": {name: {"endpoints": [f"127.8.9.1:{port}"]} for name in ("v1", "v2")},
        "audiences": {"testers": [{"headers": {"X-Canary": "1"}}]},
        "routes": [{"name": "testers", "audience": "testers", "version": "v2"}],
        "cors": cors,
        "notice": {"header": "X-Gray-Notice", "value": "you try v2"},
        "sticky": {"cookie": "api-ticket"},
        "stages": [{"name": "half", "weight": 50, "hold": "1h"}, {"name": "full", "weight": 100}],
        "targets": {engine.name: {"gateways": ["istio-system/public"]} if engine.name == "istio" else {}},
    }
    metadata = {"name": "api", "namespace": "default"}
    data = {"apiVersion": "graymesh.io/v1alpha1", "kind": "Rollout", "metadata": metadata, "spec": spec}
    case, problems = case_from(json.dumps(data))
    assert case, problems
    chosen = target(engine.name)
    with _services(port):
        engine.load(chosen.emit(chosen.lower([case.view(chosen.manifest)])), Project((case.release,)))
        yield engine.at(HOST)


@pytest.mark.parametrize("name", SPECS)
def test_browsers_conclude_the_same(engine: Engine, name: str) -> None:
    cors = SPECS[name]
    with _served(engine, cors) as address:
        found = {call: _called(address, call) for call in CALLS}
    assert {call: outcome for call, outcome in found.items() if outcome != _meant(call, cors)} == {}


@pytest.mark.parametrize("name", SPECS)
def test_services_get_no_preflights_and_all_else(engine: Engine, name: str) -> None:
    with _served(engine, SPECS[name]) as address:
        for origin in ORIGINS:
            preflight = _sent(address, "OPTIONS", ("Origin", origin), ("Access-Control-Request-Method", "PUT"))
            assert preflight.first("x-served") is None
            assert preflight.first("set-cookie") is None
        for method in ("GET", "OPTIONS", "PATCH"):
            plain = _sent(address, method, ("Access-Control-Request-Method", "PUT"))
            assert (plain.status, plain.first("x-served")) == (200, method)
        given = _sent(address, "GET", ("Origin", APP))
        vary = {word.strip().lower() for value in given.every("vary") for word in value.split(",")}
        assert {"origin", "accept"} <= vary


def _meant(call: Call, cors: Mapping[str, Any]) -> Outcome:
    asked = call.method not in SAFE or bool(call.headers)
    headers = {name.lower() for name in cors.get("headers", ())}
    granted = call.origin in cors["origins"] and (not call.credentials or cors.get("credentials", False))
    granted = granted and call.method in (*SAFE, *cors.get("methods", ())) and set(call.headers) <= headers
    if not granted:
        return Outcome(False)
    exposed = frozenset(name.lower() for name in cors.get("expose", ()))
    return Outcome(True, exposed, "600" if asked and "maxAge" in cors else "")


def _called(address: tuple[str, int], call: Call) -> Outcome:
    """A browser's part: a preflight where one is due, then the request, each answer checked."""
    origin, age = ("Origin", call.origin), ""
    if call.method not in SAFE or call.headers:
        wanted = [("Access-Control-Request-Headers", ",".join(sorted(call.headers)))] if call.headers else []
        answer = _sent(address, "OPTIONS", origin, ("Access-Control-Request-Method", call.method), *wanted)
        methods, headers = (_words(answer, f"access-control-allow-{what}") for what in ("methods", "headers"))
        allowed = call.method in SAFE or call.method.lower() in methods
        if not (200 <= answer.status < 300 and _checked(answer, call) and allowed and set(call.headers) <= headers):
            return Outcome(False)
        age = answer.first("access-control-max-age") or ""
    answer = _sent(address, call.method, origin, *((name, "1") for name in call.headers))
    if not _checked(answer, call):
        return Outcome(False)
    assert answer.first("x-served") == call.method
    return Outcome(True, frozenset(_words(answer, "access-control-expose-headers")), age)


def _checked(answer: wire.Response, call: Call) -> bool:
    """The standard's "CORS check"; several values of one header are joined, and so are none of them."""
    told, credentials = (
        ", ".join(answer.every(f"access-control-allow-{what}")) or None for what in ("origin", "credentials")
    )
    if told is None or (told == "*" and call.credentials):
        return False
    return told in ("*", call.origin) and (not call.credentials or credentials == "true")


def _words(answer: wire.Response, name: str) -> set[str]:
    return {word.strip().lower() for value in answer.every(name) for word in value.split(",")} - {""}


def _sent(address: tuple[str, int], method: str, *headers: tuple[str, str]) -> wire.Response:
    lines = [f"{method} /orders HTTP/1.1", f"Host: {HOST}", *(f"{name}: {value}" for name, value in headers)]
    lines += ["Content-Length: 0"] if method in ("POST", "PUT", "PATCH") else []
    (answer,) = wire.exchange(address, ["\r\n".join([*lines, "", ""]).encode()])
    return answer
