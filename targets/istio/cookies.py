"""Recognising patterns on the whole Cookie header that mean: any pair of this name has such a value.

Istio knows headers only, so everybody writes such patterns by hand, and many miss a pair behind "; " or take cookies
whose names merely end alike. Only those that mean any pair are read; the others are refused with what they miss.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from graymesh.ir.release import Kind, Matcher
from graymesh.targets.istio.regexes import (
    has_alternatives,
    literals,
    matcher_of,
    runs_over,
    unanchored,
    ungrouped,
)

_OPEN = r"\((?:\?:)?"
_BLANKS = r"(?:\\s|\[ \\t\]|\[ \]| )[*?]"
_BEFORE: Final = re.compile(rf"{_OPEN}(?:\.\*\??;{_BLANKS}\)\?|(?:\^?\|)\.\*\??;{_BLANKS}\))")
"""`(.*;\\s*)?`, `(?:^|.*?; *)` and the like: nothing, or anything that ends in a semicolon and blanks."""

_AFTER: Final = re.compile(
    rf"(?:{_OPEN}(?:{_BLANKS})?;\.\*\)\?|{_OPEN}(?:{_BLANKS})?;\.\*\|\$?\)|{_OPEN}(?:{_BLANKS})?;\|\$\)\.\*)\Z"
)
"""`(\\s*;.*)?`, `(?:;.*|$)`, `(;|$).*`: the end, or a semicolon and anything."""

_TOO_NARROW: Final = re.compile(rf"{_OPEN}\.\*\??;(?: |\\s)?\)\?")
_NAME: Final = re.compile(r"(?:[A-Za-z0-9_!#%&'`~-]|\\[^A-Za-z0-9]|\[[^\]\\^]\])+(?==)")


@lru_cache(maxsize=4096)
def cookie_of(pattern: str) -> tuple[str, Matcher]:
    """The cookie's name and what its value must be; raises ValueError when the pattern does not mean any pair."""
    name, value = _pair(_middle(unanchored(pattern)))
    if runs_over(value, ";"):
        raise ValueError(f"the value's pattern {value!r} can run over a ; into the next cookie")
    return name, matcher_of(value, Kind.COOKIE)


def _middle(body: str) -> str:
    """The pair, without what may stand before and after it."""
    before = _BEFORE.match(body)
    if before is None:
        raise ValueError(_why_before(body))
    after = _AFTER.search(body, before.end())
    if after is None:
        raise ValueError("the pattern must allow other cookies behind the pair, as by (;.*)? at its end")
    return body[before.end() : after.start()]


def _why_before(body: str) -> str:
    if _TOO_NARROW.match(body):
        return (
            "browsers separate cookies by a semicolon and a blank, others by a semicolon alone; the pattern misses one"
        )
    if body.startswith((".*", "(.*)", "(?:.*)")):
        return "the pattern also takes cookies whose names merely end in this one"
    return r"the pattern must allow other cookies before the pair, as by (.*;\s*)? at its beginning"


def _pair(middle: str) -> tuple[str, str]:
    inner = ungrouped(middle)
    found = _NAME.match(inner)
    if found is None:
        raise ValueError("no literal cookie name stands before the =")
    value = inner[found.end() + 1 :]
    if has_alternatives(inner) or not value:
        raise ValueError("alternatives of several cookies, or an empty value, cannot be told apart")
    (name,) = literals(found.group()) or ("",)
    return name, ungrouped(value)
