"""For machines: the values of `graymesh.diff.model` themselves; their JSON Schema stands in `schemas/`."""

from __future__ import annotations

from pydantic import TypeAdapter

from graymesh.diff.model import WITH_TEXTS, TrafficDiff


def render(diff: TrafficDiff, *, color: bool = False, files: bool = False) -> str:
    """The object as indented JSON with a final newline; what is not there is left out."""
    shown = TypeAdapter(TrafficDiff).dump_json(
        diff, indent=2, by_alias=True, exclude_none=True, context=WITH_TEXTS if files else None
    )
    return shown.decode() + "\n"
