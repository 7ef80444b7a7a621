"""Bucket intervals as patterns, checked on all ten thousand buckets."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graymesh.ir.buckets import joined, pattern
from graymesh.ir.release import BUCKETS
from graymesh.proof.regex.portable import intervals_of, problems

NUMBER = st.integers(0, BUCKETS - 1)
INTERVALS = st.lists(st.tuples(NUMBER, NUMBER).map(sorted).map(tuple), min_size=1, max_size=5).map(tuple)


@settings(max_examples=150, deadline=None)
@given(INTERVALS)
def test_the_pattern_takes_exactly_the_numbers(intervals: tuple[tuple[int, int], ...]) -> None:
    compiled = re.compile(pattern(intervals), re.ASCII)
    wanted = {number for low, high in intervals for number in range(low, high + 1)}
    assert {number for number in range(BUCKETS) if compiled.fullmatch(f"{number:04}")} == wanted
    for low, high in intervals:
        for foreign in (f"{low}x", f"x{high:04}", f"{high:05}", f"{low:04}0", str(low)[:3], f"{low:04}\n"):
            assert compiled.fullmatch(foreign) is None


@settings(max_examples=200, deadline=None)
@given(INTERVALS)
def test_the_numbers_come_back_from_the_pattern(intervals: tuple[tuple[int, int], ...]) -> None:
    assert intervals_of(pattern(intervals)) == joined(intervals)
    assert problems(pattern(intervals)) == []


@pytest.mark.parametrize(
    ("intervals", "text"),
    [
        (((0, 499),), "0[0-4][0-9][0-9]"),
        (((0, 1999),), "[01][0-9][0-9][0-9]"),
        (((0, 9999),), "[0-9][0-9][0-9][0-9]"),
        (((5, 5),), "0005"),
        (((500, 1999), (4000, 4999)), "0[5-9][0-9][0-9]|[14][0-9][0-9][0-9]"),
        (((4999, 5000),), "4999|5000"),
        (((0, 4), (6, 9)), "000[0-46-9]"),
        (((0, 0), (1, 1), (3, 3)), "000[013]"),
        (((0, 1234),), "0[0-9][0-9][0-9]|1(?:[01][0-9][0-9]|2(?:[0-2][0-9]|3[0-4]))"),
        (((0, 4), (3, 9), (10, 19)), "00[01][0-9]"),
    ],
)
def test_patterns_are_short(intervals: tuple[tuple[int, int], ...], text: str) -> None:
    assert pattern(intervals) == text


def test_no_number_has_no_pattern() -> None:
    for intervals in ((), ((5, 4),), ((-1, 3),), ((9990, 10_000),)):
        with pytest.raises(ValueError, match="no buckets"):
            pattern(intervals)
