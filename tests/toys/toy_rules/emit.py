"""Documents as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graymesh.text import yaml_text


def emit(trees: Sequence[tuple[str, Any]]) -> dict[str, str]:
    """Path → YAML."""
    return {path: yaml_text(document) for path, document in trees}
