"""For machines: the contract of `graymesh.diff_contract`, whose JSON Schema stands in `schemas/`."""

from __future__ import annotations

from graymesh.contracts import text
from graymesh.diff_contract import traffic_diff
from graymesh.traffic_diff import TrafficDiff


def render(diff: TrafficDiff, *, color: bool = False, files: bool = False) -> str:
    """The object as indented JSON with a final newline."""
    return text(traffic_diff(diff, files))
