"""One page for a browser: what changes for requests, pictures before and after, and files side by side."""

from __future__ import annotations

from graymesh.diff_report import sentences
from graymesh.page.rendering import diff_page
from graymesh.traffic_diff import TrafficDiff


def render(diff: TrafficDiff, *, color: bool = False, files: bool = False) -> str:
    """The whole page; files are always there, folded."""
    return diff_page(diff, sentences)
