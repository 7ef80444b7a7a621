"""A client cannot take away what an engine tells those behind it: `Connection: X-Gray-Lane` names a header to drop.

The lane is one such header, the ticket that a new user's first request is passed on with the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pytest

from graymesh.kit.registry import target
from tests.conformance import sockets, wire
from tests.conformance.acceptance import ENGINES
from tests.conformance.engine import Engine
from tests.conformance.running import running
from tests.conformance.suite import Project
from tests.helpers import case_from
from tests.nginx.engine import free_port

HOST: Final = "shop.example.com"
ADDRESSES: Final = {"v1": "127.8.8.1", "v2": "127.8.9.1"}
COOKIES: Final = "Connection: keep-alive, Cookie, cookie"
LANES: Final = "Connection: keep-alive, X-Gray-Lane, x-gray-lane"
_DROPPED: Final = re.compile(r"(?m)^ +- name: SetRequestHeader\n +args:\n +name: Connection\n +value: Upgrade\n")


@pytest.fixture(scope="module", params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from running(ENGINES[request.param]())


def _spec(edge: str, port: int) -> dict[str, Any]:
    return {
        "apiVersion": "graymesh.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "shop", "namespace": "default"},
        "spec": {
            "service": {"port": 8080, "domains": [HOST]},
            "stable": "v1",
            "versions": {name: {"endpoints": [f"{address}:{port}"]} for name, address in ADDRESSES.items()},
            "audiences": {"testers": [{"headers": {"X-Canary": "1"}}]},
            "routes": [{"name": "testers", "audience": "testers", "version": "v2"}],
            "edge": {"target": edge, "header": "X-Gray-Lane"},
            "targets": {edge: {"gateways": ["istio-system/public"]} if edge == "istio" else {}},
        },
    }


@contextmanager
def _loaded(engine: Engine, spec: Mapping[str, Any], port: int, bent: bool) -> Iterator[None]:
    """The engine with the release's files and its services; `bent` files lack the filter that drops Connection."""
    case, _ = case_from(json.dumps(spec))
    assert case
    chosen = target(engine.name)
    files = dict(chosen.emit(chosen.lower([case.view(chosen.manifest)])))
    if bent:
        files = {path: _DROPPED.sub("", text) for path, text in files.items()}
    with sockets.echoing({(address, port): name for name, address in ADDRESSES.items()}):
        engine.load(files, Project((case.release,)))
        yield


def _lane(engine: Engine, bent: bool = False) -> tuple[str, str]:
    """Who got a tester's request, and the lane that the service was told."""
    port = free_port()
    with _loaded(engine, _spec(engine.name, port), port, bent):
        head = f"GET / HTTP/1.1\r\nHost: {HOST}\r\nX-Canary: 1\r\n{LANES}\r\n\r\n"
        (answer,) = wire.exchange(engine.at(HOST), [head.encode()])
        assert "upgrade" not in (answer.first("x-seen-connection") or "").lower()
        if not bent:
            assert sockets.opened(engine.at(HOST), HOST, {"X-Canary": "1"}).echo == "v2: hello"
    return answer.first("x-served-by") or "", answer.first("x-seen-x-gray-lane") or ""


def test_the_lane_reaches_the_service(engine: Engine) -> None:
    assert _lane(engine) == ("v2", "v2")


def test_without_the_filter_it_is_lost(engine: Engine) -> None:
    if engine.name != "spring-cloud-gateway":
        pytest.skip("the other engines keep it by themselves")
    assert _lane(engine, bent=True) == ("v2", "")


def _ticket(engine: Engine, own: str = "", bent: bool = False) -> tuple[str, str]:
    """The cookie that a new user is given, and all that the service gets; `own` is what the user has already."""
    port = free_port()
    spec = _spec(engine.name, port)
    del spec["spec"]["edge"]
    drawing = {"sticky": {"cookie": "gray-ticket"}, "stages": [{"name": "half", "weight": 50}]}
    with _loaded(engine, {**spec, "spec": {**spec["spec"], **drawing}}, port, bent):
        head = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n{own}{COOKIES}\r\n\r\n"
        (answer,) = wire.exchange(engine.at(HOST), [head.encode()])
    return (answer.first("set-cookie") or "").partition(";")[0], answer.first("x-seen-cookie") or ""


@pytest.mark.parametrize("own", ["", "Cookie: theme=dark\r\n"])
def test_the_ticket_reaches_the_service(engine: Engine, own: str) -> None:
    given, seen = _ticket(engine, own)
    assert given.startswith("gray-ticket=")
    assert given in seen.split("; ")


def test_without_the_filter_the_ticket_is_lost(engine: Engine) -> None:
    if engine.name != "spring-cloud-gateway":
        pytest.skip("the other engines keep it by themselves")
    given, seen = _ticket(engine, bent=True)
    assert (given.partition("=")[0], seen) == ("gray-ticket", "")
