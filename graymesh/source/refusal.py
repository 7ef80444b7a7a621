"""Refusals of the loader: placed diagnostics, by the marks of the parser."""

from __future__ import annotations

from typing import Any

from graymesh.diagnostic import START, Diagnostic, Note, Refused, Span


def span_of(start: Any, end: Any) -> Span:
    """The range between two marks of PyYAML."""
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def refusal(
    file: str,
    code: str,
    message: str,
    *,
    span: Span = START,
    help: str = "",
    note: tuple[Span, str] | None = None,
    usage: bool = False,
) -> Refused:
    """One error at one place, perhaps with a second place that explains it."""
    notes = (Note((), note[1], file, note[0]),) if note else ()
    found = Diagnostic(code=code, message=message, help=help, notes=notes, file=file, span=span)
    return Refused((found,), usage=usage)
