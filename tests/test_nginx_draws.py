"""Maps on four drawn digits: what is read off their patterns is what looking up every text of four digits finds."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graymesh.ir.buckets import ending, joined
from graymesh.ir.release import BUCKET_COUNT, Intervals
from graymesh.targets.nginx.decode_draws import by_digits
from graymesh.targets.nginx.decode_lists import ListEntry
from graymesh.targets.nginx.decode_maps import MapDefinition, read_map
from graymesh.targets.nginx.syntax import parse

_SPANS = st.lists(st.tuples(st.integers(0, BUCKET_COUNT - 1), st.integers(0, 40_000)), min_size=1, max_size=3)
_ODD = ["~1", "~[ab]\\z", "~\\A00.*", "~*AB..\\z", "0abc", "~(.)..7\\z", "~^....$", "~.*12\\z"]
"""Lines that look at other places than the end, that ignore case, that capture, that take what is no digit too."""


def _map(lines: Iterable[str]) -> MapDefinition:
    text = "map $a$b$c$d $drawn { default v0; " + " ".join(f'"{line}" v{n};' for n, line in enumerate(lines, 1)) + " }"
    return read_map(parse(text, "test.conf")[0])


def _by_value(entries: Iterable[ListEntry]) -> dict[object, Intervals]:
    found: dict[object, list[tuple[int, int]]] = {}
    for entry in entries:
        ((_, buckets),) = entry.draws
        found.setdefault(entry.value, []).extend(buckets)
    return {value: joined(spans) for value, spans in found.items()}


def _by_looking_up(definition: MapDefinition) -> dict[object, Intervals]:
    found: dict[object, list[tuple[int, int]]] = {}
    for bucket in range(BUCKET_COUNT):
        found.setdefault(definition.on_text(f"{bucket:04x}"), []).append((bucket, bucket))
    return {value: joined(spans) for value, spans in found.items()}


@settings(max_examples=25, deadline=None)
@given(st.lists(_SPANS, min_size=1, max_size=3))
def test_intervals_that_overlap(lines: list[list[tuple[int, int]]]) -> None:
    spans = [[(low, min(low + length, BUCKET_COUNT - 1)) for low, length in line] for line in lines]
    definition = _map(f"~{ending(joined(line))}\\z" for line in spans)
    assert _by_value(by_digits(definition, "drawn")) == _by_looking_up(definition)


@pytest.mark.parametrize("odd", _ODD)
def test_lines_of_other_kinds(odd: str) -> None:
    definition = _map([f"~{ending(((0x10, 0x2FF),))}\\z", odd])
    assert _by_value(by_digits(definition, "drawn")) == _by_looking_up(definition)
