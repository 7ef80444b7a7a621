"""Do time limits and retries that a spec asks for happen, in the words of the spec, on Spring Cloud Gateway?

A service of ours fails in the way that a request asks for, and counts the tries.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from graymesh.kit.registry import target
from tests.conformance.failing import FAILURES, Service, failing_service
from tests.conformance.spring import SpringCloudGateway
from tests.conformance.wire import Response, exchange
from tests.helpers import case_from

_ATTEMPTS: Final = 2
_TIMEOUT_MILLISECONDS: Final = 400
_TRIED_AGAIN: Final = {
    "5xx": {"500", "502", "503", "504"},
    "gateway-error": {"502", "503", "504"},
    "unavailable": {"503"},
    "reset": {"reset"},
    "timeout": {"slow"},
}
"""What a service does that is tried again, by the word of the spec; a refused connection is told on its own."""

_UNSAFE: Final = ("POST", "PATCH")
_EVERY_METHOD: Final = "5xx-of-every-method"
"""A release that asks for retries of these too; it stands beside the words of `_TRIED_AGAIN`."""


def problems(engine: SpringCloudGateway) -> Iterator[str]:
    """Every policy that the engine does not keep, in words."""
    with failing_service() as service:
        engine.load(_files(service.port))
        for word, again in _TRIED_AGAIN.items():
            for failure in FAILURES:
                yield from _wrong(engine, service, word, failure, "GET", 1 + _ATTEMPTS * (failure in again))
        for method in _UNSAFE:
            yield from _wrong(engine, service, "5xx", "503", method, 1)
            yield from _wrong(engine, service, _EVERY_METHOD, "503", method, 1 + _ATTEMPTS)
        yield from _refused_connections(engine, service)


def _wrong(
    engine: SpringCloudGateway, service: Service, word: str, failure: str, method: str, wanted: int
) -> Iterator[str]:
    number = f"{word}-{failure}-{method}"
    started = time.monotonic()
    response = _send(engine, word, method, f"X-Fail: {failure}", f"X-Number: {number}")
    took = (time.monotonic() - started) * 1000
    what = f"on {word}, {method} {failure}"
    if service.tries[number] != wanted:
        yield f"{what}: {service.tries[number]} tries, not {wanted}"
    if failure == "slow" and (response.status != 504 or took < wanted * _TIMEOUT_MILLISECONDS):
        yield f"{what}: {response.status} after {took:.0f} ms, not 504 after {wanted} times {_TIMEOUT_MILLISECONDS} ms"
    cookies = sum("gray-ticket" in value for value in response.every("set-cookie"))
    if failure.isdigit() and cookies != 1:
        yield f"{what}: the bucket is given {cookies} times"


def _refused_connections(engine: SpringCloudGateway, service: Service) -> Iterator[str]:
    """Nobody listens at every other address of this release, so the second try always finds the service."""
    answers = Counter(_send(engine, "connect-failure", "GET", "X-Number: c").status for _ in range(10))
    if answers != {200: 10}:
        yield f"on connect-failure: answers are {dict(answers)}, not ten times 200"


def _send(engine: SpringCloudGateway, word: str, method: str, *lines: str) -> Response:
    head = [f"{method} / HTTP/1.1", f"Host: {word}.example.com", *lines, "Content-Length: 0", "", ""]
    return exchange(engine.address, ["\r\n".join(head).encode()])[0]


def _files(port: int) -> dict[str, str]:
    chosen = target("spring-cloud-gateway")
    words = [(word, [f"127.0.0.1:{port}"]) for word in (*_TRIED_AGAIN, _EVERY_METHOD)]
    words.append(("connect-failure", [f"127.0.0.1:{port}", f"127.0.0.2:{port}"]))
    views = []
    for word, endpoints in words:
        case, found = case_from(json.dumps(_spec(word, endpoints)))
        if case is None:
            raise ValueError([each.message for each in found])
        views.append(case.view(chosen.manifest))
    return chosen.emit(chosen.lower(views))


def _spec(word: str, endpoints: list[str]) -> dict[str, Any]:
    asked = {"on": ["5xx"], "methods": "all"} if word == _EVERY_METHOD else {"on": [word]}
    return {
        "apiVersion": "graymesh.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": f"shop-{word}"},
        "spec": {
            "service": {"port": 8080, "domains": [f"{word}.example.com"]},
            "stable": "v1",
            "versions": {"v1": {"endpoints": endpoints}, "v2": {"endpoints": endpoints}},
            "stages": [{"name": "half", "weight": 50}, {"name": "full", "weight": 100}],
            "stage": "half",
            "sticky": {"cookie": "gray-ticket"},
            "resilience": {
                "timeout": f"{_TIMEOUT_MILLISECONDS}ms",
                "retries": {"attempts": _ATTEMPTS, **asked},
            },
            "targets": {"spring-cloud-gateway": {}},
        },
    }
