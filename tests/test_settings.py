"""Every setting has one row, and every row says what a setting is."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from graymesh.compile.verify import verify
from graymesh.diff.model import Change
from graymesh.diff.protection import protects
from graymesh.diff.settings import trend_of
from graymesh.ir.features import FEATURES
from graymesh.ir.release import RouteTable
from graymesh.ir.settings import SPEC_SETTINGS, SettingRow, SettingRows, UnknownSettingError
from graymesh.ir.wording import setting, value_in_words
from graymesh.kit.declared import DeclarationError, private_settings
from graymesh.kit.registry import target, target_names
from graymesh.kit.target import Decoded, Files, Statement, Target
from graymesh.language.case import Case, case_of
from graymesh.lint import engine
from graymesh.source import load
from tests.helpers import NO_PROJECT, ROOT, case_from

TESTS = ROOT / "tests"
SPECS = sorted([*TESTS.glob("*/**/*.yaml"), *ROOT.glob("examples/*/releases/*.yaml")])


@lru_cache(maxsize=1)
def cases() -> tuple[Case, ...]:
    """Every spec of the tests and the examples that can be understood."""
    return tuple(case for path in SPECS for case in _cases(path))


def _cases(path: Path) -> Iterator[Case]:
    for text in path.read_text(encoding="utf-8").split("\n---\n"):
        if "kind: Rollout" in text and ".bad" not in str(path) and path.parent.name != "bad":
            case, _ = case_of(load(text, path.name), NO_PROJECT)
            yield from [case] if case else []


def artifacts(chosen: Target) -> Iterator[Files]:
    """Files that the target wrote for the tests and the examples, and anybody's that tests read by its rules."""
    name = chosen.manifest.name
    written = [*TESTS.glob(f"cases/*/expected/{name}"), *ROOT.glob(f"examples/*/rendered/{name}")]
    for folder in [*written, *TESTS.glob("*/read/*"), *TESTS.glob("*/manual/*")]:
        files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        yield {
            path: file.read_text(encoding="utf-8")
            for path, file in files.items()
            if path != "expected.yaml" and any(path.endswith(Path(name).suffix) for name in chosen.manifest.writes)
        }


@lru_cache(maxsize=16)
def told_of(name: str) -> frozenset[str]:
    """Names of all settings that files of the target state, or that it expects of them."""
    chosen = target(name)
    fleets = [chosen.decode(files) for files in artifacts(chosen) if files]
    decoded = {name for fleet in fleets for statement in fleet.statements for _, name in statement.settings}
    views = [case.view(manifest) for case in cases() for manifest in case.targets if manifest.name == name]
    return frozenset(decoded | {name for view in views for _, name in chosen.expected(view).settings})


def test_every_setting_of_a_spec_has_a_row_and_every_row_a_spec() -> None:
    said = {name for case in cases() for _, name in case.release.facts}
    assert {SPEC_SETTINGS.of(name) for name in said} == set(SPEC_SETTINGS)


@pytest.mark.parametrize("name", target_names())
def test_every_setting_that_a_target_tells_of_has_a_row_and_every_row_of_its_own_is_told_of(name: str) -> None:
    rows = target(name).settings
    found = {rows.of(each) for each in told_of(name)}
    assert {row.name for row in set(rows) - set(SPEC_SETTINGS) - found} == set()


@pytest.mark.parametrize("name", target_names())
def test_a_setting_is_one_row_s(name: str) -> None:
    """Of several patterns that fit, one has the most text of its own."""
    rows = target(name).settings
    for each in told_of(name):
        fitting = [row for row in rows if SettingRows([row])._fitting(each)]
        lengths = sorted((len(row.name.replace("<gateway>", "")) for row in fitting), reverse=True)
        assert len(fitting) < 2 or lengths[0] > lengths[1], each


@pytest.mark.parametrize("row", [row for name in target_names() for row in target(name).settings], ids=lambda r: r.name)
def test_a_row_is_right_in_itself(row: SettingRow) -> None:
    assert row.doc.endswith(".") and row.doc[0] == row.doc[0].upper()
    assert row.feature == "" or row.feature in FEATURES
    assert row.name.endswith((f".{row.unit}", ">")) or not row.unit
    assert row.protects or not row.weaker, "what protects nothing cannot be weaker"
    assert row.place("v1")[: len(row.place_of_group("v1"))] == row.place_of_group("v1")


def test_the_spec_s_rows_lead_to_keys_of_the_spec() -> None:
    from graymesh.language.keys import keys_of

    paths = {key.path.replace("[]", "").replace("<name>", "*") for key in keys_of("rollout")}
    for row in SPEC_SETTINGS:
        wanted = ".".join("*" if step == "<version>" else str(step) for step in row.path)
        assert any(fnmatch.fnmatchcase(wanted, path) or path == wanted for path in paths), (wanted, sorted(paths))


@pytest.mark.parametrize("name", ["outlier.erors", "limits", "limits.qps.ms", "", "labels", "listen", "jwt.pods"])
def test_what_has_no_row_is_not_a_setting(name: str) -> None:
    with pytest.raises(UnknownSettingError, match=r"it needs a row in graymesh/ir/settings\.py"):
        SPEC_SETTINGS.of(name)
    with pytest.raises(UnknownSettingError):
        setting(("v1", name), SPEC_SETTINGS)


def test_a_decoder_that_tells_of_an_unknown_setting_is_found_by_verify() -> None:
    table = RouteTable(())
    fleet = Decoded((Statement("a.test", {("", "listn"): ("*:80",)}, table, ("a.test",)),))
    with pytest.raises(UnknownSettingError, match="'listn'"):
        verify(target("nginx"), [], fleet, "nginx")


@pytest.mark.parametrize(
    ("key", "words", "value", "said"),
    [
        (("v2", "guards.latency.window.ms"), "guards.latency.window of v2", 300_000, "5m"),
        (("v2", "guards.errorRate.bp"), "guards.errorRate of v2", 100, "1%"),
        (("v1", "labels.app.kubernetes.io/version.ms"), "labels.app.kubernetes.io/version.ms of v1", "1", "1"),
        (("", "served.shop.ms"), "served.shop.ms", ("mesh",), "mesh"),
        (("", "gateway.web/public.pods"), "gateway.web/public.pods", (), "nothing"),
        (("", "jwt.issuer"), "jwt.issuer", "", "empty"),
    ],
)
def test_words_and_units_come_from_the_row(key: tuple[str, str], words: str, value: Any, said: str) -> None:
    """A host or a label that ends like a unit keeps its end."""
    rows = target("istio").settings
    assert setting(key, rows) == words
    assert value_in_words(key[1], value, rows) == said


def test_places_are_those_of_the_version() -> None:
    assert SPEC_SETTINGS.of("limits.qps").place("v2") == ("spec", "limits", "v2", "qps")
    guard = SPEC_SETTINGS.of("guards.errorRate.window.ms")
    assert guard.place("v2") == ("spec", "guards", "errorRate", "window")
    assert guard.place_of_group("v2") == guard.place_of_feature("v2") == ("spec", "guards", "errorRate")
    assert SPEC_SETTINGS.of("outlier.eject.ms").place_of_feature("") == ("spec", "resilience", "outlier", "eject")


def test_two_rows_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"several rows for the setting warmup\.ms"):
        SPEC_SETTINGS.joined([SettingRow(name="warmup.ms", doc="Again.", unit="ms")])


def declared(folder: Path, text: str) -> SettingRows:
    (folder / "settings.yaml").write_text(text, encoding="utf-8")
    return SPEC_SETTINGS.joined(private_settings(folder))


def test_a_target_s_own_setting_has_words_a_unit_a_place_and_a_direction(tmp_path: Path) -> None:
    text = """
drain.ms:
  doc: How long an instance that is taken away may finish its requests.
  unit: ms
  path: spec.targets.toy.drain
  weaker: less
  protects: guard
"""
    rows = declared(tmp_path, text)
    row = rows.of("drain.ms")
    assert setting(("", "drain.ms"), rows) == "drain"
    assert value_in_words("drain.ms", 30_000, rows) == "30s"
    assert row.place("") == ("spec", "targets", "toy", "drain")
    assert (trend_of(row, 30_000, 10_000), trend_of(row, 30_000, None)) == ("weaker", "removed")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- drain", "must map the name"),
        ("drain: {}", "drain: it has no doc"),
        ("drain: {doc: Time., units: ms}", "'units' is nothing that a setting has; did you mean 'unit'?"),
        ("drain: {doc: Time., unit: hours}", "unit 'hours' is not known"),
        ("drain: {doc: Time., feature: guard}", "feature 'guard' is not known"),
        ("drain: {doc: Time., path: [spec]}", "path is not a text"),
    ],
)
def test_declarations_that_cannot_be_meant_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        declared(tmp_path, text)
    assert f"{tmp_path.name}/settings.yaml" in str(refused.value)
    assert message in str(refused.value)


CHANGE = {"who": "v2", "old": "1", "new": "2"}


@pytest.mark.parametrize(
    ("change", "protection"),
    [
        ({"kind": "setting", "what": "guards.errorRate"}, "guard"),
        ({"kind": "setting", "what": "outlier"}, "guard"),
        ({"kind": "setting", "what": "warmup"}, "start"),
        ({"kind": "setting", "what": "pool.maxPending"}, "limit"),
        ({"kind": "setting", "what": "jwt"}, "trust"),
        ({"kind": "setting", "what": "labels.version"}, ""),
        ({"kind": "engine", "what": "jwt.pods", "engines": ("istio",)}, "trust"),
        ({"kind": "engine", "what": "limits.qps.perInstance", "engines": ("sentinel",)}, "limit"),
        ({"kind": "engine", "what": "version", "engines": ("nginx",)}, ""),
        ({"kind": "effect", "what": "timeout"}, ""),
    ],
)
def test_reviewers_are_told_what_a_setting_protects(change: Mapping[str, Any], protection: str) -> None:
    assert protects(Change(**CHANGE, **change)) == protection


def test_a_pool_that_no_engine_keeps_is_not_lost_in_silence() -> None:
    """Its three limits are one feature, which is said once."""
    text = (TESTS / "cases/resilience/spec.yaml").read_text(encoding="utf-8")
    head, _, _ = text.partition("  targets:")
    case, problems = case_from(f"{head}  targets: {{nginx: {{}}}}\n")
    assert case is not None and not problems
    found = [each for each in engine.run([case], select=["GM305"]) if "limits on connections" in each.message]
    assert [(each.code, each.path) for each in found] == [("GM305", ("spec", "resilience", "pool"))]
