"""What is asked of a toy: the settings of the view, and whether it is strict where it has any."""

from __future__ import annotations

from graymesh.kit.target import Expected, View


def expected(view: View) -> Expected:
    """Versions go by their own names."""
    strict = {("", "toy.strict"): int(view.options["strict"])} if view.facts else {}
    return Expected(settings={**view.facts, **strict})
