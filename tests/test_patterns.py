"""Matchers as patterns for engines that know nothing else, and patterns back as matchers: both mean the same."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graymesh.ir.release import (
    Absent,
    Buckets,
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
from graymesh.ir.semantics import matches
from graymesh.kit.patterns import filled, pattern, patterns, understood
from graymesh.proof.regex.portable import matches_empty, problems

SHORT = ["".join(chars) for length in range(5) for chars in product("ab", repeat=length)]
NODES = st.recursive(
    st.sampled_from(["a", "b", "[ab]", ".", "a{0}"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        inner.map(lambda body: f"(?:{body}|)"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{0}", "{0,0}", "{0,2}", "{2}", "{0,}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("a*", "a+"),
        ("v?", "v"),
        (".*", ".+"),
        ("a?b?", "ab?|b"),
        ("a?b*", "ab*|b+"),
        ("a|b|", "a|b"),
        ("|a", "a"),
        ("ab", "ab"),
        ("a+", "a+"),
        ("(a*)*", "(?:a+)+"),
        ("a{0,3}", "a{1,3}"),
        ("(?:a?|b{0,3}){2}", "(?:a|b{1,3}){1,2}"),
        ("(?:a{0})b?", "b"),
        ("a{0,0}b?|c?", "b|c"),
        ("(?:a{0}b?){2}", "b{1,2}"),
        ("(?:(?:a{0}){3}|b?)*", "b+"),
        ("a{0}", r"[^\s\S]"),
        ("(?:|(?:a{0})*)", r"[^\s\S]"),
    ],
)
def test_patterns_without_the_empty_value(pattern: str, written: str) -> None:
    assert filled(pattern) == written


@given(NODES)
def test_nothing_but_the_empty_value_is_lost(written: str) -> None:
    without_empty = filled(written)
    assert not matches_empty(without_empty)
    for text in SHORT:
        assert bool(re.fullmatch(without_empty, text)) == bool(text and re.fullmatch(written, text)), text


TEXTS = st.text("ab.;/", min_size=1, max_size=3)
MATCHERS: st.SearchStrategy[Matcher] = st.one_of(
    st.lists(TEXTS, min_size=1, max_size=3).map(lambda values: OneOf(tuple(sorted(set(values))))),
    TEXTS.map(Prefix),
    TEXTS.map(Suffix),
    TEXTS.map(lambda text: PathPrefix("/" + text.strip("/"))),
    st.just(Present()),
    st.sampled_from(["a*", "[^b]+", "a|b.*", ".*b"]).map(Regex),
    st.just(Buckets(((0, 4), (0xFFF0, 0xFFFF)))),
)


TRIED = ["00000004", "ab-00005", "ffffffff", "0004"]


@given(
    MATCHERS,
    st.one_of(st.text("ab.;/", min_size=1, max_size=6), st.sampled_from(TRIED)),
)
def test_a_pattern_takes_what_its_matcher_takes(matcher: Matcher, value: str) -> None:
    written = pattern(matcher)
    assert bool(re.fullmatch(written, value)) == matches(matcher, value)
    if ";" not in value:
        assert bool(re.fullmatch(pattern(matcher, between=";"), value)) == matches(matcher, value)


@given(MATCHERS, TEXTS)
def test_a_pattern_is_understood_as_the_matcher(matcher: Matcher, value: str) -> None:
    found = understood(pattern(matcher), Kind.HEADER)
    assert matches(found, value) == matches(matcher, value)


@given(MATCHERS)
def test_a_value_within_a_longer_text_ends_where_the_text_goes_on(matcher: Matcher) -> None:
    within = pattern(matcher, between="|")
    assert not re.fullmatch(within, "a|b")
    assert not re.fullmatch(within, "a|")


def test_lists_are_parted_where_they_are_too_long() -> None:
    found = patterns(OneOf(("aa", "bb", "cc")), room=6)
    assert found == ("aa|bb", "cc")


@pytest.mark.parametrize("matcher", [Absent(), Networks(("10.0.0.0/8",))])
def test_what_says_nothing_of_a_text_has_no_pattern(matcher: Matcher) -> None:
    with pytest.raises(ValueError, match="says nothing of a text"):
        pattern(matcher)


@pytest.mark.parametrize(
    ("written", "kind", "found"),
    [
        ("v2", Kind.HEADER, OneOf(("v2",))),
        ("(on|off)-1", Kind.HEADER, OneOf(("off-1", "on-1"))),
        ("v[23]", Kind.HEADER, Regex("v[23]")),
        ("1234", Kind.HEADER, OneOf(("1234",))),
        ("[0-9a-f-]{4,}0[0-3][0-9a-f]{2}", Kind.COOKIE, Buckets(((0, 0x3FF),))),
        ("[^;]+", Kind.COOKIE, Present()),
        ("[^;]*", Kind.COOKIE, Present()),
        ("beta-[^;]*", Kind.COOKIE, Prefix("beta-")),
        ("beta-[^;]*", Kind.HEADER, Regex("beta-[^;]*")),
        ("[^;]*-beta", Kind.COOKIE, Suffix("-beta")),
        ("[^;]*-beta", Kind.HEADER, Regex("[^;]*-beta")),
        (r"[^:]*\.beta", Kind.HOST, Suffix(".beta")),
        (r"\d+", Kind.HEADER, Regex(r"\d+")),
        ("^v[23]+$", Kind.HEADER, Regex("^v[23]+$")),
        ("/api(?:/.*)?", Kind.PATH, PathPrefix("/api")),
    ],
)
def test_what_a_pattern_asks_for(written: str, kind: Kind, found: Matcher) -> None:
    assert understood(written, kind) == found
    assert not problems(written)
