"""How much of a file is read: checked before data is built from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Upper bounds of one file. `nodes` counts keys, values and collections, aliases with all they stand for."""

    bytes: int
    nodes: int
    aliases: int
    alias_characters: int
    depth: int = 64


SPEC: Final = Limits(bytes=MIB, nodes=100_000, aliases=1_000, alias_characters=MIB)
"""A spec is a page of text."""

ARTIFACT: Final = Limits(bytes=64 * MIB, nodes=8_000_000, aliases=10_000, alias_characters=16 * MIB)
"""An engine's file may hold all releases of a project."""
