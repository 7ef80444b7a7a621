"""For GitLab: a Code Quality report, which merge requests show beside the changed lines.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from graymesh.diagnostic import Diagnostic
from graymesh.language.discovery import NAME
from graymesh.report.places import RepositoryPlaces
from graymesh.report.shown import MOST_WRITTEN, inline, json_text, left_out, worst

_SEVERITIES: Final = {"error": "major", "warning": "minor", "info": "info"}


def render(diagnostics: Sequence[Diagnostic], sources: Mapping[str, str], *, color: bool = False) -> str:
    """A list of issues as indented ASCII with a final newline; beyond 5,000 findings the last issue says how many."""
    places, kept = RepositoryPlaces(), worst(diagnostics, MOST_WRITTEN)
    marks = places.fingerprints(kept, sources)
    issues = [_issue(found, mark, places) for found, mark in zip(kept, marks, strict=True)]
    left = left_out(diagnostics, kept)
    if left:
        more = Diagnostic(code="graymesh", message=left, level="info")
        issues.append(_issue(more, next(places.fingerprints([more], {})), places))
    return json_text(issues)


def _issue(found: Diagnostic, mark: str, places: RepositoryPlaces) -> dict[str, Any]:
    return {
        "description": f"{inline(found.code)}: {inline(found.message)}",
        "check_name": inline(found.code),
        "fingerprint": mark,
        "severity": _SEVERITIES[found.level],
        "location": {
            # GitLab drops a report with an issue that has no file
            "path": places.name(found.file or NAME),
            "lines": {"begin": found.span.line, "end": found.span.end_line},
        },
    }
