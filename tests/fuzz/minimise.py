"""Makes a failing input small: files, lines, then stretches of bytes are left out while it fails the same way."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.fuzz.cases import Case


def minimised(case: Case, fails: Callable[[Case], bool], seconds: float) -> Case:
    """The smallest case found in that time that still fails."""
    end = time.monotonic() + seconds
    for name in sorted(case.files):
        if len(case.files) > 1 and time.monotonic() < end:
            less = Case(case.action, {path: text for path, text in case.files.items() if path != name})
            case = less if fails(less) else case
    for name in sorted(case.files):
        for separator in (b"\n", b""):
            case = _shortened(case, name, separator, fails, end)
    return case


def _shortened(case: Case, name: str, separator: bytes, fails: Callable[[Case], bool], end: float) -> Case:
    """Delta debugging over lines or bytes: parts of half the size each time nothing more can go."""
    parts = _split(case.files[name], separator)
    size = max(1, len(parts) // 2)
    while time.monotonic() < end:
        at, before = 0, len(parts)
        while at < len(parts) and time.monotonic() < end:
            fewer = parts[:at] + parts[at + size :]
            less = case.with_file(name, separator.join(fewer))
            if fails(less):
                parts, case = fewer, less
            else:
                at += size
        if size == 1 and len(parts) == before:
            break
        size = max(1, size // 2)
    return case


def _split(text: bytes, separator: bytes) -> list[bytes]:
    return text.split(separator) if separator else [text[at : at + 1] for at in range(len(text))]
