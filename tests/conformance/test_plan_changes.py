"""Plans that change under way: 2,000 users keep their cookies, and each engine has the right share of them after each.

The walk: a canary at 20%, drawn by the engine itself; then a stage of 25% is inserted, a weight becomes 35%, a second
canary gets 10%; then the next release comes, with the cohort of the last one and with its own.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import pytest

from graymesh.ir.semantics import Request
from graymesh.ir.tickets import bucket_of
from graymesh.kit.registry import target
from graymesh.language.case import Case
from tests.conformance import upstreams
from tests.conformance.acceptance import ENGINES
from tests.conformance.binomial import chi_square, improbability
from tests.conformance.engine import Answer, Engine
from tests.conformance.running import running
from tests.conformance.suite import Project
from tests.helpers import case_from
from tests.nginx.engine import free_port

USERS: Final = 2000
HOST: Final = "shop.example.com"
COOKIE: Final = "gray-ticket"
ADDRESSES: Final = {"v1": "127.9.1.1", "v2": "127.9.2.1", "v3": "127.9.3.1", "v4": "127.9.4.1"}
ERROR_RATE: Final = 1e-9
GRID: Final = 20
"""Tickets that Spring's gateway draws among."""


@dataclass(frozen=True, slots=True)
class Step:
    """A change of the spec: what it says afterwards, and who gets which percentage."""

    name: str
    stable: str
    stages: Sequence[Mapping[str, Any]]
    shares: Mapping[str, int]
    cohort: str = ""


WALK: Final = (
    Step("drawn", "v1", ({"split": {"v2": 5}}, {"split": {"v2": 20}}, {"split": {"v2": 50}}), {"v2": 20}),
    Step("a stage inserted", "v1", ({"split": {"v2": 5}}, {"split": {"v2": 25}}, {"split": {"v2": 50}}), {"v2": 25}),
    Step("a weight changed", "v1", ({"split": {"v2": 10}}, {"split": {"v2": 35}}, {"split": {"v2": 50}}), {"v2": 35}),
    Step("a second canary", "v1", ({"split": {"v2": 5}}, {"split": {"v2": 35, "v3": 10}}), {"v2": 35, "v3": 10}),
    Step("both grow", "v1", ({"split": {"v2": 5}}, {"split": {"v2": 60, "v3": 40}}), {"v2": 60, "v3": 40}),
    Step("the next release, same cohort", "v2", ({"split": {}}, {"split": {"v4": 10}}), {"v4": 10}, "default/shop/v2"),
    Step("the next release, its own cohort", "v2", ({"split": {}}, {"split": {"v4": 15}}), {"v4": 15}),
)


@dataclass
class User:
    """A browser with its cookies; `seen` is the version of each step."""

    cookies: dict[str, str] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    def take(self, answer: Answer, version: str) -> None:
        """Keep what the answer gives."""
        for cookie in answer.set_cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        self.seen.append(version)


@pytest.fixture(scope="module", params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from running(ENGINES[request.param]())


def test_shares_are_right_after_every_change(engine: Engine) -> None:
    port = free_port()
    endpoints = {version: [f"{address}:{port}"] for version, address in ADDRESSES.items()}
    users = [User() for _ in range(USERS)]
    tickets: list[str] = []
    with upstreams.serving([each[0] for each in endpoints.values()]):
        for number, step in enumerate(WALK):
            _load(engine, _case(step, endpoints), step)
            _visit(engine, users, port, new=number == 0)
            _right(step, Counter(user.seen[-1] for user in users))
            fresh = [User() for _ in range(USERS)]
            _visit(engine, fresh, port, new=True)
            _right(step, Counter(user.seen[-1] for user in fresh))
            tickets += [user.cookies[COOKIE] for user in (*fresh, *(users if number == 0 else ()))]
    _nobody_flips(users)
    _even(engine.name, tickets)


def test_what_is_no_ticket_is_drawn_anew(engine: Engine) -> None:
    """Old cookies of four digits among them; whoever has a ticket gets no other."""
    port = free_port()
    endpoints = {version: [f"{address}:{port}"] for version, address in ADDRESSES.items()}
    values = ["0499", "9999", "03ff", "000003f", "000003fg", "000003FF", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "x00003ff"]
    with upstreams.serving([each[0] for each in endpoints.values()]):
        _load(engine, _case(WALK[0], endpoints), WALK[0])
        users = [User({COOKIE: value}) for value in values]
        _visit(engine, users, port, new=True)
        assert all(bucket_of(user.cookies[COOKIE]) is not None for user in users)
        _visit(engine, users, port, new=False)
        assert all(len({*user.seen}) == 1 for user in users)


def _case(step: Step, endpoints: Mapping[str, Sequence[str]]) -> Case:
    """The last stage but one, where there are three, else the last."""
    stages = [{"name": f"s{number}", **stage, "hold": "1h"} for number, stage in enumerate(step.stages)]
    stages = [{**stage, "split": stage["split"] or {"v4": 0}} for stage in stages]
    named = {version for stage in stages for version in stage["split"]}
    sticky = {"cookie": COOKIE, **({"cohort": step.cohort} if step.cohort else {})}
    spec = {
        "service": {"port": 8080, "domains": [HOST]},
        "stable": step.stable,
        "versions": {each: {"endpoints": list(endpoints[each])} for each in sorted({step.stable, *named})},
        "sticky": sticky,
        "stages": stages,
        "stage": "s1",
        "targets": {
            "nginx": {"listen": 80, "trustedProxies": ["127.0.0.0/8"]},
            "istio": {"gateways": ["istio-system/public"]},
            "spring-cloud-gateway": {},
        },
    }
    rollout = {"apiVersion": "graymesh.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "shop"}, "spec": spec}
    case, problems = case_from(json.dumps(rollout))
    assert case is not None, problems
    return case


def _load(engine: Engine, case: Case, step: Step) -> None:
    chosen = target(engine.name)
    files = chosen.emit(chosen.lower((case.view(chosen.manifest),)))
    engine.load(files, Project((case.release,)))
    assert case.release.stable == step.stable


def _visit(engine: Engine, users: Sequence[User], port: int, new: bool) -> None:
    """One request of each user; a ticket is handed out to new users only, and the version gets it at once."""
    versions = {f"{address}:{port}": version for version, address in ADDRESSES.items()}
    requests = [Request(host=HOST, cookies=tuple(user.cookies.items())) for user in users]
    answers = engine.send_heads([(engine.head(each, HOST), HOST) for each in requests])
    for user, answer in zip(users, answers, strict=True):
        assert bool(answer.set_cookies) == new, (engine.name, answer)
        user.take(answer, versions[answer.version or ""])
        assert f"{COOKIE}={user.cookies[COOKIE]}" in answer.headers["x-seen-cookie"].split("; "), answer


def _right(step: Step, seen: Counter[str]) -> None:
    wanted = {**step.shares, step.stable: 100 - sum(step.shares.values())}
    for version, share in wanted.items():
        assert improbability(seen[version], USERS, share / 100) > ERROR_RATE, (step.name, seen)
    assert sum(seen.values()) == sum(seen[version] for version in wanted)


def _nobody_flips(users: Sequence[User]) -> None:
    """While their canary grows, its users stay, whatever else the change is."""
    for number, (before, after) in enumerate(pairwise(WALK)):
        for version, share in before.shares.items():
            grows = after.shares.get(version, 0) >= share
            if (after.stable, after.cohort) == (before.stable, before.cohort) and grows:
                stayed = [user for user in users if user.seen[number] == version]
                assert all(user.seen[number + 1] == version for user in stayed), (before.name, version)


def _even(name: str, tickets: Sequence[str]) -> None:
    """Each hex digit of the buckets, and each pair of digits, as often as every other, by chi-square at 10^-9.

    A grid has its tickets as often as one another.
    """
    buckets = [f"{bucket_of(ticket):04x}" for ticket in tickets]
    if target(name).manifest.ticket_grid:
        starts = set(buckets)
        assert len(starts) <= GRID * 2
        assert chi_square(Counter(buckets[:USERS]).values(), GRID) > ERROR_RATE
        return
    for first in range(4):
        assert chi_square(Counter(bucket[first] for bucket in buckets).values(), 16) > ERROR_RATE
        for second in range(first):
            pairs = Counter(bucket[first] + bucket[second] for bucket in buckets)
            assert chi_square(pairs.values(), 256) > ERROR_RATE
    assert len({*tickets}) == len(tickets)
