"""The loader on generated text: what we write comes back, and both of PyYAML's parsers are read alike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graymesh.diagnostic import Refused
from graymesh.source import events, load_artifacts
from graymesh.source.build import Builder
from graymesh.source.limits import ARTIFACT
from graymesh.source.scalars import disputed
from graymesh.text import yaml_text

MANY = settings(max_examples=200, deadline=None)


def read(text: str, *, strict: bool) -> list[Any]:
    builder = Builder(text, "file.yaml", ARTIFACT, strict=strict)
    documents = []
    while builder.next_document() is not None:
        documents.append(builder.document()[0])
    return documents


def said(text: str, *, strict: bool) -> str:
    """What is read, or the code of the refusal and its line."""
    try:
        return repr(read(text, strict=strict))
    except Refused as refused:
        found = refused.diagnostics[0]
        return f"{found.code} in line {found.span.line}"


def agree(text: str) -> None:
    """Both parsers are taken for the same, and neither escapes with another error.

    Their grammars differ at the edges, in tabs, `?` and `c:[` within brackets for instance: there one of them refuses
    the text as no YAML. What both read they must read alike, and whatever else is refused must be refused by both.
    """
    for strict in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            fast = said(text, strict=strict)
            patch.setattr(events, "parser_class", events.python_parser_class)
            slow = said(text, strict=strict)
        if "GM002" not in (fast[:5], slow[:5]):
            assert fast.partition(" ")[0] == slow.partition(" ")[0], text


@pytest.mark.parametrize("text", ['""!0{}', "!0{}", "a: !b}c", "[!{]"])
def test_braces_in_the_words_of_a_parser(text: str) -> None:
    agree(text)


PLAIN = ["v1", "b c", "a - b", "10", "1.5", "-5", "0", "-0", "1.0e+5", "5m", "1%", "true", "null", "True", "NULL", "on"]
PLAIN += ["no", "y", "http://x/y", "10.0.0.1:80", "/api/v3", "a=b", "$x", "a*", "010", "1e3", "2026-01-01", "22:30"]
PLAIN += [
    "full",
    "nullable",
    "truex",
    "0x1F",
    "0o17",
    "NaN",
    "Infinity",
    "-Infinity",
    "a:b",
    "1.",
    "0.",
    "1_0",
    "=",
    "~",
]
PLAIN += [
    "-",
    "--",
    "---",
    "...",
    "a #b",
    "a#b",
    "@x",
    "%x",
    "*x",
    "&x",
    "!x",
    "|",
    ">",
    "? x",
    ": x",
    "a: b",
    "x:",
    "é",
]
PLAIN += ["", " ", "\t", "a\tb", "a  b", "a,b", "{", "]", "'", '"', "a'b", "(x)", "<<", "9" * 30]
QUOTED = [
    '"x"',
    '"a b"',
    '""',
    "''",
    "'it''s'",
    "'a'",
    '"\\n\\t\\"\\\\"',
    '"\\u00e9"',
    '"\\ud83d\\ude00"',
    '"\\ud800"',
    '"\\x41"',
]
QUOTED += ['"é 😀"', '"# x"', "'# x'", '"a: b"', '"\\/"', '"\\b\\f\\r"', '"a, [b]"', "'a\\b'", '"x" y', '"x"#c']
FLOWS = [
    "{}",
    "[]",
    "{a: b}",
    "{a: b, c: [d, 1]}",
    "[a, b c, 5m, 1%]",
    '["a", b]',
    '{"a": "b c"}',
    '{"a":1}',
    "{a: 1, a: 2}",
]
FLOWS += [
    "[1 2]",
    "[5 m]",
    "[full, true, -1, -0, 1.5]",
    "[1., .5, +1]",
    "[NaN]",
    "[-Infinity]",
    "[1e5]",
    "[1E400]",
    "[0x1F]",
]
FLOWS += [
    "[a: b]",
    "{a}",
    "{a: }",
    "[a, ]",
    "[, a]",
    "[[a], [b]]",
    "{a: {b: c}}",
    "[ a , b ]",
    "{ a: b }",
    "{a : b}",
    "[a,b]",
]
FLOWS += [
    "{10: a}",
    "{5m: a}",
    "{true: a}",
    "['x']",
    "{a: 'x'}",
    "[a, b] # {c}",
    "{a: b}: c",
    "[a]: b",
    "[a]]",
    '["a, b", c]',
]
FLOWS += [
    "[http://x, a:b]",
    "{a: 22:30}",
    "[010]",
    '["é"]',
    "[é]",
    "{a: {b: [c, {d: e}]}}",
    "[" * 13 + "]" * 13,
    "[a #b]",
    "[a]#b",
]
KEYS = [
    "a",
    "b",
    "key",
    "on",
    "no",
    "y",
    "X-Gray",
    "app.kubernetes.io/name",
    '"q r"',
    "'s t'",
    '"1"',
    "1",
    "true",
    "null",
    "~",
]
KEYS += ["<<", '"<<"', "a b", "é", "? a", "nullable", "-a", "a" * 250, '""']

scalars = st.sampled_from(PLAIN + QUOTED + FLOWS + PLAIN[:16] * 3)
ends = st.sampled_from([""] * 8 + [" # c", " ", "  # c: d", "#c", " #"])
indents = st.sampled_from([0, 0, 0, 2, 2, 4, 1, 3, 6]).map(lambda width: " " * width)
dashes = st.sampled_from(["", "", "", "- ", "- ", "- - ", "-", "-   "])
entries = st.tuples(indents, dashes, st.sampled_from(KEYS), st.just(": "), scalars, ends)
openings = st.tuples(indents, dashes, st.sampled_from(KEYS[:4]), st.just(":"), ends)
items = st.tuples(indents, dashes, scalars, ends)
others = st.sampled_from(["", "  ", "# c", "   # c", "---", "--- # c", "...", "--- a", "%YAML 1.2", "---\n---"])
lines = st.one_of(entries.map("".join), entries.map("".join), openings.map("".join), items.map("".join), others)


@MANY
@given(st.lists(lines, max_size=7).map("\n".join), st.sampled_from(["", "\n"]))
def test_lines_of_all_kinds(text: str, end: str) -> None:
    agree(text + end)


names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_./-]{0,8}", fullmatch=True)
keys = st.one_of(st.sampled_from(KEYS[:11]), names)
words = st.from_regex(r"[a-z0-9][a-z0-9 :.-]{0,9}", fullmatch=True)
plain = st.one_of(st.sampled_from(PLAIN[:16] + FLOWS[:9] + QUOTED[:3]), words)


@st.composite
def styled(draw: st.DrawFn, depth: int = 3, column: int = 0) -> list[str]:
    """A block collection as people write it: any indentation, comments, blank lines, lists below their key."""
    written: list[str] = []
    mapping = draw(st.booleans())
    for _ in range(draw(st.integers(1, 3))):
        start = f"{' ' * column}{draw(keys)}:" if mapping else f"{' ' * column}-"
        if depth == 0 or draw(st.booleans()):
            written.append(f"{start} {draw(plain)}{draw(ends)}")
            continue
        inner = draw(styled(depth - 1, column + (draw(st.integers(0, 4)) if mapping else 2)))
        if mapping:
            written += [start + draw(ends), *inner]
        else:
            written += [start + inner[0][column + 1 :], *inner[1:]]
        written += draw(st.lists(st.sampled_from(["", "# c", "      # c"]), max_size=1))
    return written


@MANY
@given(styled().map("\n".join))
def test_what_people_write(text: str) -> None:
    agree(text)


@MANY
@given(styled().map("\n".join), st.data())
def test_mutations_of_what_people_write(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        index = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 3))
        text = text[:index] + data.draw(st.text(" :-#{}[]\"',\n&*!|>?%@ab01~.=\\", max_size=2)) + text[index + cut :]
    agree(text)


ascii_text = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not disputed(repr(number)))
integers = st.integers(-(2**63), 2**63 - 1)
leaves = st.one_of(ascii_text, st.sampled_from(PLAIN), st.none(), st.booleans(), integers, numbers)


def collections(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(ascii_text, inner, max_size=3)


trees = st.recursive(leaves, collections, max_leaves=20)
mappings = st.dictionaries(ascii_text, trees, min_size=1, max_size=4)


@MANY
@given(st.lists(mappings, min_size=1, max_size=3))
def test_what_we_write_comes_back(documents: list[Any]) -> None:
    found = [source.data for source in load_artifacts(yaml_text(*documents), "file.yaml")]
    assert repr(found) == repr(documents)


@MANY
@given(st.lists(mappings, min_size=1, max_size=2), st.data())
def test_mutations_of_what_we_write(documents: list[Any], data: st.DataObject) -> None:
    text = yaml_text(*documents)
    index = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 2))
    agree(text[:index] + data.draw(st.text(" :-#{}[]\"',\n&*!|?0a~\\", max_size=2)) + text[index + cut :])


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("", []),
        ("# c\n\n", []),
        ("---\n", [None]),
        ("---\n---\n", [None, None]),
        ("a: 1\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("# c\n---\n  a: 1\n  b:\n  - c\n  h:\n", [{"a": 1, "b": ["c"], "h": None}]),
        ("a:\n- b: c\n  d: e\n- f\ng: h\n", [{"a": [{"b": "c", "d": "e"}, "f"], "g": "h"}]),
        ("- - a\n  - b\n- c\n", [[["a", "b"], "c"]]),
        ('a: {b: [c, "d, e", 1.50], f: {}} # {x}\n', [{"a": {"b": ["c", "d, e", 1.5], "f": {}}}]),
    ],
)
def test_read(text: str, documents: list[Any]) -> None:
    assert read(text, strict=False) == documents


def test_values_are_not_shared() -> None:
    first, second = (read("a: {b: [c]}\nd: []", strict=False) for _ in range(2))
    first[0]["a"]["b"].append("x")
    first[0]["d"].append("x")
    assert second == [{"a": {"b": ["c"]}, "d": []}]
