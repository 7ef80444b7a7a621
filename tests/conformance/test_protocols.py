"""HTTP/2 to the service: what Istio is told for `protocol: grpc` makes Envoy speak it, and without that it does not.

The services are an nginx that takes HTTP/2 without TLS and nothing else, as a gRPC server does.
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from graymesh.ir.release import Release
from graymesh.kit.registry import target
from tests.conformance import nginx_setup, wire
from tests.conformance.istio import Istio
from tests.conformance.running import running
from tests.conformance.suite import Project
from tests.helpers import case_from
from tests.nginx import engine as private

HOST: Final = "grpc.example.com"
ADDRESSES: Final = {"v1": "127.8.6.1", "v2": "127.8.7.1"}
CALL: Final = "/helloworld.Greeter/SayHello"


@pytest.fixture(scope="module")
def engine() -> Iterator[Istio]:
    if nginx_setup.missing():
        pytest.skip(f"HTTP/2 TO SERVICES IS NOT TRIED: {nginx_setup.missing()}")
    yield from running(Istio())


@contextmanager
def _services(folder: Path, port: int) -> Iterator[None]:
    servers = "".join(
        f"server {{ listen {address}:{port} http2; location / {{ add_header x-served-by {name} always; "
        f"add_header x-spoken $server_protocol always; add_header grpc-status 0 always; return 200; }} }}\n"
        for name, address in ADDRESSES.items()
    )
    process = private.started(folder, {"services.conf": f"server {{ listen 80; }}\n{servers}"}, private.free_port())
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def _compiled(port: int, options: Mapping[str, Any], protocol: str = "grpc") -> tuple[Release, dict[str, str]]:
    spec = {
        "service": {"port": 50051, "domains": [HOST], "protocol": protocol},
        "stable": "v1",
        "versions": {name: {"endpoints": [f"{address}:{port}"]} for name, address in ADDRESSES.items()},
        "audiences": {"testers": [{"headers": {"X-Canary": "1"}, "path": CALL}]},
        "routes": [{"name": "testers", "audience": "testers", "version": "v2"}],
        "targets": {"istio": {"gateways": ["istio-system/public"], **options}},
    }
    metadata = {"name": "greeter", "namespace": "default"}
    data = {"apiVersion": "graymesh.io/v1alpha1", "kind": "Rollout", "metadata": metadata, "spec": spec}
    case, _ = case_from(json.dumps(data))
    assert case
    istio = target("istio")
    return case.release, dict(istio.emit(istio.lower([case.view(istio.manifest)])))


def _called(engine: Istio, host: str, header: str) -> tuple[str, str]:
    """Who answers a call in HTTP/1.1, and what Envoy spoke to it; the status where nobody answers."""
    head = f"GET {CALL} HTTP/1.1\r\nHost: {host}\r\nX-Canary: {header}\r\n\r\n".encode()
    (answer,) = wire.exchange(engine.at(host), [head])
    return answer.first("x-served-by") or str(answer.status), answer.first("x-spoken") or ""


@pytest.mark.parametrize("protocol", ["grpc", "http2"])
@pytest.mark.parametrize("options", [{}, {"serviceEntry": True}], ids=["a port called http", "an entry of its own"])
def test_services_are_spoken_to_in_http_2(
    engine: Istio, options: Mapping[str, Any], protocol: str, tmp_path: Path
) -> None:
    port = private.free_port()
    release, files = _compiled(port, options, protocol)
    with _services(tmp_path, port):
        engine.load(files, Project((release,)))
        for host in (HOST, release.host):
            assert _called(engine, host, "1") == ("v2", "HTTP/2.0")
            assert _called(engine, host, "0") == ("v1", "HTTP/2.0")
        by_http_2 = _by_http_2(engine)
        assert {"x-served-by: v2", "x-spoken: HTTP/2.0", "grpc-status: 0"} <= by_http_2, by_http_2


def _by_http_2(engine: Istio) -> set[str]:
    """The headers of an answer to a client that speaks HTTP/2 without TLS from the first byte on."""
    address, port = engine.at(HOST)
    command = ["curl", "-sS", "-i", "--http2-prior-knowledge", "--max-time", "10", "--noproxy", "*"]
    command += ["--resolve", f"{HOST}:{port}:{address}", "-H", "X-Canary: 1", f"http://{HOST}:{port}{CALL}"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return set(said.splitlines())


def test_without_the_policy_nothing_is_understood(engine: Istio, tmp_path: Path) -> None:
    port = private.free_port()
    release, files = _compiled(port, {})
    bare = {
        path: text.replace("h2UpgradePolicy: UPGRADE", "http1MaxPendingRequests: 9") for path, text in files.items()
    }
    with _services(tmp_path, port):
        engine.load(bare, Project((release,)))
        served, spoken = _called(engine, HOST, "1")
    assert served not in ADDRESSES
    assert not spoken
