"""One engine for all tests of a module; where it is not set up, they are skipped with a line that says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeVar

import pytest


class Startable(Protocol):
    """An engine before it is started."""

    name: str

    def available(self) -> str | None:
        """None when it can run, else why not."""

    def start(self) -> None:
        """Start its processes."""

    def stop(self) -> None:
        """End them."""


Running = TypeVar("Running", bound=Startable)


def running(engine: Running) -> Iterator[Running]:
    """The engine between start and stop; `make engines` sets up what is missing."""
    reason = engine.available()
    if reason:
        pytest.skip(f"NOT HELD TO {engine.name.upper()}: {reason}; `make engines` sets it up")
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()
