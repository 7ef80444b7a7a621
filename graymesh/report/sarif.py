"""For code scanning: SARIF 2.1.0, within what GitHub accepts and shows.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import graymesh
from graymesh.diagnostic import Diagnostic, Note, Span
from graymesh.language.discovery import NAME
from graymesh.lint import page
from graymesh.lint.engine import all_rules
from graymesh.lint.finding import Rule
from graymesh.report.places import RepositoryPlaces
from graymesh.report.shown import MOST_WRITTEN, inline, json_text, left_out, worst

_HOME: Final = "https://graymesh.io"
_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT: Final = "%SRCROOT%"  # GitHub's name for the repository's root
_FINGERPRINT: Final = "graymesh/v1"  # `primaryLocationLineHash` is left to GitHub, which warns of any but its own
_MOST_NOTES: Final = 100
_LONGEST_DESCRIPTION: Final = 1_000
_LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}
_PROBLEMS: Final = {"error": "error", "warning": "warning", "info": "recommendation"}


def render(diagnostics: Sequence[Diagnostic], sources: Mapping[str, str], *, color: bool = False) -> str:
    """One run as indented ASCII with a final newline; a notification says what is left out beyond 5,000 findings."""
    places, kept = RepositoryPlaces(), worst(diagnostics, MOST_WRITTEN)
    rules = _rules(kept)
    numbers = {rule["id"]: number for number, rule in enumerate(rules)}
    marks = places.fingerprints(kept, sources)
    results = [_result(found, mark, numbers, places) for found, mark in zip(kept, marks, strict=True)]
    run = {
        "tool": {"driver": _driver(rules)},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": _notifications(diagnostics, kept)}],
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "the root of the repository"}}},
        "results": results,
    }
    return json_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _driver(rules: list[dict[str, Any]]) -> dict[str, Any]:
    version = graymesh.__version__
    return {
        "name": "graymesh",
        "version": version,
        "semanticVersion": version,
        "informationUri": _HOME,
        "rules": rules,
    }


def _notifications(diagnostics: Sequence[Diagnostic], kept: Sequence[Diagnostic]) -> list[dict[str, Any]]:
    left = left_out(diagnostics, kept)
    return [{"level": "warning", "message": {"text": left}}] if left else []


def _rules(kept: Sequence[Diagnostic]) -> list[dict[str, Any]]:
    """The rules that found something, by code."""
    wanted = {found.code for found in kept}
    known = {rule.code: rule for rule in all_rules() if rule.code in wanted}
    return [_rule(known[code]) if code in known else {"id": inline(code)} for code in sorted(wanted)]


def _rule(rule: Rule) -> dict[str, Any]:
    read = page.read(rule.page)
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": read.title},
        "fullDescription": {"text": f"{read.title} {read.text}"[:_LONGEST_DESCRIPTION].strip()},
        "helpUri": f"{_HOME}/codes/{rule.code}",
        "help": {"text": _page(read, "", ""), "markdown": _page(read, "```yaml\n", "\n```")},
        "defaultConfiguration": {"level": _LEVELS[rule.level]},
        "properties": {
            "tags": ["graymesh", *(["security"] if rule.code.startswith("GM4") else [])],
            "problem.severity": _PROBLEMS[rule.level],
        },
    }


def _page(read: page.Page, before: str, after: str) -> str:
    """A rule's page; its examples stand between `before` and `after`."""
    parts = [read.title, read.text]
    for example in read.examples:
        parts += ["Bad:" if example.bad else "Good:", f"{before}{example.text.rstrip()}{after}"]
    return "\n\n".join(filter(None, parts))


def _result(found: Diagnostic, mark: str, numbers: Mapping[str, int], places: RepositoryPlaces) -> dict[str, Any]:
    code = inline(found.code)
    notes = found.notes[:_MOST_NOTES]
    result = {
        "ruleId": code,
        "ruleIndex": numbers[code],
        "level": _LEVELS[found.level],
        "message": {"text": _message(found, len(found.notes) - len(notes))},
        # GitHub refuses a whole file for one result without a place
        "locations": [_location(places, found.file or NAME, found.span)],
        "partialFingerprints": {_FINGERPRINT: mark},
    }
    if notes:
        result["relatedLocations"] = [
            {"id": number, **_related(note, found.file, places)} for number, note in enumerate(notes, start=1)
        ]
    return result


def _related(note: Note, file: str, places: RepositoryPlaces) -> dict[str, Any]:
    return {"message": {"text": _text(note.message)}, **_location(places, note.file or file, note.span)}


def _message(found: Diagnostic, notes_left: int) -> str:
    lines = [_text(found.message)]
    lines += [f"help: {_text(found.help)}"] if found.help else []
    lines += [f"affects: {_text(', '.join(found.targets))}"] if found.targets else []
    lines += [f"and {notes_left} more notes"] if notes_left else []
    return "\n".join(lines)


def _text(text: str) -> str:
    """Text in which nothing is a link: a message of SARIF may hold `[words](target)`."""
    return inline(text).replace("](", "] (")


def _location(places: RepositoryPlaces, file: str, span: Span) -> dict[str, Any]:
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    return {"physicalLocation": {"artifactLocation": _artifact(places.name(file or NAME)), "region": region}}


def _artifact(name: str) -> dict[str, str]:
    """A file by its URI: every byte that is not plain is percent-encoded, those of no encoding as well."""
    try:
        data = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        data = name.encode("utf-8", "surrogatepass")
    uri = quote(data, safe="/")
    return {"uri": f"file://{uri}"} if name.startswith("/") else {"uri": uri, "uriBaseId": _ROOT}
