"""Durations in the words of engines: what is written is read as the same time, and nothing else is read as one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graymesh.kit.durations import go_milliseconds, in_seconds


@pytest.mark.parametrize(("milliseconds", "text"), [(2000, "2s"), (500, "500ms"), (1500, "1500ms"), (60_000, "60s")])
def test_times_as_engines_write_them(milliseconds: int, text: str) -> None:
    assert in_seconds(milliseconds) == text


@given(st.integers(1, 10**9))
def test_what_is_written_is_read_as_the_same(milliseconds: int) -> None:
    assert go_milliseconds(in_seconds(milliseconds)) == milliseconds


@pytest.mark.parametrize(
    ("text", "milliseconds"), [("0", 0), ("1.5s", 1500), ("1h30m", 5_400_000), (".5ms", 0.5), ("3.s", 3000)]
)
def test_go_s_notation(text: str, milliseconds: float) -> None:
    assert go_milliseconds(text) == milliseconds


@pytest.mark.parametrize("text", ["", "5", "1d", "1s ", "-1s", "1s1", "s", "1,5s", ".s"])
def test_what_is_no_duration(text: str) -> None:
    assert go_milliseconds(text) is None
