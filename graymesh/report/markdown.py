"""For the summary of a CI job and for comments: a Markdown table of the findings.

No value of the user's makes a link, a picture, markup, a formula or a mention of somebody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from graymesh.diagnostic import Diagnostic
from graymesh.report.places import RepositoryPlaces
from graymesh.report.shown import MOST_SHOWN, inline, left_out, summary, worst

LARGEST_BYTES: Final = 900_000
"""GitHub drops the summary of a step that is larger than 1 MiB; something is left for what else the step writes."""

_LONGEST: Final = 500
_MARKUP: Final = re.compile(r"[\\`*_{}\[\]()<>#|~&!]|(?<=\w):(?=//)|(?<=www)\.", re.IGNORECASE)
_ALONE: Final = re.compile(r"[@$]")  # in an element of their own they call nobody and begin no formula
_HEADER: Final = "| level | code | place | finding | what to do |\n|---|---|---|---|---|\n"


def render(diagnostics: Sequence[Diagnostic], sources: Mapping[str, str], *, color: bool = False) -> str:
    """A heading that counts the findings, and a table of at most 200 of them, the gravest, in 900,000 bytes."""
    if not diagnostics:
        return "### graymesh: nothing found\n"
    places, kept = RepositoryPlaces(), worst(diagnostics, MOST_SHOWN)
    rows, size = [], 0
    for found in kept:
        row = _row(found, places)
        size += len(row.encode())
        if size > LARGEST_BYTES:
            break
        rows.append(row)
    left = left_out(diagnostics, kept[: len(rows)])
    end = [f"\n{left}\n"] if left else []
    return "".join([f"### graymesh: {summary(diagnostics)}\n\n", _HEADER, *rows, *end])


def quoted(text: str, longest: int = _LONGEST) -> str:
    """Text of the user's that stands in Markdown as nothing but text, on one line, cut when too long."""
    return _ALONE.sub(r"<span>\g<0></span>", _MARKUP.sub(r"\\\g<0>", inline(text, longest)))


def _row(found: Diagnostic, places: RepositoryPlaces) -> str:
    place = f"{quoted(places.name(found.file))}:{found.span.line}:{found.span.column}" if found.file else ""
    cells = [found.level, quoted(found.code), place, quoted(found.message), quoted(found.help)]
    return f"| {' | '.join(cells)} |\n"
