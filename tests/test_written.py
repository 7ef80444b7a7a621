"""The way back: a spec that was read is written as a user would write it, and reads as the same spec."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graymesh.ir import release as ir
from graymesh.ir import wording
from graymesh.kit.registry import target, target_names
from graymesh.language import matchers, scalars, written
from graymesh.language.model import parse_project, parse_rollout
from graymesh.source import load
from graymesh.text import yaml_text
from tests.generate import rollouts
from tests.model_cases import FOLDER

ROOT = Path(__file__).parents[1]
RELEASES = sorted(ROOT.glob("examples/**/releases/*.yaml"))
RELEASES += [file for file in sorted(ROOT.glob("tests/cases/*/spec.yaml")) if not file.parent.suffix]
RELEASES += [FOLDER / name for name in ("product-service.yaml", "base.yaml", "everything-else.yaml")]
ROUTING = [name for name in target_names() if target(name).manifest.routes]


def keys(data: Any) -> Any:
    """The structure of a document: every key and no value; one item stands for a list of itself."""
    if isinstance(data, dict):
        return {key.lower(): keys(entry) for key, entry in data.items()}
    if isinstance(data, list):
        return keys(data[0]) if len(data) == 1 else [keys(item) for item in data]
    return {} if data is None else ""


def there_and_back(text: str, file: str = "spec.yaml") -> dict[str, Any]:
    """What is written for a text, which must read as the same and say no key more or less."""
    parse = parse_project if "kind: Project" in text else parse_rollout
    source = load(text, file)
    found, problems = parse(source)
    assert found is not None, problems
    shown = found.written()
    again, problems = parse(load(yaml_text(shown), "written.yaml"))
    assert again == found, problems
    assert again.written() == shown
    assert keys(shown) == keys(source.data)
    return shown


@pytest.mark.parametrize("file", RELEASES, ids=lambda file: str(file.relative_to(ROOT)))
def test_releases_of_people(file: Path) -> None:
    there_and_back(file.read_text(encoding="utf-8"))


def test_project_files() -> None:
    there_and_back((FOLDER / "project.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ROUTING)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_generated_releases(name: str, data: st.DataObject) -> None:
    there_and_back(json.dumps(data.draw(rollouts(target(name).manifest))))


def test_values_are_written_in_the_units_of_the_file() -> None:
    spec = there_and_back((FOLDER / "everything-else.yaml").read_text(encoding="utf-8"))["spec"]
    assert [stage["split"] for stage in spec["stages"]][1] == {"v2": 10.5}
    assert (spec["mirror"], spec["routes"][0]["fault"]["delay"]) == (
        {"version": "v2", "share": "10%"},
        {"time": "2s", "share": "10%"},
    )


@given(st.integers(1, scalars.LONGEST_DURATION_MS))
def test_every_duration(milliseconds: int) -> None:
    assert scalars.duration_ms(wording.duration(milliseconds)) == milliseconds


@given(st.integers(0, 10_000))
def test_every_share(basis_points: int) -> None:
    assert scalars.percentage_basis_points(wording.percent(basis_points)) == basis_points
    assert scalars.weight_basis_points(str(written.weight(basis_points))) == basis_points


@given(st.integers(1, 9999))
def test_every_quantile(basis_points: int) -> None:
    assert scalars.quantile_basis_points(str(written.quantile(basis_points))) == basis_points


@pytest.mark.parametrize("meant", [ir.Buckets(((0, 1),)), ir.Networks(("10.0.0.0/8",))])
def test_what_no_audience_can_say_is_not_written(meant: ir.Matcher) -> None:
    with pytest.raises(TypeError):
        matchers.written(meant)
