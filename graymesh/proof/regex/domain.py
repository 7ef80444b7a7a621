"""Which values a field can have, as patterns of the portable subset; outside them nothing is claimed.

header, claim: visible ASCII with blanks inside; cookie: cookie-octets of RFC 6265 §4.1.1; query: unreserved characters
of RFC 3986 §2.3; path: what RFC 3986 §3.3 lets stand there as it is, without `;` (Spring cuts off what follows) and
without percent-encoding (nginx decodes all of it, Envoy a part), segments neither empty nor `.` nor `..`, a slash at
the end or not; host: labels between dots, in lower case; method: those of RFC 9110 and RFC 5789.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from graymesh.ir.release import Kind
from graymesh.proof.regex.parse import read
from graymesh.proof.regex.tree import VISIBLE, Chars, Concat, Node, Repeat, Union

METHODS: Final = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT")
"""The registered methods that requests use, those first that every engine forwards."""

ALWAYS_THERE: Final = frozenset([Kind.PATH, Kind.METHOD, Kind.HOST, Kind.SOURCE])
"""Fields that every request has."""

_TEXT: Final = "[!-~](?:[ -~]*[!-~])?"
_PLAIN: Final = "!$&'()*+,0-9:=@A-Z_a-z~-"
_SEGMENT: Final = rf"(?:[{_PLAIN}][.{_PLAIN}]*|\.[{_PLAIN}][.{_PLAIN}]*|\.\.[.{_PLAIN}]+)"
_LABEL: Final = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_PATTERNS: Final = {
    Kind.HEADER: _TEXT,
    Kind.CLAIM: _TEXT,
    Kind.COOKIE: r"[!#-+\--:<-\[\]-~]+",
    Kind.QUERY: "[A-Za-z0-9._~-]+",
    Kind.PATH: f"/(?:{_SEGMENT}(?:/{_SEGMENT})*/?)?",
    Kind.HOST: rf"{_LABEL}(?:\.{_LABEL})*",
    Kind.METHOD: "|".join(METHODS),
    Kind.SOURCE: "[0-9a-f.:]+",
}


def inside(kind: Kind, value: str) -> bool:
    """Can a field of this kind have the value?"""
    return re.fullmatch(_PATTERNS[kind], value) is not None


@lru_cache(maxsize=len(Kind))
def domain(kind: Kind) -> Node:
    """The values of a field of this kind."""
    node, problems = read(_PATTERNS[kind])
    assert not problems, problems
    return node


@lru_cache(maxsize=len(Kind))
def alphabet(kind: Kind) -> int:
    """The characters of these values, as a mask."""
    return _characters(domain(kind)) & VISIBLE


def _characters(node: Node) -> int:
    match node:
        case Chars(mask):
            return mask
        case Concat(parts) | Union(parts):
            found = 0
            for part in parts:
                found |= _characters(part)
            return found
        case Repeat(body):
            return _characters(body)
