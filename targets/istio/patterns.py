"""The regular expressions that this target writes. Envoy applies RE2 to the whole value, so none has anchors."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from graymesh.ir.release import Matcher
from graymesh.kit.patterns import ANY_PORT, grouped, patterns
from graymesh.proof.regex.portable import literal
from graymesh.targets.istio.names import LONGEST_PATTERN

PRESENT: Final = ".+"
_COOKIE_BEFORE: Final = r"(?:.*;\s*)?"
_COOKIE_AFTER: Final = r"(?:\s*;.*)?"


@lru_cache(maxsize=4096)
def cookie_patterns(name: str, matcher: Matcher) -> tuple[str, ...]:
    """Patterns on the whole Cookie header: any pair of that name has such a value; one of them is enough."""
    head = f"{_COOKIE_BEFORE}{literal(name)}="
    room = LONGEST_PATTERN - len(head) - len(_COOKIE_AFTER) - len("(?:)")
    return tuple(f"{head}{grouped(value)}{_COOKIE_AFTER}" for value in patterns(matcher, between=";", room=room))


def host_patterns(matcher: Matcher) -> tuple[str, ...]:
    """Patterns on `:authority`, whose letters may be large and which may carry a port."""
    room = LONGEST_PATTERN - len("(?i)(?:)") - len(ANY_PORT)
    return tuple(f"(?i)(?:{value}){ANY_PORT}" for value in patterns(matcher, between=":", room=room))


def query_absent_pattern(names: Iterable[str]) -> str:
    """A pattern on `:path`, query included: one of these parameters is there and not empty."""
    return rf"[^?]*\?(?:.*&)?(?:{'|'.join(map(literal, names))})=[^&]+(?:&.*)?"
