# ruff: noqa: PTH110, PTH118, PTH120
# importing pathlib would cost a good part of linting a file that has not changed
"""Findings that are known and left for later: a JSON file with one entry for each, described by its schema.

An entry tells a finding by its code, file, place in the spec and message, not by its line; items of lists are told by
what is said of them, so that others may come and go. What is wrong with a file as such (GM0xx) is never left out.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from graymesh.diagnostic import Diagnostic, Pointer, Refused, pointer
from graymesh.language import reading, saving

VERSION = 1
STALE, UNREADABLE = "GM033", "GM034"
_LARGEST = 64 * 1024 * 1024


class BaselineEntry(NamedTuple):
    """One entry. `file` is relative to the baseline's folder, `path` a pointer with `*` for items of lists."""

    file: str
    code: str
    path: str
    message: str


def without(
    file: str, found: Sequence[Diagnostic], files: Collection[str], takes: Callable[[str], bool]
) -> list[Diagnostic]:
    """The findings that are not known, and a warning for each entry that is known of these files and not found again.

    Raises Refused with `usage` for a file that is no baseline; FileNotFoundError.
    """
    left = read(file)
    new = []
    for each in found:
        known = fingerprint(each, file)
        if known and left[known]:
            left[known] -= 1
        else:
            new.append(each)
    return [*new, *_stale(file, left, files, takes)]


def write(file: str, found: Sequence[Diagnostic], files: Collection[str], takes: Callable[[str], bool]) -> int:
    """Writes what is found in these files; entries of other files, and of codes not looked for, stay. The number."""
    old = read(file) if os.path.lexists(file) else Counter[BaselineEntry]()
    stay = (each for each in old.elements() if not _looked_at(each, file, files, takes))
    entries = sorted([*stay, *filter(None, (fingerprint(each, file) for each in found))])
    data = {"version": VERSION, "findings": [each._asdict() for each in entries]}
    saving.replace(file, json.dumps(data, indent=2) + "\n")
    return len(entries)


def read(file: str) -> Counter[BaselineEntry]:
    """The entries of a baseline, each with how often it stands there."""
    text = reading.read_named(file, _LARGEST)
    try:
        data = json.loads(text)
        if data["version"] != VERSION:
            raise ValueError(f"its version is {data['version']!r}, not {VERSION}")
        return Counter(_entry(each) for each in data["findings"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        message = f"this is not a baseline: {error if isinstance(error, ValueError) else 'keys are missing or wrong'}"
        help_ = "write a new one with --write-baseline, after removing this one"
        raise Refused((Diagnostic(code=UNREADABLE, message=message, file=file, help=help_),), usage=True) from None


def fingerprint(found: Diagnostic, file: str) -> BaselineEntry | None:
    """The entry for a finding in the baseline `file`; None when it must never be left out."""
    if not found.file or found.file.startswith("<") or found.code.startswith("GM0"):
        return None
    return BaselineEntry(_relative(found.file, file), found.code, _place(found.path), found.message)


def _place(path: Pointer) -> str:
    return pointer(tuple("*" if isinstance(step, int) else step for step in path))


def _relative(path: str, file: str) -> str:
    return os.path.relpath(path, os.path.dirname(file) or ".").replace(os.sep, "/")


def _entry(written: Mapping[str, Any]) -> BaselineEntry:
    entry = BaselineEntry(**written)
    if not all(isinstance(part, str) for part in entry):
        raise TypeError("all parts are text")
    return entry


def _looked_at(known: BaselineEntry, file: str, files: Collection[str], takes: Callable[[str], bool]) -> bool:
    """Would this run have found it? True as well when its file is gone."""
    path = os.path.join(os.path.dirname(file), known.file)
    return takes(known.code) and (os.path.relpath(path) in files or not os.path.exists(path))


def _stale(
    file: str, left: Counter[BaselineEntry], files: Collection[str], takes: Callable[[str], bool]
) -> Iterator[Diagnostic]:
    gone: Iterable[BaselineEntry] = sorted(known for known in left.elements() if _looked_at(known, file, files, takes))
    if not takes(STALE):
        return
    for known in gone:
        message = f"{known.code} is known of {known.file}, but not found there any more: {known.message}"
        help_ = "remove it with --write-baseline"
        yield Diagnostic(code=STALE, level="warning", message=message, file=file, help=help_)
