"""Callers in the mesh bring an x-request-id of their own, which Envoy keeps: who gets which version, and which ticket.

A gateway overwrites what clients write, so that nobody chooses a version there.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pytest

from graymesh.ir.release import Share, Split
from graymesh.ir.semantics import inside
from graymesh.ir.tickets import bucket_of
from graymesh.kit.registry import target
from graymesh.kit.target import View
from graymesh.language.case import Case
from tests.conformance import upstreams
from tests.conformance.engine import Answer
from tests.conformance.istio import Istio
from tests.conformance.running import running
from tests.conformance.suite import Project
from tests.helpers import case_from
from tests.nginx.engine import free_port

MESH: Final = "shop.default.svc.cluster.local"
PUBLIC: Final = "shop.example.com"
VERSIONS: Final = {"v1": "127.9.1.1", "v2": "127.9.2.1", "v3": "127.9.3.1"}
STAGES: Final = {
    "some": {"v2": 10, "v3": 30},
    "most": {"v2": 60, "v3": 39},
    "all": {"v2": 40, "v3": 60},
    "halves": {"v2": 50, "v3": 50},
    "one": {"v2": 100},
}
UNDRAWN: Final = {"some": "v1", "most": "v1", "all": "v3", "halves": "v2"}
"""Who answers callers whose id is no ticket."""
EACH: Final = 60


def uuid4(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def uuid7(chance: random.Random) -> str:
    """48 bits of milliseconds first, and random ones last (RFC 9562, 5.7)."""
    value = (1_760_000_000_000 << 80) | (7 << 76) | (chance.getrandbits(12) << 64) | (2 << 62) | chance.getrandbits(62)
    return str(uuid.UUID(int=value))


def ulid(chance: random.Random) -> str:
    return "01J" + "".join(chance.choices("0123456789ABCDEFGHJKMNPQRSTVWXYZ", k=23))


def trace_id(chance: random.Random) -> str:
    return f"{chance.getrandbits(128):032x}"


FORMS: Final[Mapping[str, tuple[Callable[[random.Random], str], bool]]] = {
    "UUIDv4": (uuid4, True),
    "UUIDv7": (uuid7, True),
    "32 hex digits": (trace_id, True),
    "8 hex digits": (lambda chance: trace_id(chance)[:8], True),
    "7 hex digits": (lambda chance: trace_id(chance)[:7], False),
    "UUIDv4 in upper case": (lambda chance: uuid4(chance).upper(), False),
    "ULID": (ulid, False),
    "ULID in lower case": (lambda chance: ulid(chance).lower()[:-1] + "z", False),
    "words": (lambda chance: f"job-{chance.getrandbits(30)}-x", False),
}
"""What callers write, and whether it is a ticket."""


@pytest.fixture(scope="module")
def istio() -> Iterator[Istio]:
    yield from running(Istio())


@contextmanager
def loaded(istio: Istio, stage: str) -> Iterator[tuple[Split, Mapping[str, str]]]:
    """The draw that the mesh must show at this stage, and each upstream's version."""
    port = free_port()
    found = {version: f"{address}:{port}" for version, address in VERSIONS.items()}
    case, view = _case(found, stage)
    chosen = target("istio")
    with upstreams.serving(list(found.values())):
        istio.load(chosen.emit(chosen.lower([view])), Project((case.release,)))
        yield view.tables[-1].table.routes[-1].split, {address: version for version, address in found.items()}


def _case(found: Mapping[str, str], stage: str) -> tuple[Case, View]:
    spec: dict[str, Any] = {
        "service": {"port": 8080, "domains": [PUBLIC]},
        "stable": "v1",
        "versions": {version: {"endpoints": [address]} for version, address in found.items()},
        "sticky": {"cookie": "gray-ticket"},
        "stages": [{"name": stage, "split": STAGES[stage], "hold": "1h"}],
        "targets": {"istio": {"gateways": ["istio-system/public"]}},
    }
    rollout = {"apiVersion": "graymesh.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "shop"}, "spec": spec}
    case, problems = case_from(json.dumps(rollout))
    assert case is not None, problems
    return case, case.view(target("istio").manifest)


def sent(istio: Istio, host: str, ids: list[str | None]) -> list[Answer]:
    lines = [f"x-request-id: {each}\r\n" if each else "" for each in ids]
    return istio.send_heads([(f"GET / HTTP/1.1\r\nHost: {host}\r\n{line}\r\n".encode(), host) for line in lines])


def given(answer: Answer) -> str:
    """The ticket of an answer, which the version was told as well; "" for none."""
    tickets = [cookie.partition(";")[0].removeprefix("gray-ticket=") for cookie in answer.set_cookies]
    assert len(tickets) <= 1
    seen = answer.headers.get("x-seen-cookie", "")
    assert seen == (f"gray-ticket={tickets[0]}" if tickets else "")
    return "".join(tickets)


def by_reference(split: Split, caller: str) -> Share:
    bucket = bucket_of(caller)
    drawn = [share for share in split.shares if bucket is not None and inside(bucket, share.buckets)]
    assert split.otherwise
    return (drawn or [split.otherwise])[0]


@pytest.mark.parametrize("stage", UNDRAWN)
def test_callers_in_the_mesh_get_what_their_id_says(istio: Istio, stage: str) -> None:
    chance = random.Random(f"callers {stage}")
    with loaded(istio, stage) as (split, versions):
        for form, (make, ticket) in FORMS.items():
            ids = [make(chance) for _ in range(EACH)]
            for caller, answer in zip(ids, sent(istio, MESH, [*ids]), strict=True):
                wanted = by_reference(split, caller)
                assert (bucket_of(caller) is not None) == ticket, (form, caller)
                assert versions[answer.version or ""] == wanted.version, (form, caller)
                assert bucket_of(given(answer)) == bucket_of(caller), (form, caller)
                assert ticket or (wanted.version, given(answer)) == (UNDRAWN[stage], "")


@pytest.mark.parametrize("stage", UNDRAWN)
@pytest.mark.parametrize("host", [MESH, PUBLIC])
def test_who_brings_no_id_is_drawn_and_keeps_the_ticket(istio: Istio, stage: str, host: str) -> None:
    with loaded(istio, stage) as (split, versions):
        answers = sent(istio, host, [None] * EACH)
        for answer in answers:
            assert versions[answer.version or ""] == by_reference(split, given(answer)).version
        assert len({given(answer) for answer in answers}) == EACH


def test_clients_of_a_gateway_do_not_choose(istio: Istio) -> None:
    chance = random.Random("clients")
    with loaded(istio, "all") as (split, versions):
        for make, _ in FORMS.values():
            ids = [make(chance) for _ in range(EACH // 4)]
            for client, answer in zip(ids, sent(istio, PUBLIC, [*ids]), strict=True):
                assert given(answer) not in ("", client)
                assert versions[answer.version or ""] == by_reference(split, given(answer)).version


@pytest.mark.parametrize("host", [MESH, PUBLIC])
def test_a_canary_with_all_traffic_answers_every_caller_without_a_ticket(istio: Istio, host: str) -> None:
    chance = random.Random("one")
    with loaded(istio, "one") as (_, versions):
        ids = [make(chance) for make, _ in FORMS.values()]
        answers = sent(istio, host, [*ids, None])
        assert {versions[answer.version or ""] for answer in answers} == {"v2"}
        assert {given(answer) for answer in answers} == {""}
