"""What an engine does with a request, by the table that its artifacts amount to and without being told."""

from __future__ import annotations

from graymesh.ir.preflights import PREFLIGHT
from graymesh.ir.release import RouteTable
from graymesh.ir.semantics import Decision, Request, decide, first_met
from graymesh.kit.target import Manifest


def decided_by(manifest: Manifest, table: RouteTable, request: Request) -> Decision:
    """The decision; nobody gets a preflight from an engine that passes none on, with or without cors."""
    found = decide(table, request)
    passes = not manifest.answers_preflights
    if found.answered or passes or first_met(PREFLIGHT, request) is None:
        return found
    return Decision(None, f"a preflight, to which {manifest.title} answers 403 without cors", answered=True)
