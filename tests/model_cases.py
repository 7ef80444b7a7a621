"""The corpus of bad specs: each file begins with comments that say what is wrong with it and where.

# GM106 /spec/stages/2/weight  (beyond JSON Schema)
# GM101 key /spec/stabel
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from graymesh.diagnostic import Pointer

FOLDER = Path(__file__).parent / "model"
_SAYS = re.compile(r"^# (GM\d{3}) (key )?(/.*?)(  \(beyond JSON Schema\))?$", re.MULTILINE)


@dataclass(frozen=True, order=True)
class Said:
    """A diagnostic's code and place."""

    code: str
    path: Pointer
    at_key: bool


@dataclass(frozen=True)
class Expected:
    """What a file says of itself, and whether JSON Schema can see it too."""

    said: Said
    schema_sees_it: bool


def bad_files() -> list[Path]:
    return sorted((FOLDER / "bad").glob("*.yaml"))


def expected_in(text: str) -> list[Expected]:
    return [Expected(Said(code, _path(path), bool(key)), not beyond) for code, key, path, beyond in _SAYS.findall(text)]


def _path(text: str) -> Pointer:
    parts = text[1:].split("/") if text != "/" else []
    return tuple(int(part) if part.isdigit() else part for part in parts)
