"""For CI services that show test results: JUnit XML, a suite for each file and a failed case for each error.

Warnings and infos are skipped cases: they are shown with their message and do not fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from graymesh.diagnostic import Diagnostic
from graymesh.report.places import RepositoryPlaces
from graymesh.report.shown import MOST_WRITTEN, inline, left_out, worst

_LONGEST_NAME: Final = 300
_MOST_NOTES: Final = 10
_NAME: Final = "graymesh"


def render(diagnostics: Sequence[Diagnostic], sources: Mapping[str, str], *, color: bool = False) -> str:
    """An XML document; one passed case when there is nothing, since services take no case for a broken run.

    Beyond 5,000 findings a last skipped case says how many were left out.
    """
    places, kept = RepositoryPlaces(), worst(diagnostics, MOST_WRITTEN)
    root = Element("testsuites", name=_NAME)
    by_file = sorted(kept, key=lambda found: found.file)
    for file, found in groupby(by_file, key=lambda found: found.file):
        _suite(root, places.name(file) if file else _NAME, list(found), places)
    left = left_out(diagnostics, kept)
    if left or not kept:
        _last(root, left)
    root.attrib |= {key: str(sum(int(suite.attrib[key]) for suite in root)) for key in ("tests", "failures", "errors")}
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, name: str, found: Sequence[Diagnostic], places: RepositoryPlaces) -> None:
    failures = sum(each.level == "error" for each in found)
    suite = SubElement(root, "testsuite", name=inline(name))
    suite.attrib |= _counts(len(found), failures, len(found) - failures)
    for each in found:
        case = SubElement(suite, "testcase", name=_case_name(each), classname=inline(name), time="0")
        kind = "failure" if each.level == "error" else "skipped"
        verdict = SubElement(case, kind, type=inline(each.code), message=inline(each.message))
        verdict.text = "\n".join(_text(each, name, places))


def _last(root: Element, left: str) -> None:
    """The case that says that there is nothing, or that there is more."""
    suite = SubElement(root, "testsuite", name=_NAME)
    suite.attrib |= _counts(1, 0, 1 if left else 0)
    name = "further findings" if left else "nothing found"
    case = SubElement(suite, "testcase", name=name, classname=_NAME, time="0")
    if left:
        SubElement(case, "skipped", message=left)


def _counts(tests: int, failures: int, skipped: int) -> dict[str, str]:
    return {"tests": str(tests), "failures": str(failures), "errors": "0", "skipped": str(skipped), "time": "0"}


def _case_name(found: Diagnostic) -> str:
    """Services tell cases apart by their names."""
    place = f" at {found.span.line}:{found.span.column}" if found.file else ""
    return f"{inline(found.code)}{place}: {inline(found.message, _LONGEST_NAME)}"


def _text(found: Diagnostic, name: str, places: RepositoryPlaces) -> Iterator[str]:
    yield f"{found.level}[{inline(found.code)}]: {inline(found.message)}"
    if found.file:
        yield f"at {inline(name)}:{found.span.line}:{found.span.column}"
    for note in found.notes[:_MOST_NOTES]:
        file = inline(places.name(note.file) if note.file else name)
        yield f"note at {file}:{note.span.line}:{note.span.column}: {inline(note.message)}"
    if len(found.notes) > _MOST_NOTES:
        yield f"and {len(found.notes) - _MOST_NOTES} more notes"
    if found.help:
        yield f"help: {inline(found.help)}"
    yield f"explain: graymesh explain {inline(found.code)}"
