"""`fallback: stable` on the real nginx: who gets stable while no instance of the canary answers, what is sent twice.

The service counts what reaches it, by the number of the request.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest

from graymesh.ir.release import Release
from graymesh.kit.registry import target
from tests.conformance.acceptance import ENGINES
from tests.conformance.engine import Engine
from tests.conformance.failing import Service, failing_service
from tests.conformance.running import running
from tests.helpers import case_from
from tests.nginx.engine import free_port

HOST: Final = "fallback.example.com"
METHODS: Final = ("GET", "PUT", "POST", "PATCH")
NGINX: Final = target("nginx")
RETRIES: Final[dict[str, dict[str, Any]]] = {
    "as it comes": {},
    "as many tries as instances": {"retries": {"attempts": 2, "on": ["connect-failure", "timeout", "5xx"]}},
    "instances left out": {"outlier": {"errors": 2, "eject": "30s"}},
}


@dataclass(frozen=True)
class _One:
    releases: tuple[Release, ...]


@pytest.fixture(scope="module")
def nginx() -> Iterator[Engine]:
    yield from running(ENGINES["nginx"]())


@pytest.fixture
def stable() -> Iterator[Service]:
    with failing_service(("127.0.0.1", "127.0.0.2")) as service:
        yield service


@pytest.fixture
def canary() -> Iterator[Service]:
    with failing_service(("127.0.0.3",)) as service:
        yield service


def loaded(nginx: Engine, stable: Service, canary: tuple[str, ...], **resilience: Any) -> Callable[..., str]:
    """What sends a request to the canary, by its method and its headers, and tells the status of the answer."""
    text = {
        "apiVersion": "graymesh.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "fallback"},
        "spec": {
            "service": {"port": 8080, "domains": [HOST]},
            "stable": "v1",
            "versions": {
                "v1": {"endpoints": [f"127.0.0.1:{stable.port}", f"127.0.0.2:{stable.port}"]},
                "v2": {"endpoints": list(canary)},
            },
            "audiences": {"testers": [{"headers": {"X-Lane": "v2"}}]},
            "routes": [{"name": "testers", "audience": "testers", "version": "v2"}],
            "notice": {"header": "X-Notice", "value": "you are trying v2"},
            "resilience": {"fallback": "stable", **resilience},
            "targets": {"nginx": {}},
        },
    }
    case, problems = case_from(json.dumps(text))
    assert case, problems
    nginx.load(NGINX.emit(NGINX.lower([case.view(NGINX.manifest)])), _One((case.release,)))

    def send(method: str, number: str, fails: str = "") -> str:
        lines = [f"{method} / HTTP/1.1", f"Host: {HOST}", "X-Lane: v2", f"X-Number: {number}", f"X-Fail: {fails}"]
        (answer,) = nginx.send_heads([("\r\n".join([*lines, "Content-Length: 0", "", ""]).encode(), HOST)])
        assert answer.headers["x-notice"] == "you are trying v2"  # nginx does not know better, as its README says
        return answer.headers[":status"]

    return send


@pytest.mark.parametrize("retries", RETRIES)
@pytest.mark.parametrize("instances", [1, 2])
def test_users_of_a_dead_canary_get_stable_once(nginx: Engine, stable: Service, retries: str, instances: int) -> None:
    dead = tuple(f"127.0.0.{number}:{free_port()}" for number in range(3, 3 + instances))
    send = loaded(nginx, stable, dead, **RETRIES[retries])
    for method in METHODS * 3:
        assert send(method, method) == "200"
    assert stable.tries == dict.fromkeys(METHODS, 3)


def test_a_canary_that_answers_keeps_its_users(nginx: Engine, stable: Service, canary: Service) -> None:
    send = loaded(nginx, stable, (f"127.0.0.3:{canary.port}",))
    for method in METHODS:
        assert send(method, method) == "200"
        assert send(method, f"{method}-500", "500") == "500"
    assert not stable.tries
    assert set(canary.tries.values()) == {1}


@pytest.mark.parametrize(
    ("fails", "resilience"),
    [
        ("reset", {}),
        ("503", {"retries": {"attempts": 2, "on": ["connect-failure", "5xx"]}}),
        (
            "slow",
            {"timeout": "5s", "retries": {"attempts": 2, "perTry": "300ms", "on": ["connect-failure", "timeout"]}},
        ),
    ],
)
def test_what_was_sent_to_the_canary_is_tried_again_on_stable_unless_it_may_do_harm(
    nginx: Engine, stable: Service, canary: Service, fails: str, resilience: dict[str, Any]
) -> None:
    send = loaded(nginx, stable, (f"127.0.0.3:{canary.port}",), **resilience)
    for method in METHODS:
        send(method, method, fails)
    assert canary.tries == dict.fromkeys(METHODS, 1)
    assert set(stable.tries) == {"GET", "PUT"}


def test_one_instance_that_fails_is_left_out_when_stable_stands_behind_it(
    nginx: Engine, stable: Service, canary: Service
) -> None:
    """Without servers behind it nginx never leaves out the only one."""
    send = loaded(nginx, stable, (f"127.0.0.3:{canary.port}",), outlier={"errors": 1, "eject": "30s"})
    send("POST", "broken", "reset")
    assert send("POST", "next") == "200"
    assert (canary.tries["next"], stable.tries["next"]) == (0, 1)
