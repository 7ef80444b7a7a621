"""What mends a problem: the edit that puts there what was meant, or takes out what is needless."""

from __future__ import annotations

from graymesh.diagnostic import Edit, Pointer
from graymesh.language.problems import RawYaml


def mending(path: Pointer, mended: str, at_key: bool = False) -> tuple[Edit, ...]:
    """Puts the mended text in place of the value, or of its key; nothing when there is none."""
    if not mended:
        return ()
    from graymesh.text import yaml_scalar

    text = mended if isinstance(mended, RawYaml) else yaml_scalar(mended)
    return (Edit(path, "key" if at_key else "value", str(text)),)
