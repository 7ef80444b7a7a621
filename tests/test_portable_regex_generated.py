"""Generated patterns mean what Python, RE2 and interegular say, however they are rewritten."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator

import interegular
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from graymesh.ir.release import Kind, Regex
from graymesh.proof.regex.ambiguity import explosive
from graymesh.proof.regex.automata import truths
from graymesh.proof.regex.domain import alphabet, possible
from graymesh.proof.regex.normal import normal
from graymesh.proof.regex.portable import (
    canonical,
    literal,
    matches_empty,
    parse,
    problems,
    render,
    without,
)
from graymesh.proof.regex.tree import VALUES as EVERY
from graymesh.proof.regex.tree import VISIBLE, Chars, Concat, Node, Repeat, Union, chars_of

VALUES = "".join(map(chr, range(0x20, 0x7F)))
PUNCTUATION = [char for char in VALUES if not char.isalnum() and char != " "]


def holds(node: Node, value: str) -> bool:
    """Does our automaton take the value?"""
    text = Concat(tuple(Chars(chars_of(char)) for char in value))
    return next(truths(text, [node]))[0] == 1


def python(pattern: str) -> re.Pattern[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return re.compile(pattern, re.ASCII)


def equal(left: Node, right: Node, values: Node | None = None) -> bool:
    every = values or Repeat(Chars(EVERY), 1, None)
    return all(truth in (0, 3) for truth, _ in truths(every, [left, right]))


PLAIN = st.sampled_from(["a", "b", "c", "1", ";", " ", "/", "ab", "v2"])
ESCAPED = st.sampled_from(PUNCTUATION).map(lambda char: "\\" + char)
SETS = st.sampled_from(
    [
        ".",
        "[ab]",
        "[^a]",
        "[a-c]",
        "[^a-b;]",
        r"\d",
        r"\w",
        r"\s",
        r"\D",
        r"\W",
        r"\S",
        r"[\w.-]",
        r"[^\d]",
        "[-a]",
        "[a^]",
        "[.*+?$]",
    ]
)
COUNTS = st.sampled_from(["*", "+", "?", "{0}", "{1}", "{2}", "{0,2}", "{1,3}", "{2,}", "{0,}"])


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    group = inner.map(lambda text: f"({text})") | inner.map(lambda text: f"(?:{text})")
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("|".join).map(lambda text: f"({text})"),
        st.tuples(group, COUNTS).map("".join),
        st.tuples(SETS | PLAIN.filter(lambda text: len(text) == 1) | ESCAPED, COUNTS).map("".join),
    )


PATTERNS = st.recursive(PLAIN | ESCAPED | SETS, grown, max_leaves=8)
TEXTS = st.text(st.sampled_from("abc12;/ v-._^$\\"), min_size=1, max_size=6)
ANY_TEXTS = st.text(st.sampled_from(VALUES + "\t"), min_size=1, max_size=4)
BEYOND_TEXTS = st.text(st.sampled_from("abc; \té\xa0世"), min_size=1, max_size=4)


@settings(max_examples=400, deadline=None)
@given(PATTERNS, st.lists(TEXTS | ANY_TEXTS | BEYOND_TEXTS, min_size=1, max_size=8))
def test_a_pattern_means_what_python_means(pattern: str, values: list[str]) -> None:
    node, compiled = parse(pattern), python(pattern)
    for value in values:
        assert holds(node, value) == bool(compiled.fullmatch(value)), value


@settings(max_examples=300, deadline=None)
@given(PATTERNS)
@example("(a{2,})*")
@example("(a{2,3})*")
@example("(a{2,}){0,2}")
@example("(a+){2,3}b")
@example("(a*){2}")
@example("(a?){2,3}")
@example("((a|b)?){2}")
@example("(ab){2}(ab)*(ab)?")
@example("(a{2}){3}a*")
@example("a*aa?a{0,2}")
def test_rendered_and_normal_patterns_mean_the_same(pattern: str) -> None:
    node = parse(pattern)
    assert parse(render(node)) == node or equal(parse(render(node)), node)
    usual = normal(node, EVERY)
    assert equal(usual, node)
    assert equal(parse(render(usual) or "(?:)"), usual) if usual.__class__ is not Concat or usual.parts else True
    python(render(usual))


@settings(max_examples=150, deadline=None)
@given(PATTERNS, PATTERNS)
def test_equality_is_what_interegular_says(left: str, right: str) -> None:
    limits = {*map(ord, VALUES)}
    one, other = (
        interegular.parse_pattern(f"(?:{text})").to_fsm() for text in (_for_interegular(left), _for_interegular(right))
    )
    difference = one.symmetric_difference(other)
    shortest = next(_strings(difference, limits), None)
    # interegular also counts the empty value and characters beyond ours.
    assume(matches_empty(left) == matches_empty(right))
    ours = Repeat(Chars(VISIBLE), 1, None)
    assert equal(parse(left), parse(right), ours) == (shortest is None), shortest


def _for_interegular(pattern: str) -> str:
    """It knows neither `\\s` inside our alphabet nor escapes of every punctuation: the tree without them."""
    return render(normal(parse(pattern), VISIBLE)) or "(?:)"


def _strings(fsm: interegular.FSM, limits: set[int]) -> Iterator[str]:
    """Breadth first over visible characters; the first accepted string, if any."""
    seen, queue = {fsm.initial}, [(fsm.initial, "")]
    for state, text in queue:
        if state in fsm.finals:
            yield text
        for char in map(chr, sorted(limits)):
            after = fsm.map.get(state, {}).get(fsm.alphabet[char])
            if after is not None and after not in seen:
                seen.add(after)
                queue.append((after, text + char))


@settings(max_examples=300, deadline=None)
@given(
    PATTERNS, st.sampled_from([";", "a;", ",; "]), st.lists(TEXTS | ANY_TEXTS | BEYOND_TEXTS, min_size=1, max_size=8)
)
def test_without_takes_the_same_values_but_those_with_the_characters(
    pattern: str, chars: str, values: list[str]
) -> None:
    compiled, narrowed = python(pattern), python(without(pattern, chars))
    parse(without(pattern, chars))
    for value in values:
        wanted = bool(compiled.fullmatch(value)) and not set(chars) & set(value)
        assert bool(narrowed.fullmatch(value)) == wanted, value


@settings(max_examples=300, deadline=None)
@given(
    PATTERNS,
    st.sampled_from([Kind.HEADER, Kind.COOKIE, Kind.QUERY]),
    st.lists(TEXTS | ANY_TEXTS | BEYOND_TEXTS, min_size=1, max_size=8),
)
def test_canonical_matchers_mean_the_same(pattern: str, kind: Kind, values: list[str]) -> None:
    from graymesh.ir.semantics import matches

    found = canonical(pattern, alphabet(kind))
    for value in values:
        if not value.isascii() or possible(kind, value):
            assert matches(found, value) == matches(Regex(pattern), value), (found, value)


@settings(max_examples=200, deadline=None)
@given(ANY_TEXTS, ANY_TEXTS)
def test_a_literal_takes_itself_alone(text: str, other: str) -> None:
    assert problems(literal(text)) == []
    compiled = python(literal(text))
    assert compiled.fullmatch(text)
    assert bool(compiled.fullmatch(other)) == (text == other)


def test_a_literal_is_of_visible_characters() -> None:
    for text in ("é", "a\nb", "\x00"):
        with pytest.raises(ValueError, match="no portable literal"):
            literal(text)


@settings(max_examples=300, deadline=None)
@given(PATTERNS, st.lists(TEXTS | ANY_TEXTS | BEYOND_TEXTS, min_size=1, max_size=8))
def test_a_pattern_means_what_re2_means(pattern: str, values: list[str]) -> None:
    re2 = pytest.importorskip("re2", reason="google-re2 is not installed: patterns were NOT compared with RE2")
    compiled = re2.compile(pattern)
    for value in values:
        assert bool(compiled.fullmatch(value)) == bool(python(pattern).fullmatch(value)), value


@settings(max_examples=500, deadline=None)
@given(st.text(st.sampled_from("ab1.*+?()[]{}|^$\\-,&~:=<!P#diswbAZ09 "), min_size=1, max_size=10))
def test_what_is_taken_compiles_everywhere_and_means_the_same(pattern: str) -> None:
    """Any text at all: problems never crash, and what has none is read alike by Python and RE2."""
    if problems(pattern):
        return
    compiled, node = python(pattern), parse(pattern)
    values = ["a", "b", "ab", "1", "a1", "-", "\\", "^", "$", "{", "}", " ", "]", "aa", "bb", "ba", ".", "a-b"]
    for value in values:
        assert holds(node, value) == bool(compiled.fullmatch(value)), value
    re2 = pytest.importorskip("re2", reason="google-re2 is not installed: patterns were NOT compared with RE2")
    for value in values:
        assert holds(node, value) == bool(re2.compile(pattern).fullmatch(value)), value


SMALL = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("|".join).map(lambda text: f"({text})"),
        st.tuples(inner.map(lambda text: f"({text})"), st.sampled_from(["*", "+", "?", "{2}", "{1,3}"])).map("".join),
    ),
    max_leaves=6,
)


class ExhaustedError(Exception):
    """The backtracker took too many steps."""


def _ends(node: Node, text: str, at: int, budget: list[int]) -> Iterator[int]:
    """Every way in which a backtracking engine reads the node from `at`, as often as there are ways."""
    budget[0] -= 1
    if budget[0] < 0:
        raise ExhaustedError
    match node:
        case Chars(mask):
            if at < len(text) and mask >> ord(text[at]) & 1:
                yield at + 1
        case Union(options):
            for option in options:
                yield from _ends(option, text, at, budget)
        case Concat(parts):
            if not parts:
                yield at
            else:
                for middle in _ends(parts[0], text, at, budget):
                    yield from _ends(Concat(parts[1:]), text, middle, budget)
        case Repeat(body, least, most):
            if most is None or most > 0:
                for middle in _ends(body, text, at, budget):
                    if middle > at:
                        yield from _ends(
                            Repeat(body, max(least - 1, 0), None if most is None else most - 1), text, middle, budget
                        )
            if least == 0 or next(_ends(body, text, at, [1000]), -1) == at:
                yield at


@settings(max_examples=150, deadline=None)
@given(SMALL, st.sampled_from(["a", "b", "ab", "aab"]))
def test_whatever_exhausts_a_backtracking_reader_is_refused(pattern: str, pumped: str) -> None:
    node = parse(pattern)
    assume(explosive(node) is None)
    text = (pumped * 24)[:24]
    list(_ends(node, text, 0, [200_000]))
