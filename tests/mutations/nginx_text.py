"""nginx configuration with the place of every directive and argument, so that one of them can be changed.

A tokenizer of its own, written from nginx's manual: blank space parts tokens, quotes hold them together, a backslash
takes the next character along, `;` ends a directive, braces hold a block, `#` starts a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

_TOKEN = re.compile(
    r"""\s+|\#[^\n]*|(?P<mark>[;{}])|(?P<word>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?:\$\{[^}]*\}|[^\s;{}\\]|\\.)+)""",
    re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\"}
_SETTING = ("set", "proxy_set_header", "add_header", "proxy_hide_header", "split_clients", "geo", "map")


@dataclass(frozen=True, slots=True)
class Word:
    """One token: `text` as it is written, quotes included, from `start` to `end`; `value` is what nginx reads."""

    text: str
    start: int
    end: int
    value: str

    @property
    def inner(self) -> tuple[int, int]:
        """Where its characters stand, without the quotes."""
        quoted = self.text[0] in "\"'"
        return self.start + quoted, self.end - quoted


def _value(text: str) -> str:
    inner = text[1:-1] if text[0] in "\"'" else text
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), inner, flags=re.DOTALL)


@dataclass(slots=True)
class Directive:
    """A directive with its arguments and, of a block, what stands inside; `above` are the blocks around it."""

    words: list[Word]
    above: tuple[Directive, ...]
    children: list[Directive] = field(default_factory=list)
    end: int = 0

    @property
    def name(self) -> str:
        """Its first word."""
        return self.words[0].value

    @property
    def values(self) -> list[str]:
        """Its arguments."""
        return [word.value for word in self.words[1:]]

    @property
    def place(self) -> str:
        """The blocks around it and its name, with what it sets: `server/location //proxy_set_header Host`."""
        blocks = (" ".join(word.text for word in block.words) for block in self.above)
        subject = self.words[1:2] if self.name in _SETTING else []
        return "/".join([*blocks, " ".join(word.text for word in [self.words[0], *subject])])

    @property
    def start(self) -> int:
        """Where its first character stands."""
        return self.words[0].start


class NginxText:
    """One configuration file."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.top: list[Directive] = []
        self._read()

    def all(self) -> Iterator[Directive]:
        """Every directive, blocks before what stands inside."""
        stack = list(reversed(self.top))
        while stack:
            found = stack.pop()
            yield found
            stack += reversed(found.children)

    def named(self, name: str) -> list[Directive]:
        """The directives of that name."""
        return [found for found in self.all() if found.name == name]

    def edited(self, *edits: tuple[int, int, str]) -> str:
        """The text after all edits, which do not overlap."""
        text = self.text
        for start, end, new in sorted(edits, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def without(self, found: Directive) -> str:
        """The text without a directive and its block."""
        return self.edited((found.start, found.end, ""))

    def swapped(self, one: Directive, two: Directive) -> str:
        """The text with two directives in each other's place."""
        texts = self.text[one.start : one.end], self.text[two.start : two.end]
        return self.edited((one.start, one.end, texts[1]), (two.start, two.end, texts[0]))

    def _read(self) -> None:
        words: list[Word] = []
        open_blocks: list[Directive] = []
        for token in _TOKEN.finditer(self.text):
            if token["word"]:
                words.append(Word(token["word"], token.start(), token.end(), _value(token["word"])))
            elif token["mark"] == "}":
                open_blocks.pop().end = token.end()
            elif token["mark"]:
                found = Directive(words, tuple(open_blocks), end=token.end())
                (open_blocks[-1].children if open_blocks else self.top).append(found)
                words = []
                if token["mark"] == "{":
                    open_blocks.append(found)


@lru_cache(maxsize=64)
def top(text: str) -> list[Directive]:
    """The directives of a file that stand in no block."""
    return NginxText(text).top
