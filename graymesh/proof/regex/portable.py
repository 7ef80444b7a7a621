"""The regex subset that means the same in RE2, PCRE2, Java and Python when whole values are matched.

`problems` says what is wrong with a pattern, `parse` reads it, the rest builds and rewrites patterns. What the subset
is stands in `graymesh.proof.regex.parse`, and what makes a pattern too costly in `graymesh.proof.regex.ambiguity`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, assert_never

from graymesh.ir import buckets
from graymesh.ir.buckets import joined
from graymesh.ir.release import (
    Absent,
    Buckets,
    Intervals,
    Kind,
    Matcher,
    Networks,
    OneOf,
    PathPrefix,
    Prefix,
    Present,
    Regex,
    Suffix,
)
from graymesh.ir.tickets import HEAD
from graymesh.proof.regex.ambiguity import examined
from graymesh.proof.regex.automata import Explored, TooLargeError, truths
from graymesh.proof.regex.domain import alphabet as alphabet_of
from graymesh.proof.regex.domain import domain
from graymesh.proof.regex.normal import MOST_VALUES, normal, sequence, values
from graymesh.proof.regex.parse import PatternProblem, RegexProblem, read
from graymesh.proof.regex.tree import (
    BEYOND,
    EMPTY,
    NEVER,
    VALUES,
    Chars,
    Concat,
    Node,
    Repeat,
    Union,
    chars_of,
    escaped,
    listed,
    nullable,
    render,
    sets_within,
    size,
)

__all__ = [
    "LONGEST",
    "MOST_EFFORT",
    "Node",
    "PatternProblem",
    "RegexProblem",
    "canonical",
    "effort",
    "endings_of",
    "everything",
    "intervals_of",
    "literal",
    "matches_empty",
    "matches_everything",
    "named",
    "parse",
    "pattern_of",
    "problems",
    "render",
    "without",
]

LONGEST: Final = 1024
"""Characters of a pattern; Istio's validation takes no more (`validateStringRegexp`)."""

MOST_EFFORT: Final = 4_000_000
"""For all patterns of a file; a few seconds."""

_LEAST_EFFORT: Final = 200

_DIGITS: Final = chars_of("0123456789abcdef")
_BASE: Final = 16
_BUCKET_DIGITS: Final = 4
_HEAD: Final = normal(read(HEAD)[0], VALUES)


def parse(pattern: str) -> Node:
    """The pattern as a tree. Raises RegexProblem for the first construct that is not portable.

    Reads any portable pattern, costly ones too, so that it serves to understand what others wrote.
    """
    node, found = read(pattern)
    if found:
        raise RegexProblem(found[0])
    return node


@lru_cache(maxsize=4096)
def _examined(pattern: str) -> tuple[tuple[PatternProblem, ...], int]:
    """The problems, and the work it was to find them."""
    node, found = read(pattern)
    if len(pattern) > LONGEST:
        found = (*found, PatternProblem(LONGEST + 1, "the pattern", f"is longer than {LONGEST} characters; split it"))
    if found:
        return found, len(pattern)
    costly, work = examined(node)
    return ((costly,) if costly else ()), len(pattern) + work


def problems(pattern: str) -> list[PatternProblem]:
    """Everything that keeps the pattern from being used on every engine, by column; empty when nothing does."""
    return list(_examined(pattern)[0])


def effort(pattern: str) -> int:
    """How much work it is to look at the pattern, in steps of less than a microsecond; most take some dozens.

    Whoever reads many patterns of somebody else adds them up and stops at `MOST_EFFORT`.
    """
    return _examined(pattern)[1] + _LEAST_EFFORT


def literal(text: str) -> str:
    """A pattern for exactly this text of visible ASCII, blanks and tabs. Raises ValueError for other characters."""
    for char in text:
        if not " " <= char <= "~" and char != "\t":
            raise ValueError(f"U+{ord(char):04X} has no portable literal")
    return "".join(map(escaped, text))


def pattern_of(matcher: Matcher, char: str = ".") -> str:
    """The matcher as a pattern for whole values, with `char` for any one character of a value.

    It has no anchors, and alternatives may stand at its top. Raises ValueError for Networks and Absent, which say
    nothing of a text.
    """
    match matcher:
        case OneOf(values):
            return "|".join(map(literal, values)) or render(NEVER)
        case Prefix(value):
            return f"{literal(value)}{char}*"
        case Suffix(value):
            return f"{char}*{literal(value)}"
        case PathPrefix("/") | Present():
            return f"{char}+"
        case PathPrefix(value):
            return f"{literal(value)}(/{char}*)?"
        case Regex(pattern):
            return pattern
        case Buckets(intervals):
            return buckets.pattern(intervals)
        case Networks() | Absent():
            raise ValueError(f"{type(matcher).__name__} says nothing of a text")
        case _:
            assert_never(matcher)


@lru_cache(maxsize=4096)
def without(pattern: str, chars: str) -> str:
    """The same pattern for values without these characters, so that it never runs over one in a longer text.

    `.` and classes lose the characters, and alternatives that need one are gone; `[^\\s\\S]` is left when no value is.
    Anchors at both ends are gone too. Raises RegexProblem when the pattern is not portable.
    """
    left = _cut(parse(pattern), chars_of(chars))
    return render(left if size(left) else NEVER, VALUES | chars_of(chars))


def matches_empty(pattern: str) -> bool:
    """Does the pattern match the empty value, which no field ever has? Raises RegexProblem."""
    return nullable(parse(pattern))


def matches_everything(pattern: str, kind: Kind = Kind.HEADER) -> bool:
    """Does the pattern match every value that a field of this kind can have? Raises RegexProblem.

    False as well when the pattern is too large to tell.
    """
    return everything(pattern, kind)[0]


@lru_cache(maxsize=4096)
def everything(pattern: str, kind: Kind = Kind.HEADER) -> tuple[bool, int]:
    """The same, and how many states it took to tell."""
    explored = Explored()
    try:
        found = truths(domain(kind), [normal(parse(pattern), alphabet_of(kind))], explored=explored)
        return all(truth for truth, _ in found), explored.states
    except TooLargeError:
        return False, explored.states


@lru_cache(maxsize=4096)
def intervals_of(pattern: str) -> Intervals | None:
    """The buckets of a pattern that takes exactly the tickets of some, as it says itself; None for other patterns."""
    node, found = read(pattern)
    return None if found else _buckets(normal(node, VALUES))


@lru_cache(maxsize=4096)
def endings_of(pattern: str) -> Intervals | None:
    """The buckets whose last digits a pattern for one to four hex digits takes; None for other patterns."""
    node, found = read(pattern)
    numbers = None if found else _numbers(normal(node, VALUES))
    if not numbers or not numbers[1] or not numbers[0]:
        return None
    any_before = ((0, _BASE ** (_BUCKET_DIGITS - numbers[0]) - 1),)
    return _before_these(any_before, numbers[1], _BASE ** numbers[0])


def named(pattern: str, usual: int) -> str:
    """The first character outside of `usual` that the pattern names, "" when it names none. Raises RegexProblem.

    `.`, a negated class and one with all of `usual` take such characters among all others, and name none.
    """
    for mask in sets_within(parse(pattern)):
        odd = mask & ~usual
        if odd and not mask & BEYOND and usual & ~mask:
            return next(listed(odd))
    return ""


@lru_cache(maxsize=8192)
def canonical(pattern: str, alphabet: int = VALUES) -> Matcher:
    """The simplest matcher that means the same for values made of `alphabet` that are not empty.

    Tickets by their last digits are Buckets, few values OneOf (none at all: `OneOf(())`), `text.*` Prefix, `.*text`
    Suffix, `text(/.*)?` PathPrefix, `.*` and `.+` Present; other patterns come back in their usual spelling.
    Raises RegexProblem.
    """
    node = normal(parse(pattern), alphabet)
    tickets = _buckets(node)
    if tickets:
        return Buckets(tickets)
    known = values(node, max(MOST_VALUES, len(node.options)) if isinstance(node, Union) else MOST_VALUES)
    if known is not None:
        return OneOf(known)
    everything = Repeat(Chars(alphabet), 0, None)
    if isinstance(node, Repeat) and node.body == everything.body and node.least <= 1 and node.most is None:
        return Present()
    return _beginning(node, everything) or _ending(node, everything) or Regex(render(node, alphabet))


def _beginning(node: Node, everything: Node) -> Matcher | None:
    """The node as a Prefix or a PathPrefix."""
    below = Repeat(Concat((Chars(1 << ord("/")), everything)), 0, 1)
    prefix, path = _before(node, everything), _before(node, below)
    if isinstance(node, Union) and len(node.options) == 2:
        first, second = node.options
        path = _path(first, second, everything) or _path(second, first, everything)
    if prefix:
        return Prefix(prefix)
    return PathPrefix(path) if path and not path.endswith("/") else None


def _ending(node: Node, everything: Node) -> Matcher | None:
    """The node as a Suffix."""
    if not isinstance(node, Concat) or node.parts[0] != everything:
        return None
    known = values(sequence(node.parts[1:]), 1)
    return Suffix(known[0]) if known else None


def _path(exact: Node, below: Node, everything: Node) -> str | None:
    known = values(exact, 1)
    return known[0] if known and _before(below, everything) == known[0] + "/" else None


def _before(node: Node, end: Node) -> str | None:
    """The only text that can stand before `end`, None when the node does not end so."""
    if not isinstance(node, Concat) or node.parts[-1] != end:
        return None
    known = values(sequence(node.parts[:-1]), 1)
    return known[0] if known else None


def _cut(node: Node, chars: int) -> Node:
    match node:
        case Chars(mask):
            return Chars(mask & ~chars) if mask & chars else node
        case Concat(parts):
            kept = tuple(_cut(part, chars) for part in parts)
            return NEVER if NEVER in kept else Concat(kept)
        case Union(options):
            left = tuple(option for option in (_cut(option, chars) for option in options) if option != NEVER)
            return Union(left) if len(left) > 1 else (*left, NEVER)[0]
        case Repeat(body, least, most):
            inner = _cut(body, chars)
            if inner == NEVER:
                return EMPTY if least == 0 else NEVER
            return Repeat(inner, least, most)


def _buckets(node: Node) -> Intervals | None:
    """The buckets whose tickets a normal node takes, when it takes nothing else and says so; None for others."""
    match node:
        case Union(options):
            found = [_buckets(option) for option in options]
            spans = [span for buckets in found if buckets for span in buckets]
            return joined(spans) if all(found) else None
        case Concat((head, *tail)) if head == _HEAD and tail:
            numbers = _in_row([_numbers(part) for part in reversed(tail)])
            return numbers[1] if numbers and numbers[0] == _BUCKET_DIGITS and numbers[1] else None
        case _:
            return None


def _numbers(node: Node) -> tuple[int, Intervals] | None:
    """Length and numbers of a node that takes hex digits of one length only, at most four; None for others."""
    match node:
        case Chars(mask):
            return (1, joined((int(digit, _BASE),) * 2 for digit in listed(mask))) if not mask & ~_DIGITS else None
        case Concat(parts):
            return _in_row([_numbers(part) for part in reversed(parts)])
        case Union(options):
            return _any_of([_numbers(option) for option in options])
        case Repeat(body, least, most):
            if least != most or least > _BUCKET_DIGITS:
                return None
            return _in_row([_numbers(body)] * least)


def _in_row(backwards: list[tuple[int, Intervals] | None]) -> tuple[int, Intervals] | None:
    length = 0
    numbers: Intervals = ((0, 0),)
    for part in backwards:
        if part is None or length + part[0] > _BUCKET_DIGITS:
            return None
        numbers = _before_these(part[1], numbers, _BASE**length)
        length += part[0]
    return length, numbers


def _before_these(heads: Intervals, tails: Intervals, span: int) -> Intervals:
    """All numbers with a head of `heads` and a tail of `tails`, where tails are below `span`."""
    if tails == ((0, span - 1),):
        return tuple((low * span, high * span + span - 1) for low, high in heads)
    return joined(
        (head * span + low, head * span + high)
        for first, last in heads
        for head in range(first, last + 1)
        for low, high in tails
    )


def _any_of(options: list[tuple[int, Intervals] | None]) -> tuple[int, Intervals] | None:
    known = [option for option in options if option is not None]
    lengths = {length for length, _ in known}
    if len(known) < len(options) or len(lengths) != 1:
        return None
    return lengths.pop(), joined(interval for _, numbers in known for interval in numbers)
