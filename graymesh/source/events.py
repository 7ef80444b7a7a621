"""PyYAML as a source of events and of nothing else: libyaml where it is installed, else PyYAML's own parser."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

NextEvent: TypeAlias = Callable[[], Any]


def of(text: str) -> NextEvent:
    """A function that gives the next event of the text. It reads on lazily, so that callers can stop at any depth."""
    next_event: NextEvent = parser_class()(text).get_event
    return next_event


@lru_cache(maxsize=1)
def parser_class() -> Any:
    """The fastest parser at hand."""
    try:
        from yaml.cyaml import CParser  # type: ignore[attr-defined]
    except ImportError:
        return python_parser_class()
    return CParser


def python_parser_class() -> Any:
    """PyYAML's parser without libyaml, forty times slower."""
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class PythonParser(Reader, Scanner, Parser):
        def __init__(self, text: str) -> None:
            Reader.__init__(self, text)
            Scanner.__init__(self)
            Parser.__init__(self)

    return PythonParser
