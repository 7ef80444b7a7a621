"""Ports in the mesh: of a service the released one is routed, of a public name that nothing registers port 80."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest
import yaml

from graymesh.ir.release import Release
from graymesh.kit.registry import target
from tests.conformance import upstreams, wire
from tests.conformance.istio import Istio
from tests.conformance.running import running
from tests.conformance.suite import Project
from tests.helpers import case_from
from tests.nginx.engine import free_port

HOST: Final = "places.trip.svc.cluster.local"
TESTER: Final = f"GET / HTTP/1.1\r\nHost: {HOST}\r\nX-Canary: 1\r\n\r\n".encode()
ADDRESSES: Final = {"v1": "127.8.1.1", "v2": "127.8.2.1"}


@pytest.fixture(scope="module")
def engine() -> Iterator[Istio]:
    yield from running(Istio())


def _release(port: int, domains: Sequence[str] = ()) -> tuple[Release, dict[str, str]]:
    data: dict[str, Any] = {
        "apiVersion": "graymesh.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "places", "namespace": "trip"},
        "spec": {
            "service": {"port": port, **({"domains": list(domains)} if domains else {})},
            "stable": "v1",
            "versions": {name: {"endpoints": [f"{address}:{port}"]} for name, address in ADDRESSES.items()},
            "audiences": {"testers": [{"headers": {"X-Canary": "1"}}]},
            "routes": [{"name": "testers", "audience": "testers", "version": "v2"}],
            "targets": {"istio": {}},
        },
    }
    case, _ = case_from(json.dumps(data))
    assert case
    istio = target("istio")
    return case.release, dict(istio.emit(istio.lower([case.view(istio.manifest)])))


def _service(release: Release, admin: int) -> str:
    """The service as Kubernetes would know it, with both ports on every pod."""
    ports = {"http": release.port, "http-admin": admin}
    endpoints = [
        {"address": ADDRESSES[version.name], "labels": dict(version.labels), "ports": ports}
        for version in release.versions
    ]
    spec = {
        "hosts": [HOST],
        "location": "MESH_INTERNAL",
        "resolution": "STATIC",
        "ports": [{"number": number, "name": name, "protocol": "HTTP"} for name, number in ports.items()],
        "endpoints": endpoints,
    }
    metadata = {"name": "two-ports", "namespace": "trip"}
    entry = {"apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry", "metadata": metadata, "spec": spec}
    return json.dumps(entry)


def _without_ports(text: str) -> str:
    documents = list(yaml.safe_load_all(text))
    for route in (route for document in documents for route in document["spec"].get("http", ())):
        left = [{key: value for key, value in match.items() if key != "port"} for match in route.pop("match")]
        route |= {"match": left} if all(left) else {}
    return "\n---\n".join(map(json.dumps, documents))


def _served(engine: Istio, files: Mapping[str, str], release: Release, admin: int, port: int) -> Counter[str | None]:
    """Who answers 40 testers at this port of the service."""
    both = Project((release, replace(release, port=admin)))
    engine.load({**files, "service.yaml": _service(release, admin)}, both)
    answers = wire.exchange((engine.address(HOST)[0], port), [TESTER] * 40)
    return Counter(answer.first("x-served-by") for answer in answers)


def test_only_the_released_port_is_routed(engine: Istio) -> None:
    port, admin = free_port(), free_port()
    release, files = _release(port)
    with upstreams.serving(f"{address}:{each}" for address in ADDRESSES.values() for each in (port, admin)):
        assert _served(engine, files, release, admin, port) == {f"{ADDRESSES['v2']}:{port}": 40}
        left_alone = _served(engine, files, release, admin, admin)
        assert left_alone.keys() == {f"{address}:{admin}" for address in ADDRESSES.values()}
        bare = {path: _without_ports(text) for path, text in files.items()}
        captured = _served(engine, bare, release, admin, admin)
        assert captured == {f"{ADDRESSES['v2']}:{port}": 40}, "without match.port nothing is caught by this test"


def test_public_names_that_nothing_registers_are_routed_at_port_80(engine: Istio) -> None:
    port = free_port()
    release, files = _release(port, ["places.example.com"])
    own = replace(release, domains=())  # nothing stands in for the name
    tester = TESTER.replace(HOST.encode(), b"places.example.com")
    try:
        engine.load({**files, "service.yaml": _service(own, 80)}, Project((own, replace(own, port=80))))
    except OSError as error:
        pytest.skip(f"PORT 80 IS NOT TRIED: {error}")
    with upstreams.serving(f"{address}:{port}" for address in ADDRESSES.values()):
        at_80, at_own = ((engine.address(HOST)[0], each) for each in (80, port))
        assert {answer.first("x-served-by") for answer in wire.exchange(at_80, [tester] * 20)} == {
            f"{ADDRESSES['v2']}:{port}"
        }
        assert {answer.first("x-served-by") for answer in wire.exchange(at_own, [tester] * 20)} == {None}
