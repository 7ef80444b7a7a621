"""What is asked of a toy besides routes: the settings of the view, and a name for each version."""

from __future__ import annotations

from graymesh.kit.target import Expected, View


def expected(view: View) -> Expected:
    """Versions go by the release's name and their own."""
    labels = {version.name: f"{view.release.key}/{version.name}" for version in view.release.versions}
    return Expected(settings=view.facts, labels=labels)
