"""For people: each diagnostic with its place in the source, what to do, and where to read more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from graymesh.diagnostic import Diagnostic, Span
from graymesh.report.excerpt import excerpt
from graymesh.report.shown import MOST_SHOWN, inline, summary

_MOST_NOTES: Final = 10
_RESET: Final = "\x1b[0m"
_COLORS: Final = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "info": "\x1b[1;36m", "gutter": "\x1b[1;34m"}


def render(diagnostics: Sequence[Diagnostic], sources: Mapping[str, str], *, color: bool = False) -> str:
    """All diagnostics as blocks, separated by blank lines, and a summary; empty when there are none."""
    if not diagnostics:
        return ""
    writer = _FindingWriter(sources, color)
    blocks = ["\n".join(writer.block(diagnostic)) for diagnostic in diagnostics[:MOST_SHOWN]]
    left = len(diagnostics) - MOST_SHOWN
    if left > 0:
        blocks.append(f"and {left} more")
    return "\n\n".join([*blocks, summary(diagnostics)]) + "\n"


class _FindingWriter:
    def __init__(self, sources: Mapping[str, str], color: bool) -> None:
        self._sources = sources
        self._lines: dict[str, list[str]] = {}
        self._color = color

    def block(self, diagnostic: Diagnostic) -> Iterator[str]:
        notes = diagnostic.notes[:_MOST_NOTES]
        gutter = len(str(max(span.line for span in (diagnostic.span, *(note.span for note in notes)))))
        head = self._paint(diagnostic.level, f"{diagnostic.level}[{inline(diagnostic.code)}]")
        yield f"{head}: {inline(diagnostic.message)}"
        yield from self._place(diagnostic.file, diagnostic.span, "^", diagnostic.level, gutter)
        for note in notes:
            yield f"{self._paint('gutter', 'note')}: {inline(note.message)}"
            yield from self._place(note.file or diagnostic.file, note.span, "-", "gutter", gutter)
        yield from (f"{' ' * gutter} {self._paint('gutter', '=')} {line}" for line in _footer(diagnostic))

    def _place(self, file: str, span: Span, mark: str, paint: str, gutter: int) -> Iterator[str]:
        if not file:
            return
        arrow, bar = self._paint("gutter", "-->"), self._paint("gutter", "|")
        yield f"{' ' * gutter}{arrow} {inline(file)}:{span.line}:{span.column}"
        lines = self._lines_of(file)
        if not 0 < span.line <= len(lines):
            return
        shown = excerpt(lines[span.line - 1], span)
        yield f"{' ' * gutter} {bar}"
        yield f"{self._paint('gutter', str(span.line).rjust(gutter))} {bar} {shown.text}".rstrip()
        yield f"{' ' * gutter} {bar} {' ' * shown.before}{self._paint(paint, mark * shown.width)}"

    def _lines_of(self, file: str) -> list[str]:
        if file not in self._lines:
            text = self._sources.get(file, "").removeprefix("\ufeff")
            self._lines[file] = text.split("\n") if text else []
        return self._lines[file]

    def _paint(self, name: str, text: str) -> str:
        return f"{_COLORS[name]}{text}{_RESET}" if self._color else text


def _footer(diagnostic: Diagnostic) -> Iterator[str]:
    if diagnostic.help:
        yield f"help: {inline(diagnostic.help)}"
    if len(diagnostic.notes) > _MOST_NOTES:
        yield f"and {len(diagnostic.notes) - _MOST_NOTES} more notes"
    if diagnostic.targets:
        yield f"affects: {inline(', '.join(diagnostic.targets))}"
    yield f"explain: graymesh explain {inline(diagnostic.code)}"
