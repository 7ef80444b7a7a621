"""What PCRE patterns say about a value, or about a pair in a header of pairs, as matchers of a release.

nginx searches: a pattern matches anywhere unless it is anchored. Matchers take whole values, so a search becomes a
whole match where that is exact, and is refused where it is not.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from graymesh.ir.release import Kind, Matcher, OneOf, Prefix, Present
from graymesh.kit.refusal import NotUnderstood
from graymesh.proof.regex.domain import alphabet
from graymesh.proof.regex.portable import RegexProblem, canonical, literal, matches_empty, parse
from graymesh.proof.regex.tree import Chars, Concat, Node, Repeat, Union, chars_of

LINE: Final = r"\A([^\n]*)\n"
"""Takes the first line, whatever it is, as group 1."""

_STARTS: Final = (r"\A", "^")
_ENDS: Final = (r"\z", r"\Z", "$")
_END_OR_SLASH: Final = (r"(?:/|\z)", "(?:/|$)", "(/|$)", r"(?:\z|/)", "(?:$|/)", "($|/)")
_ESCAPED: Final = re.compile(r"\\.", re.DOTALL)
_COOKIE_STARTS: Final = (
    r"(?:.*;)?[ \t]*",
    r"(?:.*?;)??[ \t]*",
    r"(?:^|;[ \t]*)",
    r"(?:\A|;[ \t]*)",
    r"(?:^|;\s*)",
    r"(^|;\s*)",
    r"(^|;[ \t]*)",
    r"(^|; *)",
    r"(?:^|; *)",
    r"(?:^|;)\s*",
    r"(^|;)\s*",
    r"(?:^|;)[ \t]*",
    r"(?:^|;) *",
    r"(^|;) *",
)
_COOKIE_ENDS: Final = (
    r"[ \t]*(?:;|\z)",
    r"(?:;|\z)",
    "(?:;|$)",
    "(;|$)",
    "(?:$|;)",
    "($|;)",
    r"\s*(?:;|$)",
    r"\s*(;|$)",
)
_QUERY_STARTS: Final = ("(?:.*&)?", "(?:.*?&)??", "(?:^|&)", "(^|&)", r"(?:\A|&)")
_QUERY_ENDS: Final = (r"(?:&|\z)", "(?:&|$)", "(&|$)", "(?:$|&)", "($|&)")
_NAME: Final = re.compile(r"(?:[A-Za-z0-9_!#%&'*~:/-]|\\[.+^$|*`-])+(?==)")
_CLAIM_STARTS: Final = (r"(?:.*\n)*?", r"(?:.*\n)*", r"(?:^|\n)", r"(^|\n)", r"(?:\A|\n)")
_FROM_THE_BEGINNING: Final = frozenset(
    [r"(?:.*;)?[ \t]*", r"(?:.*?;)??[ \t]*", "(?:.*&)?", "(?:.*?&)??", *_CLAIM_STARTS[:2]]
)
_NEVER: Final = r"[^\s\S]"
_LITERAL: Final = re.compile(r"(\\[^A-Za-z0-9]|[^\\.^$|?*+()\[\]{}])(?![*+?{])")
_NOT_A_LINE_FEED: Final = re.compile(r"\[\^\\n\]|\\.|\[(?:\\.|[^\]])*\]")
_AFTER_REFERENCE: Final = re.compile(r"\\1(?![*+?{0-9])(.*)", re.DOTALL)


class Separators(NamedTuple):
    """How pairs of one kind stand in a row: what a pattern may say before and after one, and what parts them.

    `guard` looks ahead for a value that is not empty.
    """

    starts: tuple[str, ...]
    ends: tuple[str, ...]
    between: str
    capture: tuple[str, ...]
    guard: str


_PAIRS: Final = {
    Kind.COOKIE: Separators(
        _COOKIE_STARTS, _COOKIE_ENDS, ";", ("([^;]+)", "([^; ]+)", r"([^;\s]+)", r"([^; \t]+)"), "(?=[^; ])"
    ),
    Kind.QUERY: Separators(_QUERY_STARTS, _QUERY_ENDS, "&", ("([^&]+)",), "(?=[^&])"),
    Kind.CLAIM: Separators(_CLAIM_STARTS, (r"\n",), "\n", (), r"(?=[^\n])"),
}


class PairPattern(NamedTuple):
    """A pattern that finds a pair: its name and what its value must be; `captured` when group 1 is the value."""

    name: str
    matcher: Matcher
    captured: bool = False


def _seen(kind: Kind) -> int:
    """The characters of values as nginx sees them: a parameter ends at `&`, so a class takes one or not as it likes."""
    return alphabet(kind) & ~chars_of("&") if kind is Kind.QUERY else alphabet(kind)


@lru_cache(maxsize=8192)
def value_matcher(pattern: str, caseless: bool, kind: Kind) -> Matcher:
    """What a value of this kind must be for the search to succeed. Raises NotUnderstood."""
    whole = _whole(pattern)
    try:
        found = canonical(folded(whole) if caseless else whole, _seen(kind))
    except RegexProblem as error:
        raise NotUnderstood(pattern, f"not of the portable subset: {error.problem.message}") from error
    return found


@lru_cache(maxsize=4096)
def exact_matcher(text: str, kind: Kind) -> Matcher:
    """What an exact key of a map matches, which ignores case, except where the field has only one."""
    if kind is Kind.METHOD:
        return OneOf((text.upper(),))
    if kind is Kind.HOST:
        return OneOf((text.lower(),))
    if text.lower() == text.upper():
        return OneOf((text,))
    try:
        return canonical(folded(literal(text)), _seen(kind))
    except ValueError as error:
        raise NotUnderstood(text, "a key with characters that no value has") from error


@lru_cache(maxsize=8192)
def wanted_matcher(wanted: str, rest: str, kind: Kind) -> Matcher | None:
    """What the value after the wanted line must be, when `rest` is what the pattern says after that line.

    None when the pattern never matches. Raises NotUnderstood when it would take the empty value, which means absence.
    """
    if rest == r"\1\z":
        return OneOf((wanted,)) if wanted else None
    if rest == r"\1" and wanted:
        return Prefix(wanted)
    return value_matcher(r"\A" + _literal(wanted) + _after_reference(rest, wanted), False, kind)


@lru_cache(maxsize=8192)
def after_known(pattern: str, before: str, kind: Kind) -> Matcher | None:
    """What the value must be for a pattern that begins with the known text before it.

    None when the pattern begins with other text, and so never matches. Raises NotUnderstood when it says something
    else.
    """
    start = next((start for start in _STARTS if pattern.startswith(start)), None)
    if start is None or len(_options(pattern)) > 1:
        raise NotUnderstood(pattern, f"what it says about {before!r} is not understood")
    rest = pattern[len(start) :]
    for char in before:
        item = _LITERAL.match(rest)
        if item is None:
            raise NotUnderstood(pattern, f"what it says about {before!r} is not understood")
        if item[1].removeprefix("\\") != char:
            return None
        rest = rest[item.end() :]
    whole = _whole(r"\A" + rest)
    if matches_empty(whole):
        raise NotUnderstood(pattern, "it takes the empty value as well, which counts as absent")
    return value_matcher(r"\A" + rest, False, kind)


@lru_cache(maxsize=8192)
def pair(pattern: str, wanted: str | None, kind: Kind) -> PairPattern:
    """The pair that a pattern finds in a header of pairs; `wanted` is what `\\1` stands for. Raises NotUnderstood."""
    marks = _PAIRS[kind]
    if len(_options(pattern)) > 1:
        raise NotUnderstood(pattern, "alternatives at its top")
    rest = _after_start(pattern, marks, wanted is not None)
    if wanted is not None:
        name, equals, text = wanted.partition("=")
        return _pair(name, _literal(text), _after_reference(rest, equals), marks, kind)
    found = _NAME.match(rest)
    if found is None:
        raise NotUnderstood(pattern, "no name of a pair, followed by '='")
    return _pair(re.sub(r"\\(.)", r"\1", found[0]), "", rest[found.end() + 1 :], marks, kind)


@lru_cache(maxsize=1024)
def searcher(pattern: str, caseless: bool) -> re.Pattern[str]:
    """The pattern for texts that are known, to be searched. Raises NotUnderstood outside the portable subset."""
    start = next((start for start in _STARTS if pattern.startswith(start)), "")
    core, open_end = _without_end(pattern[len(start) :])
    if len(_options(pattern)) > 1 and (start or not open_end):
        raise NotUnderstood(pattern, "anchors in alternatives")
    try:
        parse(core or ".*")
    except RegexProblem as error:
        raise NotUnderstood(pattern, f"not of the portable subset: {error.problem.message}") from error
    text = (r"\A" if start else "") + f"(?:{core})" + ("" if open_end else r"\Z")
    return re.compile(text, re.ASCII | (re.IGNORECASE if caseless else re.NOFLAG))


def folded(pattern: str) -> str:
    """A portable pattern that ignores case: every letter becomes a class of both. Raises NotUnderstood."""
    found: list[str] = []
    in_class = False
    for part in re.findall(r"\\.|[A-Za-z]-[A-Za-z]|.", pattern, re.DOTALL):
        if len(part) == 3 and in_class:
            found.append(part + _other_range(part))
        else:
            found += [_both(char, in_class) for char in ([part] if part[0] == "\\" else part)]
        in_class = part == "[" or (in_class and part != "]")
    return "".join(found)


def _literal(text: str) -> str:
    try:
        return literal(text)
    except ValueError as error:
        raise NotUnderstood(text, str(error)) from error


def _after_reference(rest: str, wanted: str) -> str:
    """What a pattern says after the wanted text, which it must ask for once, at its beginning."""
    found = _AFTER_REFERENCE.fullmatch(rest)
    if found is None or not wanted or r"\1" in _ESCAPED.findall(found[1]):
        raise NotUnderstood(rest, "what it says about the first line is not understood")
    return found[1]


def _both(char: str, in_class: bool) -> str:
    if len(char) > 1 or not char.isalpha():
        return char
    both = char + char.swapcase()
    return both if in_class else f"[{both}]"


def _other_range(part: str) -> str:
    if part[0].islower() != part[2].islower():
        raise NotUnderstood(part, "a range from one case to the other, without regard to case")
    return part.swapcase()


def _whole(pattern: str) -> str:
    """The pattern for whole values that matches where a search for this one succeeds."""
    options = _options(pattern)
    if len(options) > 1:
        return "|".join(f"(?:{_whole(option)})" for option in options)
    start = next((start for start in _STARTS if pattern.startswith(start)), "")
    rest = pattern[len(start) :]
    slash = next((end for end in _END_OR_SLASH if rest.endswith(end)), "")
    if slash:
        before, after = rest[: -len(slash)], "(?:/.*)?"
    else:
        before, after = _without_end(rest)
    if before:
        return f"{'' if start else '.*'}{before}{after}"
    return _NEVER if start and not after else after or ".*"


def _without_end(rest: str) -> tuple[str, str]:
    """The pattern without an anchor at its end, and what may follow."""
    plain = _ESCAPED.sub("\0\0", rest)
    if plain.endswith("$"):
        return rest[:-1], ""
    if plain.endswith("\0") and rest.endswith((r"\z", r"\Z")):
        return rest[:-2], ""
    return rest, ".*"


def _options(pattern: str) -> list[str]:
    """The alternatives at the top of the pattern."""
    found, depth, in_class, last = [], 0, False, 0
    for match in re.finditer(r"\\.|[\[\]()|]", pattern, re.DOTALL):
        mark = match[0]
        if mark == "[" and not in_class:
            in_class = True
        elif mark == "]":
            in_class = False
        elif not in_class and mark in "()":
            depth += 1 if mark == "(" else -1
        elif not in_class and mark == "|" and not depth:
            found.append(pattern[last : match.start()])
            last = match.end()
    return [*found, pattern[last:]]


def _after_start(pattern: str, marks: Separators, anchored: bool) -> str:
    """The pattern after what it says about the beginning of a pair."""
    text, at_start = pattern, anchored
    for start in _STARTS:
        if not anchored and pattern.startswith(start):
            text, at_start = pattern[len(start) :], True
            break
    for start in marks.starts:
        if text.startswith(start) and at_start == (start in _FROM_THE_BEGINNING):
            return text[len(start) :]
    raise NotUnderstood(pattern, "it does not say where a pair begins, so it finds other pairs as well")


def _pair(name: str, known: str, rest: str, marks: Separators, kind: Kind) -> PairPattern:
    """`known` is the beginning of the value as a pattern, `rest` what the pattern says after it."""
    if not known and _captures(rest, marks):
        return PairPattern(name, Present(), captured=True)
    guarded = rest.startswith(marks.guard) and not known
    rest = rest.removeprefix(marks.guard) if guarded else rest
    end = next((end for end in sorted(marks.ends, key=len, reverse=True) if _ends_with(rest, end)), None)
    core = known + (rest if end is None else rest[: -len(end)])
    core = _NOT_A_LINE_FEED.sub(_dotted, core) if marks.between == "\n" else core
    if not core:
        raise NotUnderstood(name, "it takes a pair without a value as well, which counts as absent")
    if end is None:
        core = f"(?:{core})" + (".*" if marks.between == "\n" else f"[^{marks.between}]*")
    try:
        if not guarded and matches_empty(core):
            raise NotUnderstood(name, "it takes a pair without a value as well, which counts as absent")
        if _crosses(parse(core), 1 << ord(marks.between)):
            raise NotUnderstood(name, f"its pattern runs over {marks.between!r} into other pairs")
        return PairPattern(name, canonical(core, _seen(kind)))
    except RegexProblem as error:
        raise NotUnderstood(name, f"not of the portable subset: {error.problem.message}") from error


def _ends_with(rest: str, end: str) -> bool:
    """Does the pattern end so, and does no backslash take the first character of that end for itself?"""
    before = rest[: -len(end)]
    return rest.endswith(end) and (len(before) - len(before.rstrip("\\"))) % 2 == 0


def _dotted(match: re.Match[str]) -> str:
    """A dot for the class of all characters but the line feed, which it means as well."""
    return "." if match[0] == r"[^\n]" else match[0]


def _captures(rest: str, marks: Separators) -> bool:
    if marks.between == "\n":
        return rest == r"([^\n]+)\n"
    return any(rest == capture or rest in (capture + end for end in marks.ends) for capture in marks.capture)


def _crosses(node: Node, between: int) -> bool:
    match node:
        case Chars(mask):
            return bool(mask & between)
        case Concat(parts) | Union(parts):
            return any(_crosses(part, between) for part in parts)
        case Repeat(body):
            return _crosses(body, between)
