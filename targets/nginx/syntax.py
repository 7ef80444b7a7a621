"""nginx's grammar: text → directives. Written from `ngx_conf_read_token`; knows no directive by name.

A token ends at a blank, `;` or `{`; `}` and `#` mean something only where a token could begin; `${` opens no block.
A backslash hides the next character from the tokeniser. In every token, quoted or not, `\\"`, `\\'` and `\\\\` lose
their backslash, `\\t`, `\\r` and `\\n` become the character, and other backslashes stay. Once read, a quoted token is
no different from a bare one.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cached_property
from typing import Final, NamedTuple

LONGEST_TOKEN: Final = 4095
"""Bytes; nginx reads tokens into a buffer of 4,096."""

_SHORT: Final = LONGEST_TOKEN // 4
"""Characters that are never too many bytes."""

DEEPEST: Final = 32

_TOKEN: Final = re.compile(
    r"""
    [ \t\r\n]* (
        [;{}]
      | \#[^\n]*
      | "(?: [^"\\]++ | \\. )*+" (?= [ \t\r\n;{)] )
      | '(?: [^'\\]++ | \\. )*+' (?= [ \t\r\n;{)] )
      | (?!["']) (?: [^ \t\r\n;{$\\]++ | \$\{? | \\. )++
      | \Z
      | .
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"""\\(["'\\trn])""")
_MEANING: Final = {"t": "\t", "r": "\r", "n": "\n"}
_MARKS: Final = frozenset(";{}#\"'\\")


class ParsedDirective(NamedTuple):
    """A directive with its arguments as nginx understands them; `body` is None where a semicolon ends it.

    `token` is the number of its first token in the file, from 0; `Lines` knows its line.
    """

    name: str
    arguments: tuple[str, ...]
    body: tuple[ParsedDirective, ...] | None
    file: str
    token: int


class SyntaxProblem(Exception):
    """Text that nginx does not take, and at which of its tokens."""

    def __init__(self, message: str, token: int) -> None:
        super().__init__(message)
        self.token = token


class _Open(NamedTuple):
    """A block that is being read."""

    head: ParsedDirective
    inside: list[ParsedDirective]


def parse(text: str, file: str) -> tuple[ParsedDirective, ...]:
    """The directives of a file. Raises SyntaxProblem."""
    if "\0" in text or text.startswith("\ufeff"):
        raise SyntaxProblem("a NUL or a byte order mark", 0)
    blocks = [_Open(ParsedDirective("", (), None, file, 0), [])]
    words: list[str] = []
    first = 0
    for index, token in enumerate(_TOKEN.findall(text)):
        mark = token[:1]
        if not mark:
            break
        if mark not in _MARKS:
            first = first if words else index
            words.append(_meaning(token, index) if "\\" in token or len(token) > _SHORT else token)
        elif mark == ";" or mark == "{":
            if not words:
                raise SyntaxProblem(f"unexpected {mark!r}", index)
            directive = ParsedDirective(words[0], tuple(words[1:]), None, file, first)
            words = []
            if mark == ";":
                blocks[-1].inside.append(directive)
            else:
                blocks.append(_opened(directive, len(blocks)))
        elif mark == "}":
            _close(blocks, words, index)
        elif mark != "#":
            first = first if words else index
            words.append(_quoted(token, index))
    if words or len(blocks) > 1:
        raise SyntaxProblem("unexpected end of file", first)
    return tuple(blocks[0].inside)


class Lines:
    """Where the tokens of a text begin; the text is gone through at the first question."""

    def __init__(self, text: str) -> None:
        self._text = text

    def of(self, token: int) -> int:
        """The line on which a token begins, from 1; the last one for a token that is not there."""
        starts = self._starts
        return bisect_left(self._breaks, starts[token] if token < len(starts) else len(self._text)) + 1

    @cached_property
    def _starts(self) -> list[int]:
        return [match.start(1) for match in _TOKEN.finditer(self._text)]

    @cached_property
    def _breaks(self) -> list[int]:
        return [match.start() for match in re.finditer("\n", self._text)]


def _opened(head: ParsedDirective, depth: int) -> _Open:
    if depth > DEEPEST:
        raise SyntaxProblem(f"blocks more than {DEEPEST} deep", head.token)
    return _Open(head, [])


def _close(blocks: list[_Open], words: list[str], index: int) -> None:
    if words or len(blocks) == 1:
        raise SyntaxProblem("unexpected '}'", index)
    block = blocks.pop()
    blocks[-1].inside.append(block.head._replace(body=tuple(block.inside)))


def _quoted(token: str, index: int) -> str:
    if token[0] == "\\":
        if len(token) == 1:
            raise SyntaxProblem("a backslash at the end", index)
        return _meaning(token, index)
    if len(token) == 1:
        raise SyntaxProblem("a quote that is not closed, or text right after one", index)
    return _meaning(token[1:-1], index)


def _meaning(word: str, index: int) -> str:
    if len(word) > _SHORT and len(word.encode()) > LONGEST_TOKEN:
        raise SyntaxProblem(f"a token of {len(word.encode())} bytes", index)
    return _ESCAPE.sub(_unescaped, word) if "\\" in word else word


def _unescaped(match: re.Match[str]) -> str:
    return _MEANING.get(match[1], match[1])
