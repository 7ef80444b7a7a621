"""No project that lints without error fails to compile."""

from __future__ import annotations

from tests.projects import lints_clean_and_compiles


def test_what_lints_without_error_compiles() -> None:
    """Most of the generated projects lint without error, so that the law is about something."""
    assert lints_clean_and_compiles(150) > 75
