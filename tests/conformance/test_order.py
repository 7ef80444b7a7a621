"""A canary comes and goes on Istio while requests arrive: the files in the order of their names, and nobody gets 503.

Each file is applied by itself and is in force before the next one is, which is the longest that `kubectl apply` on the
folder can take.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import pytest

from graymesh.ir.release import Release
from graymesh.ir.semantics import Request
from graymesh.kit.registry import target
from tests.conformance import upstreams
from tests.conformance.istio import Istio
from tests.conformance.running import running
from tests.conformance.suite import Project
from tests.helpers import case_from
from tests.nginx.engine import free_port

Files = dict[str, str]
Counted = Counter[tuple[str, str]]

HOST: Final = "shop.default.svc.cluster.local"
AT_LEAST: Final = 200
"""Requests that arrive in each state between two files; a fifth of them asks for the canary by name."""

CANARY: Final[Mapping[str, Any]] = {
    "audiences": {"testers": [{"headers": {"X-Gray-Version": "v2"}}]},
    "routes": [{"name": "testers", "audience": "testers", "version": "v2"}],
    "stages": [{"name": "half", "weight": 50, "hold": "1h"}, {"name": "full", "weight": 100}],
    "sticky": {"cookie": "gray-bucket"},
}


@pytest.fixture(scope="module")
def istio() -> Iterator[Istio]:
    yield from running(Istio())


class Service:
    """A service of two versions, whose pods run all the time, and what clients got of it so far."""

    def __init__(self, istio: Istio, port: int) -> None:
        self.istio = istio
        self.endpoints = {version: f"127.9.{number}.1:{port}" for number, version in enumerate(("v1", "v2"), 1)}
        self.everything = self.release({"v2": {}})[0]
        self.files: Files = {}
        self.counted: Counted = Counter()

    def release(self, others: Mapping[str, Any], more: Mapping[str, Any] | None = None) -> tuple[Release, Files]:
        """The release with these versions beside v1, and its files."""
        versions = {name: {"endpoints": [self.endpoints[name]], **own} for name, own in {"v1": {}, **others}.items()}
        spec = {
            "service": {"port": 8080},
            "stable": "v1",
            "versions": versions,
            "targets": {"istio": {}},
            **(more or {}),
        }
        rollout = {"apiVersion": "graymesh.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "shop"}, "spec": spec}
        case, problems = case_from(json.dumps(rollout))
        assert case is not None, problems
        chosen = target("istio")
        return case.release, chosen.emit(chosen.lower((case.view(chosen.manifest),)))

    def start(self, files: Files) -> None:
        """What is in force before anybody asks."""
        self.files = dict(files)
        self._load()

    def apply(self, files: Files, order: Sequence[str] = ()) -> Counted:
        """The files one after the other, by their names unless told otherwise; what clients got in the meantime."""
        before = self.counted.copy()
        for path in order or sorted(files):
            self.files[path] = files[path]
            self._load()
            self._wait()
        return self.counted - before

    def _load(self) -> None:
        self.istio.load(self.files, Project((self.everything,)))

    def _wait(self) -> None:
        wanted = self.counted.total() + AT_LEAST
        while self.counted.total() < wanted:
            self._ask()

    def _ask(self) -> None:
        testers = Request(host=HOST, headers=(("X-Gray-Version", "v2"),))
        requests = [(testers if number % 5 == 0 else Request(host=HOST), HOST) for number in range(50)]
        known = {endpoint: version for version, endpoint in self.endpoints.items()}
        for answer in self.istio.send_many(requests):
            self.counted[answer.headers[":status"], known.get(answer.version or "", "nobody")] += 1

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Clients ask without a break, also while files are being applied."""
        done = threading.Event()

        def ask() -> None:
            while not done.is_set():
                self._ask()

        client = threading.Thread(target=ask)
        client.start()
        try:
            yield
        finally:
            done.set()
            client.join(timeout=30)
        assert not client.is_alive()


@pytest.fixture
def service(istio: Istio) -> Iterator[Service]:
    found = Service(istio, free_port())
    with upstreams.serving(found.endpoints.values()):
        yield found


def statuses(counted: Counted) -> set[str]:
    return {status for status, _ in counted}


def who(counted: Counted) -> set[str]:
    return {version for _, version in counted}


def test_a_canary_comes_and_goes_without_a_lost_request(service: Service) -> None:
    _, alone = service.release({})
    _, canary = service.release({"v2": {}}, CANARY)
    _, retired = service.release({"v2": {"retired": True}})
    service.start(alone)
    with service.asked():
        coming, going, gone = service.apply(canary), service.apply(retired), service.apply(alone)
    assert statuses(service.counted) == {"200"}, service.counted
    assert who(coming) == who(going) == {"v1", "v2"}
    assert who(gone) == {"v1"}


def test_a_canary_that_goes_in_one_step_loses_requests(service: Service) -> None:
    """What `diff` warns of; routes first, it is safe."""
    _, alone = service.release({})
    _, canary = service.release({"v2": {}}, CANARY)
    service.start(canary)
    assert "503" in statuses(service.apply(alone))
    service.start(canary)
    assert statuses(service.apply(alone, sorted(alone, reverse=True))) == {"200"}
