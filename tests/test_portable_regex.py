"""The portable subset of regular expressions: what it refuses, what it takes, and how patterns are rewritten."""

from __future__ import annotations

import re
import warnings

import pytest

from graymesh.ir.buckets import joined
from graymesh.ir.release import Buckets, Kind, OneOf, PathPrefix, Prefix, Present, Regex, Suffix
from graymesh.proof.regex.automata import truths
from graymesh.proof.regex.domain import alike, alphabet, domain, inside, possible
from graymesh.proof.regex.portable import (
    PatternProblem,
    RegexProblem,
    canonical,
    intervals_of,
    matches_empty,
    matches_everything,
    parse,
    problems,
    without,
)
from graymesh.proof.regex.tree import ANY, VISIBLE, Chars, Repeat


def python(pattern: str) -> re.Pattern[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return re.compile(pattern, re.ASCII)


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
        (r"\r", 1, r"\r"),
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


def test_long_patterns_are_refused() -> None:
    assert problems("a" * 1024) == []
    assert problems("a" * 1025) == [PatternProblem(1025, "the pattern", "is longer than 1024 characters; split it")]


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
        (".*beta", Suffix("beta")),
        (".*?beta", Suffix("beta")),
        (r"[\s\S]*\.beta", Suffix(".beta")),
        (r"[ -~]*\.beta", Regex(r"[ -~]*\.beta")),
        (".*bet[a]", Suffix("beta")),
        (".*beta.*", Regex(".*beta.*")),
        (".+beta", Regex(".+beta")),
        (".*(a|b)", Regex(".*[ab]")),
        ("/api(/.*)?", PathPrefix("/api")),
        ("/api|/api/.*", PathPrefix("/api")),
        ("/api/.*|/api", PathPrefix("/api")),
        ("(/.*)?", Regex("(?:/.*)?")),
        ("/(/.*)?", Regex("/(?:/.*)?")),
        ("/api(x.*)?", Regex("/api(?:x.*)?")),
        (".*", Present()),
        (".+", Present()),
        (".+?", Present()),
        (r"[\s\S]+", Present()),
        ("[ -~]+", Regex("[ -~]+")),
        (r"[^ -~]", Regex("[^ -~]")),
        (r"[^\S ]|a", OneOf(("\t", "a"))),
        (r"x(?:[^\S ]|a)+", Regex(r"x[\ta]+")),
        ("[0-9a-f-]{4,}0[0-3][0-9a-f]{2}", Buckets(((0, 0x3FF),))),
        (r"[\da-f-]{4,}[a-f\d]{4}", Buckets(((0, 0xFFFF),))),
        ("[0-9a-f-]{4,}(?:[01][0-9a-f]{3}|2000)", Buckets(((0, 0x2000),))),
        ("[0-9a-f-]{4,}0005|[0-9a-f-]{4,}0007", Buckets(((5, 5), (7, 7)))),
        ("[0-9a-f-]{4,}000[0-9]", Buckets(((0, 9),))),
        ("[0-9a-f-]{4,}[0-9]{3}", Regex(r"[\-0-9a-f]{4,}[0-9][0-9][0-9]")),
        ("[0-9a-f]{4,}0005", Regex("[0-9a-f]{4,}0005")),
        ("[0-9a-f-]{3,}0005", Regex(r"[\-0-9a-f]{3,}0005")),
        ("0005", OneOf(("0005",))),
        ("aa*", Regex("a+")),
        ("a{2}a*a", Regex("a{3,}")),
        ("MyApp/[3-9][.].*", Regex(r"MyApp/[3-9]\..*")),
    ],
)
def test_canonical_matchers(pattern: str, matcher: object) -> None:
    assert canonical(pattern) == matcher


def test_canonical_depends_on_the_characters_of_the_values() -> None:
    assert canonical("[^;]*", alphabet(Kind.COOKIE)) == Present()
    assert canonical("[^;]*") == Regex("[^;]*")
    assert canonical("[^;]*", VISIBLE) == Regex("[ -:<-~]*")
    assert canonical("a[^;]*", alphabet(Kind.COOKIE)) == canonical("a.*", alphabet(Kind.COOKIE)) == Prefix("a")


@pytest.mark.parametrize(
    ("pattern", "chars", "text"),
    [
        ("a.*b", ";", "a[^;]*b"),
        ("[^a]x", ";", "[^;a]x"),
        (r"\Sx", ";", r"[^\t ;]x"),
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
        "[0-9a-f]{4}",
        "[0-9a-f-]{4,}[0-9a-f]{3}",
        "[0-9a-f-]{4,}[0-9a-f]{5}",
        "[0-9a-f-]{4,}[0-9a-f]{4}x",
        "[0-9a-f-]{4,}[0-9A-F]{4}",
        "[0-9a-f-]{4,}[0-9a-f]+",
        "[0-9a-f-]*[0-9a-f]{4}",
        "[0-9a-f-]{4,}0[0-4]..",
        "[0-9a-f-]{4,}(?:0|00)[0-9]{3}",
        "a",
        "[0-9a-f-]{4,}[0-9a-f]{4}|x",
        "[^\\s\\S]",
        "(?=a)",
    ],
)
def test_only_tickets_have_buckets(pattern: str) -> None:
    assert intervals_of(pattern) is None


def test_buckets_of_nested_patterns() -> None:
    nested = "[0-9a-f-]{4,}(?:0|1)(?:[0-4]|f)[0-9a-f]{2}"
    assert intervals_of(nested) == ((0, 0x4FF), (0xF00, 0x14FF), (0x1F00, 0x1FFF))
    fives = [(number, number) for number in range(0, 0x10000, 8)]
    assert intervals_of("[0-9a-f-]{4,}(?:[0-9a-f]{3}[08]|1{4})") == joined([*fives, (0x1111, 0x1111)])


def test_what_matches_everything_or_nothing() -> None:
    assert [pattern for pattern in ("a*", "a?", "(a|)", ".*") if matches_empty(pattern)] == ["a*", "a?", "(a|)", ".*"]
    assert not any(map(matches_empty, ("a", "a+", ".+")))
    assert all(map(matches_everything, (".*", ".+", r"\S.*", r"[\s\S]*", "(a|[^a]).*")))
    assert not any(map(matches_everything, ("a*", "[^;]*", r"\w+", ".", "/.*", "[ -~]*", r"[^\t]*")))
    assert matches_everything("/.*", Kind.PATH)
    assert matches_everything("[^;]*", Kind.COOKIE)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.SOURCE])
def test_what_all_read_alike_is_a_part_of_what_engines_receive(kind: Kind) -> None:
    found = list(truths(Repeat(Chars(ANY), 1, None), [domain(kind), alike(kind), parse("[a-z]+"), parse(".*[-./].*")]))
    assert all(truth & 1 for truth, _ in found if truth & 2)
    assert any(truth & 3 == 1 for truth, _ in found)
    for truth, value in found:
        assert inside(kind, value) == bool(truth & 2), value
        assert not value.isascii() or possible(kind, value) == bool(truth & 1), value


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Kind.HEADER, ["a, b", '"a"', "a\tb", "é", "{}"]),
        (Kind.COOKIE, ['"YWJj=="', "a,b", '{"a": 1}', "a\\b", "é"]),
        (Kind.QUERY, ["ann@b.com", "a%20b", "a b", "a+b", "a&b", "a#b", "é"]),
        (Kind.PATH, ["/a;jsessionid=1", "/a%2Fb", "//a", "/a/../b", "/a b", "/é"]),
        (Kind.HOST, ["shop.example.com.", "a_b"]),
        (Kind.METHOD, ["PURGE", "get"]),
    ],
)
def test_what_engines_receive_and_do_not_read_alike(kind: Kind, values: list[str]) -> None:
    for value in values:
        found = [truth for truth, each in truths(domain(kind), [], [value]) if each == value]
        assert found, value
    assert not possible(Kind.COOKIE, "a;b")


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
