"""The mistakes of tests/cases/replay on the engines themselves: the wrong artifacts misroute, the right ones do not.

Everything runs on loopback. An engine that is not there is told loudly, and its replays are skipped.
"""

from __future__ import annotations

import socket
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import pytest

from graymesh.compile.verify import labels_of, relabelled
from graymesh.ir.release import RouteTable
from graymesh.ir.semantics import Request
from graymesh.kit.target import View
from tests.conformance.binomial import improbability
from tests.conformance.engine import Answer, EngineRefused
from tests.conformance.replaying import (
    ENGINES,
    FAILING,
    NUMBER,
    Alone,
    Engine,
    ask,
    cookies_of,
    fits,
    label,
    on_loopback,
    services,
)
from tests.conformance.sentinel import Held, Sentinel
from tests.replays import REFUSED, Replay, files_of, replays

TIMES: Final = 200
"""How often a witness is sent."""

ERROR: Final = 1e-9
"""How often a right engine may be called wrong."""

USERS: Final = 200
ROUNDS: Final = 20

REPLAYS: Final = {each.name: each for each in replays()}
FAILS: Final = {"retries-deleted": "1", "one-pod-canary-ejected": "0"}
"""How many tries of each request a service fails."""

BY_STAGE: Final = {name for name, each in REPLAYS.items() if each.stages}
RULES: Final = {name for name, each in REPLAYS.items() if each.target == "sentinel"}
WITNESSED: Final = sorted(set(REPLAYS) - BY_STAGE - RULES)
MISSING: Final = {name: why for name, engine in ENGINES.items() if (why := engine().available())}
NO_SENTINEL: Final = Sentinel().available()

for name, why in [*MISSING.items(), *([("sentinel", NO_SENTINEL)] if NO_SENTINEL else [])]:
    warnings.warn(f"NOT TRIED ON {name.upper()}: {why}", stacklevel=1)


@pytest.fixture(scope="module")
def running() -> Iterator[dict[str, Engine]]:
    """The engines that have been needed so far, by target."""
    started: dict[str, Engine] = {}
    yield started
    for engine in started.values():
        engine.stop()


@pytest.fixture(scope="module")
def port() -> int:
    """A port for all services; each has an address of its own."""
    with socket.socket() as probe:
        probe.bind(("127.66.1.11", 0))
        return int(probe.getsockname()[1])


class Stand:
    """A replay on its engine: the view and its services on loopback."""

    def __init__(self, replay: Replay, running: dict[str, Engine], port: int, stage: str = "") -> None:
        if replay.target in MISSING:
            pytest.skip(f"NOT TRIED ON {replay.target.upper()}: {MISSING[replay.target]}")
        self.replay, self._port, self.stage = replay, port, stage
        if replay.target not in running:
            running[replay.target] = ENGINES[replay.target]()
            running[replay.target].start()
        self.engine = running[replay.target]

    def view(self, spec: str = "spec.yaml") -> View:
        text = (self.replay.folder / spec).read_text(encoding="utf-8")
        return self.replay.view(on_loopback(text, self._port), self.stage)

    def load_wrong(self) -> None:
        files = {path: on_loopback(text, self._port) for path, text in self.replay.wrong_files(self.stage).items()}
        self.engine.load(files, Alone((self.view().release,)))

    def load_right(self) -> None:
        view = self.view(self.replay.mended.name)
        self.engine.load(files_of(self.replay.engine, view), Alone((view.release,)))

    def said(self) -> RouteTable:
        """What the spec says for the witness's host."""
        return next(each.table for each in self.view().tables if self.replay.request.host in each.hosts)

    def read(self) -> RouteTable:
        """What graymesh reads in the wrong artifacts for the witness's host."""
        services = self.replay.engine.decode(self.replay.wrong_files(self.stage)).statements
        table = next(each.decision for each in services if self.replay.request.host in each.hosts)
        names = {label: name for name, label in labels_of(self.replay.engine, self.view()).items()}
        return relabelled(table, names)

    def fits(self, table: RouteTable, answers: Sequence[Answer]) -> bool:
        return fits(table, self.replay.request, answers, ERROR)

    def asked(self) -> list[Answer]:
        """The answers to the witness, sent many times."""
        headers = (*self.replay.request.headers, (FAILING, FAILS.get(self.replay.name, "0")))
        if "404" in self.replay.answers:  # after a 404 of the Spring gateway the next request there may hang
            headers = (*headers, ("Connection", "close"))
        numbered = ((*headers, (NUMBER, str(number))) for number in range(TIMES))
        return ask(self.engine, [replace(self.replay.request, headers=each) for each in numbered])


@pytest.mark.parametrize("name", WITNESSED)
def test_the_witness_is_misrouted(name: str, running: dict[str, Engine], port: int) -> None:
    """The engine also does with the wrong artifacts what graymesh has read in them."""
    stand = Stand(REPLAYS[name], running, port)
    with services(stand.view().release):
        if REFUSED in stand.replay.answers:
            with pytest.raises(EngineRefused):
                stand.load_wrong()
        else:
            stand.load_wrong()
            empty_canary(stand)
            answers = stand.asked()
            assert {label(each) for each in answers} == stand.replay.answers
            assert not stand.fits(stand.said(), answers)
            if "GM901" in stand.replay.codes and name not in FAILS:
                assert stand.fits(stand.read(), answers)
    with services(stand.view(stand.replay.mended.name).release):
        stand.load_right()
        empty_canary(stand)
        assert stand.fits(stand.said(), stand.asked())


def empty_canary(stand: Stand) -> None:
    """Errors one after the other, for which outlier detection leaves an instance out."""
    if stand.replay.name == "one-pod-canary-ejected":
        for number in range(20):
            headers = (*stand.replay.request.headers, (FAILING, "1"), (NUMBER, f"failing-{number}"))
            ask(stand.engine, [replace(stand.replay.request, headers=headers)])


def test_far_more_users_than_its_weight_get_a_canary_that_is_kept_by_a_cookie(
    running: dict[str, Engine], port: int
) -> None:
    stand = Stand(REPLAYS["over-exposed-by-cookie"], running, port)
    with services(stand.view().release):
        stand.load_wrong()
        wrong = walk(stand.engine, stand.replay.request.host, ROUNDS)
        stand.load_right()
        right = walk(stand.engine, stand.replay.request.host, ROUNDS)
    assert wrong[-1].count("v2") > USERS * 0.96
    assert improbability(wrong[-1].count("v2"), USERS, 0.5) < ERROR
    assert improbability(right[-1].count("v2"), USERS, 0.5) >= ERROR
    assert right == [right[0]] * ROUNDS


def test_users_flip_between_versions_that_are_drawn_for_each_request(running: dict[str, Engine], port: int) -> None:
    stand = Stand(REPLAYS["drawn-anew-for-each-request"], running, port)
    with services(stand.view().release):
        stand.load_wrong()
        wrong = walk(stand.engine, stand.replay.request.host, ROUNDS)
        stand.load_right()
        right = walk(stand.engine, stand.replay.request.host, ROUNDS)
    assert sum(len(set(seen)) > 1 for seen in zip(*wrong, strict=True)) > USERS * 0.99
    assert right == [right[0]] * ROUNDS


@pytest.mark.parametrize(
    ("name", "stages", "canary"),
    [
        ("canary-moves-to-the-back", ("gray-5", "gray-10"), "v2"),
        ("grown-middle-evicts", ("five", "ten"), "v3"),
    ],
)
def test_growth_evicts_the_users_of_a_canary(
    name: str, stages: tuple[str, str], canary: str, running: dict[str, Engine], port: int
) -> None:
    """Clients send an id and keep no cookie, so that every stage draws by the id."""
    seen: dict[str, list[list[str]]] = {"wrong": [], "right": []}
    for stage in stages:
        stand = Stand(REPLAYS[name], running, port, stage)
        users = [
            Request(host=stand.replay.request.host, cookies=(("uid", f"user-{number}"),)) for number in range(8 * USERS)
        ]
        with services(stand.view().release):
            for which, load in (("wrong", stand.load_wrong), ("right", stand.load_right)):
                load()
                seen[which].append([label(each) for each in ask(stand.engine, users)])
    before, after = seen["right"]
    assert canary in before
    assert all(now == canary for was, now in zip(before, after, strict=True) if was == canary)
    before, after = seen["wrong"]
    assert canary in before
    assert all(now != canary for was, now in zip(before, after, strict=True) if was == canary)


@pytest.fixture(scope="module")
def sentinel() -> Iterator[Sentinel]:
    if NO_SENTINEL:
        pytest.skip(f"NOT TRIED ON SENTINEL: {NO_SENTINEL}")
    engine = Sentinel()
    engine.start()
    yield engine
    engine.stop()


@pytest.mark.parametrize("name", sorted(RULES))
def test_the_manager_drops_what_it_does_not_like(name: str, sentinel: Sentinel) -> None:
    replay = REPLAYS[name]
    wrong = replay.wrong_files()
    right = files_of(replay.engine, replay.view((replay.folder / "spec.yaml").read_text(encoding="utf-8")))
    assert set(wrong) == set(right)
    assert rules(sentinel.held(wrong)) == 0
    assert rules(sentinel.held(right)) == len(right)


def test_a_circuit_whose_rule_is_dropped_never_opens(sentinel: Sentinel) -> None:
    """In a process of the canary."""
    replay = REPLAYS["ratio-in-percent"]
    right = files_of(replay.engine, replay.view((replay.folder / "spec.yaml").read_text(encoding="utf-8")))
    blocked = []
    for files in (replay.wrong_files(), right):
        sentinel.load({path: text for path, text in files.items() if "/v2/" in path})
        sentinel.calls("invoices", TIMES, fail=True)
        blocked.append(dict(sentinel.calls("invoices", 1).blocked))
    assert blocked == [{}, {"DegradeException": 1}]


def walk(engine: Engine, host: str, rounds: int) -> list[list[str]]:
    """For each round the versions that the users meet; they keep every cookie that they are given."""
    jars: list[dict[str, str]] = [{} for _ in range(USERS)]
    seen = []
    for _ in range(rounds):
        answers = ask(engine, [Request(host=host, cookies=tuple(jar.items())) for jar in jars])
        for jar, answer in zip(jars, answers, strict=True):
            jar.update(cookies_of(answer))
        seen.append([label(each) for each in answers])
    return seen


def rules(held: Mapping[str, Held]) -> int:
    return sum(len(each) for kinds in held.values() for each in kinds.values())
