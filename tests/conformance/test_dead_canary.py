"""What users of a canary get while none of its instances takes connections, from each engine, as its manifest says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from graymesh.ir.release import Release
from graymesh.kit.registry import target
from tests.conformance.acceptance import ENGINES
from tests.conformance.engine import Engine
from tests.conformance.failing import failing_service
from tests.conformance.running import running
from tests.helpers import case_from
from tests.nginx.engine import free_port

HOST = "dead.default.svc.cluster.local"


@dataclass(frozen=True)
class _One:
    releases: tuple[Release, ...]


@pytest.fixture(scope="module", params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from running(ENGINES[request.param]())


RESILIENCE: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "with retries": {"resilience": {"retries": {"attempts": 2, "on": ["connect-failure", "5xx"]}}},
}


@pytest.mark.parametrize("resilience", RESILIENCE)
def test_the_status_is_what_the_manifest_says(engine: Engine, resilience: str) -> None:
    with failing_service() as service:
        text = {
            "apiVersion": "graymesh.io/v1alpha1",
            "kind": "Rollout",
            "metadata": {"name": "dead"},
            "spec": {
                "service": {"port": 8080},
                "stable": "v1",
                "versions": {
                    "v1": {"endpoints": [f"127.0.0.1:{service.port}"]},
                    "v2": {"endpoints": [f"127.0.0.1:{free_port()}"]},
                },
                "audiences": {"testers": [{"headers": {"X-Lane": "v2"}}]},
                "routes": [{"name": "testers", "audience": "testers", "version": "v2"}],
                "targets": {engine.name: {}},
                **RESILIENCE[resilience],
            },
        }
        case, problems = case_from(json.dumps(text))
        assert case, problems
        chosen = target(engine.name)
        engine.load(chosen.emit(chosen.lower([case.view(chosen.manifest)])), _One((case.release,)))
        head = f"GET / HTTP/1.1\r\nHost: {HOST}\r\nX-Number: 1\r\nContent-Length: 0\r\n"
        stable, dead = engine.send_heads([(f"{head}{more}\r\n".encode(), HOST) for more in ("", "X-Lane: v2\r\n")])
        assert stable.headers[":status"] == "200"
        assert dead.headers[":status"] == re.findall("[0-9]{3}", chosen.manifest.down)[0]
