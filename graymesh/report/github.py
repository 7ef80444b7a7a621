"""For the log of a GitHub Actions job: workflow commands that annotate the changed lines of a pull request.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from graymesh.diagnostic import Diagnostic, Span
from graymesh.report.places import RepositoryPlaces
from graymesh.report.shown import inline, summary

MOST_OF_A_LEVEL: Final = 10
"""Annotations that GitHub keeps of each level in one step; it drops further ones without a word."""

_COMMANDS: Final = {"error": "error", "warning": "warning", "info": "notice"}
_LONGEST: Final = 4_000  # characters of a file name, the longest that Linux knows

# the runner's own list: src/Runner.Common/ActionCommand.cs in github.com/actions/runner
_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def render(diagnostics: Sequence[Diagnostic], sources: Mapping[str, str], *, color: bool = False) -> str:
    """A command for the first 10 findings of each level and a line that counts all; empty when there are none."""
    if not diagnostics:
        return ""
    places = RepositoryPlaces()
    kept = list(_first_of_each_level(diagnostics))
    lines = [_command(found, places) for found in kept]
    left = len(diagnostics) - len(kept)
    more = f"; {left} of them are not annotated, since GitHub keeps {MOST_OF_A_LEVEL} of a level" if left else ""
    return "".join(f"{line}\n" for line in [*lines, f"graymesh: {summary(diagnostics)}{more}"])


def _first_of_each_level(diagnostics: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    seen: Counter[str] = Counter()
    for found in diagnostics:
        seen[found.level] += 1
        if seen[found.level] <= MOST_OF_A_LEVEL:
            yield found


def _command(found: Diagnostic, places: RepositoryPlaces) -> str:
    properties = {**_place(found, places), "title": f"graymesh {inline(found.code)}"}
    shown = ",".join(f"{name}={value.translate(_PROPERTY)}" for name, value in properties.items())
    message = inline(found.message) + (f"\nhelp: {inline(found.help)}" if found.help else "")
    return f"::{_COMMANDS[found.level]} {shown}::{message.translate(_DATA)}"


def _place(found: Diagnostic, places: RepositoryPlaces) -> dict[str, str]:
    if not found.file:
        return {}
    return {"file": inline(places.name(found.file), _LONGEST), **_lines(found.span)}


def _lines(span: Span) -> dict[str, str]:
    """The runner refuses columns of a place that goes on for several lines."""
    if span.line != span.end_line:
        return {"line": str(span.line), "endLine": str(span.end_line)}
    columns = {"col": str(span.column), "endColumn": str(span.end_column)}
    return {"line": str(span.line), "endLine": str(span.end_line), **columns}
