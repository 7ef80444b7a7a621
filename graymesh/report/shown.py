"""The user's text as it may be shown: nothing that acts on a terminal, a log or a reader's eyes, and never too much."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from graymesh.diagnostic import Diagnostic, Level
from graymesh.source.hidden import escaped

LONGEST_MESSAGE: Final = 2_000
"""Characters of one message; enough for any message that somebody reads."""

MOST_SHOWN: Final = 200
"""Diagnostics that are written out for people; further ones are only counted."""

MOST_WRITTEN: Final = 5_000
"""Diagnostics in files for CI services: GitHub drops those beyond 5,000 in a run and refuses files of over 25,000.

https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support
"""

# Log readers of CI services take `##[…]`, `##vso[…]` and `##teamcity[…]` for commands, wherever they stand in a line.
LOG_COMMAND: Final = re.compile(r"##(?=\w*\[)")
_LEVELS: Final[tuple[Level, ...]] = ("error", "warning", "info")
_PLURALS: Final = {"error": "errors", "warning": "warnings", "info": "infos"}


def inline(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """Text for the middle of a line: hidden characters and line ends escaped, cut when too long."""
    left = len(text) - longest
    cut = text if left <= 0 else f"{text[:longest]}… ({left} more characters)"
    return LOG_COMMAND.sub(r"#\\x23", escaped(cut))


def file_name(name: str) -> str:
    """A file's name at the start of a line, where `::` would be a command of GitHub Actions."""
    shown = inline(name)
    return f"./{shown}" if shown.lstrip().startswith("::") else shown


def json_text(value: object) -> str:
    """Indented JSON in ASCII with a final newline, in which no log reader finds a command either."""
    import json

    return LOG_COMMAND.sub(r"#\\u0023", json.dumps(value, indent=2, ensure_ascii=True)) + "\n"


def worst(diagnostics: Sequence[Diagnostic], most: int) -> Sequence[Diagnostic]:
    """At most so many, the gravest, in the order in which they came."""
    if len(diagnostics) <= most:
        return diagnostics
    by_level = sorted(range(len(diagnostics)), key=lambda number: _LEVELS.index(diagnostics[number].level))
    return [diagnostics[number] for number in sorted(by_level[:most])]


def left_out(diagnostics: Sequence[Diagnostic], kept: Sequence[Diagnostic]) -> str:
    """`left out: 1 error, 3 warnings`; empty when all were kept."""
    left = Counter(diagnostic.level for diagnostic in diagnostics) - Counter(diagnostic.level for diagnostic in kept)
    return f"left out: {_counted(left)}" if left else ""


def counts(diagnostics: Sequence[Diagnostic]) -> dict[str, int]:
    """How many of each level: `{"errors": 1, "warnings": 0, "infos": 0}`."""
    found = Counter(diagnostic.level for diagnostic in diagnostics)
    return {_PLURALS[level]: found[level] for level in _LEVELS}


def summary(diagnostics: Sequence[Diagnostic]) -> str:
    """`1 error, 2 warnings`; empty when there is nothing."""
    found = Counter(diagnostic.level for diagnostic in diagnostics)
    return _counted(found)


def _counted(found: Counter[Level]) -> str:
    parts = [(found[level], level if found[level] == 1 else _PLURALS[level]) for level in _LEVELS]
    return ", ".join(f"{number} {word}" for number, word in parts if number)
