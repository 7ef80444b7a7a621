"""What nginx tells services about a client: the host with its port, the address, and nothing that the client forged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pytest

from graymesh.kit.registry import target
from tests.conformance import sockets, wire
from tests.conformance.nginx import Nginx
from tests.conformance.running import running
from tests.conformance.suite import Project
from tests.helpers import case_from
from tests.nginx.engine import free_port

HOST: Final = "shop.example.com"
ADDRESS: Final = "127.8.5.1"
FORGED: Final = {
    "X-Real-IP": "203.0.113.9",
    "X-Forwarded-Host": "evil.example.com",
    "X-Forwarded-Port": "444",
    "X-Forwarded-Proto": "https",
}


@pytest.fixture
def engine() -> Iterator[Nginx]:
    yield from running(Nginx())


def _seen(engine: Nginx, trusted: Sequence[str], heads: Sequence[str]) -> list[Mapping[str, str]]:
    """The headers that the service got for each request."""
    answers = _answers(engine, {"trustedProxies": list(trusted)}, heads)
    assert [answer.status for answer in answers] == [200] * len(heads)
    return [dict(answer.headers) for answer in answers]


def _answers(engine: Nginx, options: Mapping[str, Any], heads: Sequence[str]) -> list[wire.Response]:
    """What nginx answers under these options."""
    port = free_port()
    spec: dict[str, Any] = {
        "service": {"port": 8080, "domains": [HOST]},
        "stable": "v1",
        "versions": {"v1": {"endpoints": [f"{ADDRESS}:{port}"]}, "v2": {"endpoints": [f"{ADDRESS}:{port}"]}},
        "stages": [{"name": "none", "weight": 0, "hold": "1h"}, {"name": "full", "weight": 100}],
        "targets": {"nginx": dict(options)},
    }
    metadata = {"name": "shop", "namespace": "default"}
    data = {"apiVersion": "graymesh.io/v1alpha1", "kind": "Rollout", "metadata": metadata, "spec": spec}
    case, _ = case_from(json.dumps(data))
    assert case
    nginx = target("nginx")
    with sockets.echoing({(ADDRESS, port): "v1"}):
        engine.load(nginx.emit(nginx.lower([case.view(nginx.manifest)])), Project((case.release,)))
        return wire.exchange(engine.at(HOST), [head.encode() for head in heads])


def _head(host: str, target: str = "/", headers: Mapping[str, str] = {}) -> str:
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""])


def test_the_host_keeps_its_port(engine: Nginx) -> None:
    hosts = [HOST, f"{HOST}:8443", "SHOP.example.com:80", f"{HOST}.", f"{HOST}.:81"]
    found = _seen(engine, [], [_head(host) for host in hosts])
    wanted = [HOST, f"{HOST}:8443", f"{HOST}:80", HOST, f"{HOST}:81"]
    assert [each["x-seen-host"] for each in found] == wanted
    assert [each["x-seen-x-forwarded-host"] for each in found] == wanted


def test_a_host_header_beside_an_absolute_url_is_no_host(engine: Nginx) -> None:
    """RFC 9112, 3.2.2: the URL's host counts, and nginx chooses the server by it."""
    (found,) = _seen(engine, [], [_head("evil.example.com:99", f"http://{HOST}/")])
    assert found["x-seen-host"] == HOST


def test_what_clients_forge_is_overwritten(engine: Nginx) -> None:
    for trusted in ([], ["192.0.2.0/24"]):
        (found,) = _seen(engine, trusted, [_head(HOST, headers=FORGED)])
        port = str(engine.at(HOST)[1])
        told = {name: found[f"x-seen-{name.lower()}"] for name in FORGED}
        assert list(told.values()) == ["127.0.0.1", HOST, port, "http"]
        assert found["x-seen-x-forwarded-for"] == "127.0.0.1"


def test_what_a_trusted_proxy_says_is_passed_on(engine: Nginx) -> None:
    (found,) = _seen(engine, ["127.0.0.0/8"], [_head(HOST, headers={**FORGED, "X-Forwarded-For": "203.0.113.9"})])
    assert {name: found[f"x-seen-{name.lower()}"] for name in FORGED} == FORGED
    assert found["x-seen-x-forwarded-for"] == "203.0.113.9, 127.0.0.1"


def test_bodies_up_to_the_size_that_the_option_says(engine: Nginx) -> None:
    """nginx refuses by the announced length alone, so that what it refuses need not be sent."""
    body = "x" * 1_200_000
    head = f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(body)}\r\n\r\n"
    for options in ({}, {"maxBodySize": "1100K"}):
        assert [answer.status for answer in _answers(engine, options, [head])] == [413]
    assert [answer.status for answer in _answers(engine, {"maxBodySize": "2m"}, [head + body])] == [200]
