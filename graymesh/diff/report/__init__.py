"""Traffic diffs as text for people and for machines. A format is a module here with a function `render`:

    render(diff: TrafficDiff, *, color: bool = False, files: bool = False) -> str

`files` asks for the unified diffs of artifacts. A renderer decides nothing, and lets no character of the user's act on
a terminal, a log, a browser or a parser.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

from graymesh.diff.model import TrafficDiff
from graymesh.report import formats_in

FORMATS: Final = formats_in(__path__)


def render(format: str, diff: TrafficDiff, *, color: bool = False, files: bool = False) -> str:
    """The diff in one of `FORMATS`. KeyError when there is no such format."""
    if format not in FORMATS:
        raise KeyError(format)
    text: str = import_module(f"{__name__}.{format}").render(diff, color=color, files=files)
    return text
