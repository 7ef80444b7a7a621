"""The one type in which graymesh says that something is wrong. Renderers in `graymesh.report` only render it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

Pointer: TypeAlias = tuple[str | int, ...]
"""Where in a document something is said: the keys and indexes from its root."""

Level: TypeAlias = Literal["error", "warning", "info"]
Part: TypeAlias = Literal["value", "key", "entry"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A range of text: lines and columns count from 1, in characters; the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


START = Span(1, 1, 1, 1)


@dataclass(frozen=True, slots=True)
class Note:
    """A second position that explains the first."""

    path: Pointer
    message: str
    file: str = ""
    span: Span = START


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of the file that helps to mend a finding: `text` takes the place of what stands at `span`.

    Where it belongs is said by a path, of whose node the `part` is meant: the value, the last key itself, or the whole
    entry (a key with its value, an item of a list), which can only be taken out. `text` is YAML, on one line. The span
    is filled in by the source, which leaves out edits that it cannot do without touching a comment or an anchor.
    """

    path: Pointer = ()
    part: Part = "value"
    text: str = ""
    span: Span = START


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding at one place. `path` points at a value, or with `at_key` at the last key itself.

    `file` and `span` are filled in from the source by `graymesh.source.Source.place`. `edits`, all of them together,
    mend the finding; there are some only where it is certain what was meant.
    """

    code: str
    message: str
    path: Pointer = ()
    at_key: bool = False
    level: Level = "error"
    help: str = ""
    notes: tuple[Note, ...] = ()
    targets: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    file: str = ""
    span: Span = START

    def at(self, file: str, span: Span) -> Diagnostic:
        """The same finding with its place."""
        return replace(self, file=file, span=span)


@dataclass(slots=True)
class Refused(Exception):
    """Input that cannot be used at all; carries the placed diagnostics. Exit code 1, or 2 when `usage` is set."""

    diagnostics: tuple[Diagnostic, ...]
    usage: bool = False
    lines: tuple[str, ...] = field(default=(), compare=False)

    def __reduce__(self) -> tuple[Any, ...]:  # exceptions forget fields that are given by name, on the way to a process
        return type(self), (self.diagnostics, self.usage, self.lines)

    def __str__(self) -> str:
        return "; ".join(f"{d.file}:{d.span.line}:{d.span.column}: {d.code} {d.message}" for d in self.diagnostics)


def pointer(path: Pointer) -> str:
    """A JSON pointer (RFC 6901): `/spec/routes/0/name`; the root is empty."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
