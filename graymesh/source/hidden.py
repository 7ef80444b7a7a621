"""Characters that cannot be seen or that reorder what is seen: found before YAML is read, escaped wherever shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from graymesh.diagnostic import Diagnostic, Span

_RANGES: Final = (
    "\x00-\x08\x0b-\x1f\x7f-\xa0\xad"  # controls other than tab and line feed, the non-breaking space, soft hyphen
    "\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f"  # joiners, fillers, marks and spaces of single scripts
    "\u2000-\u200f\u2028-\u202f\u205f-\u206f"  # spaces, zero-width characters, line separators, bidirectional marks
    "\u2800\u3000\u3164\ufe00-\ufe0d\ufeff\uffa0"  # blanks of other scripts, variation selectors but the emoji's
    "\ufff0-\ufffc\ufffe\uffff\ufdd0-\ufdef\ud800-\udfff"  # annotations, noncharacters, lone surrogates
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # invisible formats, tag characters
)
HIDDEN: Final = re.compile(f"[{_RANGES}]")
_NOT_SHOWN: Final = re.compile(f"[{_RANGES}\t\n]")
_PLAIN_BYTES: Final = bytes([0x09, 0x0A, *range(0x20, 0x7F)])
_SHOWN_AT_MOST: Final = 20
_CONTROL_NAMES: Final = {0x00: "NULL", 0x0D: "CARRIAGE RETURN", 0x1B: "ESCAPE", 0x7F: "DELETE", 0x85: "NEXT LINE"}


def escaped(text: str) -> str:
    """The text with every hidden character, tab and line end written out: `\\x1b`, `\\u202e`, `\\n`."""
    return _NOT_SHOWN.sub(lambda match: escape(match[0]), text)


def escape(char: str) -> str:
    """One character as an escape: `\\n`, `\\x1b`, `\\u202e`, `\\U000e0041`."""
    short = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(char)
    code = ord(char)
    return short or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def name(char: str) -> str:
    """`U+202E RIGHT-TO-LEFT OVERRIDE`."""
    import unicodedata

    code = ord(char)
    known = _CONTROL_NAMES.get(code) or unicodedata.name(char, "")
    return f"U+{code:04X} {known or _kind(code)}"


def _kind(code: int) -> str:
    if code < 0xA0:
        return "CONTROL CHARACTER"
    return "LONE SURROGATE" if 0xD800 <= code <= 0xDFFF else "INVISIBLE CHARACTER"


def problems(text: str, file: str) -> tuple[Diagnostic, ...]:
    """GM007 for the first hidden characters of a text whose lines end in LF; comments count as well."""
    return tuple(islice(_problems(text, file), _SHOWN_AT_MOST)) if _found(text) else ()


def _found(text: str) -> bool:
    """Like `HIDDEN.search`, twenty times as fast: what is left without plain ASCII is a few characters at most."""
    rest = text.encode("utf-8", "surrogatepass").translate(None, _PLAIN_BYTES)
    return bool(rest) and HIDDEN.search(rest.decode("utf-8", "surrogatepass")) is not None


def _problems(text: str, file: str) -> Iterator[Diagnostic]:
    line, line_start, seen = 1, 0, 0
    for match in HIDDEN.finditer(text):
        line += text.count("\n", seen, match.start())
        line_start = text.rfind("\n", 0, match.start()) + 1
        seen = match.start()
        column = match.start() - line_start + 1
        yield Diagnostic(
            code="GM007",
            message=f"hidden character {name(match[0])}",
            help=_help(match[0]),
            file=file,
            span=Span(line, column, line, column + 1),
        )


def _help(char: str) -> str:
    if char == "\r":
        return "this carriage return stands alone; end lines with LF or CRLF"
    if char in "\x85\u2028\u2029":
        return "some readers take it for a line end and others do not; end lines with LF"
    if char.isspace() or char in "\u2800\u3164\uffa0\u115f\u1160":
        return "it looks like a space, but YAML does not take it for one; type a space"
    if char == "\ufeff":
        return "a byte order mark may stand only at the start of a file; remove it"
    return (
        f'remove it; where a value needs it, write "{escape(char)}" in double quotes'
        if ord(char) >= 0xA0
        else "remove it"
    )
