"""Sentinel itself: it holds exactly the rules that graymesh writes, the rules act, and what is refused would not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings

from graymesh.kit.registry import target
from graymesh.language.case import Case
from tests.conformance import sentinel_checks
from tests.conformance.limited import limited_rollouts
from tests.conformance.running import running
from tests.conformance.sentinel import Held, Sentinel
from tests.conformance.sentinel_checks import ABOVE, Checked, bursts
from tests.conformance.sentinel_subjects import everything_at_all_stages, files_at, stages
from tests.generate import text_of
from tests.helpers import ROOT, case_from

SENTINEL = target("sentinel")
SPRING = target("spring-cloud-gateway")
DATA: Final = ROOT / "tests" / "sentinel"
VALIDITY = json.loads((DATA / "validity.json").read_text(encoding="utf-8"))
REFUSED = yaml.safe_load((DATA / "refused.yaml").read_text(encoding="utf-8"))
EXAMPLES: Final = 60
TRIED: Final = 12


@pytest.fixture(scope="module")
def engine() -> Iterator[Sentinel]:
    yield from running(Sentinel())


TOLD = [
    pytest.param(cases, stage, id=f"{project.root.name}-{stage}")
    for project, cases, stage in everything_at_all_stages()
]


@pytest.mark.parametrize(("cases", "stage"), TOLD)
def test_examples_and_cases(engine: Sentinel, cases: list[Case], stage: str, request: pytest.FixtureRequest) -> None:
    done = sentinel_checks.checked(engine, files_at(cases, stage))
    _note(done, request)
    assert done.problems == ()
    assert done.rules


def test_generated_releases(engine: Sentinel, request: pytest.FixtureRequest) -> None:
    """Two releases at a time, since a gateway has one file for all. All stages are held; some are also tried."""
    sums: list[Checked] = []

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        limited_rollouts(SPRING.manifest, SENTINEL.manifest, 0), limited_rollouts(SPRING.manifest, SENTINEL.manifest, 1)
    )
    def run(first: dict[str, Any], second: dict[str, Any]) -> None:
        cases = [_case(first), _case(second)]
        done = Checked()
        for number, stage in enumerate(stages(cases)):
            tried = number == 0 and len(sums) < TRIED
            check = sentinel_checks.checked if tried else sentinel_checks.held
            done += check(engine, files_at(cases, stage))
        assert done.problems == (), (text_of(first), text_of(second))
        assert done.rules
        sums.append(done)

    run()
    assert len(sums) >= EXAMPLES
    _note(sum(sums, Checked()), request)


def test_guards_of_the_process_act(engine: Sentinel) -> None:
    assert list(sentinel_checks.system_problems(engine)) == []


def pairs() -> Iterator[Any]:
    for group in ("dropped", "idle"):
        for number, row in enumerate(VALIDITY[group]):
            for side in ("inside", "outside"):
                kept = (group, side) != ("dropped", "outside")
                rule = {**VALIDITY["base"][row["kind"]], **row[side]}
                yield pytest.param(row["kind"], rule, kept, id=f"{group}-{row['kind']}-{row['field']}-{number}-{side}")


@pytest.mark.parametrize(("kind", "rule", "kept"), list(pairs()))
def test_rules_just_inside_and_just_outside_of_each_condition(
    engine: Sentinel, kind: str, rule: dict[str, Any], kept: bool
) -> None:
    held = engine.load_kinds({kind: json.dumps([rule])})
    assert bool(held[kind]) == kept


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: f"{json.dumps(row['spec'])}-{row['kind']}")
def test_what_lint_refuses_would_not_have_acted(engine: Sentinel, row: dict[str, Any]) -> None:
    kind, does = row["kind"], row["does"]
    text = json.dumps([row["rule"]])
    if does == "refuses":
        good = {**row["rule"], "count": 20}
        assert engine.load_kinds({kind: json.dumps([good])})[kind]
        assert not engine.load_kinds({kind: json.dumps([good, row["rule"]])})[kind]
        return
    held = engine.load_kinds({kind: text})
    assert bool(held[kind]) == (does == "blocks")
    if kind in ("flow", "gateway-flow"):
        resource = row["rule"]["resource"]
        calls = bursts(engine, {resource: ABOVE}, gateway=kind == "gateway-flow")[resource]
        assert calls.passed == (0 if does == "blocks" else ABOVE)


def test_one_invalid_system_rule_at_the_end_switches_all_off(engine: Sentinel) -> None:
    """A limit of 0 is below any load, so calls pass only where it is off."""
    low, invalid = {"highestCpuUsage": 0}, {"highestCpuUsage": 90}
    assert _held_system(engine, [invalid, low])["system"]
    assert not _held_system(engine, [low, invalid])["system"]
    assert engine.calls("any", 10).passed == 10


def _held_system(engine: Sentinel, rules: list[dict[str, Any]]) -> Held:
    return engine.load_kinds({"system": json.dumps(rules)})


def test_the_checks_see_what_is_wrong(engine: Sentinel) -> None:
    """A suite that cannot fail holds nothing: rules dropped, changed, added, and numbers other than written."""
    path, rule = "shop/v2/flow-rules.json", {"resource": "shop", "limitApp": "default", "grade": 1, "count": 20}
    good = {path: json.dumps([rule])}
    assert sentinel_checks.checked(engine, good).problems == ()
    assert sentinel_checks.held(engine, {path: json.dumps([rule, {**rule, "count": -1}])}).problems
    assert sentinel_checks.held(engine, {path: json.dumps([{**rule, "coutn": 5}])}).problems
    assert sentinel_checks.held(engine, {path: "[{"}).problems
    both = [rule, {**rule, "count": 10}]  # the lower one acts, so the higher one does not
    assert sentinel_checks.acting(engine, {path: json.dumps(both)}).problems
    late = {"resource": "shop", "grade": 1, "count": 0.5, "minRequestAmount": 5, "statIntervalMs": 60000}
    assert sentinel_checks.acting(
        engine, {"shop/v2/degrade-rules.json": json.dumps([{**late, "timeWindow": 0}])}
    ).problems


def _case(data: dict[str, Any]) -> Case:
    case, found = case_from(text_of(data), f"{data['metadata']['name']}.yaml")
    assert case is not None, [each.message for each in found]
    return case


def _note(done: Checked, request: pytest.FixtureRequest) -> None:
    """For the report: what was done, by the names of `Checked`."""
    for name in ("rules", "bursts", "calls", "circuits", "beyond"):
        request.node.user_properties.append((f"sentinel:{name}", getattr(done, name)))
