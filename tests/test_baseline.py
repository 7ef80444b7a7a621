# ruff: noqa: F811  the fixture `cli` is another module's
"""Findings that are known: left out while they are there, said when they are gone, never in the way of an error."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from graymesh.commands.schemas import output_schemas
from tests.test_cli import SHOP, Cli, cli  # noqa: F401

FILE = "known.json"
KNOWN = ["--baseline", FILE]
STRICT = ["--fail-on", "info", "--format", "concise"]
HIDE = ["  stage: gray-5", "  stage: gray-5 "]


@pytest.fixture
def known(cli: Cli) -> Cli:
    done = cli("lint", *KNOWN, "--write-baseline", *STRICT)
    assert (done.code, done.out) == (0, "")
    assert f"{FILE}: 4 findings written" in done.err
    return cli


def entries() -> list[dict[str, str]]:
    return json.loads(Path(FILE).read_text())["findings"]


def test_known_findings_are_neither_told_nor_counted(known: Cli) -> None:
    assert known("lint", *STRICT).code == 1
    assert known("lint", *KNOWN, *STRICT) == (0, "", "")
    assert known("lint", SHOP, *KNOWN, *STRICT) == (0, "", "")
    assert known("lint", SHOP, *KNOWN, *STRICT) == (0, "", ""), "remembered as well"


def test_the_file_fits_its_schema_and_is_sorted(known: Cli) -> None:
    data = json.loads(Path(FILE).read_text())
    validator = jsonschema.Draft202012Validator(output_schemas()["baseline.v1.schema.json"])
    validator.validate(data)
    listed = [tuple(entry.values()) for entry in data["findings"]]
    assert listed == sorted(listed)
    assert listed[0] == (
        "releases/cart.yaml",
        "GM506",
        "/spec/stages/*",
        "stage 'full' moves 90% of all users at once",
    )
    data["findings"][0]["line"] = 1
    assert list(validator.iter_errors(data))


def test_other_lines_and_places_in_lists_change_nothing(known: Cli) -> None:
    known.edit(SHOP, "  stages:\n", "\n  # more\n  stages:\n    - {name: first, weight: 0, hold: 1h}\n")
    done = known("lint", *KNOWN, *STRICT)
    assert "GM506" not in done.out
    assert "GM033" not in done.out


def test_a_new_finding_counts(known: Cli) -> None:
    known.edit(SHOP, "  routes:\n", '    left: [{cookies: {left: "1"}}]\n  routes:\n')
    done = known("lint", *KNOWN, *STRICT)
    assert (done.code, done.out.count("\n")) == (1, 1)
    assert "GM203" in done.out


def test_as_many_as_are_known(known: Cli) -> None:
    """One more finding of the very same words is new."""
    data = json.loads(Path(FILE).read_text())
    first = data["findings"].pop(0)
    Path(FILE).write_text(json.dumps(data))
    assert first["message"] in known("lint", *KNOWN, *STRICT).out


def test_a_finding_that_is_gone_is_said(known: Cli) -> None:
    known.edit(SHOP, "  stages:\n", "  guards: {enforcedBy: operator, errorRate: {max: 1%, window: 5m}}\n  stages:\n")
    done = known("lint", *KNOWN, "--format", "concise", "--fail-on", "warning")
    assert done.code == 1
    assert done.out.startswith(f"{FILE}:1:1: warning[GM033] GM507 is known of releases/shop.yaml, but not found there")
    assert known("lint", "releases/cart.yaml", *KNOWN, *STRICT).code == 0, "of files that were looked at only"
    assert known("lint", *KNOWN, *STRICT, "--select", "GM2,GM033").code == 0, "of codes that were looked for only"
    assert known("lint", *KNOWN, "--write-baseline", *STRICT) == (0, "", f"graymesh: {FILE}: 3 findings written\n")


def test_writing_some_files_keeps_what_is_known_of_others(known: Cli) -> None:
    before = entries()
    assert known("lint", SHOP, *KNOWN, "--write-baseline").code == 0
    assert entries() == before
    Path("releases/cart.yaml").unlink()
    known("lint", SHOP, *KNOWN, "--write-baseline")
    assert {entry["file"] for entry in entries()} == {"releases/shop.yaml"}


def test_errors_can_be_known_but_stop_compile(known: Cli) -> None:
    known.edit(SHOP, "stable: v1", "stabel: v1")
    assert known("lint", *KNOWN, "--write-baseline").code == 0
    assert known("lint", *KNOWN).code == 0
    assert known("compile").code == 1


def test_a_file_that_cannot_be_read_is_never_known(known: Cli) -> None:
    known.edit(SHOP, "kind: Rollout", "kind: [")
    done = known("lint", SHOP, *KNOWN, "--write-baseline", "--format", "concise")
    assert (done.code, "GM002" in done.out) == (1, True)


def test_from_another_folder(known: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("releases")
    assert known("lint", "shop.yaml", "--baseline", f"../{FILE}", *STRICT) == (0, "", "")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 2, "findings": []}', '{"version": 1, "findings": [{"code": 1}]}', "[" * 9999]
)
def test_a_file_that_is_no_baseline(cli: Cli, text: str) -> None:
    Path(FILE).write_text(text)
    for options in ([], ["--write-baseline"]):
        done = cli("lint", *KNOWN, *options)
        assert (done.code, "error[GM034]" in done.out, "Traceback" in done.err) == (2, True, False)
        assert Path(FILE).read_text() == text


def test_usage(cli: Cli) -> None:
    done = cli("lint", *KNOWN)
    assert (done.code, FILE in done.err) == (2, True)
    done = cli("lint", "--write-baseline")
    assert (done.code, "--baseline FILE" in done.err) == (2, True)
