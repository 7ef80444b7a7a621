"""Folders of real files: tests/diff/<case>/{old,new}/**, and what `graymesh diff old new` says about them.

tests/diff/<case>/expected.txt, .md, .json   the three formats, byte for byte

All are snapshots: `pytest --snapshot-update tests/test_diff.py` rewrites them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation

from graymesh.commands.schemas import output_schemas
from graymesh.diff.inputs import two_paths
from graymesh.diff.model import (
    Artifact,
    Change,
    EngineDiff,
    Place,
    ReleaseDiff,
    Risk,
    RouteRow,
    Standing,
    TrafficDiff,
    Witness,
)
from graymesh.diff.report import FORMATS, markdown, render
from graymesh.diff.report.mermaid import label

CASES = Path(__file__).parent / "diff"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())
EXTENSIONS = {"text": "txt", "markdown": "md", "json": "json"}
NO_CHANGE = {"renames-moves-formatting", "later-stages"}


class DiffFiles(SingleFileSnapshotExtension):
    """One snapshot is one real file of the case, at its real path."""

    _write_mode = WriteMode.TEXT
    file_extension = ""

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        return str(CASES)

    @classmethod
    def get_location(cls, *, test_location: PyTestLocation, index: int | str = 0) -> str:
        return str(CASES / str(index))

    def is_snapshot_location(self, *, location: str) -> bool:
        path = Path(location)
        return path.is_relative_to(CASES) and path.stem == "expected"


@pytest.fixture
def files(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(DiffFiles)


def compared(name: str, monkeypatch: pytest.MonkeyPatch) -> TrafficDiff:
    monkeypatch.chdir(CASES / name)
    return two_paths(Path("old"), Path("new"), (), lambda *_: None)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_said(name: str, files: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch) -> None:
    found = compared(name, monkeypatch)
    for form, extension in EXTENSIONS.items():
        # How many lines of a file change is the target's own business.
        text = re.sub(r"\(\+\d+ −\d+\)", "(+… −…)", render(form, found))
        assert text == files(name=f"{name}/expected.{extension}")
    assert found.differs == (name not in NO_CHANGE)


@pytest.mark.parametrize("name", NAMES)
def test_json_fits_its_schema(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    validator = jsonschema.Draft202012Validator(output_schemas()["traffic-diff.v1.schema.json"])
    document = json.loads(render("json", compared(name, monkeypatch), files=True))
    validator.validate(document)
    document["releases"] = [{"key": "x"}]
    assert list(validator.iter_errors(document)), "a release without a state must not pass"


@pytest.mark.parametrize("name", NAMES)
def test_nothing_differs_from_itself(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES / name)
    for side in ("old", "new"):
        found = two_paths(Path(side), Path(side), (), lambda *_: None)
        assert not found.differs
        assert not found.changes
        assert not found.risks


def test_the_old_side_is_told_where_only_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    found = compared("guards-removed", monkeypatch)
    places = [place for change in found.releases[0].changes for place in change.causes]
    assert {place.side for place in places} == {"old"}
    for place in places:
        line = (CASES / "guards-removed" / place.file).read_text(encoding="utf-8").splitlines()[place.line - 1]
        assert line.strip() == place.text


# What hostile values become


HOSTILE = [
    '"]; click A href "javascript:alert(1)"',
    "%%{init: {'theme': 'dark'}}%%",
    "end",
    "```\n# heading\n```mermaid",
    "`a` ``b`` ```",
    "| a | b |\n|---|---|",
    "<img src=x onerror=alert(1)> --> <!-- x",
    "@octocat closes #1 http://evil.example",
    "</details><script>alert(1)</script>",
    "\x1b[31mred\u202e \x1b]8;;http://evil\x07",
    "::error::pwn",
    "\n::stop-commands::x",
    "##[error]pwn",
    "",
    " ",
]


def hostile(value: str) -> TrafficDiff:
    """A diff in which everything that a user can say is this value."""
    place = Place(side="new", file=value, line=1, column=1, text=value)
    witness = Witness(request=value, command=value, old=value, new=value)
    change = Change(kind="version", who=value, what="version", old=value, new=value, notes=(value,), witness=witness)
    full = [
        change,
        Change(kind="setting", who=value, what=value, old=value, new=value, example=value, causes=(place,)),
        Change(kind="undecided", who=value, what=value, old=value, new=value),
    ]
    side = Standing(
        file=value,
        stage=value,
        stable=value,
        hosts=(value,),
        routes=(RouteRow(who=value, shares=((value, 10_000),)),),
        strip=((0, 9999, value),),
    )
    release = ReleaseDiff(key=value, state="changed", old=side, new=side, changes=tuple(full), plan=(value,))
    artifact = Artifact(target=value, path=value, old=value, new=f"{value}\n{value}")
    return TrafficDiff(
        old=value,
        new=value,
        releases=(release, ReleaseDiff(key=value, state="added", old=None, new=side)),
        engines=(EngineDiff(target=value, sees=None, reason=value, artifacts=(artifact,)),),
        risks=(Risk(kind="undecided", release=value, message=value),),
        problems=(value,),
    )


def without_code(text: str) -> str:
    """Markdown without its fences and code spans, by CommonMark's rule: as many backticks close as have opened."""
    text = re.sub(r"^(`{3,})[a-z]*\n.*?^\1`*$", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", text)
    return re.sub(r"\(\+\d+ −\d+\)", "", text)


@pytest.mark.parametrize("value", [value for value in HOSTILE if value.strip()])
def test_markdown_holds_values_in_code_alone(value: str) -> None:
    text = markdown.render(hostile(value), files=True)
    plain = without_code(text)
    harmless = without_code(markdown.render(hostile("x"), files=True))
    assert plain == harmless, "nothing of the value stands outside code"
    assert text.startswith(markdown.MARKER + "\n")


@pytest.mark.parametrize("value", HOSTILE)
def test_mermaid_labels_are_neutral(value: str) -> None:
    found = label(value)
    assert re.fullmatch(r'"[A-Za-z0-9 .,:/→–…_#;-]*"', found)
    assert not re.search(r"#(?!\d+;)", found)


@pytest.mark.parametrize("value", [value for value in HOSTILE if value])
def test_text_holds_values_in_one_line(value: str) -> None:
    assert len(render("text", hostile(value)).splitlines()) == len(render("text", hostile("x")).splitlines())
    text = render("text", hostile(value), files=True) + render("markdown", hostile(value), files=True)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", text)
    assert "##[" not in text
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())


def test_a_comment_is_never_too_long() -> None:
    change = Change(kind="setting", who="v2", what="timeout", old="1s", new="2s" * 100, example="curl http://x/" * 50)
    side = Standing(file="f", stage="s", stable="v1", hosts=(), routes=(RouteRow(who="all", shares=(("v1", 10_000),)),))
    releases = tuple(
        ReleaseDiff(key=f"default/shop-{number}", state="changed", old=side, new=side, changes=(change,) * 5)
        for number in range(100)
    )
    artifacts = tuple(Artifact(target="nginx", path=f"{n}.conf", old="a\n" * 500, new="b\n" * 500) for n in range(20))
    engines = (EngineDiff(target="nginx", sees=True, artifacts=artifacts),)
    text = markdown.render(TrafficDiff(old="a", new="b", releases=releases, engines=engines), files=True)
    assert len(text) <= markdown.MOST_CHARACTERS
    assert len(text) > markdown.MOST_CHARACTERS * 0.9
    last = text.rstrip().splitlines()[-1]
    dropped = {what: int(number) for number, what in re.findall(r"(\d+) × ([a-z ]+?)(?:,|\.)", last)}
    shown = len(re.findall(r"^- `timeout of v2`", text, flags=re.MULTILINE))
    assert dropped["change"] + shown == 500
    assert dropped["file"] == 20
    assert text.count("<details>") == text.count("</details>")
    assert text.count("```mermaid") * 2 == len(re.findall(r"^```", text, flags=re.MULTILINE))


def test_formats_are_found_by_listing() -> None:
    assert {"text", "markdown", "json"} <= set(FORMATS)
    with pytest.raises(KeyError):
        render("nosuch", hostile("x"))
