"""Renderers: they say the same, show the place, and let nothing of the user's act."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from syrupy.assertion import SnapshotAssertion

from graymesh import report
from graymesh.diagnostic import Diagnostic, Note, Refused, Span, pointer
from graymesh.report import FORMATS, formats_in, render
from graymesh.report.excerpt import excerpt
from graymesh.source import load

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "schemas" / "diagnostics.v1.schema.json").read_text(encoding="utf-8"))
FILE = "releases/product.yaml"
TEXT = """\
apiVersion: graymesh.io/v1alpha1
spec:
  routes:
    - {name: internal, audience: [testers, office], version: v2}
    - {name: beta, audience: testers, version: v3, note: 灰度 发布, from: gray-5}
  stages:
    - name: gray-5
      weight: 5
\t# a tab before a comment
"""
SHADOWED = Diagnostic(
    code="GM201",
    level="warning",
    message="route 'beta' never matches: 'internal' takes all its requests first",
    path=("spec", "routes", 1),
    help="move it above 'internal'",
    notes=(Note(("spec", "routes", 0, "name"), "the route that takes them"),),
    targets=("istio", "nginx"),
)
UNKNOWN = Diagnostic(
    code="GM111",
    message="there is no version 'v3'",
    path=("spec", "routes", 1, "version"),
    help="did you mean 'v2'?",
)
AFTER_WIDE = Diagnostic(code="GM111", message="there is no stage 'gray-5'", path=("spec", "routes", 1, "from"))
SEVERAL_LINES = Diagnostic(code="GM103", level="info", message="`hold` is missing", path=("spec", "stages", 0))
ALL = (SHADOWED, UNKNOWN, AFTER_WIDE, SEVERAL_LINES)


@pytest.fixture(scope="module")
def found() -> list[Diagnostic]:
    text = TEXT.replace("\t", "")
    return [load(text, FILE).place(diagnostic) for diagnostic in ALL]


def hostile(text: str, file: str = FILE) -> Diagnostic:
    return Diagnostic(
        code="GM106",
        message=text,
        help=text,
        file=file,
        span=Span(1, 1, 1, 2),
        notes=(Note((), text, file, Span(1, 1, 1, 2)),),
        targets=(text,),
        path=(text, 0),
    )


@pytest.mark.parametrize("name", ["text", "concise", "json"])
def test_renderings(name: str, found: list[Diagnostic], snapshot: SnapshotAssertion) -> None:
    assert render(name, found, {FILE: TEXT}) == snapshot


def test_colors(found: list[Diagnostic], snapshot: SnapshotAssertion) -> None:
    assert render("text", found[:2], {FILE: TEXT}, color=True) == snapshot


@pytest.mark.parametrize("name", FORMATS)
def test_colors_only_paint(name: str, found: list[Diagnostic]) -> None:
    painted = render(name, found, {FILE: TEXT}, color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == render(name, found, {FILE: TEXT})


@pytest.mark.parametrize("name", ["Y01", "Y23", "syntax-two-colons", "syntax-list-and-key", "Y20-empty"])
def test_refusals_of_the_loader(name: str, snapshot: SnapshotAssertion) -> None:
    text = (ROOT / "tests" / "source" / f"{name}.bad.yaml").read_text(encoding="utf-8")
    with pytest.raises(Refused) as caught:
        load(text, FILE)
    assert render("text", caught.value.diagnostics, {FILE: text}) == snapshot


@pytest.mark.parametrize("name", ["text", "concise"])
def test_nothing_found_is_nothing_said(name: str) -> None:
    assert render(name, [], {}) == ""


# Formats


def test_formats_are_the_modules_that_render() -> None:
    assert {"text", "concise", "json"} <= set(FORMATS)
    assert list(FORMATS) == sorted(FORMATS)
    assert not {"excerpt", "shown"} & set(FORMATS)


def test_a_new_format_is_one_new_file(tmp_path: Path) -> None:
    (tmp_path / "loud.py").write_text("import os\n\ndef render(diagnostics, sources, *, color=False): ...\n")
    (tmp_path / "helper.py").write_text("def rendering(): ...\n")
    (tmp_path / "render.txt").write_text("\ndef render(): ...\n")
    assert formats_in([*report.__path__, str(tmp_path)]) == tuple(sorted([*FORMATS, "loud"]))


def test_no_such_format() -> None:
    with pytest.raises(KeyError):
        render("loud", [], {})
    with pytest.raises(KeyError):
        render("shown", [], {})


def test_a_missing_text_costs_only_the_excerpt(found: list[Diagnostic]) -> None:
    with_text, without = render("text", found, {FILE: TEXT}), render("text", found, {})
    assert " | " in with_text
    assert without == "".join(line for line in with_text.splitlines(True) if " |" not in line)


# Excerpts


def shown(line: str, start: int, end: int) -> tuple[str, str]:
    """The line and the marked part of what is shown, by terminal columns."""
    part = excerpt(line, Span(1, start, 1, end))
    cells = [(char, _width(char)) for char in part.text]
    column, marked = 0, ""
    for char, width in cells:
        if part.before <= column < part.before + part.width:
            marked += char
        column += width
    assert part.before + part.width <= column + 1
    return part.text, marked


def _width(char: str) -> int:
    return 0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1


@pytest.mark.parametrize(
    ("line", "start", "end", "text", "marked"),
    [
        ("stable: v1", 9, 11, "stable: v1", "v1"),
        ("\tstable: v1", 10, 12, "    stable: v1", "v1"),
        ("灰度: v1", 5, 7, "灰度: v1", "v1"),
        ("a: 灰度 b", 4, 6, "a: 灰度 b", "灰度"),
        ("a: 😀 b", 6, 7, "a: 😀 b", "b"),
        ("e\u0301: b", 5, 6, "e\u0301: b", "b"),
        ("a\x1b[31mb: c", 10, 11, "a\\x1b[31mb: c", "c"),
        ("a\u202eb", 2, 3, "a\\u202eb", "\\u202e"),
        ("a\U000e0041b", 2, 3, "a\\U000e0041b", "\\U000e0041"),
        ("a: b\r", 4, 5, "a: b", "b"),
        ("a: ##[error]x", 4, 6, "a: #\\x23[error]x", "#\\x23"),
        ("a: b", 5, 5, "a: b", ""),
        ("a: b", 9, 99, "a: b", ""),
        ("", 1, 1, "", ""),
    ],
)
def test_excerpts(line: str, start: int, end: int, text: str, marked: str) -> None:
    assert shown(line, start, end) == (text, marked)


def test_long_lines_are_cut_around_the_mark() -> None:
    line = "a" * 5_000 + "HERE" + "b" * 5_000
    text, marked = shown(line, 5_001, 5_005)
    assert marked == "HERE"
    assert len(text) == 122
    assert (text[0], text[-1]) == ("…", "…")
    text, marked = shown("x" * 10_000, 1, 10_001)
    assert (text, marked) == ("x" * 120 + "…", "x" * 120)
    text, marked = shown("x" * 10_000, 9_999, 10_001)
    assert (text, marked) == ("…" + "x" * 120, "xx")


def test_a_byte_order_mark_does_not_move_the_mark() -> None:
    diagnostic = Diagnostic(code="GM111", message="x", file=FILE, span=Span(1, 4, 1, 5))
    assert "1 | a: b\n  |    ^\n" in render("text", [diagnostic], {FILE: "\ufeffa: b\n"})


# Hostile text


NASTY = [
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x9b31m",
    "a\n::error::pwn",
    "\r::stop-commands::x",
    "a\u2028::error::x",
    "\u202eevil\u2066",
    "\u200b\ufeff\U000e0041",
    "##[error]x ##vso[task.setvariable]y ##teamcity[message]",
    "[bold]x[/bold] [link=http://x]",
    "%0A::error::x",
    "\ud800",
    "{message} {0} %s",
]


@pytest.mark.parametrize("name", ["text", "concise"])
@pytest.mark.parametrize("text", NASTY)
def test_nothing_acts(name: str, text: str) -> None:
    sources = {FILE: f"{text}\n", f"::{text}": text}
    output = render(name, [hostile(text), hostile(text, file=f"::{text}")], sources)
    for line in output.split("\n"):
        assert line.isprintable(), line
        assert not line.lstrip().startswith("::")
        assert not re.search(r"##\w*\[", line)
    output.encode()


@pytest.mark.parametrize("text", NASTY)
def test_json_is_ascii_and_says_exactly_what_was_said(text: str) -> None:
    output = render("json", [hostile(text)], {})
    assert output.isascii()
    assert json.loads(output)["diagnostics"][0]["message"] == text
    assert not any(line.lstrip().startswith("::") for line in output.split("\n"))


@pytest.mark.parametrize("name", ["text", "concise"])
def test_markup_and_templates_are_printed_literally(name: str) -> None:
    assert "[bold]x[/bold] {0} %s 100%" in render(name, [hostile("[bold]x[/bold] {0} %s 100%")], {})


@pytest.mark.parametrize("name", ["text", "concise"])
def test_long_messages_are_cut_and_it_is_said(name: str) -> None:
    output = render(name, [hostile("x" * 1_000_000)], {FILE: "y" * 1_000_000})
    assert "… (998000 more characters)" in output
    assert len(output) < 20_000


@pytest.mark.parametrize("name", ["text", "concise"])
def test_many_diagnostics_are_cut_and_counted(name: str) -> None:
    output = render(name, [hostile("x")] * 25_000, {})
    assert output.count("error[GM106]") == 200
    assert "\nand 24800 more\n" in output
    if name == "text":
        assert output.endswith("\n25000 errors\n")


def test_many_notes_are_cut() -> None:
    diagnostic = Diagnostic(code="GM106", message="x", file=FILE, notes=(Note((), "n"),) * 50)
    output = render("text", [diagnostic], {})
    assert output.count("note: n") == 10
    assert "and 40 more notes" in output


def test_a_diagnostic_without_a_file_has_no_place() -> None:
    assert render("text", [Diagnostic(code="GM906", message="x")], {}).startswith("error[GM906]: x\n  = explain:")
    assert render("concise", [Diagnostic(code="GM906", message="x")], {}) == "error[GM906] x\n"


# JSON


def validated(output: str) -> Mapping[str, Any]:
    data: Mapping[str, Any] = json.loads(output)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(data)
    return data


def test_json_obeys_its_schema(found: list[Diagnostic]) -> None:
    data = validated(render("json", found, {}))
    assert data["summary"] == {"errors": 2, "warnings": 1, "infos": 1}
    assert [each["code"] for each in data["diagnostics"]] == [each.code for each in found]
    validated(render("json", [], {}))
    validated(render("json", [hostile(text) for text in NASTY], {}))


def test_the_schema_refuses_what_is_not_documented(found: list[Diagnostic]) -> None:
    for change in ({"extra": 1}, {"level": "fatal"}, {"line": 0}, {"code": "X1"}, {"path": "spec"}):
        data = json.loads(render("json", found, {}))
        data["diagnostics"][0].update(change)
        with pytest.raises(jsonschema.ValidationError):
            validated(json.dumps(data))


def test_json_leaves_nothing_out() -> None:
    assert len(json.loads(render("json", [hostile("x")] * 1_000, {}))["diagnostics"]) == 1_000


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), ""),
        (("spec", "routes", 0), "/spec/routes/0"),
        (("a/b", "c~d", ""), "/a~1b/c~0d/"),
        (("~1",), "/~01"),
    ],
)
def test_pointers(path: tuple[str | int, ...], expected: str) -> None:
    assert pointer(path) == expected
