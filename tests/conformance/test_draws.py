"""Draws of real engines over all 65,536 buckets: each as often as every other, and each user where the bucket says."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pytest

from graymesh.ir.release import BUCKET_COUNT
from graymesh.ir.semantics import Request, decide
from graymesh.ir.tickets import bucket_of
from graymesh.kit.registry import target
from graymesh.language.case import Case
from tests.conformance import upstreams
from tests.conformance.acceptance import ENGINES
from tests.conformance.binomial import chi_square
from tests.conformance.engine import Answer, Engine
from tests.conformance.running import running
from tests.conformance.suite import Project
from tests.helpers import case_from
from tests.nginx.engine import free_port

DRAWING: Final = sorted(name for name in ENGINES if not target(name).manifest.ticket_grid)
"""The engines that draw a ticket for every request; those with a grid hand out the same few again and again."""

AT_ONCE: Final = 8192
ERROR_RATE: Final = 1e-9
HOST: Final = "shop.example.com"
_DIGITS: Final = 4
COOKIE: Final = "gray-ticket"
OPTIONS: Final = {"nginx": {"listen": 80}, "istio": {"gateways": ["istio-system/public"]}}
ADDRESSES: Final = {"v1": "127.9.1.1", "v2": "127.9.2.1"}


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from running(ENGINES[request.param]())


@pytest.mark.parametrize("engine", DRAWING, indirect=True)
def test_tickets_are_even_over_all_buckets(engine: Engine) -> None:
    port = free_port()
    case = _case(engine, port, {"cookie": COOKIE})
    (expected,) = (each for each in case.view(target(engine.name).manifest).tables if HOST in each.hosts)
    drawn = Counter[int]()
    with upstreams.serving([f"{address}:{port}" for address in ADDRESSES.values()]):
        engine.load(_files(engine, case), Project((case.release,)))
        head = engine.head(Request(host=HOST), HOST)
        for answer in (each for _ in range(BUCKET_COUNT // AT_ONCE) for each in _answers(engine, [head] * AT_ONCE)):
            ticket = answer.set_cookies[0].partition(";")[0].removeprefix(f"{COOKIE}=")
            bucket = bucket_of(ticket)
            assert bucket is not None, answer
            drawn[bucket] += 1
            (share,) = decide(expected.table, Request(host=HOST, cookies=((COOKIE, ticket),))).shares
            assert answer.version == f"{ADDRESSES[share.version]}:{port}", (ticket, share)
    assert chi_square(drawn.values(), BUCKET_COUNT) > ERROR_RATE


@pytest.mark.parametrize("engine", ["nginx"], indirect=True)
def test_identities_are_even_over_all_buckets(engine: Engine) -> None:
    """A hash of nginx for each digit; the other engines have none, and refuse."""
    port = free_port()
    case = _case(engine, port, {"cookie": COOKIE, "key": {"cookie": "uid"}})
    files = {path: _telling_buckets(text) for path, text in _files(engine, case).items()}
    drawn = Counter[str]()
    with upstreams.serving([f"{address}:{port}" for address in ADDRESSES.values()]):
        engine.load(files, Project((case.release,)))
        for first in range(0, BUCKET_COUNT, AT_ONCE):
            users = [Request(host=HOST, cookies=(("uid", f"u{each}"),)) for each in range(first, first + AT_ONCE)]
            for answer in _answers(engine, [engine.head(each, HOST) for each in users]):
                drawn[answer.headers["x-bucket"]] += 1
    assert all(len(bucket) == _DIGITS for bucket in drawn)
    assert chi_square(drawn.values(), BUCKET_COUNT) > ERROR_RATE


def _answers(engine: Engine, heads: Sequence[bytes]) -> list[Answer]:
    return engine.send_heads([(head, HOST) for head in heads])


def _telling_buckets(text: str) -> str:
    """The file with the digits that it draws in a header of the answer."""
    digits = re.findall(r"split_clients [1-4]:\S+ (\$\w+)", text)
    return text.replace("location / {", f'location / {{\n        add_header X-Bucket "{"".join(digits)}";', 1)


def _files(engine: Engine, case: Case) -> dict[str, str]:
    chosen = target(engine.name)
    return dict(chosen.emit(chosen.lower((case.view(chosen.manifest),))))


def _case(engine: Engine, port: int, sticky: Mapping[str, Any]) -> Case:
    spec = {
        "service": {"port": 8080, "domains": [HOST]},
        "stable": "v1",
        "versions": {version: {"endpoints": [f"{address}:{port}"]} for version, address in ADDRESSES.items()},
        "sticky": dict(sticky),
        "stages": [{"name": "gray", "weight": 20}],
        "stage": "gray",
        "targets": {engine.name: OPTIONS[engine.name]},
    }
    rollout = {"apiVersion": "graymesh.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "shop"}, "spec": spec}
    case, problems = case_from(json.dumps(rollout))
    assert case is not None, problems
    return case
