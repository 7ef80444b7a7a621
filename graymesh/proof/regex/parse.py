"""Reads the regex subset that means the same in RE2, PCRE2, Java and Python when whole values are matched.

Taken: literals, `.`, classes with ranges and negation, `\\d \\w \\s` and their negations, `\\t`, `\\n`, escaped
punctuation, groups, alternatives, `* + ? {m} {m,} {m,n}` and their lazy forms (lazy is the same when the whole value
must match), and `^…$` around the whole pattern. `\\s` has a vertical tab in some engines and not in others; values
have none.
Everything else is named with its column, and what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from graymesh.proof.regex.tree import ANY, DOT, EMPTY, Chars, Concat, Node, Repeat, Union, chars_of, size

MOST_REPEATS: Final = 1000
"""RE2 refuses a repetition above this, and nested repetitions whose product is above it."""

MOST_POSITIONS: Final = 10_000
_DEEPEST_GROUP: Final = 50

_DIGITS: Final = chars_of("0123456789")
_WORD: Final = _DIGITS | chars_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
_SPACE: Final = chars_of("\t\n\v\f\r ")
_CLASSES: Final = {
    "d": _DIGITS,
    "w": _WORD,
    "s": _SPACE,
    "D": ANY & ~_DIGITS,
    "W": ANY & ~_WORD,
    "S": ANY & ~_SPACE,
    "t": chars_of("\t"),
    "n": chars_of("\n"),
}
_COUNT: Final = re.compile(r"\{(0|[1-9][0-9]{0,5})(,(0|[1-9][0-9]{0,5})?)?\}")
_POSIX: Final = re.compile(r"\[([:.=])[^\]]*?\1\]")
_BRACES: Final = re.compile(r"\{[^}]*\}|<[^>]*>")
_GROUPS: Final = (
    (
        re.compile(r"\(\?<?[=!]"),
        "lookaround",
        "RE2 has none; describe what the value is, or exclude by an earlier route",
    ),
    (re.compile(r"\(\?>"), "atomic group", "write (?: instead, whole values are matched anyway"),
    (re.compile(r"\(\?P=[^)]*"), "named backreference", "no portable form exists; list the values"),
    (re.compile(r"\(\?(?:P?<[^>]*>|'[^']*')"), "named group", "write (?: instead, nothing reads the name"),
    (re.compile(r"\(\?#[^)]*"), "comment", "leave it out"),
    (re.compile(r"\(\?\|"), "branch reset group", "write (?: instead"),
    (re.compile(r"\(\?\([^)]*\)"), "conditional group", "write the alternatives out"),
    (re.compile(r"\(\?(?:R|[0-9+-]+|&[^)]*|P>[^)]*)(?=\))"), "recursion", "no portable form exists"),
    (re.compile(r"\(\?[A-Za-z^-]*:?"), "inline flags", "write both cases out: [Aa]"),
    (re.compile(r"\(\*[^)]*"), "verb", "no portable form exists"),
)
_ESCAPES: Final = {
    **dict.fromkeys("AZzG", ("anchor", "leave it out, whole values are matched")),
    **dict.fromkeys("bB", ("word boundary", "write the neighbouring characters as a class")),
    **dict.fromkeys("QE", ("quoting", "escape each special character with a backslash")),
    **dict.fromkeys("pP", ("character property", "write the characters as a class")),
    **dict.fromkeys("xuUNco", ("character code", "write the character itself")),
    **dict.fromkeys("rfvaehHVRX", ("control character", "no value contains one; for a space write a space")),
    **dict.fromkeys("kg", ("backreference", "no portable form exists; list the values")),
    **dict.fromkeys("123456789", ("backreference", "no portable form exists; list the values")),
    "0": ("octal code", "write the character itself"),
}


@dataclass(frozen=True, slots=True)
class PatternProblem:
    """Something in a pattern that is not portable: the column (from 1), the construct as written, what to do."""

    column: int
    construct: str
    message: str


class RegexProblem(ValueError):
    """A pattern outside the portable subset; `problem` says why."""

    def __init__(self, problem: PatternProblem) -> None:
        super().__init__(f"column {problem.column}: {problem.construct}: {problem.message}")
        self.problem = problem


@lru_cache(maxsize=8192)
def read(pattern: str) -> tuple[Node, tuple[PatternProblem, ...]]:
    """The pattern as a tree, and every construct in it that is not portable; with problems the tree is a guess."""
    foreign = tuple(_foreign(pattern))
    if foreign or not pattern:
        return EMPTY, foreign or (PatternProblem(1, "empty pattern", "write the value, or say `present: true`"),)
    reader = _PatternReader(pattern)
    try:
        node = reader.whole()
    except _TooDeepError:
        node = EMPTY
    return node, tuple(sorted(reader.problems, key=lambda problem: problem.column))


def _foreign(pattern: str) -> Iterator[PatternProblem]:
    for column, char in enumerate(pattern, 1):
        if not " " <= char <= "~":
            yield PatternProblem(
                column, f"U+{ord(char):04X}", "values are visible ASCII, so this matches none; leave it out"
            )
            return


class _TooDeepError(Exception):
    pass


class _PatternReader:
    """A recursive-descent reader; what it refuses it notes in `problems` and steps over."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0
        self.end = len(pattern)
        self.depth = 0
        self.open_choice = False
        self.problems: list[PatternProblem] = []

    def whole(self) -> Node:
        """The whole pattern, its anchors taken off."""
        anchored = self._anchors()
        node = self._choice()
        while self.at < self.end:
            self._refuse(self.at, ")", "closes a group that was not opened; write \\) for the character")
            self.at += 1
            node = Concat((node, self._choice()))
        if anchored and self.open_choice:
            self._refuse(
                0, "^…|…$", "the anchors bind to one alternative each; leave them out, whole values are matched"
            )
        elif not size(node) and not self.problems:
            self._refuse(0, self.text, "matches only the empty value, which no field has")
        self.problems.extend(_oversized(node))
        return node

    def _anchors(self) -> bool:
        starts = self.text.startswith("^")
        ends = re.search(r"(?<!\\)(?:\\\\)*\$$", self.text) is not None
        self.at += starts
        self.end -= ends
        if starts and not ends:
            self._refuse(0, "^", "whole values are matched: leave it out, and end with .* to match a beginning")
        if ends and not starts:
            self._refuse(self.end, "$", "whole values are matched: leave it out, and begin with .* to match an ending")
        return starts and ends

    def _choice(self) -> Node:
        options = [self._sequence()]
        while self._next() == "|":
            self.at += 1
            self.open_choice |= self.depth == 0
            options.append(self._sequence())
        return Union(tuple(options)) if len(options) > 1 else options[0]

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._next() not in ("", "|", ")"):
            parts.append(self._quantified(self._atom()))
        return parts[0] if len(parts) == 1 else Concat(tuple(parts))

    def _atom(self) -> Node:
        start, char = self.at, self._next()
        self.at += 1
        match char:
            case "(":
                return self._group(start)
            case "[":
                return self._class(start)
            case "\\":
                return Chars(self._escape(start), self.text[start : self.at])
            case ".":
                return Chars(DOT, ".")
            case "^" | "$":
                self._refuse(
                    start, char, f"an anchor inside a pattern; leave it out, or write \\{char} for the character"
                )
                return EMPTY
            case "*" | "+" | "?":
                self._refuse(start, char, f"nothing to repeat; write \\{char} for the character")
                return EMPTY
            case "{":
                self._refuse(
                    start, char, "engines disagree on it; write \\{ for the character, {m}, {m,} or {m,n} to repeat"
                )
                return EMPTY
        return Chars(1 << ord(char), char)

    def _quantified(self, body: Node) -> Node:
        start, bounds = self.at, self._bounds()
        if bounds is None:
            return body
        least, most = bounds
        if most is not None and least > most:
            self._refuse(start, self.text[start : self.at], "the smaller number comes first")
        self._suffix(start)
        return EMPTY if body == EMPTY else Repeat(body, least, most, start + 1)

    def _bounds(self) -> tuple[int, int | None] | None:
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if self._next() in simple:
            self.at += 1
            return simple[self.text[self.at - 1]]
        count = _COUNT.match(self.text, self.at, self.end)
        if count is None:
            return None
        self.at = count.end()
        least = int(count[1])
        if count[2] is None:
            return least, least
        return least, int(count[3]) if count[3] else None

    def _suffix(self, start: int) -> None:
        if self._next() == "+":
            self.at += 1
            self._refuse(
                start, self.text[start : self.at], "possessive quantifiers are not portable; leave the last + out"
            )
        elif self._next() == "?":
            self.at += 1
        if self._next() in ("*", "+", "?") or _COUNT.match(self.text, self.at, self.end):
            self._refuse(self.at, self._next(), "a second quantifier; put the first into a group")
            self._bounds()
            self._suffix(start)

    def _group(self, start: int) -> Node:
        self._group_head(start)
        self.depth += 1
        if self.depth > _DEEPEST_GROUP:
            self._refuse(start, "(", f"groups more than {_DEEPEST_GROUP} deep; nest them less")
            raise _TooDeepError
        node = self._choice()
        self.depth -= 1
        if self._next() == ")":
            self.at += 1
        else:
            self._refuse(start, "(", "the group is not closed; write \\( for the character")
        return node

    def _group_head(self, start: int) -> None:
        if self.text.startswith("?:", self.at):
            self.at += 2
            return
        if self._next() not in ("?", "*"):
            return
        for head, construct, advice in _GROUPS:
            found = head.match(self.text, start, self.end)
            if found:
                self._refuse(start, found[0], f"{construct}: {advice}")
                self.at = found.end()
                return
        self._refuse(start, "(?", "an unknown kind of group; write (?:")
        self.at += 1

    def _class(self, start: int) -> Node:
        negated = self._next() == "^"
        self.at += negated
        if self._next() == "]":
            self._refuse(self.at, "]", "first in a class, engines disagree on it; write \\] for the character")
            self.at += 1
        mask, body = 0, self.at
        while self._next() not in ("", "]"):
            mask |= self._class_item(body)
        if self._next() == "":
            self._refuse(start, "[", "the class is not closed; write \\[ for the character")
        self.at += 1
        return Chars(ANY & ~mask if negated else mask, self.text[start : self.at])

    def _class_item(self, body: int) -> int:
        begin = self.at
        if self._next() == "-":
            return self._hyphen(first=begin == body, last=self.text.startswith("-]", begin))
        low = self._class_char()
        if self._next() != "-" or self.text[self.at + 1 : min(self.at + 2, self.end)] in ("", "]"):
            return low
        self.at += 1
        high = self._hyphen(first=False, last=False) if self._next() == "-" else self._class_char()
        if low.bit_count() != 1 or high.bit_count() != 1:
            self._refuse(begin, self.text[begin : self.at], "a range needs a character at each end; write \\- for -")
            return low | high
        if low > high:
            self._refuse(begin, self.text[begin : self.at], "the range is upside down")
            return low | high
        return (high << 1) - low

    def _hyphen(self, *, first: bool, last: bool) -> int:
        start = self.at
        self.at += 1
        if not last and (not first or self._next() == "-"):
            self._refuse(start, "-", "engines disagree on it here; put it last in the class, or write \\-")
        return 1 << ord("-")

    def _class_char(self) -> int:
        start, char = self.at, self._next()
        self.at += 1
        if char == "\\":
            return self._escape(start)
        posix = _POSIX.match(self.text, start, self.end)
        if posix:
            self._refuse(start, posix[0], "a POSIX class; write its characters")
            self.at = posix.end()
        elif char == "[":
            self._refuse(start, "[", "a class in a class to some engines; write \\[ for the character")
        elif char in "&|~" and self._next() == char:
            self._refuse(start, char * 2, f"a set operation in some engines; write \\{char} for the character")
            self.at += 1
        return 1 << ord(char)

    def _escape(self, start: int) -> int:
        char = self._next()
        if char == "":
            self._refuse(start, "\\", "a backslash at the end; write \\\\ for the character")
            return 0
        self.at += 1
        if char in _CLASSES:
            return _CLASSES[char]
        if char.isalnum():
            construct, advice = _ESCAPES.get(char, ("unknown escape", f"write {char} for the character"))
            braces = _BRACES.match(self.text, self.at, self.end) if char in "pPxuNko" else None
            self.at = braces.end() if braces else self.at
            self._refuse(start, self.text[start : self.at], f"{construct}: {advice}")
        return 1 << ord(char)

    def _next(self) -> str:
        return self.text[self.at] if self.at < self.end else ""

    def _refuse(self, at: int, construct: str, message: str) -> None:
        self.problems.append(PatternProblem(at + 1, construct, message))


def _oversized(node: Node) -> Iterator[PatternProblem]:
    found: list[PatternProblem] = []
    _repeats(node, found)
    yield from found
    if not found and size(node) > MOST_POSITIONS:
        yield PatternProblem(1, "the pattern", f"written out it has more than {MOST_POSITIONS} characters; repeat less")


def _repeats(node: Node, found: list[PatternProblem]) -> int:
    """The largest product of nested counted repetitions in the node."""
    match node:
        case Chars():
            return 1
        case Concat(parts) | Union(parts):
            return max((_repeats(part, found) for part in parts), default=1)
        case Repeat(body, least, most, column):
            product = max(1, least, most or 0) * _repeats(body, found)
            if product > MOST_REPEATS:
                found.append(
                    PatternProblem(column, "repetition", f"repeats {product} times in all; RE2 takes {MOST_REPEATS}")
                )
                return 1
            return product
