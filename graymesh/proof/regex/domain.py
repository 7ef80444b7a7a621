"""Which values a field can have: those that engines can receive, and among them those that all of them read alike.

Conditions are decided over all that engines can receive, after their own decoding:

| field | values | why |
|---|---|---|
| header | visible characters, those beyond ASCII too, blanks and tabs inside | RFC 9110 §5.5; engines trim the ends |
| claim | the same | a JSON string; njs hands it on as a line, Istio as a header |
| cookie | the same without `;` | a semicolon ends a pair on every engine |
| query | visible characters, those beyond ASCII too, blanks and tabs | Spring decodes escapes, nginx and Envoy do not |
| path | the same after a slash | nginx decodes all of it, Envoy a part |
| host | visible characters without capitals, `/` and `:`; a port is no part of it | RFC 3986 §3.2.2, without case |
| method | tokens of RFC 9110 §9.1, registered ones or not | |
| source | addresses | |

Control characters but the tab are outside: no header holds one, and in paths and queries they need an escape. All
characters beyond ASCII are one to a pattern.

A part of these values is written on the wire in one way that all engines read alike (`inside`): requests that try
engines, and the values that the language takes, are of this part, and so is a witness wherever one is. Header, claim:
visible ASCII with blanks inside; cookie: cookie-octets of RFC 6265 §4.1.1; query: what RFC 3986 §3.4 lets stand there
as it is, without `&`, and without `+`, which Spring takes for a blank; path: what RFC 3986
§3.3 lets stand there, without `;` (Spring cuts off what follows) and without percent-encoding, segments neither empty
nor `.` nor `..`, a slash at the end or not; host: labels between dots, in lower case; method: those of RFC 9110 and
RFC 5789.
"""

from __future__ import annotations

import re
from functools import lru_cache, reduce
from operator import or_
from typing import Final

from graymesh.ir.alphabets import COOKIE_VALUE, QUERY_VALUE, TEXT
from graymesh.ir.release import Kind
from graymesh.proof.regex.parse import read
from graymesh.proof.regex.tree import BEYOND, EMPTY, VISIBLE, Chars, Concat, Node, Repeat, Union, chars_of, sets_within

METHODS: Final = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT")
"""The registered methods that requests use, those first that every engine forwards."""

ALWAYS_THERE: Final = frozenset([Kind.PATH, Kind.METHOD, Kind.HOST, Kind.SOURCE])
"""Fields that every request has."""

_PLAIN: Final = "!$&'()*+,0-9:=@A-Z_a-z~-"
_SEGMENT: Final = rf"(?:[{_PLAIN}][.{_PLAIN}]*|\.[{_PLAIN}][.{_PLAIN}]*|\.\.[.{_PLAIN}]+)"
_LABEL: Final = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_ALIKE: Final = {
    Kind.HEADER: TEXT,
    Kind.CLAIM: TEXT,
    Kind.COOKIE: COOKIE_VALUE,
    Kind.QUERY: QUERY_VALUE,
    Kind.PATH: f"/(?:{_SEGMENT}(?:/{_SEGMENT})*/?)?",
    Kind.HOST: rf"{_LABEL}(?:\.{_LABEL})*",
    Kind.METHOD: "|".join(METHODS),
    Kind.SOURCE: "[0-9a-f.:]+",
}

_BLANK: Final = chars_of(" \t")
_SEEN: Final = VISIBLE & ~_BLANK | BEYOND
_TOKEN: Final = chars_of("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_CAPITALS: Final = chars_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_CHARACTERS: Final = {
    Kind.HEADER: _SEEN | _BLANK,
    Kind.CLAIM: _SEEN | _BLANK,
    Kind.COOKIE: (_SEEN | _BLANK) & ~chars_of(";"),
    Kind.QUERY: _SEEN | _BLANK,
    Kind.PATH: _SEEN | _BLANK,
    Kind.HOST: _SEEN & ~_CAPITALS & ~chars_of("/:"),
    Kind.METHOD: _TOKEN,
    Kind.SOURCE: chars_of("0123456789abcdef.:"),
}
_TRIMMED: Final = frozenset([Kind.HEADER, Kind.CLAIM, Kind.COOKIE])


def inside(kind: Kind, value: str) -> bool:
    """Do all engines read this value of a field of this kind alike?"""
    return re.fullmatch(_ALIKE[kind], value) is not None


@lru_cache(maxsize=len(Kind))
def alike(kind: Kind) -> Node:
    """The values of a field of this kind that all engines read alike."""
    node, problems = read(_ALIKE[kind])
    assert not problems, problems
    return node


@lru_cache(maxsize=1024)
def domain(kind: Kind, unseen: str = "") -> Node:
    """All values of a field of this kind, without these characters."""
    every = Chars(alphabet(kind) & ~chars_of(unseen))
    if kind is Kind.PATH:
        return Concat((Chars(chars_of("/")), Repeat(every, 0, None)))
    if kind not in _TRIMMED:
        return Repeat(every, 1, None)
    seen = Chars(every.mask & ~_BLANK)
    return Concat((seen, Union((Concat((Repeat(every, 0, None), seen)), EMPTY))))


@lru_cache(maxsize=8192)
def possible(kind: Kind, value: str) -> bool:
    """Can a field of this kind have this ASCII value at all?"""
    ends = value[:1] + value[-1:] if kind in _TRIMMED else ""
    begins = kind is not Kind.PATH or value.startswith("/")
    return bool(value) and begins and not chars_of(value) & ~alphabet(kind) and not chars_of(ends) & _BLANK


def alphabet(kind: Kind) -> int:
    """The characters of these values, as a mask."""
    return _CHARACTERS[kind]


def firsts(kind: Kind) -> int:
    """The characters that these values begin with."""
    return alphabet(kind) & ~_BLANK if kind in _TRIMMED else alphabet(kind)


@lru_cache(maxsize=len(Kind))
def characters_alike(kind: Kind) -> int:
    """The characters of values that all engines read alike."""
    return reduce(or_, sets_within(alike(kind))) & VISIBLE
