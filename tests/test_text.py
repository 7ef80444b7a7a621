"""What the writers of YAML and JSON write is read back as it was, by readers of YAML 1.1, YAML 1.2 and JSON."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from graymesh.text import json_text, yaml_scalar, yaml_text

ryml = pytest.importorskip("ryml")

# What a reader of YAML 1.1, 1.2 or somebody's mixture may take for a boolean, a null, a number, a date or a merge.
_SURPRISES = r"""
y Y n N yes Yes YES no No NO on On ON off Off OFF true True TRUE false False FALSE null Null NULL ~ = <<
0 1 -1 +1 00 010 0o10 0x1 0b1 0x_ 1_000 1,000 1e3 1E3 1e+3 1.0 1. .5 -.5 +.5 .inf -.inf .Inf .nan .NaN nan inf -inf
22:30 1:20 190:20:30 190:20:30.15 2026-01-01 2026-01-01T00:00:00Z 2001-12-14t21:59:43.10-05:00 2001-1-1
- -- --- ... ? : , [ ] { } # & * ! | > ' " % @ ` \ [] {} !!str &a *a #x - a: b ?x :x a: a:b a#b
__proto__ _ a.b a/b a-b
"""
SURPRISES = _SURPRISES.split()
VECTORS = [
    *SURPRISES,
    "",
    " ",
    "a b",
    " a",
    "a ",
    "a  ",
    "\ta",
    "a: b",
    "a #b",
    "- a",
    "? a",
    "a\nb",
    "a\n",
    "\na",
    "a\r\nb",
    "a\rb",
    "\x85",
    "a\x85b",
    "\u2028",
    "\u2029",
    "\ufeff",
    "\u200b",
    "\u00a0",
    "\U0001f600",
    "\x7f",
    "\x00",
    "\x1b[31m",
    "\x80",
    "\x9f",
    "\ufffe",
    "\uffff",
    "\ufffd",
    "\U0010ffff",
    "x" * 10_000,
    "word " * 2_000,
    "${HOME}",
    "#{1+1}",
    "{{ x }}",
    "{% raw %}",
    "%YAML 1.1",
    '"; drop',
    "a\\",
    'a"b',
    "a'b",
]
TEXTS = st.one_of(st.sampled_from(VECTORS), st.text(max_size=20), st.text("yesnoff01:.-_e+~= \n\"'\\#&*", max_size=8))
NUMBERS = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
LEAVES = st.one_of(TEXTS, NUMBERS, st.booleans(), st.none())
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=25,
)


# A reader of YAML 1.2: rapidyaml for the structure, the core schema of the specification (10.3.2) for plain scalars.

CORE_SCHEMA = (
    (re.compile(r"null|Null|NULL|~|"), lambda text: None),
    (re.compile(r"true|True|TRUE"), lambda text: True),
    (re.compile(r"false|False|FALSE"), lambda text: False),
    (re.compile(r"[-+]?[0-9]+"), int),
    (re.compile(r"0o[0-7]+"), lambda text: int(text[2:], 8)),
    (re.compile(r"0x[0-9a-fA-F]+"), lambda text: int(text, 16)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)"), lambda text: -math.inf if text[0] == "-" else math.inf),
    (re.compile(r"\.(nan|NaN|NAN)"), lambda text: math.nan),
)


def core_scalar(text: str, plain: bool) -> Any:
    for pattern, value in CORE_SCHEMA if plain else ():
        if pattern.fullmatch(text):
            return value(text)
    return text


def read_1_2(text: str) -> list[Any]:
    """The documents of a stream."""
    tree = ryml.parse_in_arena(text.encode())
    root = tree.root_id()
    if tree.is_stream(root):
        return [node_1_2(tree, node) for node in ryml.children(tree, root)]
    return [node_1_2(tree, root)]


def node_1_2(tree: Any, node: int) -> Any:
    if tree.is_map(node):
        return {key_1_2(tree, child): node_1_2(tree, child) for child in ryml.children(tree, node)}
    if tree.is_seq(node):
        return [node_1_2(tree, child) for child in ryml.children(tree, node)]
    return core_scalar(bytes(tree.val(node)).decode(), not tree.is_val_quoted(node))


def key_1_2(tree: Any, node: int) -> Any:
    return core_scalar(bytes(tree.key(node)).decode(), not tree.is_key_quoted(node))


def read_1_1(text: str) -> list[Any]:
    return list(yaml.load_all(text, Loader=yaml.CSafeLoader))


READERS = [read_1_1, read_1_2, lambda text: list(yaml.load_all(text, Loader=yaml.SafeLoader))]


def same(left: Any, right: Any) -> bool:
    """Equal, of the same types throughout: 1 is neither True nor 1.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


def nested(value: Any) -> list[Any]:
    """The value in every position that YAML has: alone, as an item, as a value, nested."""
    return [value, [value], {"key": value}, [[value], {"key": [value]}], {"a": {"b": value}, "c": [value, value]}]


@pytest.mark.parametrize("read", READERS, ids=["1.1", "1.2", "1.1 in Python"])
@pytest.mark.parametrize("value", VECTORS, ids=lambda value: ascii(value)[:30])
def test_hostile_strings_come_back_in_every_position(value: str, read: Any) -> None:
    for tree in [*nested(value), {value: 1}, {value: {value: [value]}}, [{value: value}]]:
        assert same(read(yaml_text(tree)), [tree]), yaml_text(tree)


@pytest.mark.parametrize("value", SURPRISES)
def test_strings_that_look_like_something_else_are_quoted(value: str) -> None:
    readers_disagree = not same(yaml.safe_load(yaml_scalar(value)), value)
    assert not readers_disagree
    looks_odd = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_./-]*", value) is None or not same(core_or_1_1(value), value)
    assert yaml_scalar(value).startswith('"') == looks_odd


def core_or_1_1(text: str) -> Any:
    """What any of the two versions takes a plain word for, `y` and `n` by the letter of YAML 1.1 included."""
    if text.lower() in ("y", "n", "nan", "inf"):
        return None
    found = yaml.safe_load(text)
    return core_scalar(text, plain=True) if isinstance(found, str) else found


@settings(max_examples=300, deadline=None)
@given(tree=TREES)
def test_any_tree_comes_back(tree: Any) -> None:
    text = yaml_text(tree)
    for read in READERS[:2]:
        assert same(read(text), [tree]), text


@settings(max_examples=100, deadline=None)
@given(trees=st.lists(TREES, min_size=2, max_size=4))
def test_several_documents_come_back(trees: list[Any]) -> None:
    text = yaml_text(*trees)
    for read in READERS[:2]:
        assert same(read(text), trees), text


@settings(max_examples=300, deadline=None)
@given(tree=TREES)
def test_yaml_is_ascii_on_unfolded_lines(tree: Any) -> None:
    text = yaml_text(tree)
    assert re.fullmatch(r"[ -~\n]*\n", text)
    assert not re.search(r" +\n", text)
    assert len(text.splitlines()) == lines_of(tree)


def lines_of(tree: Any) -> int:
    """A line for each scalar and each key over a block; the first line of an item stands beside its dash."""
    if isinstance(tree, dict) and tree:
        return sum((2 if long(key) else 1) + (lines_of(value) if is_block(value) else 0) for key, value in tree.items())
    if isinstance(tree, list) and tree:
        return sum(map(lines_of, tree))
    return 1


def long(key: str) -> bool:
    return len(yaml_scalar(key)) > 1000


def is_block(value: Any) -> bool:
    return isinstance(value, (dict, list)) and bool(value)


@pytest.mark.parametrize("length", [998, 999, 1000, 1001, 1022, 1023, 1024, 1025, 5000])
@pytest.mark.parametrize("letter", ["x", " "])
def test_keys_of_any_length_come_back(length: int, letter: str) -> None:
    key = letter * length
    for tree in ({key: 1}, {key: [1, {key: {key: "v"}}]}, [{key: {"a": 1}, "b": 2}], {key: [], key + "x": {}}):
        for read in READERS:
            assert same(read(yaml_text(tree)), [tree])


@pytest.mark.parametrize("value", [0.0, -0.0, 0.5, 1e16, 1.5e16, 1e-5, 1e300, 5e-324, 123456789.125, -2.0])
def test_numbers_stay_numbers(value: float) -> None:
    for read in READERS:
        (found,) = read(yaml_text({"n": value}))
        assert repr(found["n"]) == repr(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_without_a_portable_form_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="portable"):
        yaml_text({"n": value})
    with pytest.raises(ValueError, match="JSON"):
        json_text({"n": value})


@pytest.mark.parametrize("value", ["\ud800", "a\udfffb", "\ud83d\ude00"])
def test_surrogates_are_never_written(value: str) -> None:
    for tree in (value, [value], {value: 1}, {"a": {"b": value}}):
        with pytest.raises(ValueError, match="surrogate"):
            yaml_text(tree)
    for tree in (value, [value], {"a": {"b": value}}):
        with pytest.raises(ValueError, match="surrogates"):
            json_text(tree)


@settings(max_examples=300, deadline=None)
@given(tree=TREES)
def test_json_comes_back_and_is_ascii(tree: Any) -> None:
    text = json_text(tree)
    assert same(json.loads(text), tree)
    assert re.fullmatch(r"[ -~\n]*\n", text)


@pytest.mark.parametrize("value", VECTORS, ids=lambda value: ascii(value)[:30])
def test_hostile_strings_come_back_from_json(value: str) -> None:
    for tree in [*nested(value), {value: value}]:
        assert same(json.loads(json_text(tree)), tree)


def test_layout() -> None:
    tree = {"a": [{"b": 1, "c": ["x", []]}, [], {}, [[1, 2], 3]], "d": {}, "e": {"f": None, "g": True}}
    assert yaml_text(tree, "x") == (
        "a:\n  - b: 1\n    c:\n      - x\n      - []\n  - []\n  - {}\n  - - - 1\n      - 2\n    - 3\n"
        "d: {}\ne:\n  f: null\n  g: true\n---\nx\n"
    )


def test_input_is_not_changed_and_tuples_are_lists() -> None:
    tree = {"a": (1, ("b",))}
    assert read_1_1(yaml_text(tree)) == [{"a": [1, ["b"]]}]
    assert tree == {"a": (1, ("b",))}
