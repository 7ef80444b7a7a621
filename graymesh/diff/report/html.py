"""One page for a browser: what changes for requests, pictures before and after, and files side by side."""

from __future__ import annotations

from graymesh.diff.model import TrafficDiff
from graymesh.diff.page.rendering import diff_page
from graymesh.diff.report import sentences


def render(diff: TrafficDiff, *, color: bool = False, files: bool = False) -> str:
    """The whole page; files are always there, folded."""
    return diff_page(diff, sentences)
