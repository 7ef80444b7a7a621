"""Bucket intervals as patterns, checked on all 65,536 buckets."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graymesh.ir.buckets import ALL, ending, joined, pattern
from graymesh.ir.release import BUCKET_COUNT
from graymesh.ir.tickets import bucket_of, start_of, ticket_of
from graymesh.proof.regex.portable import endings_of, intervals_of, problems

NUMBER = st.integers(0, BUCKET_COUNT - 1)
INTERVALS = st.lists(st.tuples(NUMBER, NUMBER).map(sorted).map(tuple), min_size=1, max_size=5).map(tuple)
LONGEST = 1024
"""Characters of a pattern that every engine takes."""


@settings(max_examples=60, deadline=None)
@given(INTERVALS)
def test_the_pattern_takes_exactly_the_buckets(intervals: tuple[tuple[int, int], ...]) -> None:
    compiled = re.compile(pattern(intervals), re.ASCII)
    wanted = {number for low, high in intervals for number in range(low, high + 1)}
    assert {number for number in range(BUCKET_COUNT) if compiled.fullmatch(f"6f1-{number:04x}")} == wanted
    assert len(pattern(intervals)) <= LONGEST
    for low, high in intervals:
        for foreign in (f"{low:04x}", f"000{high:04x}", f"0000{high:04x}x", f"x000{low:04x}", f"0000{low:04x}\n"):
            assert compiled.fullmatch(foreign) is None


@settings(max_examples=200, deadline=None)
@given(INTERVALS)
def test_the_buckets_come_back_from_the_pattern(intervals: tuple[tuple[int, int], ...]) -> None:
    assert intervals_of(pattern(intervals)) == joined(intervals)
    assert endings_of(ending(joined(intervals))) == joined(intervals)
    assert problems(pattern(intervals)) == []


@pytest.mark.parametrize(
    ("intervals", "text"),
    [
        (ALL, "[0-9a-f]{4}"),
        (((0, 0x3FF),), "0[0-3][0-9a-f]{2}"),
        (((0, 0x7FFF),), "[0-7][0-9a-f]{3}"),
        (((0x8000, 0xBFFF),), "[89ab][0-9a-f]{3}"),
        (((5, 5),), "0005"),
        (((0xFFFF, 0xFFFF),), "ffff"),
        (((0x500, 0x1FFF), (0x4000, 0x4FFF)), "(?:0[5-9a-f][0-9a-f]{2}|[14][0-9a-f]{3})"),
        (((0x4FFF, 0x5000),), "(?:4fff|5000)"),
        (((0, 0), (1, 1), (3, 3)), "000[013]"),
        (((0, 0xA),), "000[0-9a]"),
        (((0, 0xCCC),), "0(?:[0-9ab][0-9a-f]{2}|c(?:[0-9ab][0-9a-f]|c[0-9a-c]))"),
    ],
)
def test_patterns_are_short(intervals: tuple[tuple[int, int], ...], text: str) -> None:
    assert pattern(intervals) == f"[0-9a-f-]{{4,}}{text}"
    assert ending(intervals) == text


@pytest.mark.parametrize(
    ("text", "buckets"),
    [
        ("[0-7][0-9a-f]{3}", ((0, 0x7FFF),)),
        ("[0-9a-f]", ALL),
        ("0", tuple((head * 16, head * 16) for head in range(4096))),
        ("00(?:0|1)[0-9a-f]", ((0, 0x1F),)),
        (".", None),
        ("[0-9a-f]{5}", None),
        ("[0-9A-F]{4}", None),
        ("0|00", None),
    ],
)
def test_endings_by_hand(text: str, buckets: tuple[tuple[int, int], ...] | None) -> None:
    assert endings_of(text) == buckets


def test_no_number_has_no_pattern() -> None:
    for intervals in ((), ((5, 4),), ((-1, 3),), ((65_530, 65_536),)):
        with pytest.raises(ValueError, match="no buckets"):
            pattern(intervals)


@given(NUMBER)
def test_a_ticket_has_its_bucket(number: int) -> None:
    assert bucket_of(ticket_of(number)) == bucket_of(ticket_of(number, "01890a5d-ac96-774b-bcce-b302099a")) == number


def test_the_start_of_a_cohort() -> None:
    """By `printf web/search/green | sha256sum`."""
    assert f"{start_of('web/search/green'):04x}" == "51b9"
