"""Users by the last digits of their identity: no hash, no cookie, the same numbers on every engine."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graymesh.ir.buckets import joined, last_digits
from graymesh.ir.semantics import Request, decide
from graymesh.language.model import Rollout
from graymesh.language.resolve import resolve, stages
from tests.test_resolve import rollout

SPANS = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=4)


def released(digits: int = 2, **parts: Any) -> Rollout:
    start = parts.pop("start", None)
    key = {"cookie": "uid", "digits": digits} | ({"start": start} if start else {})
    return rollout({"sticky": {"cookie": "ticket", "key": key}, **parts})


def version_of(written: Rollout, stage: str, uid: str, **more: Any) -> str | None:
    return decide(resolve(written, stage).table, Request(cookies=(("uid", uid),), **more)).version


@settings(deadline=None)
@given(SPANS)
def test_a_pattern_takes_exactly_its_numbers(spans: list[tuple[int, int]]) -> None:
    intervals = joined((min(span), max(span)) for span in spans)
    pattern = re.compile(last_digits(2, intervals))
    for number in range(100):
        wanted = any(low <= number <= high for low, high in intervals)
        for identity in (f"{number:02d}", f"user-{number:02d}", f"9{number:02d}"):
            assert (pattern.fullmatch(identity) is not None) == wanted
    assert not any(pattern.fullmatch(each) for each in ("", "7", "a7", "42a", "42 "))


@pytest.mark.parametrize(
    ("digits", "weight", "first", "after"),
    [(2, 5, "00", "05"), (3, 5, "000", "050"), (4, 0.01, "0000", "0001"), (3, 12.3, "122", "123")],
)
def test_the_first_numbers_come_first(digits: int, weight: float, first: str, after: str) -> None:
    written = released(digits, stages=[{"name": "a", "weight": weight}])
    assert (version_of(written, "a", first), version_of(written, "a", after)) == ("v2", "v1")
    assert version_of(written, "a", f"user-7{first}") == "v2"


@pytest.mark.parametrize("uid", ["", "7", "00a", "user-", "0"])
def test_who_has_no_such_number_draws_a_ticket(uid: str) -> None:
    table = resolve(released(stages=[{"name": "a", "weight": 50}])).table
    assert all(share.set_cookie for share in decide(table, Request(cookies=(("uid", uid),))).shares)


def test_who_has_one_gets_no_ticket_and_needs_none() -> None:
    table = resolve(released(stages=[{"name": "a", "weight": 50}])).table
    ticket = ("ticket", "0000ffff")
    for uid in ("00", "49", "50", "99"):
        found = decide(table, Request(cookies=(("uid", uid), ticket)))
        assert (found.version, found.shares[0].set_cookie) == ("v2" if uid < "50" else "v1", None)


@pytest.mark.parametrize("path", ["/", "/static/app.js"])
@pytest.mark.parametrize(("uid", "version"), [("00", "v2"), ("99", "v1")])
def test_digits_beat_the_ticket_on_every_path(path: str, uid: str, version: str) -> None:
    sticky = {"cookie": "ticket", "start": "0000", "key": {"cookie": "uid", "digits": 2}, "except": ["/static/app.js"]}
    table = resolve(rollout({"sticky": sticky, "stages": [{"name": "a", "weight": 50}]})).table
    for ticket in ("00000000", "0000ffff"):
        assert decide(table, Request(path=path, cookies=(("uid", uid), ("ticket", ticket)))).version == version


def test_numbers_begin_where_the_spec_says_and_go_around_the_end() -> None:
    written = released(start="95", stages=[{"name": "a", "weight": 10}])
    canary = [number for number in range(100) if version_of(written, "a", f"{number:02d}") == "v2"]
    assert canary == [*range(5), *range(95, 100)]


def test_a_weight_too_small_for_a_number_gives_nobody_with_digits_the_canary() -> None:
    written = released(stages=[{"name": "a", "weight": 0.4}])
    assert {version_of(written, "a", f"{number:02d}") for number in range(100)} == {"v1"}


@st.composite
def plans(draw: st.DrawFn) -> tuple[int, list[dict[str, float]]]:
    """Digits, and what two canaries get at each stage: growing, and side by side."""
    most = draw(st.integers(0, 10_000))
    series = [sorted(draw(st.lists(st.integers(0, each), min_size=3, max_size=3))) for each in (most, 10_000 - most)]
    pairs = zip(*series, strict=True)
    return draw(st.integers(2, 3)), [{"v2": one / 100, "v3": other / 100} for one, other in pairs]


@settings(max_examples=40, deadline=None)
@given(plans(), st.integers(0, 99))
def test_growing_evicts_nobody_and_each_canary_has_its_numbers(
    plan: tuple[int, list[dict[str, float]]], start: int
) -> None:
    digits, weights = plan
    written = released(
        digits,
        start=f"{start:0{digits}d}",
        versions={"v1": {}, "v2": {}, "v3": {}},
        stages=[{"name": f"s{number}", "split": split} for number, split in enumerate(weights)],
    )
    tables = [resolve(written, name).table for name in stages(written)]
    numbers = [f"{number:0{digits}d}" for number in range(10**digits)]
    found = [[decide(table, Request(cookies=(("uid", uid),))).version for uid in numbers] for table in tables]
    for before, after in pairwise(found):
        assert all(old in (new, "v1") for old, new in zip(before, after, strict=True))
    for versions, split in zip(found, weights, strict=True):
        for name, percent in split.items():
            assert abs(versions.count(name) - percent * len(numbers) / 100) <= 0.5
