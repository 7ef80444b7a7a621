"""The table at the end of `compile` and `verify`: every release on every target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graymesh.commands.base import table

if TYPE_CHECKING:
    from graymesh.compile.compiler import ReleaseRow

_MOST_RELEASES = 50


def summary(rows: Sequence[ReleaseRow]) -> str:
    """A line for each release and stage, a column for each target; beyond 50 releases one line for all of them."""
    targets = list(dict.fromkeys(row.target for row in rows))
    lines = list(dict.fromkeys((row.release, row.stage) for row in rows))
    if len(lines) > _MOST_RELEASES:
        cells = [_all_of([row for row in rows if row.target == name]) for name in targets]
        return table(["releases", *targets], [[str(len(lines)), *cells]])
    found = {(row.release, row.stage, row.target): row for row in rows}
    body = [[*line, *(_cell(found.get((*line, name))) for name in targets)] for line in lines]
    return table(["release", "stage", *targets], body)


def _cell(row: ReleaseRow | None) -> str:
    if row is None:
        return "-"
    files = f"{row.files} file{'s' if row.files != 1 else ''}, "
    return files + ("verified" if row.verified else "NOT VERIFIED")


def _all_of(rows: Sequence[ReleaseRow]) -> str:
    verified = sum(row.verified for row in rows)
    return "all verified" if verified == len(rows) else f"{len(rows) - verified} NOT VERIFIED"
