"""The guarded loader: every hostile input is refused at its place, and every legal one read as YAML 1.2 says."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from graymesh.diagnostic import Diagnostic, Refused, Span
from graymesh.source import events, load
from graymesh.source.conflicts import conflict_line
from graymesh.source.limits import SPEC

FOLDER = Path(__file__).parent / "source"

BAD: dict[str, tuple[str, int, int]] = {
    "Y01": ("GM003", 2, 1),
    "Y01-quoted": ("GM003", 1, 20),
    "Y01-nested": ("GM003", 5, 7),
    "Y02": ("GM010", 3, 1),
    "Y02-number": ("GM010", 2, 3),
    "Y02-float": ("GM010", 1, 5),
    "Y02-null": ("GM010", 1, 5),
    "Y02-empty": ("GM002", 1, 5),
    "Y02-list": ("GM010", 1, 1),
    "Y02-alias": ("GM010", 2, 1),
    "Y05-one": ("GM005", 3, 3),
    "Y10-binary": ("GM004", 1, 4),
    "Y10-directive": ("GM004", 1, 1),
    "Y10-foreign": ("GM004", 1, 4),
    "Y10-include": ("GM004", 1, 4),
    "Y10-int": ("GM004", 1, 4),
    "Y10-key": ("GM004", 1, 1),
    "Y10-omap": ("GM004", 1, 4),
    "Y10-python": ("GM004", 1, 4),
    "Y10-set": ("GM004", 1, 4),
    "Y10-timestamp": ("GM004", 1, 4),
    "Y10-vault": ("GM004", 1, 4),
    "Y19": ("GM009", 2, 1),
    "Y19-empty-second": ("GM009", 2, 1),
    "Y20-comments": ("GM008", 1, 1),
    "Y20-empty": ("GM008", 1, 1),
    "Y20-list": ("GM008", 2, 1),
    "Y20-marker": ("GM008", 1, 1),
    "Y20-null": ("GM008", 1, 1),
    "Y20-scalar": ("GM008", 1, 1),
    "Y23": ("GM002", 2, 1),
    "Y23-block": ("GM002", 2, 1),
    "Y23-deeper": ("GM002", 3, 1),
    "Y23-list": ("GM002", 3, 3),
    "Y25-half": ("GM002", 1, 7),
    "Y25-pair": ("GM002", 1, 7),
    "anchor-inside": ("GM005", 1, 11),
    "anchor-twice": ("GM005", 2, 4),
    "anchor-undefined": ("GM005", 1, 4),
    "number-huge": ("GM006", 1, 21),
    "syntax-after-quote": ("GM002", 2, 16),
    "syntax-at": ("GM002", 2, 11),
    "syntax-comma": ("GM002", 1, 14),
    "syntax-escape": ("GM002", 2, 10),
    "syntax-indentation": ("GM002", 3, 3),
    "syntax-list-and-key": ("GM002", 4, 5),
    "syntax-list-in-line": ("GM002", 2, 11),
    "syntax-no-colon": ("GM002", 3, 3),
    "syntax-star": ("GM002", 2, 13),
    "syntax-two-colons": ("GM002", 2, 15),
    "syntax-unclosed-list": ("GM002", 2, 11),
    "syntax-unclosed-quote": ("GM002", 2, 11),
    "syntax-version": ("GM002", 1, 1),
}

GOOD: dict[str, Any] = {
    "Y02": {"on": 1, "yes": 2, "y": 3, "true": 4, "1": 5, "null": 6},
    "Y10": {"a": "1", "b": "2", "c": ""},
    "Y11": {"time": "22:30", "other": "08:30"},
    "Y13": {"version": 1.1, "nested": [1.1, 31, "1.10", 5]},
    "Y14": {"country": "NO", "flag": "off", "x": "y", "list": ["Yes", "n", "ON"]},
    "Y17": {"x": "="},
    "Y26": {"date": "2026-01-01", "time": "2026-01-01T10:00:00Z"},
    "anchors": {
        "base": {"a": 1, "b": ["x", "y"]},
        "same": {"a": 1, "b": ["x", "y"]},
        "list": [1, {"a": 1, "b": ["x", "y"]}],
        "twice": [[1, {"a": 1, "b": ["x", "y"]}], [1, {"a": 1, "b": ["x", "y"]}]],
        "word": "hi",
        "again": "hi",
    },
}


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


def test_every_file_is_expected() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{n}.bad.yaml" for n in BAD} | {f"{n}.good.yaml" for n in GOOD}


@pytest.mark.parametrize("name", BAD)
def test_refused_at_its_place(name: str) -> None:
    found = refusal((FOLDER / f"{name}.bad.yaml").read_bytes())
    assert (found.code, found.span.line, found.span.column) == BAD[name]
    assert found.file == "spec.yaml"
    assert found.help


@pytest.mark.parametrize("name", BAD)
def test_refused_without_libyaml_too(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "parser_class", events.python_parser_class)
    found = refusal((FOLDER / f"{name}.bad.yaml").read_bytes())
    assert (found.code, found.span.line) == BAD[name][:2]


@pytest.mark.parametrize("name", GOOD)
def test_read_as_core_schema(name: str, parser: str) -> None:
    text = (FOLDER / f"{name}.good.yaml").read_bytes()
    assert repr(load(text, "spec.yaml").data) == repr(GOOD[name])


def test_a_repeated_key_shows_both_places() -> None:
    found = refusal((FOLDER / "Y01-quoted.bad.yaml").read_bytes())
    assert found.span == Span(1, 20, 1, 23)
    assert [(note.span, note.file) for note in found.notes] == [(Span(1, 8, 1, 9), "spec.yaml")]


@pytest.mark.parametrize("name", [name for name in BAD if name.startswith("Y20")])
def test_nothing_found_is_a_usage_error(name: str) -> None:
    with pytest.raises(Refused) as caught:
        load((FOLDER / f"{name}.bad.yaml").read_bytes(), "spec.yaml")
    assert caught.value.usage
    assert "no rollout found" in caught.value.diagnostics[0].message


def test_other_refusals_are_no_usage_errors() -> None:
    with pytest.raises(Refused) as caught:
        load("a: 1\na: 2", "spec.yaml")
    assert not caught.value.usage


def test_what_is_missing_has_a_name() -> None:
    with pytest.raises(Refused, match="no project found"):
        load("", "graymesh.yaml", what="project")


# Multiplication and depth


def cpu_seconds(text: str) -> tuple[Diagnostic, float]:
    refusal("imports: [")
    start = time.process_time()
    found = refusal(text)
    return found, time.process_time() - start


def test_y04_quadratic_aliases(parser: str) -> None:
    text = f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 20_000)}]\n"
    found, seconds = cpu_seconds(text)
    assert (found.code, found.span.line) == ("GM005", 2)
    assert seconds < 2


def test_many_aliases_of_something_small() -> None:
    found = refusal("a: &a x\nb: [" + ", ".join(["*a"] * (SPEC.aliases + 1)) + "]\n")
    assert (found.code, found.span.line) == ("GM005", 2)
    assert load("a: &a x\nb: [" + ", ".join(["*a"] * 100) + "]\n", "spec.yaml").data["b"] == ["x"] * 100


def bomb(reference: str) -> str:
    levels = [f"a0: &a0 {{{', '.join(f'k{i}: {i}' for i in range(10))}}}"]
    levels += [f"a{n}: &a{n}{reference.format(', '.join([f'*a{n - 1}'] * 10))}" for n in range(1, 10)]
    return "\n".join(levels) + "\n"


def test_y05_merge_bomb() -> None:
    found, seconds = cpu_seconds(bomb("\n  <<: [{}]"))
    assert (found.code, found.span.line, found.span.column) == ("GM005", 3, 3)
    assert seconds < 0.05


def test_alias_bomb() -> None:
    found, seconds = cpu_seconds(bomb(" [{}]"))
    assert found.code == "GM005"
    assert seconds < 0.05


def test_aliases_do_not_hide_depth() -> None:
    levels = ["a0: &a0 " + "[" * 30 + "]" * 30] + [f"a{n}: &a{n} {'[' * 30}*a{n - 1}{']' * 30}" for n in (1, 2, 3)]
    assert load("\n".join(levels[:2]), "spec.yaml").data
    found = refusal("\n".join(levels))
    assert (found.code, found.span.line) == ("GM005", 3)


DEEP = {
    "Y07": "[" * 100_000,
    "Y07-closed": "[" * 100_000 + "]" * 100_000,
    "Y07-mixed": "{a: [" * 50_000,
    "Y07-lines": "[\n" * 100_000,
    "Y07-below-a-key": "a: b\nc: " + "[" * 100_000,
    "Y07-dashes": "- " * 100_000,
    "Y08": "\n".join(" " * level + "a:" for level in range(1_000)),
    "Y08-lists": "\n".join(" " * level + "-" for level in range(1_000)),
}


@pytest.mark.parametrize("name", DEEP)
def test_depth(name: str, parser: str) -> None:
    found, seconds = cpu_seconds(DEEP[name])
    assert (found.code, found.message) == ("GM006", "nested deeper than 64 levels")
    assert seconds < 2


@pytest.mark.parametrize("text", ["{" * 100_000, "? " * 100_000, "{? [" * 100_000, "[{" * 100_000])
def test_y07_deep_keys_are_no_text(text: str, parser: str) -> None:
    found, seconds = cpu_seconds(text)
    assert found.code == "GM010"
    assert seconds < 2


def test_y08_three_thousand_levels_exceed_the_size_first() -> None:
    assert refusal("\n".join(" " * level + "a:" for level in range(3_000))).code == "GM006"


@pytest.mark.parametrize("text", ["'[' * 100000", "'[' * 100000 + ']' * 100000", "'{a: ' * 100000", "'- ' * 100000"])
def test_y07_does_not_kill_the_process(text: str) -> None:
    program = f"""
from graymesh.diagnostic import Refused
from graymesh.source import load, load_artifacts
for read in load, load_artifacts:
    try:
        read({text}, "spec.yaml")
    except Refused as refused:
        print(refused.diagnostics[0].code)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.split()) == (0, ["GM006", "GM006"])


def test_sixty_four_levels_are_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load("a: " + "[" * 63 + "]" * 63, "spec.yaml").data
    assert refusal("a: " + "[" * 64 + "]" * 64).code == "GM006"


def test_size() -> None:
    assert refusal(b"#" * (SPEC.bytes + 1)).code == "GM006"
    assert refusal("#" * (SPEC.bytes + 1)).code == "GM006"
    assert refusal(b"#" * SPEC.bytes).code == "GM008"


def test_nodes() -> None:
    found, seconds = cpu_seconds("a: [" + "1," * SPEC.nodes + "]")
    assert (found.code, found.span.line) == ("GM006", 1)
    assert seconds < 2


@pytest.mark.parametrize("text", ["1:59" + ":59" * 60_000, "0x" + "_" * 100_000, "1" + "_" * 100_000, "-" * 100_000])
def test_y16_long_scalars_are_text_in_no_time(text: str) -> None:
    assert load("imports: |\n", "spec.yaml")
    start = time.process_time()
    assert load(f"n: {text}\n", "spec.yaml").data == {"n": text}
    assert time.process_time() - start < 0.05


@pytest.mark.parametrize("text", ["9" * 100_000, "0x" + "f" * 100_000, "1." + "9" * 100_000, "0." + "1e" + "9" * 5_000])
def test_long_numbers(text: str) -> None:
    found, seconds = cpu_seconds(f"n: {text}\n")
    assert found.code == "GM006"
    assert seconds < 0.05


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> other\n", 2),
        ("<<<<<<< HEAD\r\nb: 1\r\n||||||| base\r\n=======\r\n>>>>>>> other\r\n", 1),
        ("<<<<<<< HEAD\n<<<<<<< HEAD\n=======\n>>>>>>> other\n", 2),
        ("a: |\n  <<<<<<< HEAD\n  =======\n  >>>>>>> other\n", None),
        ("# <<<<<<< HEAD\n=======\n>>>>>>> other\n", None),
        ("=======\n<<<<<<< HEAD\n>>>>>>> other\n", None),
        ("<<<<<<<< eight\n=======\n>>>>>>>> eight\n", None),
    ],
)
def test_marks_of_a_merge_conflict(text: str, line: int | None) -> None:
    assert conflict_line(text) == line
    if line:
        with pytest.raises(Refused) as error:
            load(text, "x.yaml")
        assert [(each.code, each.span.line) for each in error.value.diagnostics] == [("GM012", line)]
