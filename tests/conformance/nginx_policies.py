"""Do time limits, retries and limits that a spec asks for happen, in the words of the spec, on nginx?"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from graymesh.kit.registry import target
from tests.conformance.failing import FAILURES, Service, failing_service
from tests.conformance.wire import Response, exchange
from tests.helpers import case_from
from tests.nginx import engine

_HOSTS: Final = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
_ATTEMPTS: Final = 2
_TRY_MILLISECONDS: Final = 300
_QPS: Final = 20
_TRIED_AGAIN: Final = {
    "5xx": {"500", "502", "503", "504"},
    "gateway-error": {"502", "503", "504"},
    "unavailable": {"503"},
    "timeout": {"slow"},
    "connect-failure": {"reset"},
    "connect-failure reset": {"reset"},
}
"""What a service does that is tried again, by the words of the spec; to nginx a broken connection is a failed one."""

_UNSAFE: Final = ("POST", "PATCH")
_EVERY_METHOD: Final = "5xx-of-every-method"
"""A release that asks for retries of these too; it stands beside the words of `_TRIED_AGAIN`."""


def problems(folder: Path) -> Iterator[str]:
    """Every policy that nginx does not keep, in words; `folder` is an empty one for its files."""
    with failing_service(_HOSTS) as service, engine.running(folder, _files(service.port), {}) as port:
        for words, again in _TRIED_AGAIN.items():
            for failure in FAILURES:
                yield from _wrong(port, service, words, failure, "GET", 1 + _ATTEMPTS * (failure in again))
        for method in _UNSAFE:
            yield from _wrong(port, service, "5xx", "503", method, 1)
            yield from _wrong(port, service, _EVERY_METHOD, "503", method, 1 + _ATTEMPTS)
        yield from _limits(port)


def _wrong(port: int, service: Service, words: str, failure: str, method: str, wanted: int) -> Iterator[str]:
    number = f"{words}-{failure}-{method}"
    started = time.monotonic()
    response = _send(port, _host(words), method, f"X-Fail: {failure}", f"X-Number: {number}")
    took = (time.monotonic() - started) * 1000
    what = f"on {words}, {method} {failure}"
    if service.tries[number] != wanted:
        yield f"{what}: {service.tries[number]} tries, not {wanted}"
    if failure == "slow" and (response.status != 504 or took < wanted * _TRY_MILLISECONDS):
        yield f"{what}: {response.status} after {took:.0f} ms, not 504 after {wanted} times {_TRY_MILLISECONDS} ms"


def _limits(port: int) -> Iterator[str]:
    """A second's worth of requests at once, the first among them, then as many as the time that passed allows."""
    started = time.monotonic()
    statuses = Counter(_send(port, "limit.example.com", "GET", "X-Lane: v2").status for _ in range(5 * _QPS))
    most = 1 + _QPS + _QPS * (time.monotonic() - started)
    if not _QPS <= statuses[200] <= most or set(statuses) != {200, 429}:
        yield f"limit of {_QPS}: answers are {dict(statuses)}, not 200 for {_QPS} to {most:.0f} and else 429"
    free = Counter(_send(port, "limit.example.com", "GET").status for _ in range(5 * _QPS))
    if set(free) != {200}:
        yield f"no limit on stable: answers are {dict(free)}"


def _send(port: int, host: str, method: str, *lines: str) -> Response:
    head = [f"{method} / HTTP/1.1", f"Host: {host}", *lines, "Content-Length: 0", "", ""]
    return exchange(("127.0.0.1", port), ["\r\n".join(head).encode()])[0]


def _host(words: str) -> str:
    return f"{words.replace(' ', '-')}.example.com"


def _files(port: int) -> dict[str, str]:
    chosen = target("nginx")
    retried = [
        _spec(_host(words), port, {"resilience": _resilience(words)}) for words in (*_TRIED_AGAIN, _EVERY_METHOD)
    ]
    views = []
    for spec in [*retried, _spec("limit.example.com", port, {"limits": {"v2": {"qps": _QPS}}})]:
        case, found = case_from(json.dumps(spec))
        if case is None:
            raise ValueError([each.message for each in found])
        views.append(case.view(chosen.manifest))
    return chosen.emit(chosen.lower(views))


def _resilience(words: str) -> dict[str, Any]:
    asked = {"on": ["5xx"], "methods": "all"} if words == _EVERY_METHOD else {"on": words.split()}
    retries = {"attempts": _ATTEMPTS, "perTry": f"{_TRY_MILLISECONDS}ms", **asked}
    return {"timeout": "5s", "retries": retries}


def _spec(host: str, port: int, more: dict[str, Any]) -> dict[str, Any]:
    endpoints = [f"{address}:{port}" for address in _HOSTS]
    return {
        "apiVersion": "graymesh.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": f"on-{host.partition('.')[0]}"},
        "spec": {
            "service": {"port": 8080, "domains": [host]},
            "stable": "v1",
            "versions": {"v1": {"endpoints": endpoints}, "v2": {"endpoints": endpoints}},
            "audiences": {"lane": [{"headers": {"X-Lane": "v2"}}]},
            "routes": [{"name": "lane", "audience": "lane", "version": "v2"}],
            "stages": [{"name": "none", "weight": 0}],
            "targets": {"nginx": {}},
            **more,
        },
    }
