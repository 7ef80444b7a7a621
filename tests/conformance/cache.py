"""Where built and fetched engines are kept: outside the checkout, and the same for all checkouts."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

Say: TypeAlias = Callable[[str], None]
"""Takes a line of progress."""


def engines(name: str) -> Path:
    """The folder of one engine: `$GRAYMESH_ENGINES/<name>`, else in the user's cache."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("GRAYMESH_ENGINES") or Path(home) / "graymesh" / "engines") / name
