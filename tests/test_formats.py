"""Formats for CI services: accepted by their readers, the same findings in each, and nothing of the user's acts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unicodedata import category
from urllib.parse import unquote_to_bytes

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from syrupy.assertion import SnapshotAssertion

from graymesh.diagnostic import Diagnostic, Note, Span
from graymesh.lint import page
from graymesh.lint.engine import all_rules
from graymesh.report import render
from graymesh.report.markdown import LARGEST_BYTES, quoted
from graymesh.report.places import RepositoryPlaces
from graymesh.report.shown import inline, worst
from graymesh.source import load
from tests.test_report import ALL, FILE, NASTY, TEXT, hostile

DATA = Path(__file__).parent / "report"
SARIF = jsonschema.Draft4Validator(json.loads((DATA / "sarif-schema-2.1.0.json").read_text(encoding="utf-8")))
JUNIT = etree.XMLSchema(etree.parse(DATA / "junit-10.xsd"))
GITLAB = jsonschema.Draft202012Validator(
    {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["description", "check_name", "fingerprint", "severity", "location"],
            "properties": {
                "description": {"type": "string", "minLength": 1},
                "check_name": {"type": "string"},
                "fingerprint": {"type": "string", "minLength": 1},
                "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                "location": {
                    "required": ["path", "lines"],
                    "properties": {
                        "path": {"type": "string", "minLength": 1, "not": {"pattern": r"^\./"}},
                        "lines": {"required": ["begin"], "properties": {"begin": {"type": "integer", "minimum": 1}}},
                    },
                },
            },
        },
    }
)
FORMATS = ["sarif", "github", "junit", "gitlab", "markdown"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Names of files do not depend on where tests run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def found() -> list[Diagnostic]:
    source = load(TEXT.replace("\t", ""), FILE)
    return [source.place(diagnostic) for diagnostic in ALL]


def sarif(diagnostics: list[Diagnostic], sources: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The one run of a valid SARIF file."""
    output = render("sarif", diagnostics, sources or {})
    assert output.isascii()
    data = json.loads(output)
    SARIF.validate(data)
    run: dict[str, Any] = data["runs"][0]
    return run


def junit(diagnostics: list[Diagnostic]) -> Any:
    root = etree.fromstring(render("junit", diagnostics, {}).encode(), etree.XMLParser(huge_tree=True))
    JUNIT.assertValid(root)
    return root


def gitlab(diagnostics: list[Diagnostic], sources: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    output = render("gitlab", diagnostics, sources or {})
    assert output.isascii()
    issues: list[dict[str, Any]] = json.loads(output)
    GITLAB.validate(issues)
    return issues


class Command:
    """A line of a log as GitHub's runner reads it: `name`, `properties` and `data`, or None for other lines."""

    def __init__(self, name: str, properties: dict[str, str], data: str) -> None:
        self.name, self.properties, self.data = name, properties, data

    @classmethod
    def read(cls, line: str) -> Command | None:
        line = line.lstrip()
        head, sign, data = line[2:].partition("::")
        if not line.startswith("::") or not sign:
            return None
        name, _, rest = head.partition(" ")
        pairs = (pair.split("=", 1) for pair in rest.split(",") if "=" in pair)
        return cls(name, {key: cls._plain(value, ":,") for key, value in pairs}, cls._plain(data))

    @staticmethod
    def _plain(text: str, more: str = "") -> str:
        for char in f"\r\n{more}":
            text = text.replace(f"%{ord(char):02X}", char)
        return text.replace("%25", "%")


def commands(diagnostics: list[Diagnostic]) -> tuple[list[Command], list[str]]:
    """The commands of the `github` format, and the lines that are none."""
    lines = render("github", diagnostics, {}).split("\n")
    assert lines.pop() == ""
    read = [(line, Command.read(line)) for line in lines]
    return [command for _, command in read if command], [line for line, command in read if not command]


# The same findings


@pytest.mark.parametrize("name", FORMATS)
def test_renderings(name: str, found: list[Diagnostic], snapshot: SnapshotAssertion) -> None:
    output = render(name, found, {FILE: TEXT})
    if name == "sarif":  # pages of rules and the version change for other reasons
        data = json.loads(output)
        data["runs"][0]["tool"]["driver"] = {}
        output = json.dumps(data, indent=2)
    assert output == snapshot


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_found(name: str, snapshot: SnapshotAssertion) -> None:
    output = render(name, [], {})
    assert re.sub(r'ersion": "\d+\.\d+\.\d+[^"]*"', 'ersion": "…"', output) == snapshot


def test_nothing_found_is_valid_everywhere() -> None:
    assert sarif([])["results"] == []
    assert gitlab([]) == []
    cases = junit([]).findall("testsuite/testcase")
    assert [len(case) for case in cases] == [0], "no case at all would be taken for a broken run"


@pytest.mark.parametrize("name", FORMATS)
def test_formats_are_loaded_only_when_used(name: str) -> None:
    code = "import sys; from graymesh.report import render, FORMATS; render('concise', [], {}); "
    code += f"print([m for m in sys.modules if m == 'graymesh.report.{name}' or m in ('xml', 'graymesh.lint.engine')])"
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout == "[]\n"


# SARIF


def test_every_rule_has_what_github_shows() -> None:
    every = [Diagnostic(code=rule.code, message="x", file=FILE) for rule in all_rules()]
    rules = sarif(every)["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.code for rule in all_rules()]
    levels = {"error": "error", "warning": "warning", "info": "note"}
    for rule, known in zip(rules, all_rules(), strict=True):
        assert rule["defaultConfiguration"] == {"level": levels[known.level]}
        assert 0 < len(rule["shortDescription"]["text"]) <= 255
        assert 0 < len(rule["fullDescription"]["text"]) <= 1_024
        assert rule["help"]["text"]
        assert rule["help"]["markdown"].count("```") == 2 * len(page.read(known.page).examples)
        assert rule["helpUri"].startswith("https://")
        assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", rule["name"])


def test_results_point_at_their_rules(found: list[Diagnostic]) -> None:
    run = sarif(found)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == sorted({each.code for each in found})
    for result, each in zip(run["results"], found, strict=True):
        assert rules[result["ruleIndex"]] == result["ruleId"] == each.code


def test_columns_count_code_points_and_end_behind_the_last() -> None:
    text = "a: '😀 灰度' # v1\n"
    run = sarif([Diagnostic(code="GM111", message="x", file=FILE, span=Span(1, 4, 1, 10))], {FILE: text})
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert run["columnKind"] == "unicodeCodePoints"
    assert text[region["startColumn"] - 1 : region["endColumn"] - 1] == "'😀 灰度'"


def test_notes_are_related_locations(found: list[Diagnostic]) -> None:
    related = sarif(found)["results"][0]["relatedLocations"]
    assert [place["message"]["text"] for place in related] == ["the route that takes them"]
    assert related[0]["physicalLocation"]["artifactLocation"]["uri"] == FILE
    assert related[0]["physicalLocation"]["region"]["startLine"] == 4


def test_many_notes_are_cut_and_it_is_said() -> None:
    diagnostic = Diagnostic(code="GM106", message="x", file=FILE, notes=(Note((), "n"),) * 1_500)
    result = sarif([diagnostic])["results"][0]
    assert len(result["relatedLocations"]) == 100
    assert "and 1400 more notes" in result["message"]["text"]


NAMES = [
    "a b.yaml",
    "50%.yaml",
    "a#b?c.yaml",
    "a\nb.yaml",
    "灰度.yaml",
    "a:b.yaml",
    "::error::x",
    "\udcff\udc80.yaml",
    "a\\b",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("above", ["", "releases/", "/elsewhere/"])
def test_uris_give_back_the_bytes_of_the_name(name: str, above: str) -> None:
    place = sarif([hostile("x", above + name)])["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert re.fullmatch(r"(?:file://)?[A-Za-z0-9._~%/-]+", place["uri"])
    assert unquote_to_bytes(place["uri"].removeprefix("file://")) == os.fsencode(above + name)
    assert (place.get("uriBaseId") == "%SRCROOT%") == (not above.startswith("/"))


def test_a_finding_without_a_file_has_a_place_all_the_same() -> None:
    everywhere = [Diagnostic(code="GM906", message="x")]
    assert sarif(everywhere)["results"][0]["locations"], "GitHub refuses the whole file otherwise"
    assert gitlab(everywhere)[0]["location"]["path"] == "graymesh.yaml"


def test_no_message_holds_a_link() -> None:
    result = sarif([hostile("see [here](https://evil.example) or [there](1)")])["results"][0]
    texts = [result["message"]["text"], result["relatedLocations"][0]["message"]["text"]]
    assert not any("](" in text for text in texts)


# Places


def test_names_are_from_the_root_of_the_repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "repository" / ".git").mkdir(parents=True)
    below = folder / "repository" / "shop" / "releases"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    places = RepositoryPlaces()
    assert places.name("a.yaml") == "shop/releases/a.yaml"
    assert places.name("../b.yaml") == "shop/b.yaml"
    assert places.name(str(below / "c.yaml")) == "shop/releases/c.yaml"
    assert places.name("../../../outside.yaml") == str(folder / "outside.yaml")
    wanted = "shop/releases/a.yaml"
    finding = [Diagnostic(code="GM101", message="x", file="a.yaml")]
    assert gitlab(finding)[0]["location"]["path"] == wanted
    assert commands(finding)[0][0].properties["file"] == wanted


def marks(text: str, *lines: int) -> list[str]:
    """The fingerprints of one and the same finding at these lines of a text."""
    found = [Diagnostic(code="GM201", message="m", file=FILE, span=Span(line, 1, line, 2)) for line in lines]
    results = sarif(found, {FILE: text})["results"]
    known = [result["partialFingerprints"]["graymesh/v1"] for result in results]
    assert [issue["fingerprint"] for issue in gitlab(found, {FILE: text})] == known
    return known


def test_fingerprints_stay_when_lines_move_or_are_indented() -> None:
    before = marks("a: 1\nb: 2\n", 2)
    assert marks("# new\n\na: 1\nb: 2\n", 4) == before
    assert marks("x:\n  a: 1\n  b:   2\n", 3) == before
    assert marks("a: 1\nb: 3\n", 2) != before
    assert len(before[0]) == 32


def test_fingerprints_are_different_within_a_file() -> None:
    same = marks("a: 1\na: 1\na: 1\n", 1, 2, 3, 3)
    assert len(set(same)) == 4
    assert marks("\n\na: 1\na: 1\na: 1\n", 3, 4, 5, 5) == same


def test_fingerprints_do_not_depend_on_the_text_being_there() -> None:
    assert len(set(marks("", 5, 9))) == 2


# GitHub


def test_github_reads_what_was_said(found: list[Diagnostic]) -> None:
    read, others = commands(found)
    assert [command.name for command in read] == ["warning", "error", "error", "notice"]
    assert others == ["graymesh: 2 errors, 1 warning, 1 info"]
    place = {"file": FILE, "line": "5", "endLine": "5", "col": "7", "endColumn": "78"}
    assert read[0].properties == {**place, "title": "graymesh GM201"}
    assert read[0].data.split("\n") == [found[0].message, "help: move it above 'internal'"]


def test_columns_are_left_out_when_a_place_has_several_lines(found: list[Diagnostic]) -> None:
    """The runner drops such columns with a message."""
    several = commands(found)[0][-1].properties
    assert (several["line"], several["endLine"]) == ("7", "8")
    assert not {"col", "endColumn"} & set(several)


def test_ten_of_a_level_and_a_line_about_the_rest() -> None:
    levels = ["info"] * 3 + ["warning"] * 12 + ["error"] * 11
    read, others = commands([Diagnostic(code="GM1", message=str(n), level=lv) for n, lv in enumerate(levels)])
    names = [command.name for command in read]
    assert [names.count(name) for name in ("error", "warning", "notice")] == [10, 10, 3]
    assert [command.data for command in read] == [str(n) for n in [*range(13), *range(15, 25)]]
    line = "graymesh: 11 errors, 12 warnings, 3 infos; 3 of them are not annotated, since GitHub keeps 10 of a level"
    assert others == [line]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_files_in_commands(name: str) -> None:
    read, _ = commands([hostile("x", name)])
    assert read[0].properties["file"] == inline(name)


# JUnit


def test_errors_fail_and_others_do_not(found: list[Diagnostic]) -> None:
    root = junit(found)
    verdicts = [case[0].tag for case in root.iter("testcase")]
    assert verdicts == ["skipped", "failure", "failure", "skipped"]
    assert dict(root.attrib) == {"name": "graymesh", "tests": "4", "failures": "2", "errors": "0"}


def test_a_suite_for_each_file() -> None:
    files = ["b.yaml", "a.yaml", "b.yaml", ""]
    suites = junit([Diagnostic(code="GM1", message="x", file=file) for file in files]).findall("testsuite")
    assert [(suite.get("name"), suite.get("tests")) for suite in suites] == [
        ("graymesh", "1"),
        ("a.yaml", "1"),
        ("b.yaml", "2"),
    ]


# Limits


@pytest.mark.parametrize("name", ["sarif", "junit", "gitlab"])
def test_more_than_services_take_is_cut_and_counted(name: str) -> None:
    warning = Diagnostic(code="GM507", message="w", level="warning", file=FILE)
    error = Diagnostic(code="GM101", message="e", file=FILE)
    output = render(name, [*[warning] * 25_001, *[error] * 4], {})
    assert "left out: 20005 warnings" in output
    if name == "sarif":
        results = json.loads(output)["runs"][0]["results"]
        assert [len(results), *(result["ruleId"] for result in results[-5:])] == [5_000, "GM507", *["GM101"] * 4]


@pytest.mark.parametrize("name", FORMATS)
def test_long_messages_are_cut_and_it_is_said(name: str) -> None:
    output = render(name, [hostile("x" * 1_000_000)], {})
    assert re.search(r"more characters\\?\)", output)
    assert len(output) < 50_000


def test_markdown_is_cut_by_number_and_by_size() -> None:
    some = render("markdown", [hostile("x")] * 25_000, {})
    assert some.count("| error |") == 200
    assert some.endswith("\nleft out: 24800 errors\n")
    large = render("markdown", [hostile("@" * 1_000_000, "$" * 4_000)] * 250, {})
    assert len(large.encode()) < LARGEST_BYTES + 1_000
    rows = large.count("| error |")
    assert f"\nleft out: {250 - rows} errors\n" in large
    assert rows > 20


def test_the_gravest_are_kept_in_their_order() -> None:
    levels = ["info", "error", "warning", "info", "error", "warning"]
    found = [Diagnostic(code=f"GM{n}", message="x", level=level) for n, level in enumerate(levels)]
    assert [each.code for each in worst(found, 3)] == ["GM1", "GM2", "GM4"]
    assert [each.code for each in worst(found, 9)] == [each.code for each in found]


# Hostile text


BIDIRECTIONAL = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def no_commands_in(output: str, own: str = "") -> None:
    """No line is a command of a log reader, none holds a character that cannot be seen."""
    for line in output.split("\n"):
        assert not [char for char in line if category(char) in ("Cc", "Cs", "Zl", "Zp") or char in BIDIRECTIONAL], line
        assert not line.lstrip().startswith("::") or (own and re.match(own, line)), line
        assert not re.search(r"##\w*\[", line), line
    output.encode()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("text", NASTY)
def test_nothing_acts(name: str, text: str) -> None:
    output = render(name, [hostile(text), hostile(text, file=f"::{text}")], {FILE: f"{text}\n"})
    no_commands_in(output, r"::error (?:file|line)=[^:]*::" if name == "github" else "")


MARKUP = [
    "[a](javascript:x)",
    "![a](https://evil.example/x.png)",
    "<img src=x onerror=y>",
    "<!-- x",
    "a | b",
    "`code` ```",
    "**bold** __bold__ ~~gone~~",
    "# heading",
    "https://evil.example www.evil.example",
    "a@b.example @octocat @org/team",
    "$x^2$ $$y$$",
    "&lt;b&gt; &#64;octocat",
    "\\[a](x)",
    ":::mermaid",
    '"]; click A href "javascript:x"',
    "%%{init}%%",
]


@pytest.mark.parametrize("text", [*MARKUP, *NASTY])
def test_markdown_shows_text_as_text(text: str) -> None:
    """Read back by Markdown's rules: a backslash takes markup's meaning away, an element of its own a mention's."""
    shown = quoted(text)
    plain = re.sub(r"<span>([@$])</span>", lambda match: f"\0{ord(match[1])};", shown)
    bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", plain)
    assert not re.search(r"[\\`*_{}\[\]()<>#|~&!@$]|://|www\.", bare), bare
    plain = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", plain)
    assert re.sub("\0(\\d+);", lambda match: chr(int(match[1])), plain) == inline(text)


texts = st.text(st.characters(exclude_categories=()), max_size=40) | st.sampled_from([*NASTY, *MARKUP, "]]>", "::a::b"])
spans = st.tuples(*[st.integers(1, 30)] * 2).map(lambda start: Span(*start, start[0], start[1] + 3))
notes = st.builds(Note, st.just(()), texts, texts, spans)
diagnostics = st.lists(
    st.builds(
        Diagnostic,
        code=st.sampled_from(["GM101", "GM201", "GM999"]) | texts,
        message=texts,
        level=st.sampled_from(["error", "warning", "info"]),
        help=texts,
        notes=st.lists(notes, max_size=2).map(tuple),
        targets=st.lists(texts, max_size=2).map(tuple),
        file=texts,
        span=spans,
    ),
    max_size=5,
)


@settings(max_examples=100, deadline=None)
@given(diagnostics)
def test_sarif_says_the_same(given_: list[Diagnostic]) -> None:
    results = sarif(given_)["results"]
    assert [result["message"]["text"].split("\n")[0] for result in results] == [
        inline(each.message).replace("](", "] (") for each in given_
    ]
    assert [result["ruleId"] for result in results] == [inline(each.code) for each in given_]


@settings(max_examples=100, deadline=None)
@given(diagnostics)
def test_junit_says_the_same(given_: list[Diagnostic]) -> None:
    verdicts = [case[0] for case in junit(given_).iter("testcase") if len(case)]
    said = sorted((verdict.get("type"), verdict.get("message")) for verdict in verdicts)
    assert said == sorted((inline(each.code), inline(each.message)) for each in given_)


@settings(max_examples=100, deadline=None)
@given(diagnostics)
def test_gitlab_says_the_same(given_: list[Diagnostic]) -> None:
    issues = gitlab(given_)
    assert [issue["description"] for issue in issues] == [f"{inline(d.code)}: {inline(d.message)}" for d in given_]
    assert len({issue["fingerprint"] for issue in issues}) == len(given_)


@settings(max_examples=100, deadline=None)
@given(diagnostics)
def test_github_says_the_same_and_nothing_else(given_: list[Diagnostic]) -> None:
    read, others = commands(given_)
    assert [command.data.split("\n")[0] for command in read] == [inline(each.message) for each in given_]
    assert [command.name for command in read] == [
        {"error": "error", "warning": "warning", "info": "notice"}[each.level] for each in given_
    ]
    assert all(set(c.properties) <= {"file", "line", "endLine", "col", "endColumn", "title"} for c in read)
    assert len(others) == bool(given_)


@settings(max_examples=100, deadline=None)
@given(diagnostics)
def test_no_format_lets_a_line_begin_with_a_command(given_: list[Diagnostic]) -> None:
    for name in FORMATS:
        own = r"::(?:error|warning|notice) (?:file|title)=" if name == "github" else ""
        no_commands_in(render(name, given_, {}), own)
