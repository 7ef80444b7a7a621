"""For machines: the contract of `graymesh.diff.contract`, whose JSON Schema stands in `schemas/`."""

from __future__ import annotations

from graymesh.diff.contract import traffic_diff
from graymesh.diff.model import TrafficDiff
from graymesh.report.contracts import text


def render(diff: TrafficDiff, *, color: bool = False, files: bool = False) -> str:
    """The object as indented JSON with a final newline."""
    return text(traffic_diff(diff, files))
