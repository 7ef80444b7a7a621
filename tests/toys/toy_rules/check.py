"""What a toy would not take as meant."""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.kit.target import Constraint, View


def check(view: View) -> Iterator[Constraint]:
    """It cannot count to a million."""
    for (version, name), value in view.facts.items():
        if name == "limits.qps" and isinstance(value, int) and value >= 1_000_000:
            message = f"{version}: a toy cannot count to {value}"
            yield Constraint(path=("spec", "limits", version, "qps"), message=message, help="ask for less")
