"""Engines' files: every document is read, and nothing that YAML 1.1 and 1.2 read differently is guessed at."""

from __future__ import annotations

from pathlib import Path

import pytest

from graymesh.diagnostic import Refused, Span
from graymesh.source import events, load_artifacts
from graymesh.text import yaml_text

FOLDER = Path(__file__).parent / "artifacts"

BAD: dict[str, tuple[str, int, int]] = {
    "country": ("GM011", 3, 12),
    "octal": ("GM011", 1, 8),
    "base-60": ("GM011", 3, 8),
    "date": ("GM011", 1, 11),
    "exponent": ("GM011", 1, 12),
    "underscore": ("GM011", 1, 8),
    "key": ("GM011", 2, 3),
    "key-y": ("GM011", 1, 15),
    "merge": ("GM005", 3, 3),
    "merge-value": ("GM011", 1, 4),
    "default": ("GM011", 1, 4),
    "large": ("GM011", 1, 5),
    "repeated": ("GM003", 3, 3),
    "number-key": ("GM010", 1, 8),
    "tag": ("GM004", 1, 4),
    "hidden": ("GM007", 1, 8),
    "syntax": ("GM002", 3, 5),
    "deep": ("GM006", 1, 67),
}


def test_every_file_is_expected() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {"stranger.good.yaml"} | {f"{name}.bad.yaml" for name in BAD}


@pytest.mark.parametrize("name", BAD)
def test_refused_at_its_place(name: str) -> None:
    with pytest.raises(Refused) as caught:
        load_artifacts((FOLDER / f"{name}.bad.yaml").read_bytes(), "istio.yaml")
    found = caught.value.diagnostics[0]
    assert (found.code, found.span.line, found.span.column) == BAD[name]
    assert found.file == "istio.yaml"
    assert found.help


@pytest.mark.parametrize("parser", ["libyaml", "python"])
def test_a_strangers_file(parser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if parser == "python":
        monkeypatch.setattr(events, "parser_class", events.python_parser_class)
    service, last = load_artifacts((FOLDER / "stranger.good.yaml").read_bytes(), "x.yaml")
    assert service.data["metadata"] == {
        "name": "reviews",
        "labels": {"app": "reviews", "version": "v1"},
        "annotations": {"note": "folded text"},
    }
    assert service.data["spec"]["http"][0]["fault"]["delay"] == {"percentage": {"value": 0.1}, "fixedDelay": "5s"}
    assert last.data == {"labels": {"a": True}, "same": {"a": True}}
    assert (service.document, last.document) == (1, 3)
    assert service.raw(("spec", "http", 0, "route", 0, "weight")) == "100"
    assert service.span(("spec", "http", 0, "timeout")) == Span(24, 14, 24, 18)
    assert last.raw(("labels", "a")) == "true"


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "---\n---\n# c\n", "---\nnull\n"])
def test_no_documents(text: str) -> None:
    assert load_artifacts(text, "x.yaml") == []


def test_what_all_readers_agree_about_keeps_its_type() -> None:
    text = 'a: 1\nb: -1.5\nc: true\nd: null\ne: ~\nf: 0x1F\ng: "no"\nh: v1.10\ni: 10.0.0.1:80\nj: [.5, +1, 1.5e+3]\n'
    (source,) = load_artifacts(text, "x.yaml")
    values = [1, -1.5, True, None, None, 31, "no", "v1.10", "10.0.0.1:80", [0.5, 1, 1500.0]]
    assert repr(list(source.data.values())) == repr(values)


@pytest.mark.parametrize("text", ["- a\n- b\n", '{"a": [1, "x", null]}', "text\n", '"no"'])
def test_any_root_will_do(text: str) -> None:
    assert len(load_artifacts(text, "x.yaml")) == 1


def documents(count: int) -> list[dict[str, object]]:
    return [
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": {"name": f"service-{number}", "labels": {"country": "NO", "y": "010"}},
            "spec": {"hosts": [f"service-{number}"], "http": [{"route": [{"weight": number % 100}], "match": []}]},
        }
        for number in range(count)
    ]


def test_what_graymesh_writes_comes_back() -> None:
    written = documents(50)
    assert [source.data for source in load_artifacts(yaml_text(*written), "x.yaml")] == written


def test_places_of_all_documents_are_worked_out_together(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = load_artifacts(yaml_text(*documents(20)), "x.yaml")
    read, calls = events.of, []
    monkeypatch.setattr(events, "of", lambda text: calls.append(text) or read(text))
    lines = [source.span(("spec", "hosts", 0)).line for source in sources]
    assert lines == list(range(lines[0], lines[0] + 20 * (lines[1] - lines[0]), lines[1] - lines[0]))
    assert all(source.raw(("spec", "hosts", 0)) == f"service-{n}" for n, source in enumerate(sources))
    assert len(calls) == 1


def test_size() -> None:
    with pytest.raises(Refused) as caught:
        load_artifacts(b"#" * (64 * 1024 * 1024 + 1), "x.yaml")
    assert caught.value.diagnostics[0].code == "GM006"
