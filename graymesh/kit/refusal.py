"""How decoders say that they do not understand something."""

from __future__ import annotations

from typing import Any


class NotUnderstood(Exception):
    """A part of an artifact that has no exact meaning here: its name as it stands there, and why.

    `where` is its place in the words of the format, a path of keys or a directive; None when whoever catches it knows.
    """

    def __init__(self, field: str, message: str, where: Any = None) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message, self.where = field, message, where
