"""A look at the Istio engine by itself: examples on loopback, and every kind of request beside the reference.

`python -m tests.conformance.istio_trial [SPEC…]`; exit 1 when an answer is not the reference's.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice, product
from pathlib import Path
from typing import Any, Final

from graymesh.cases import case_of
from graymesh.ir import Release, RouteTable, Share
from graymesh.project import Project
from graymesh.proof.request_space import Space
from graymesh.registry import target
from graymesh.semantics import Request, decide
from graymesh.source import load
from graymesh.target import View
from graymesh.witness import in_words
from tests.conformance.engine import Answer
from tests.conformance.istio import Istio

_EXAMPLES: Final = Path(__file__).parents[2] / "examples"
_SPECS: Final = ("sticky/releases/search.yaml", "bookinfo/releases/reviews.yaml", "bookinfo/releases/ratings.yaml")
_PORT: Final = 18099
_MOST_REQUESTS: Final = 200


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the engine asks of a project."""

    releases: tuple[Release, ...]


def main(arguments: Sequence[str]) -> int:
    """Try the given specs, or the examples; 1 when the engine and the reference differ."""
    specs = [Path(argument) for argument in arguments] or [_EXAMPLES / name for name in _SPECS]
    engine = Istio()
    if why := engine.available():
        print(f"{engine.version}: {why}", file=sys.stderr)
        return 1
    engine.start()
    try:
        return int(sum([_tried(engine, spec) for spec in specs]) > 0)
    finally:
        engine.stop()


def _tried(engine: Istio, spec: Path) -> int:
    view = _view(spec)
    istio = target("istio")
    files, project = istio.emit(istio.lower((view,))), Loaded((view.release,))
    for message in engine.check(files, project):
        print(message)
    engine.load(files, project)
    with _upstreams(view.release):
        return sum(_compared(engine, each.table, host) for each in view.tables for host in each.hosts)


def _compared(engine: Istio, table: RouteTable, host: str) -> int:
    requests = list(_requests(table))
    answers = engine.send_many([(request, host) for request in requests])
    wrong = 0
    for request, answer in zip(requests, answers, strict=True):
        route = decide(table, replace(request, host=host)).route
        shares = [share for share in route.split.shares if share.basis_points] if route else []
        fits = any(_fits(share, answer) for share in shares)
        wrong += not fits
        expected = " or ".join(sorted({share.version for share in shares}))
        said = f"{expected}, got {answer.version} ({answer.headers[':status']}) {' '.join(answer.set_cookies)}"
        print(f"{'ok   ' if fits else 'WRONG'} {host}: {in_words(request)}: {route and route.name}: {said}")
    return wrong


def _fits(share: Share, answer: Answer) -> bool:
    bucket = f"{share.set_cookie.name}={share.set_cookie.value}" if share.set_cookie else ""
    cookies = [cookie.partition(";")[0] for cookie in answer.set_cookies]
    told = all(answer.headers.get(name) == value for name, value in share.response_headers)
    return share.version == answer.version and cookies == ([bucket] if bucket else []) and told


def _requests(table: RouteTable) -> Iterator[Request]:
    """A request for each combination of what the table's conditions can tell apart, up to a limit."""
    space = Space([route.condition for route in table.routes])
    for chosen in islice(product(*space.states), _MOST_REQUESTS):
        yield space.request(dict(enumerate(chosen)))


def _view(spec: Path) -> View:
    """The release on loopback; public names are served at a gateway."""
    data: Any = json.loads(json.dumps(load(spec.read_bytes(), spec.name).data))
    for number, name in enumerate(data["spec"]["versions"], 1):
        data["spec"]["versions"][name]["endpoints"] = [f"127.1.{number}.1:{_PORT}"]
    public = data["spec"]["service"].get("domains")
    data["spec"]["targets"] = {"istio": {"gateways": ["istio-system/public"]} if public else {}}
    nowhere = Project(root=spec.parent, releases=(), output=spec.parent)
    case, problems = case_of(load(json.dumps(data), spec.name), nowhere)
    if case is None:
        raise ValueError([problem.message for problem in problems])
    return case.view(target("istio").manifest, case.release)


@contextmanager
def _upstreams(release: Release) -> Iterator[None]:
    """Every endpoint answers with the name of its version."""
    servers = [_server(version.name, endpoint) for version in release.versions for endpoint in version.endpoints]
    threads = [threading.Thread(target=server.serve_forever, daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def _server(name: str, endpoint: str) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("x-served-by", name)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing to tell."""

    host, _, port = endpoint.rpartition(":")
    return ThreadingHTTPServer((host, int(port)), Handler)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
