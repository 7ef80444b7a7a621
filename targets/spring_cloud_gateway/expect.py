"""What these artifacts state besides routes."""

from __future__ import annotations

from graymesh.ir import Facts
from graymesh.target import View


def expected_facts(view: View) -> Facts:
    """The addresses of all versions, unless a registry knows them."""
    if view.options["discovery"] == "external":
        return {}
    return {key: value for key, value in view.facts.items() if key[1] == "endpoints"}
