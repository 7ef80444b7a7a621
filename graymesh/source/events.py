"""PyYAML as a source of events and of nothing else: libyaml where it is installed, else PyYAML's own parser."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from re import finditer
from typing import Any, Final, TypeAlias

NextEvent: TypeAlias = Callable[[], Any]

_BRACKETS: Final = 900


def of(text: str) -> NextEvent:
    """A function that gives the next event of the text. It reads on lazily, so that callers can stop at any depth."""
    chosen = python_parser_class() if _reads_ahead_too_deep(text) else parser_class()
    next_event: NextEvent = chosen(text).get_event
    return next_event


def _reads_ahead_too_deep(text: str) -> bool:
    """libyaml of PyYAML 6.0.4 gives up at 1,000 open brackets before it tells of the first, so nobody could stop it."""
    if text.count("[") + text.count("{") < _BRACKETS:
        return False
    depth = deepest = 0
    for bracket in finditer(r"[][{}]", text):
        depth += 1 if bracket[0] in "[{" else -1
        deepest = max(deepest, depth)
    return deepest >= _BRACKETS


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
