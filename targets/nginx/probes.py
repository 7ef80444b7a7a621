"""Each test of a request as a question to a shared map: a family of maps and the text that it looks at.

A server asks by setting a variable: the wanted text, a line feed, the request's value. The shared map compares the
first line with the rest, so that one map serves all servers and a value never becomes part of a regular expression.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from graymesh.ir import buckets
from graymesh.ir.release import (
    Absent,
    Buckets,
    Field,
    Kind,
    Matcher,
    Networks,
    OneOf,
    PathPrefix,
    Prefix,
    Present,
    Regex,
    Test,
)
from graymesh.proof.regex.portable import literal, matches_empty, without
from graymesh.targets.nginx import tree
from graymesh.targets.nginx.quoting import Part, Value, Variable, header_variable

CLAIMS: Final = Variable("gm_claims")
_LINE: Final = r"\A([^\n]*)\n"
_PAIRS: Final = {
    Kind.COOKIE: (r"(?:.*;)?[ \t]*\1", r"[ \t]*(?:;|\z)", "[^; ]", ";"),
    Kind.QUERY: (r"(?:.*&)?\1", r"(?:&|\z)", "[^&]", "&"),
}
"""How a pair that begins with the wanted text is found: before it, after it, the first character of a value, and what
no value contains."""

_FIRST_PAIRS: Final = {
    Kind.COOKIE: r"(?:.*?;)??[ \t]*\1([^;]+)",
    Kind.QUERY: r"(?:.*?&)??\1([^&]+)",
}
_CLAIM: Final = r"(?:.*\n)*?\1([^\n]+)\n"
_SOURCES: Final = {
    Kind.COOKIE: Variable("http_cookie"),
    Kind.QUERY: Variable("args"),
    Kind.PATH: Variable("uri"),
    Kind.METHOD: Variable("request_method"),
    Kind.HOST: Variable("host"),
}
_LONGEST_PATTERN: Final = 2000
"""Characters of a pattern made of listed values; more values get an entry of their own."""


@dataclass(frozen=True, slots=True)
class Family:
    """Maps that do the same to different questions; `entries` are (key, value), an empty key is the empty text.

    `variable` writes the name of the n-th answer, `question` that of what it looks at.
    """

    name: str
    entries: tuple[tuple[str | tree.Regex, Value], ...] = field(compare=False)
    default: Value = field(compare=False)

    def question(self, number: int) -> Variable:
        """The variable that a server sets."""
        return Variable(f"gm_q_{self.name}_{number}")

    def answer(self, number: int) -> Variable:
        """The variable that the shared map gives."""
        return Variable(f"gm_{self.name}_{number}")


@dataclass(frozen=True, slots=True)
class Probe:
    """One question: the family that answers it and the text that is looked at, where answers may stand as well."""

    family: Family
    subject: tuple[Part | Probe, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """The question whether the client's address lies in these networks, asked behind these trusted proxies."""

    networks: tuple[str, ...]
    trusted: tuple[str, ...]

    @property
    def variable(self) -> Variable:
        """The variable that holds the answer."""
        return Variable(f"gm_source_{digest(*self.networks, '', *self.trusted)}")


def digest(*texts: str) -> str:
    """Eight characters that stand for these texts, the same in every run."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:8]


def question(test: Test, trusted: tuple[str, ...]) -> Probe | Origin | bool:
    """What is to be asked for the test; True or False where the answer is known."""
    match test.matcher:
        case Networks(networks):
            return Origin(networks, trusted)
        case PathPrefix("/"):
            return True
        case OneOf(()):
            return False
    return _probe(test)


def key_probe(key: Field) -> Probe:
    """The question for the identity that a draw hashes: its value, or a new id where the request has none."""
    if key.kind in _FIRST_PAIRS:
        entry = (tree.Regex(_LINE + _FIRST_PAIRS[key.kind]), (Variable("2"),))
        family = Family(f"key_{key.kind}", (entry,), (Variable("request_id"),))
        return Probe(family, (f"{key.name}=\n", _SOURCES[key.kind]))
    family = Family("key", ((tree.Regex(r"\A(.+)\z"), (Variable("1"),)),), (Variable("request_id"),))
    return Probe(family, (source(key),))


def token_probe(cookie: str) -> Probe:
    """The question for the token that stands in a cookie."""
    return _captured("token", _FIRST_PAIRS[Kind.COOKIE], cookie, _SOURCES[Kind.COOKIE])


def source(part: Field) -> Variable | Probe:
    """Where nginx finds the only value of a field, or all pairs of its kind."""
    if part.kind is Kind.CLAIM:
        return _captured("claim", _CLAIM, part.name, CLAIMS)
    return header_variable("http_", part.name) if part.kind is Kind.HEADER else _SOURCES[part.kind]


def _captured(family: str, pattern: str, name: str, pairs: Variable) -> Probe:
    """The value of the first pair of that name, empty when there is none."""
    return Probe(Family(family, ((tree.Regex(_LINE + pattern), (Variable("2"),)),), ("",)), (f"{name}=\n", pairs))


@lru_cache(maxsize=4096)
def _probe(test: Test) -> Probe:
    return _pair(test.field, test.matcher) if test.field.kind in _PAIRS else _single(test.field, test.matcher)


def _single(part: Field, matcher: Matcher) -> Probe:
    """A test of a field that has one value."""
    subject = source(part)
    match matcher:
        case OneOf((wanted,)):
            return Probe(_yes("exact", _LINE + r"\1\z"), (f"{wanted}\n", subject))
        case Prefix(wanted):
            return Probe(_yes("prefix", _LINE + r"\1"), (f"{wanted}\n", subject))
        case PathPrefix(wanted):
            return Probe(_yes("below", _LINE + r"\1(?:/|\z)"), (f"{wanted}\n", subject))
        case Present():
            return Probe(Family("present", (("", ("0",)),), ("1",)), (subject,))
        case Absent():
            return Probe(Family("absent", (("", ("1",)),), ("0",)), (subject,))
    patterns = [rf"\A(?:{pattern})\z" for pattern in _patterns(matcher, "")]
    return Probe(_yes(f"match_{digest(*patterns)}", *patterns), (subject,))


def _pair(part: Field, matcher: Matcher) -> Probe:
    """A test of a field that stands among others of its kind, as a cookie does: any pair of the name will do."""
    before, after, something, foreign = _PAIRS[part.kind]
    name, subject = str(part.kind), _SOURCES[part.kind]
    match matcher:
        case OneOf((wanted,)):
            return Probe(_yes(name, _LINE + before + after), (f"{part.name}={wanted}\n", subject))
        case Prefix(wanted):
            return Probe(_yes(f"{name}_prefix", _LINE + before), (f"{part.name}={wanted}\n", subject))
    asked = (f"{part.name}=\n", subject)
    match matcher:
        case Present():
            return Probe(_yes(f"{name}_present", _LINE + before + something), asked)
        case Absent():
            family = Family(f"{name}_absent", ((tree.Regex(_LINE + before + something), ("0",)),), ("1",))
            return Probe(family, asked)
    patterns = [f"{_LINE}{before}{_guard(pattern, something)}{after}" for pattern in _patterns(matcher, foreign)]
    return Probe(_yes(f"{name}_{_suffix(matcher, patterns)}", *patterns), asked)


def _guard(pattern: str, something: str) -> str:
    """A pair without a value counts as absent, even for patterns that match nothing at all."""
    return f"(?={something})(?:{pattern})" if matches_empty(pattern) else f"(?:{pattern})"


def _yes(name: str, *patterns: str) -> Family:
    return Family(name, tuple((tree.Regex(pattern), ("1",)) for pattern in patterns), ("0",))


def _suffix(matcher: Matcher, patterns: Iterable[str]) -> str:
    """Few intervals of buckets can be read in the name; other patterns have a digest."""
    if isinstance(matcher, Buckets) and len(matcher.intervals) == 1:
        low, high = matcher.intervals[0]
        return f"{low:04}_{high:04}"
    return digest(*patterns)


def _patterns(matcher: Matcher, foreign: str) -> list[str]:
    match matcher:
        case Regex(pattern):
            return [without(pattern, foreign) if foreign or pattern.startswith("^") else pattern]
        case Buckets(intervals):
            return [buckets.pattern(intervals)]
        case OneOf(values):
            return _listed(values)
    raise TypeError(f"no pattern for {matcher}")


def _listed(values: tuple[str, ...]) -> list[str]:
    """Patterns for the values, each short enough for a token."""
    found: list[str] = []
    for value in map(literal, values):
        if found and len(found[-1]) + len(value) < _LONGEST_PATTERN:
            found[-1] += f"|{value}"
        else:
            found.append(value)
    return found
