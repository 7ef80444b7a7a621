"""The suite's report: what was tried on which engine, kept as a file that the documentation's tables come from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.conformance.suite import Result

REPORT: Final = Path(__file__).with_name("report.json")


def entry(result: Result) -> dict[str, Any]:
    """One engine's part of the report; numbers are requests unless named otherwise."""
    return {
        "version": result.version,
        "releases": result.releases,
        "stages": result.stages,
        "requests": result.seen.compared.total(),
        "variants": dict(sorted(result.seen.compared.items())),
        "outside": result.seen.outside,
        "draws": len(result.seen.draws),
        "features": dict(sorted(result.features.items())),
        "disagreements": len(result.problems),
    }


def rules_entry(version: str, stages: int, rules: int, wrong: int) -> dict[str, Any]:
    """The part of an engine that holds rules and chooses no version."""
    return {"version": version, "stages": stages, "rules": rules, "features": {}, "disagreements": wrong}


def read() -> dict[str, Any]:
    """The committed report: target's name → its entry."""
    found: dict[str, Any] = json.loads(REPORT.read_text(encoding="utf-8")) if REPORT.exists() else {}
    return found


def write(entries: Mapping[str, Mapping[str, Any]]) -> None:
    """Replace the entries of these engines; those of others stay."""
    text = json.dumps(dict(sorted({**read(), **entries}.items())), indent=1) + "\n"
    REPORT.write_text(text, encoding="utf-8")


def table(results: Sequence[Result]) -> str:
    """The results as text, one line an engine, and their sum."""
    rows = [("engine", "releases", "stages", "loads", "requests", "outside", "draws", "disagreements", "seconds")]
    for each in results:
        seen = each.seen
        numbers = (each.releases, each.stages, each.loads, seen.compared.total(), seen.outside, len(seen.draws))
        rows.append((each.version, *(f"{n:,}" for n in numbers), f"{len(each.problems):,}", f"{each.seconds:.0f}"))
    total = sum(each.seen.compared.total() for each in results)
    wrong = sum(len(each.problems) for each in results)
    rows.append(("all", "", "", "", f"{total:,}", "", "", f"{wrong:,}", ""))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        row[0].ljust(widths[0])
        + "".join(cell.rjust(width + 2) for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    )
