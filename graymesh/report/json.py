"""For programs: one JSON object, described by `schemas/diagnostics.v1.schema.json`.

Lines and columns count from 1, in characters; the end is exclusive. Nothing is left out, however much there is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from graymesh.diagnostic import Diagnostic, Note, Pointer, Span, pointer
from graymesh.report.shown import counts, json_text

VERSION: Final = 1


def render(diagnostics: Sequence[Diagnostic], sources: Mapping[str, str], *, color: bool = False) -> str:
    """The object as indented ASCII with a final newline."""
    report = {
        "version": VERSION,
        "diagnostics": [_diagnostic(diagnostic) for diagnostic in diagnostics],
        "summary": counts(diagnostics),
    }
    return json_text(report)


def _diagnostic(found: Diagnostic) -> dict[str, Any]:
    return {
        "code": found.code,
        "level": found.level,
        "message": found.message,
        "help": found.help,
        **_place(found.file, found.span, found.path),
        "targets": list(found.targets),
        "notes": [_note(note, found.file) for note in found.notes],
        **({"edits": [{**_range(edit.span), "text": edit.text} for edit in found.edits]} if found.edits else {}),
    }


def _note(note: Note, file: str) -> dict[str, Any]:
    return {"message": note.message, **_place(note.file or file, note.span, note.path)}


def _place(file: str, span: Span, path: Pointer) -> dict[str, Any]:
    return {
        "file": file,
        **_range(span),
        "path": pointer(path),
    }


def _range(span: Span) -> dict[str, int]:
    return {"line": span.line, "column": span.column, "endLine": span.end_line, "endColumn": span.end_column}
