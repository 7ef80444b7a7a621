"""Documents as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graymesh.text import json_text


def emit(trees: Sequence[tuple[str, Any]]) -> dict[str, str]:
    """Path → JSON."""
    return {path: json_text(document) for path, document in trees}
