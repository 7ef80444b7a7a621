"""Encodings, line ends and characters that cannot be seen."""

from __future__ import annotations

import pytest

from graymesh.diagnostic import Diagnostic, Refused, Span
from graymesh.source import events, load


@pytest.fixture(params=["libyaml", "python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both of PyYAML's parsers; libyaml may be missing where graymesh is installed."""
    if request.param == "python":
        monkeypatch.setattr(events, "parser_class", events.python_parser_class)
    return str(request.param)


def refusal(text: str | bytes) -> Diagnostic:
    with pytest.raises(Refused) as caught:
        load(text, "spec.yaml")
    return caught.value.diagnostics[0]


@pytest.mark.parametrize(
    ("data", "place", "word"),
    [
        (b"a: b\nc: \xff\n", (2, 4), "0xff"),
        ("a: ü\n".encode("latin-1"), (1, 4), "0xfc"),
        ("é: ".encode() + b"\xe2\x82", (1, 4), "0xe2"),
        (b"a: \xed\xa0\x80\n", (1, 4), "0xed"),
        (b"a: \xc0\xaf\n", (1, 4), "0xc0"),
        ("a: b\n".encode("utf-16"), (1, 1), "UTF-16"),
        ("a: b\n".encode("utf-16-le"), (1, 1), "UTF-16"),
        ("a: b\n".encode("utf-16-be"), (1, 1), "UTF-16"),
        ("a: b\n".encode("utf-32"), (1, 1), "UTF-32"),
    ],
)
def test_not_utf_8(data: bytes, place: tuple[int, int], word: str) -> None:
    found = refusal(data)
    assert (found.code, found.span.line, found.span.column) == ("GM001", *place)
    assert word in found.message


HIDDEN = {
    "Y22-nul": "\x00",
    "Y22-bell": "\x07",
    "Y22-vertical-tab": "\x0b",
    "Y22-form-feed": "\x0c",
    "Y22-escape": "\x1b",
    "Y22-delete": "\x7f",
    "Y22-c1": "\x80",
    "Y22-csi": "\x9b",
    "U02-paragraph": "\u2029",
    "U02-line": "\u2028",
    "U03-nel": "\x85",
    "U03-cr": "\r",
    "U05-zero-width-space": "\u200b",
    "U05-zero-width-non-joiner": "\u200c",
    "U05-zero-width-joiner": "\u200d",
    "U05-word-joiner": "\u2060",
    "U05-invisible-plus": "\u2064",
    "U05-bom": "\ufeff",
    "U05-soft-hyphen": "\xad",
    "U05-tag-a": "\U000e0061",
    "U05-tag-end": "\U000e007f",
    "U05-language-tag": "\U000e0001",
    "U05-variation-selector": "\ufe00",
    "U05-variation-selector-256": "\U000e01ef",
    "U05-mongolian": "\u180e",
    "U05-hangul-filler": "\u3164",
    "U05-half-hangul-filler": "\uffa0",
    "U05-combining-joiner": "\u034f",
    "bidi-rlo": "\u202e",
    "bidi-lro": "\u202d",
    "bidi-pdf": "\u202c",
    "bidi-rlm": "\u200f",
    "bidi-alm": "\u061c",
    "bidi-rli": "\u2067",
    "bidi-pdi": "\u2069",
    "U08-nbsp": "\xa0",
    "U08-narrow-nbsp": "\u202f",
    "U08-ideographic": "\u3000",
    "U08-em": "\u2003",
    "U08-ogham": "\u1680",
    "U08-braille": "\u2800",
    "noncharacter": "\ufffe",
    "noncharacter-arab": "\ufdd0",
    "annotation": "\ufff9",
    "surrogate": "\ud800",
}
PLACES = {
    "value": ("spec:\n  stable: v{}1\n", (2, 12)),
    "key": ("spec:\n  sta{}ble: v1\n", (2, 6)),
    "comment": ("spec:\n  stable: v1 # note{}b: 2\n", (2, 20)),
    "indentation": ("spec:\n{}  stable: v1\n", (2, 1)),
    "quotes": ('spec:\n  stable: "v{}1"\n', (2, 13)),
    "literal": ("spec: |\n  text{}x\n", (2, 7)),
    "end": ("spec:\n  stable: v1\n# {}x", (3, 3)),
    "first": ("spec: x # {}x\nb: 2\n", (1, 11)),
}


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("name", HIDDEN)
def test_hidden_characters(name: str, where: str) -> None:
    template, place = PLACES[where]
    found = refusal(template.format(HIDDEN[name]) + "x: y\n")
    assert (found.code, found.span.line, found.span.column) == ("GM007", *place)
    assert f"U+{ord(HIDDEN[name]):04X} " in found.message
    assert found.help
    assert found.message.isprintable()


def test_hidden_characters_are_named() -> None:
    assert refusal("a: \u202e").message == "hidden character U+202E RIGHT-TO-LEFT OVERRIDE"
    assert refusal("a: \x1b").message == "hidden character U+001B ESCAPE"
    assert refusal("a: \x9b").message == "hidden character U+009B CONTROL CHARACTER"


def test_several_hidden_characters_are_all_shown_up_to_a_limit() -> None:
    with pytest.raises(Refused) as caught:
        load("a: \u200b\nb: x\u200bé\u200b\n", "spec.yaml")
    assert [(d.span.line, d.span.column) for d in caught.value.diagnostics] == [(1, 4), (2, 5), (2, 7)]
    with pytest.raises(Refused) as caught:
        load("\u200b" * 100_000, "spec.yaml")
    assert len(caught.value.diagnostics) == 20


@pytest.mark.parametrize(
    "text", ["灰度发布", "naïve – “x” …", "😀", "⚠️ careful", "हिन्दी", "𝒳", "\u0301", "\ufffd", "\t"]
)
def test_visible_text_is_fine(text: str) -> None:
    assert load(f'a: "{text}" # {text}\nb: {{c: "{text}"}}\n', "spec.yaml").data == {"a": text, "b": {"c": text}}


def test_u02_a_comment_cannot_hide_a_value() -> None:
    for char in "\u2028\u2029\x85\r":
        found = refusal(f"a: 1 # note{char}b: 2\n")
        assert (found.code, found.span) == ("GM007", Span(1, 12, 1, 13))
        assert "line" in found.help


def test_u08_a_space_that_is_none_says_so() -> None:
    assert "space" in refusal("spec:\n\xa0\xa0a: b").help


def test_a_byte_order_mark_may_stand_at_the_start() -> None:
    for text in ("\ufeffa: b\n", b"\xef\xbb\xbfa: b\n"):
        source = load(text, "spec.yaml")
        assert source.data == {"a": "b"}
        assert source.text == "a: b\n"
        assert source.span(("a",)) == Span(1, 4, 1, 5)


def test_crlf_is_a_line_end(parser: str) -> None:
    text = 'a: b\r\nc:\r\n  - d # é\r\n  - "e\r\n\r\n    f"\r\ng: |\r\n  x\r\n  y\r\n'
    source = load(text, "spec.yaml")
    assert source.data == {"a": "b", "c": ["d", "e\nf"], "g": "x\ny\n"}
    assert source.span(("c", 1)) == Span(4, 5, 6, 7)
    assert source.raw(("c", 0)) == "d"
    assert source.line(3) == "  - d # é"
    assert source.text == text
