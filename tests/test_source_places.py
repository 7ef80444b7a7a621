"""Where keys and values stand, in characters, whatever surrounds them."""

from __future__ import annotations

import pytest

from graymesh.diagnostic import Diagnostic, Note, Span
from graymesh.source import Source, events, load, places


@pytest.fixture(params=["libyaml", "python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both of PyYAML's parsers; libyaml may be missing where graymesh is installed."""
    if request.param == "python":
        monkeypatch.setattr(events, "parser_class", events.python_parser_class)
    return str(request.param)


SPEC_TEXT = """\
# 灰度
spec:
  "key": {a: 😀 b, c: [x, 1.10]}
  list:
    - one
    - name: two
      more: [p, q]

  block: |
    text
    more

  empty:
  last: 'it''s'   # comment
"""


@pytest.fixture
def source(parser: str) -> Source:
    return load(SPEC_TEXT, "spec.yaml")


@pytest.mark.parametrize(
    ("path", "at_key", "place", "text"),
    [
        (("spec",), True, Span(2, 1, 2, 5), "spec"),
        (("spec", "key"), True, Span(3, 3, 3, 8), '"key"'),
        (("spec", "key"), False, Span(3, 10, 3, 32), "{a: 😀 b, c: [x, 1.10]}"),
        (("spec", "key", "a"), False, Span(3, 14, 3, 17), "😀 b"),
        (("spec", "key", "c", 1), False, Span(3, 26, 3, 30), "1.10"),
        (("spec", "list"), False, Span(5, 5, 7, 19), "- one\n    - name: two\n      more: [p, q]"),
        (("spec", "list", 0), True, Span(5, 7, 5, 10), "one"),
        (("spec", "list", 1), False, Span(6, 7, 7, 19), "name: two\n      more: [p, q]"),
        (("spec", "list", 1, "more"), True, Span(7, 7, 7, 11), "more"),
        (("spec", "block"), False, Span(9, 10, 11, 9), "|\n    text\n    more"),
        (("spec", "empty"), False, Span(13, 9, 13, 9), ""),
        (("spec", "last"), False, Span(14, 9, 14, 16), "'it''s'"),
    ],
)
def test_spans(source: Source, path: tuple[str | int, ...], at_key: bool, place: Span, text: str) -> None:
    found = source.span(path, at_key)
    assert found == place
    assert source.positions.slice(found) == text


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("spec", "stable"), Span(2, 1, 2, 5)),
        (("spec", "list", 1, "weight"), Span(6, 7, 7, 19)),
        (("spec", "list", 7, "weight"), Span(4, 3, 4, 7)),
        (("spec", "last", "deeper", 3), Span(14, 3, 14, 7)),
        (("kind",), Span(2, 1, 14, 16)),
        ((), Span(2, 1, 14, 16)),
    ],
)
def test_a_missing_value_is_at_its_nearest_ancestor(source: Source, path: tuple[str | int, ...], place: Span) -> None:
    assert source.span(path) == place


def test_raw_is_the_text_as_written(source: Source) -> None:
    assert source.raw(("spec", "key", "c", 1)) == "1.10"
    assert source.data["spec"]["key"]["c"][1] == 1.1
    assert source.raw(("spec", "last")) == "'it''s'"
    with pytest.raises(KeyError):
        source.raw(("spec", "stable"))


def test_lines(source: Source) -> None:
    assert source.line(2) == "spec:"
    assert source.line(0) == source.line(99) == ""


def test_places_below_an_alias_are_those_of_the_anchor() -> None:
    source = load("a: &x {b: [1, 2]}\nc: *x\n", "spec.yaml")
    assert source.span(("c",)) == Span(2, 4, 2, 6)
    assert source.span(("c", "b", 1)) == Span(1, 15, 1, 16)


def test_raw_text_of_anchors_tags_and_aliases() -> None:
    source = load("a: &x 1.10\nb: *x\nc: !!str 010\nd: &y !!str 'q'\ne: [*y, \"&z w\"]\n", "spec.yaml")
    written = [source.raw(path) for path in [("a",), ("b",), ("c",), ("d",), ("e", 0), ("e", 1)]]
    assert written == ["1.10", "1.10", "010", "'q'", "'q'", '"&z w"']


def test_an_anchored_key_is_a_text_like_any_other() -> None:
    source = load("&k a: &x 1\nb: [*k, *x]\n", "spec.yaml")
    assert source.data == {"a": 1, "b": ["a", 1]}
    assert source.raw(("b", 0)) == "a"
    assert source.span(("b", 0)) == Span(2, 5, 2, 7)


def test_place_fills_a_diagnostic_and_its_notes(source: Source) -> None:
    notes = (
        Note(("spec", "list", 0), "here"),
        Note(("spec",), "elsewhere", file="other.yaml", span=Span(9, 9, 9, 10)),
    )
    bare = Diagnostic(code="GM201", message="x", path=("spec", "key", "a"), at_key=True, notes=notes)
    placed = source.place(bare)
    assert (placed.file, placed.span) == ("spec.yaml", Span(3, 11, 3, 12))
    assert placed.notes == (Note(("spec", "list", 0), "here", "spec.yaml", Span(5, 7, 5, 10)), notes[1])
    assert bare.span == Span(1, 1, 1, 1)


def test_no_place_is_worked_out_before_somebody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "roots", lambda text, lines: pytest.fail("nobody asked"))
    assert load("a: [1, {b: c}]\n", "spec.yaml").data == {"a": [1, {"b": "c"}]}
