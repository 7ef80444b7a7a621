"""Every code has a page, and the examples on it are run."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from graymesh.lint.engine import all_rules
from graymesh.lint.finding import Rule
from graymesh.lint.page import Example, read
from graymesh.source import load
from graymesh.text import yaml_text
from tests.helpers import ROOT, everything_said

BASE: dict[str, Any] = yaml.safe_load("""
apiVersion: graymesh.io/v1alpha1
kind: Rollout
metadata: {name: shop, namespace: default}
spec:
  service: {port: 80, domains: [shop.example.com]}
  stable: v1
  versions: {v1: {endpoints: ["10.0.1.1:80", "10.0.1.2:80"]}, v2: {endpoints: ["10.0.2.1:80", "10.0.2.2:80"]}}
  sticky: {cookie: gray-ticket}
  stages:
    - {name: first, weight: 5, hold: 1h}
    - {name: third, weight: 35, hold: 1h}
    - {name: most, weight: 80, hold: 1h}
    - {name: full, weight: 100}
  guards: {enforcedBy: operator, errorRate: {max: 1%, window: 5m}}
  targets: {nginx: {}}
""")
ROOT_KEYS = ("apiVersion", "kind", "metadata", "spec")
RAISED_ELSEWHERE = ("GM001", "GM006", "GM008", "GM009", "GM011", "GM02", "GM033", "GM034", "GM116", "GM9")
"""Codes whose cause is not a page of text; the loader's, the decoders' and the writer's own tests raise them."""


def specs(example: Example) -> list[str]:
    """The files that the example stands for."""
    if example.whole_file:
        return [example.text]
    return [yaml_text(merged(load(part, "example").data)) for part in example.text.split("---\n")]


def merged(part: dict[Any, Any]) -> dict[str, Any]:
    """The small valid spec with the example's keys in place of its own; null removes a key."""
    spec = dict(BASE["spec"])
    spec.update({key: value for key, value in part.items() if key not in ROOT_KEYS})
    spec = {key: value for key, value in spec.items() if value is not None}
    metadata = BASE["metadata"] | part.get("metadata", {})
    return {**BASE, "metadata": metadata, "spec": spec}


def codes(example: Example) -> set[str]:
    return {diagnostic.code for diagnostic in everything_said(specs(example))}


def test_the_small_valid_spec_is_clean() -> None:
    assert [str(item) for item in everything_said([yaml_text(BASE)])] == []


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_page_is_complete(rule: Rule) -> None:
    page = read(rule.page)
    assert re.fullmatch(r"GM[0-9]{3}", rule.code)
    assert page.title.endswith("."), "a title is a sentence about the pattern"
    assert page.text
    assert not re.search(r"^(bad|good)\b.*:", page.text, re.MULTILINE), "an example that is not read as one"
    kinds = {example.bad for example in page.examples}
    assert kinds == {True, False} or rule.code.startswith(RAISED_ELSEWHERE)


@pytest.mark.parametrize(
    ("code", "example"),
    [(rule.code, example) for rule in all_rules() for example in read(rule.page).examples],
    ids=lambda value: value if isinstance(value, str) else "bad" if value.bad else "good",
)
def test_example(code: str, example: Example) -> None:
    found = codes(example)
    assert (code in found) == example.bad, f"said: {sorted(found)}"


@pytest.mark.parametrize(
    "rule", [rule for rule in all_rules() if rule.check or rule.check_project], ids=lambda rule: rule.code
)
def test_findings_have_a_place_and_advice(rule: Rule) -> None:
    for example in read(rule.page).examples:
        for found in everything_said(specs(example)):
            if found.code == rule.code:
                assert found.path, "a finding points at something"
                assert (found.span.line, found.span.column) != (1, 1)
                assert found.message[0] not in ".," and not found.message.endswith(".")


def test_codes_are_unique() -> None:
    found = [rule.code for rule in all_rules()]
    assert len(found) == len(set(found))


def test_enough_rules_look_at_releases() -> None:
    assert sum(bool(rule.check or rule.check_project) for rule in all_rules()) >= 30


def test_every_code_in_the_source_has_a_page() -> None:
    documented = {rule.code for rule in all_rules()}
    for path in [*(ROOT / "graymesh").rglob("*.py"), *(ROOT / "targets").rglob("*.py")]:
        for code in re.findall(r'code="(GM[0-9]{3})"|report\("(GM[0-9]{3})"', path.read_text(encoding="utf-8")):
            assert set(code) - {""} <= documented, f"{path.name} raises {code}, which has no page"
