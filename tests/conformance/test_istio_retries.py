"""Envoy itself: a request of POST or PATCH that fails arrives once, unless `retries.methods` asks for more."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from typing import Any, Final

import pytest

from graymesh.ir.release import Release
from graymesh.kit.registry import target
from graymesh.language.case import Case
from tests.conformance.failing import failing_service
from tests.conformance.istio import Istio
from tests.helpers import case_from

_ATTEMPTS: Final = 2
_WANTED: Final = {
    ("once", "GET"): 1 + _ATTEMPTS,
    ("once", "PUT"): 1 + _ATTEMPTS,
    ("once", "POST"): 1,
    ("once", "PATCH"): 1,
    ("again", "GET"): 1 + _ATTEMPTS,
    ("again", "POST"): 1 + _ATTEMPTS,
}
"""How often a request that is answered 500 arrives, by release and method."""


@dataclass(frozen=True)
class _Both:
    releases: tuple[Release, ...]


MISSING: Final = Istio().available()
if MISSING:
    warnings.warn(f"NOT TRIED ON ISTIO: {MISSING}", stacklevel=1)


@pytest.mark.skipif(MISSING is not None, reason=f"Istio is not there: {MISSING}")
def test_what_must_not_be_done_twice_arrives_once() -> None:
    engine = Istio()
    with failing_service(("127.66.9.1",)) as service:
        cases = [_case(name, more, service.port) for name, more in (("once", {}), ("again", {"methods": "all"}))]
        istio = target("istio")
        engine.start()
        try:
            files = istio.emit(istio.lower([case.view(istio.manifest) for case in cases]))
            engine.load(files, _Both(tuple(case.release for case in cases)))
            for name, method in _WANTED:
                host = f"{name}.default.svc.cluster.local"
                lines = [f"{method} / HTTP/1.1", f"Host: {host}", "X-Fail: 500", f"X-Number: {name} {method}"]
                engine.send_heads([("\r\n".join([*lines, "Content-Length: 0", "", ""]).encode(), host)])
        finally:
            engine.stop()
        assert {key: service.tries[" ".join(key)] for key in _WANTED} == _WANTED


def _case(name: str, more: dict[str, Any], port: int) -> Case:
    endpoints = {"endpoints": [f"127.66.9.1:{port}"]}
    spec = {
        "service": {"port": 8080},
        "stable": "v1",
        "versions": {"v1": endpoints, "v2": endpoints},
        "audiences": {"lane": [{"headers": {"X-Lane": "v2"}}]},
        "routes": [{"name": "lane", "audience": "lane", "version": "v2"}],
        "sticky": {"cookie": "gray-bucket"},
        "stages": [{"name": "half", "weight": 50}, {"name": "full", "weight": 100}],
        "resilience": {"retries": {"attempts": _ATTEMPTS, "on": ["5xx"], **more}},
        "targets": {"istio": {}},
    }
    head = {"apiVersion": "graymesh.io/v1alpha1", "kind": "Rollout", "metadata": {"name": name}}
    case, problems = case_from(json.dumps({**head, "spec": spec}))
    assert case, problems
    return case
