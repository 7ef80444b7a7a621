"""The portable subset of regular expressions: what it refuses, and that it means what every engine means."""

import re
import warnings
from collections.abc import Iterator

import interegular
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from graymesh.ambiguity import explosive
from graymesh.automata import truths
from graymesh.buckets import joined
from graymesh.ir import Buckets, Kind, OneOf, PathPrefix, Prefix, Present, Regex
from graymesh.portable_regex import (
    Problem,
    RegexProblem,
    canonical,
    intervals_of,
    literal,
    matches_empty,
    matches_everything,
    parse,
    problems,
    render,
    without,
)
from graymesh.regex_ast import VISIBLE, Chars, Concat, Node, Repeat, Union
from graymesh.regex_normal import normal
from graymesh.value_domain import alphabet, domain, inside

VALUES = "".join(map(chr, range(0x20, 0x7F)))
PUNCTUATION = [char for char in VALUES if not char.isalnum() and char != " "]


def holds(node: Node, value: str) -> bool:
    """Does our automaton take the value?"""
    text = Concat(tuple(Chars(1 << ord(char)) for char in value))
    return next(truths(text, [node]))[0] == 1


def python(pattern: str) -> re.Pattern[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return re.compile(pattern, re.ASCII)


def equal(left: Node, right: Node, values: Node | None = None) -> bool:
    every = values or Repeat(Chars(VISIBLE), 1, None)
    return all(truth in (0, 3) for truth, _ in truths(every, [left, right]))


# ---------------------------------------------------------------- generated patterns

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
ANY_TEXTS = st.text(st.sampled_from(VALUES), min_size=1, max_size=4)


@settings(max_examples=400, deadline=None)
@given(PATTERNS, st.lists(TEXTS | ANY_TEXTS, min_size=1, max_size=8))
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
    usual = normal(node, VISIBLE)
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
    assert equal(parse(left), parse(right)) == (shortest is None), shortest


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
@given(PATTERNS, st.sampled_from([";", "a;", ",; "]), st.lists(TEXTS | ANY_TEXTS, min_size=1, max_size=8))
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
    st.lists(TEXTS | ANY_TEXTS, min_size=1, max_size=8),
)
def test_canonical_matchers_mean_the_same(pattern: str, kind: Kind, values: list[str]) -> None:
    from graymesh.semantics import matches

    found = canonical(pattern, alphabet(kind))
    for value in values:
        if inside(kind, value):
            assert matches(found, value) == matches(Regex(pattern), value), (found, value)


@settings(max_examples=200, deadline=None)
@given(ANY_TEXTS, ANY_TEXTS)
def test_a_literal_takes_itself_alone(text: str, other: str) -> None:
    assert problems(literal(text)) == []
    compiled = python(literal(text))
    assert compiled.fullmatch(text)
    assert bool(compiled.fullmatch(other)) == (text == other)


def test_a_literal_is_of_visible_characters() -> None:
    for text in ("é", "a\nb", "\x00", "\t"):
        with pytest.raises(ValueError, match="no portable literal"):
            literal(text)


@settings(max_examples=300, deadline=None)
@given(PATTERNS, st.lists(TEXTS | ANY_TEXTS, min_size=1, max_size=8))
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


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("pattern", "column", "construct"),
    [
        ("", 1, "empty pattern"),
        ("^$", 1, "^$"),
        ("()", 1, "()"),
        ("|", 1, "|"),
        ("(|)*", 1, "(|)*"),
        ("^v2", 1, "^"),
        ("v2$", 3, "$"),
        ("a^b", 2, "^"),
        ("a$|b", 2, "$"),
        ("^a|b$", 1, "^…|…$"),
        ("^(a)|b$", 1, "^…|…$"),
        ("^*$", 2, "*"),
        ("(?=a)b", 1, "(?="),
        ("a(?!b)", 2, "(?!"),
        ("(?<=a)b", 1, "(?<="),
        ("(?<!a)b", 1, "(?<!"),
        ("(?>a+)b", 1, "(?>"),
        ("(?P<n>a)", 1, "(?P<n>"),
        ("(?<name>a)", 1, "(?<name>"),
        ("(?P=n)", 1, "(?P=n"),
        ("(?i)a", 1, "(?i"),
        ("(?i:a)", 1, "(?i:"),
        ("(?#x)a", 1, "(?#x"),
        ("(?|a)", 1, "(?|"),
        ("(?(1)a)", 1, "(?(1)"),
        ("(?R)", 1, "(?R"),
        ("(*UTF8)a", 1, "(*UTF8"),
        (r"(a)\1", 4, r"\1"),
        (r"\k<n>", 1, r"\k<n>"),
        ("a*+", 2, "*+"),
        ("a++b", 2, "++"),
        ("a?+", 2, "?+"),
        ("a{2}+", 2, "{2}+"),
        ("a**", 3, "*"),
        ("a*??", 4, "?"),
        ("a{2}{3}", 5, "{"),
        ("*a", 1, "*"),
        ("(|+)", 3, "+"),
        ("[[:alpha:]]", 2, "[:alpha:]"),
        ("[a[b]]", 3, "["),
        ("[a&&b]", 3, "&&"),
        ("[a||b]", 3, "||"),
        ("[a~~b]", 3, "~~"),
        ("[]a]", 2, "]"),
        ("[a-b-c]", 5, "-"),
        ("[--9]", 2, "-"),
        ("[+--]", 4, "-"),
        (r"[\w-z]", 2, r"\w-z"),
        ("[z-a]", 2, "z-a"),
        ("[a", 1, "["),
        ("(a", 1, "("),
        ("a)", 2, ")"),
        ("a{", 2, "{"),
        ("a{,3}", 2, "{"),
        ("a{x}", 2, "{"),
        ("a{01}", 2, "{"),
        ("{2}", 1, "{"),
        ("a{3,2}", 2, "{3,2}"),
        ("a{1,1001}", 2, "repetition"),
        ("(a{100}){11}", 9, "repetition"),
        ("(a{3}{0}){1000}", 6, "{"),
        (r"\Z", 1, r"\Z"),
        (r"\z", 1, r"\z"),
        (r"\Aa", 1, r"\A"),
        (r"a\b", 2, r"\b"),
        (r"a\B", 2, r"\B"),
        (r"\Ga", 1, r"\G"),
        (r"\Qa\E", 1, r"\Q"),
        (r"\p{L}", 1, r"\p{L}"),
        (r"\x41", 1, r"\x"),
        (r"\u0041", 1, r"\u"),
        (r"\07", 1, r"\0"),
        (r"\y", 1, r"\y"),
        (r"\t", 1, r"\t"),
        (r"\n", 1, r"\n"),
        (r"[\b]", 2, r"\b"),
        ("a\\", 2, "\\"),
        ("é", 1, "U+00E9"),
        ("a\nb", 2, "U+000A"),
        ("(" * 60 + "a" + ")" * 60, 51, "("),
        ("(abcdefghijklm){1000}", 1, "the pattern"),
    ],
)
def test_what_is_not_portable_is_named_with_its_column(pattern: str, column: int, construct: str) -> None:
    found = problems(pattern)
    assert found, pattern
    assert (found[0].column, found[0].construct) == (column, construct)
    assert len(found[0].message) > 10
    with pytest.raises(RegexProblem) as caught:
        parse(pattern)
    assert caught.value.problem == found[0]


def test_every_problem_is_told_at_once() -> None:
    assert [(problem.column, problem.construct) for problem in problems(r"^a(?=b)\1[[:alpha:]]*+")] == [
        (1, "^"),
        (3, "(?="),
        (8, r"\1"),
        (11, "[:alpha:]"),
        (21, "*+"),
    ]


@pytest.mark.parametrize(
    "pattern",
    [
        "v2",
        "^v2$",
        r"^a\$$",
        "^(a|b)$",
        r"a\\",
        "a*?b+?c??",
        "a{2}?",
        "(a|)",
        "[a-]",
        "[^-a]",
        r"[\w-]",
        r"\_\-\/",
        "a]b}",
        "[a|b&c~]",
        "[$.(){}*+?^]",
        "[a-z]+(-[a-z]+)*",
        "MyApp/[3-9][.].*",
        "(foo|bar).*",
        ".*foo.*",
        ".*foo.*bar.*",
        ".*(Android|iPhone).*(Mobile|Tablet).*",
        ".*a.*b.*c.*",
        r"[0-9]{1,3}(\.[0-9]{1,3}){3}",
        "([0-9a-f]{4}){8}",
        "([0-9a-f]{2}:){5}[0-9a-f]{2}",
        r"[a-z]{1,63}(\.[a-z]{1,63}){0,5}",
        "([a-z]{1,3}){2}",
        "([a-z]+)?",
        "https?://.*",
        r"[\w.]+@[\w.]+\.\w+",
        r"(\w+\s)*\w+",
        r"v?[0-9]+(\.[0-9]+)?",
        "([0-9a-f]{64})+",
        "(a+b?c)*",
        "[a-z]{1,1000}",
        r"(en|de)(-[A-Z]{2})?(,(en|de)(-[A-Z]{2})?)*",
        "a?a?a?",
        "a*a*a*",
    ],
)
def test_what_people_write_is_taken(pattern: str) -> None:
    assert problems(pattern) == []
    python(pattern)


@pytest.mark.parametrize(
    ("pattern", "column"),
    [
        ("(a+)+", 5),
        ("x(a|aa)+", 8),
        ("(a|a)*", 6),
        (r"(\w+\s?)*", 9),
        ("(a*)*", 5),
        ("(a?b?)*", 7),
        ("([a-z]+[0-9]*)*", 15),
        ("(a|ab|b)*", 9),
        ("(.*,)*", 6),
        ("(a{1,3})+", 9),
        ("((abcdefghijklmnopqrst)+)+", 26),
        ("(a+)+b|c", 5),
        ("(.*a){12}", 1),
        ("(a?){30}", 1),
        ("(a?){1000}", 5),
        ("a?" * 30, 1),
        (".*a.*b.*c.*d.*e.*", 1),
        (r"(\d{1,3},?){1,15}", 1),
        ("([a-z]{1,3}){20}", 1),
        ("(((a{1,3}){1,3}){1,3}){1,3}", 1),
    ],
)
def test_what_explodes_in_backtracking_engines_is_refused(pattern: str, column: int) -> None:
    found = problems(pattern)
    assert [problem.column for problem in found] == [column]
    assert "way" in found[0].message or "ambiguous" in found[0].message
    parse(pattern)  # still read, so that others' patterns can be understood


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


def test_long_patterns_are_refused() -> None:
    assert problems("a" * 1024) == []
    assert problems("a" * 1025) == [Problem(1025, "the pattern", "is longer than 1024 characters; split it")]


# ---------------------------------------------------------------- building and rewriting


@pytest.mark.parametrize(
    ("pattern", "matcher"),
    [
        ("v2", OneOf(("v2",))),
        (r"a\.b", OneOf(("a.b",))),
        ("^v2$", OneOf(("v2",))),
        ("v2|v1", OneOf(("v1", "v2"))),
        ("v(1|2)?", OneOf(("v", "v1", "v2"))),
        ("|".join(f"x{number}" for number in range(600)), OneOf(tuple(sorted(f"x{number}" for number in range(600))))),
        (r"[^\s\S]", OneOf(())),
        ("(a|)", OneOf(("a",))),
        ("beta.*", Prefix("beta")),
        ("beta.*?", Prefix("beta")),
        ("/api(/.*)?", PathPrefix("/api")),
        ("/api|/api/.*", PathPrefix("/api")),
        ("/api/.*|/api", PathPrefix("/api")),
        ("(/.*)?", Regex("(?:/.*)?")),
        ("/(/.*)?", Regex("/(?:/.*)?")),
        ("/api(x.*)?", Regex("/api(?:x.*)?")),
        (".*", Present()),
        (".+", Present()),
        (".+?", Present()),
        ("[ -~]+", Present()),
        ("0[0-4][0-9][0-9]", Buckets(((0, 499),))),
        (r"\d{4}", Buckets(((0, 9999),))),
        ("[01][0-9]{3}|2000", Buckets(((0, 2000),))),
        ("0005", Buckets(((5, 5),))),
        ("aa*", Regex("a+")),
        ("a{2}a*a", Regex("a{3,}")),
        ("MyApp/[3-9][.].*", Regex(r"MyApp/[3-9]\..*")),
    ],
)
def test_canonical_matchers(pattern: str, matcher: object) -> None:
    assert canonical(pattern) == matcher


def test_canonical_depends_on_the_characters_of_the_values() -> None:
    assert canonical("[^;]*", alphabet(Kind.COOKIE)) == Present()
    assert canonical("[^;]*") == Regex("[ -:<-~]*")
    assert canonical("a[^;]*", alphabet(Kind.COOKIE)) == canonical("a.*", alphabet(Kind.COOKIE)) == Prefix("a")


@pytest.mark.parametrize(
    ("pattern", "chars", "text"),
    [
        ("a.*b", ";", "a[^;]*b"),
        ("[^a]x", ";", "[^;a]x"),
        (r"\Sx", ";", "[^ ;]x"),
        ("[ -~]+", ";", "[ -:<-~]+"),
        ("MyApp/[3-9][.].*", ";", "MyApp/[3-9][.][^;]*"),
        ("[^;]+", ";", "[^;]+"),
        ("a;b|c", ";", "c"),
        ("(a;)?b", ";", "b"),
        (";", ";", r"[^\s\S]"),
        ("(a|aa)*", "a", r"[^\s\S]"),
        ("[;a]", ";", "a"),
        (".*", "; ", "[^ ;]*"),
        ("(a|b)c", ";", "(?:a|b)c"),
        ("^a.$", ";", "a[^;]"),
    ],
)
def test_without(pattern: str, chars: str, text: str) -> None:
    assert without(pattern, chars) == text


@pytest.mark.parametrize(
    "pattern",
    [
        "[0-9]{3}",
        "[0-9]{5}",
        "[0-9]{4}x",
        "[0-9]{3,4}",
        "[0-9]+",
        "0[0-4]..",
        "(?:0|00)[0-9]{3}",
        "a",
        "[0-9]{4}|x",
        "[^\\s\\S]",
        "(?=a)",
    ],
)
def test_only_four_digits_are_intervals(pattern: str) -> None:
    assert intervals_of(pattern) is None


def test_intervals_of_nested_patterns() -> None:
    assert intervals_of("(?:0|1)(?:[0-4]|9)[0-9]{2}") == ((0, 499), (900, 1499), (1900, 1999))
    fives = [(number, number) for number in range(0, 10_000, 5)]
    assert intervals_of("[0-9]{3}[05]|1{4}") == joined([*fives, (1111, 1111)])


def test_what_matches_everything_or_nothing() -> None:
    assert [pattern for pattern in ("a*", "a?", "(a|)", ".*") if matches_empty(pattern)] == ["a*", "a?", "(a|)", ".*"]
    assert not any(map(matches_empty, ("a", "a+", ".+")))
    assert all(map(matches_everything, (".*", ".+", r"\S.*", "[ -~]*", "(a|[^a]).*")))
    assert not any(map(matches_everything, ("a*", "[^;]*", r"\w+", ".", "/.*")))
    assert matches_everything("/.*", Kind.PATH)
    assert matches_everything("[^;]*", Kind.COOKIE)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.SOURCE])
def test_domains_are_portable(kind: Kind) -> None:
    for _, value in truths(domain(kind), [parse("[a-z]+"), parse(".*[-./].*")]):
        assert inside(kind, value)


def test_paths_of_the_domain_are_normalised() -> None:
    for path in ("/", "/a", "/a/", "/a/b", "/.a", "/..a", "/...", "/a.b/c..d"):
        assert inside(Kind.PATH, path), path
    for path in (
        "",
        "a",
        "//",
        "/a//b",
        "/.",
        "/..",
        "/./a",
        "/../a",
        "/a/.",
        "/a/..",
        "/a?b",
        "/a#b",
        "/a b",
        "/é",
        "/a/../b",
    ):
        assert not inside(Kind.PATH, path), path
