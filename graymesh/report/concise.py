"""One line for each diagnostic: `file:line:column: level[CODE] message`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graymesh.diagnostic import Diagnostic
from graymesh.report.shown import MOST_SHOWN, file_name, inline


def render(diagnostics: Sequence[Diagnostic], sources: Mapping[str, str], *, color: bool = False) -> str:
    """A line for each diagnostic, without excerpts and colors; empty when there are none."""
    lines = [_line(diagnostic) for diagnostic in diagnostics[:MOST_SHOWN]]
    if len(diagnostics) > MOST_SHOWN:
        lines.append(f"and {len(diagnostics) - MOST_SHOWN} more")
    return "".join(f"{line}\n" for line in lines)


def _line(found: Diagnostic) -> str:
    place = f"{file_name(found.file)}:{found.span.line}:{found.span.column}: " if found.file else ""
    return f"{place}{found.level}[{inline(found.code)}] {inline(found.message)}"
