"""Which lines of graymesh a run meets for the first time: few are left soon, so that only few are looked at."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, TypeAlias

Lines: TypeAlias = frozenset[str]
"""`file:line`, the file as Python names it."""

_OURS: Final = ("/graymesh/", "/targets/")


class Tracer:
    """Notes new lines into a file on leaving; does nothing when `known` is None."""

    def __init__(self, file: Path, known: Lines | None) -> None:
        self._file, self._known = file, known
        self._new: set[str] = set()
        self._done: dict[Any, bool] = {}

    def __enter__(self) -> None:
        if self._known is not None:
            sys.settrace(self._called)

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._known is not None:
            sys.settrace(None)
            self._file.write_text("\n".join(self._new), encoding="utf-8")

    def _called(self, frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        if code not in self._done:
            self._done[code] = self._is_known(code)
        return None if self._done[code] else self._stepped

    def _is_known(self, code: Any) -> bool:
        if not any(part in code.co_filename for part in _OURS):
            return True
        known = self._known or frozenset()
        return all(f"{code.co_filename}:{line}" in known for *_, line in code.co_lines() if line)

    def _stepped(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
            if self._known is not None and place not in self._known:
                self._new.add(place)
        return self._stepped


def traced(file: Path) -> Lines:
    """What a tracer noted."""
    return frozenset(file.read_text(encoding="utf-8").split()) if file.exists() else frozenset()


def by_file(lines: Lines) -> Mapping[str, int]:
    """How many lines of each file."""
    found: dict[str, int] = {}
    for place in lines:
        name = place.rpartition(":")[0]
        found[name] = found.get(name, 0) + 1
    return found
