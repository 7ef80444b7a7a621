"""What the setting that a change is about is there for."""

from __future__ import annotations

from graymesh.diff.model import Change
from graymesh.ir.settings import SPEC_SETTINGS, Protects
from graymesh.kit.registry import target


def protects(change: Change) -> Protects:
    """By the rows of the spec, or of the engine that alone shows the change; "" where it is about no setting."""
    match change.kind:
        case "setting":
            rows = SPEC_SETTINGS
        case "engine" if change.engines:
            rows = target(change.engines[0]).settings
        case _:
            return ""
    row = rows.of_words(change.what)
    return row.protects if row else ""
