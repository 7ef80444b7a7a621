"""What a rule is, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from graymesh.diagnostic import Edit, Level, Note, Pointer
from graymesh.language.case import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule found: where, in the user's words and values, and what to do. The engine adds code and position."""

    path: Pointer
    message: str
    help: str = ""
    at_key: bool = False
    notes: tuple[Note, ...] = ()
    targets: tuple[str, ...] = ()
    level: Level | None = None
    edits: tuple[Edit, ...] = ()


Check: TypeAlias = Callable[[Case], Iterable[Finding]]
ProjectCheck: TypeAlias = Callable[[Sequence[Case]], Iterable[tuple[Case, Finding]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One code: its name, its page and, for what lint itself finds, its check."""

    code: str
    name: str
    level: Level
    page: str
    check: Check | None
    check_project: ProjectCheck | None
    ignorable: bool = False
