"""WebSockets through every engine, for each kind of user, beside notice, trace, cookie and answers to other origins."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from graymesh.kit.registry import target
from tests.conformance import sockets
from tests.conformance.acceptance import ENGINES
from tests.conformance.engine import Engine
from tests.conformance.running import running
from tests.conformance.suite import Project
from tests.helpers import case_from
from tests.nginx.engine import free_port

HOST: Final = "chat.example.com"
ORIGIN: Final = f"https://{HOST}"
"""Browsers say it when they open a WebSocket; behind TLS that ends before the engine it is no origin of its own."""

ADDRESSES: Final = {"127.8.3.1": "v1", "127.8.4.1": "v2"}
USERS: Final = {
    "a tester": ({"X-Canary": "always"}, {"v2"}),
    "a user of v2": ({"Cookie": "chat-ticket=00000100"}, {"v2"}),
    "a user of v1": ({"Cookie": "chat-ticket=00009100"}, {"v1"}),
    "a new user": ({}, {"v1", "v2"}),
}
TRACED: Final = ("istio", "nginx")


@pytest.fixture(scope="module", params=sorted(ENGINES))
def served(request: pytest.FixtureRequest) -> Iterator[tuple[str, tuple[str, int]]]:
    """The engine's name and where it serves the release; both versions echo."""
    engine: Engine
    for engine in running(ENGINES[request.param]()):
        port = free_port()
        case, _ = case_from(json.dumps(_spec(engine.name, port)))
        assert case
        chosen = target(engine.name)
        files = chosen.emit(chosen.lower([case.view(chosen.manifest)]))
        with sockets.echoing({(address, port): name for address, name in ADDRESSES.items()}):
            engine.load(files, Project((case.release,)))
            yield engine.name, engine.at(HOST)


def _spec(engine: str, port: int) -> dict[str, Any]:
    options = {"gateways": ["istio-system/public"]} if engine == "istio" else {}
    return {
        "apiVersion": "graymesh.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "chat", "namespace": "default"},
        "spec": {
            "service": {"port": 8080, "domains": [HOST]},
            "stable": "v1",
            "versions": {name: {"endpoints": [f"{address}:{port}"]} for address, name in ADDRESSES.items()},
            "audiences": {"testers": [{"headers": {"X-Canary": "always"}}]},
            "routes": [{"name": "testers", "audience": "testers", "version": "v2"}],
            "sticky": {"cookie": "chat-ticket", "start": "0000"},
            "cors": {"origins": [ORIGIN]},
            "notice": {"header": "X-Gray-Notice", "value": "you try v2"},
            **({"trace": {"header": "X-Gray-Trace"}} if engine in TRACED else {}),
            "stages": [{"name": "half", "weight": 50, "hold": "1h"}, {"name": "full", "weight": 100}],
            "targets": {engine: options},
        },
    }


@pytest.mark.parametrize("user", USERS)
def test_sockets_are_opened_and_echo(served: tuple[str, tuple[str, int]], user: str) -> None:
    engine, address = served
    headers, versions = USERS[user]
    opened = sockets.opened(address, HOST, {"Origin": ORIGIN, **headers})
    assert opened.status == 101
    assert opened.echo in {f"{version}: hello" for version in versions}
    if engine == "spring-cloud-gateway":
        return  # its answer to a handshake has no header of the service's, nor of ours
    version = opened.headers["x-served-by"]
    assert opened.headers.get("x-gray-notice", "") == ("you try v2" if version == "v2" else "")
    assert ("x-seen-x-gray-trace" in opened.headers) == (version == "v2")
    assert ("set-cookie" in opened.headers) == (user == "a new user")


def test_other_upgrades_are_not_passed_on_by_nginx(served: tuple[str, tuple[str, int]]) -> None:
    """`h2c` would open a connection past all routes, on which a client could ask for anything."""
    engine, address = served
    if engine != "nginx":
        pytest.skip("the other engines know upgrades themselves")
    opened = sockets.opened(address, HOST, {"Upgrade": "h2c", "X-Canary": "always"})
    assert opened.status == 200
    assert "x-seen-upgrade" not in opened.headers
    assert "x-seen-connection" not in opened.headers
