"""Moving `stage:`, forward or back, breaks no release: README's, `init`'s, and those of the examples and the story."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graymesh.cli import run
from graymesh.commands.base import Terminal
from graymesh.compile.target_tests import failures
from graymesh.language.spec_tests import check
from tests.helpers import ROOT, case_from, everything_said

_STAGE = re.compile(r"^  stage: \S+", re.MULTILINE)


def _readme() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return text.partition("## A first release\n\n```yaml\n")[2].partition("```")[0]


def _written() -> dict[str, str]:
    files = [*(ROOT / "examples").glob("*/releases/*.yaml"), *(ROOT / "tests" / "story" / "releases").glob("*.yaml")]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in files}


RELEASES = {"README": _readme(), **_written()}


def moved(text: str) -> list[tuple[str, str]]:
    """The release standing at each of its stages, with nothing else changed."""
    case, problems = case_from(text)
    assert case, [problem.message for problem in problems]
    names = [release.stage for release in case.stages]
    assert len(names) > 1
    assert _STAGE.search(text), "the release says where it stands"
    return [(name, _STAGE.sub(f"  stage: {name}", text)) for name in names]


def broken(text: str) -> list[str]:
    """What is an error at any stage, and the tests that any target fails there."""
    said = [
        f"{name}: {item}" for name, each in moved(text) for item in everything_said([each]) if item.level == "error"
    ]
    case, _ = case_from(text)
    assert case
    return [f"{name}: {item}" for name, item in said] + [item.message for item in failures(case)]


@pytest.mark.parametrize("name", RELEASES)
def test_a_release_that_is_moved_stays_right(name: str) -> None:
    assert broken(RELEASES[name]) == []


@pytest.mark.parametrize("weights", ["5,20,50,100", "0,1,100", "0,0.5,25,50,100", "100"])
def test_what_init_writes_starts_at_its_first_stage_and_can_be_moved(tmp_path: Path, weights: str) -> None:
    assert run(["init", str(tmp_path / "new"), "--yes", "--stages", weights], Terminal()) == 0
    text = (tmp_path / "new" / "releases" / "my-service.yaml").read_text(encoding="utf-8")
    case, _ = case_from(text)
    assert case and case.release.stage == case.stages[0].stage
    assert case.rollout.spec.tests
    if len(case.stages) > 1:
        assert broken(text) == []


TESTED = """
apiVersion: graymesh.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  service: {port: 80, domains: [shop.example.com]}
  stable: v1
  versions: {v1: {endpoints: ["10.0.1.1:80"]}, v2: {endpoints: ["10.0.2.1:80"]}}
  sticky: {cookie: b}
  stages: [{name: a, weight: 0}, {name: b, weight: 5}, {name: c, weight: 50}, {name: d, weight: 100}]
  stage: STANDS
  tests: [TEST]
  targets: {istio: {}, nginx: {}, spring-cloud-gateway: {}}
"""


@pytest.mark.parametrize("stands", ["a", "b", "d"])
@pytest.mark.parametrize(
    ("said", "fails_at"),
    [
        ("expect: {v2: 5%, v1: 95%}, stage: b", ()),
        ("expect: {v2: 5%, v1: 95%}", ("a", "c", "d")),
        ("expect: {v2: 5%, v1: 95%}, from: b", ("c", "d")),
        ("expect: {v2: 5%, v1: 95%}, stage: [b, c]", ("c",)),
        ("expect: v1, stage: [a]", ()),
        ("expect: v2, from: d", ()),
        ("expect: v2, from: a", ("a", "b", "c")),
    ],
)
def test_where_a_test_is_judged_does_not_depend_on_where_the_release_stands(
    said: str, fails_at: tuple[str, ...], stands: str
) -> None:
    text = TESTED.replace("TEST", f"{{request: {{}}, {said}}}").replace("STANDS", stands)
    found = [item for item in everything_said([text]) if item.code == "GM213"]
    case, _ = case_from(text)
    assert case
    assert [item.message for item in failures(case)] == [item.message for item in found]
    assert len(found) == bool(fails_at)
    for item in found:
        first, *others = fails_at
        assert item.message.startswith(f"this test fails at stage '{first}'")
        assert all(f"'{name}'" in item.message for name in others)
        assert "GET / to shop.example.com: expected " in item.message


def test_a_test_is_said_to_be_judged_in_one_way_only() -> None:
    wrong = {"stage: a, from: b": "GM110", "stage: x": "GM111", "from: x": "GM111", "stage: [a, a]": "GM112"}
    for said, code in wrong.items():
        text = TESTED.replace("TEST", f"{{request: {{}}, expect: v1, {said}}}").replace("STANDS", "a")
        assert code in {item.code for item in everything_said([text])}, said


def test_a_wrong_table_at_a_later_stage_is_found_on_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests of targets are judged by what their files say at that stage, not by the release's own table."""
    from graymesh.compile import target_tests

    case, _ = case_from(TESTED.replace("TEST", "{request: {}, expect: v2, stage: d}").replace("STANDS", "a"))
    assert case
    right = target_tests.decoded
    first = case.stages[0]
    monkeypatch.setattr(target_tests, "decoded", lambda case, release, name: right(case, first, name))
    found = [item.message for item in failures(case, ["nginx"])]
    assert len(found) == 1
    assert found[0].startswith("test 1 fails on nginx at stage 'd': GET / to shop.example.com: expected v2, got v1")
    assert check(case.stages[-1].table, case.rollout.spec.tests[0])
