"""One user, one version: the same 1,000 users with their cookies through all engines, up through the stages and back.

Alone, each engine decides by itself and the users meet them in turn. Chained, nginx decides as the edge, and Envoy or
the Spring gateway behind it follows the lane header, which every second user forges.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from graymesh.ir.cohorts import cohort
from graymesh.ir.release import Release
from graymesh.ir.semantics import Request, inside
from graymesh.ir.tickets import bucket_of, start_of
from graymesh.kit.registry import target
from graymesh.language.case import Case
from tests.conformance import upstreams
from tests.conformance.acceptance import ENGINES
from tests.conformance.binomial import improbability
from tests.conformance.engine import Answer, Engine
from tests.conformance.suite import Project
from tests.helpers import case_from
from tests.nginx.engine import free_port

USERS: Final = 1000
UP: Final = ("gray-5", "gray-20", "half", "full")
WEIGHTS: Final = dict(zip(UP, (5, 20, 50, 100), strict=True))
WAY: Final = (*UP, "half", "gray-20", "gray-5")
"""Up, and back by rollback."""

HOST: Final = "shop.example.com"
LANE: Final = "X-Gray-Lane"
ERROR_RATE: Final = 1e-9
VERSIONS: Final = {"v1": "127.9.1.1", "v2": "127.9.2.1"}
Load = Callable[[str], None]


@dataclass
class User:
    """A browser: it keeps what it is given and sends it along."""

    number: int
    cookies: dict[str, str] = field(default_factory=dict)
    seen: dict[int, str] = field(default_factory=dict)

    def request(self) -> Request:
        """Every second user claims a lane that is not its own to choose."""
        forged = ((LANE, "v2"),) if self.number % 2 else ()
        return Request(host=HOST, headers=forged, cookies=tuple(self.cookies.items()))

    def take(self, answer: Answer) -> None:
        """Keep the cookies of an answer."""
        for cookie in answer.set_cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value


@pytest.fixture(scope="module")
def engines() -> Iterator[dict[str, Engine]]:
    """All three, started; the test means nothing with fewer."""
    made = {name: kind() for name, kind in ENGINES.items()}
    missing = [f"{name} ({engine.available()})" for name, engine in made.items() if engine.available()]
    if missing:
        pytest.skip(f"ONE USER ON EVERY ENGINE IS NOT TRIED: {', '.join(missing)}")
    with ExitStack() as stack:
        for engine in made.values():
            engine.start()
            stack.callback(engine.stop)
        yield made


def test_each_engine_decides_and_all_agree(engines: dict[str, Engine]) -> None:
    port = free_port()
    endpoints = {version: [f"{address}:{port}"] for version, address in VERSIONS.items()}
    case = _case(endpoints, {})
    users = [User(number) for number in range(USERS)]
    with upstreams.serving([each[0] for each in endpoints.values()]):
        for step, stage in enumerate(WAY):
            for name, engine in engines.items():
                _load(engine, case, name, stage)
            _visit(list(engines.values()), users, step, {f"{a}:{port}": v for v, a in VERSIONS.items()})
            _stage_is_right(users, step)
    _nobody_flips(users)


@pytest.mark.parametrize("follower", ["istio", "spring-cloud-gateway"])
def test_followers_keep_to_what_the_edge_decides(engines: dict[str, Engine], follower: str) -> None:
    port = free_port()
    endpoints = {version: [f"{address}:{port}"] for version, address in VERSIONS.items()}
    edge = {"edge": {"target": "nginx", "header": LANE}}
    behind = _case(endpoints, edge)
    users = [User(number) for number in range(USERS)]
    with upstreams.serving([each[0] for each in endpoints.values()]):
        _load(engines[follower], behind, follower, UP[0])
        address = _address(engines[follower])
        front = _case({version: [address] for version in VERSIONS}, edge)
        for step, stage in enumerate(WAY):
            _load(engines["nginx"], front, "nginx", stage)
            answers = _visit([engines["nginx"]], users, step, {f"{a}:{port}": v for v, a in VERSIONS.items()})
            assert all(answer.headers["x-seen-x-gray-lane"] == version for answer, version in answers)
            _stage_is_right(users, step)
    _nobody_flips(users)


def test_a_follower_alone_obeys_the_header_it_is_given(engines: dict[str, Engine]) -> None:
    """Why the edge must overwrite it: whoever reaches a follower around the edge chooses the version."""
    port = free_port()
    endpoints = {version: [f"{address}:{port}"] for version, address in VERSIONS.items()}
    case = _case(endpoints, {"edge": {"target": "nginx", "header": LANE}})
    lanes = {"v2": "v2", "v1": "v1", "v9": "v1", "V2": "v1", "": "v1"}
    with upstreams.serving([each[0] for each in endpoints.values()]):
        for name in ("istio", "spring-cloud-gateway"):
            _load(engines[name], case, name, UP[0])
            requests = [Request(host=HOST, headers=((LANE, lane),) if lane else ()) for lane in lanes]
            answers = engines[name].send_heads([(engines[name].head(each, HOST), HOST) for each in requests])
            found = [answer.version for answer in answers]
            assert found == [f"{VERSIONS[version]}:{port}" for version in lanes.values()], name


def _case(endpoints: Mapping[str, Sequence[str]], more: Mapping[str, Any]) -> Case:
    spec = {
        "service": {"port": 8080, "domains": [HOST]},
        "stable": "v1",
        "versions": {version: {"endpoints": list(each)} for version, each in endpoints.items()},
        "sticky": {"cookie": "gray-ticket"},
        "stages": [{"name": name, "weight": weight, "hold": "1h"} for name, weight in WEIGHTS.items()],
        "stage": UP[0],
        "targets": {
            "nginx": {"listen": 80, "trustedProxies": ["127.0.0.0/8"]},
            "istio": {"gateways": ["istio-system/public"]},
            "spring-cloud-gateway": {},
        },
        **more,
    }
    rollout = {"apiVersion": "graymesh.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "shop"}, "spec": spec}
    case, problems = case_from(json.dumps(rollout))
    assert case is not None, problems
    return case


def _load(engine: Engine, case: Case, name: str, stage: str) -> None:
    chosen = target(name)
    release: Release = next(each for each in case.stages if each.stage == stage)
    files = chosen.emit(chosen.lower((case.view(chosen.manifest, release),)))
    engine.load(files, Project((release,)))


def _address(engine: Any) -> str:
    host, port = engine.address if isinstance(engine.address, tuple) else engine.address(HOST)
    return f"{host}:{port}"


def _visit(
    engines: Sequence[Engine], users: Sequence[User], step: int, versions: Mapping[str, str]
) -> list[tuple[Answer, str]]:
    """Every user comes to every engine twice, each third of them in another order; all must see one version."""
    found: list[tuple[Answer, str]] = []
    for turn in range(2 * len(engines)):
        for index, engine in enumerate(engines):
            group = [user for user in users if (user.number + turn) % len(engines) == index]
            for user, answer in zip(group, _answers(engine, group), strict=True):
                version = versions.get(answer.version or "")
                assert version, (engine.name, answer)
                user.take(answer)
                assert user.seen.setdefault(step, version) == version, f"user {user.number} flips on {engine.name}"
                found.append((answer, version))
    return found


def _answers(engine: Engine, users: Sequence[User]) -> list[Answer]:
    return engine.send_heads([(engine.head(user.request(), HOST), HOST) for user in users])


def _stage_is_right(users: Sequence[User], step: int) -> None:
    """As many on the canary as chance allows for, and exactly those whose ticket says so."""
    weight = WEIGHTS[WAY[step]]
    on_canary = [user for user in users if user.seen[step] == "v2"]
    assert improbability(len(on_canary), USERS, weight / 100) > ERROR_RATE, Counter(user.seen[step] for user in users)
    if weight < 100:
        taken = cohort(start_of("default/shop/v2"), [{"v2": 100 * weight}]).buckets("v2", 100 * weight)
        tickets = {user.number: bucket_of(user.cookies["gray-ticket"]) for user in users}
        assert None not in tickets.values()
        assert all(inside(tickets[user.number] or 0, taken) == (user.seen[step] == "v2") for user in users)


def _nobody_flips(users: Sequence[User]) -> None:
    """Nobody leaves the canary while it grows; on the way back each stage has the users that it had before."""
    for user in users:
        up = [user.seen[step] for step in range(len(UP))]
        assert up == sorted(up), f"user {user.number} was thrown back: {up}"
        for step, stage in list(enumerate(WAY))[len(UP) :]:
            assert user.seen[step] == user.seen[UP.index(stage)], f"user {user.number} at {stage}"
