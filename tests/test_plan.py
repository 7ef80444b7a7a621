"""The release over time: what the spec says of stages, guards and workload, for targets that walk through them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from graymesh.ir.plan import Coverage, ErrorRate, Guards, Latency, Plan, Step, Usage
from graymesh.ir.release import Version
from graymesh.kit.target import Capability, Manifest
from graymesh.kit.view import view
from graymesh.language.case import Case
from graymesh.language.resolve import resolve
from tests.helpers import case_from

HEAD = """
apiVersion: graymesh.io/v1alpha1
kind: Rollout
metadata: {name: shop, namespace: default}
spec:
  service: {port: 80}
  stable: v1
  versions:
    v1: {replicas: 3, image: "shop:1", endpoints: ["10.0.0.2:80", "10.0.0.1:80"]}
    v2: {labels: {track: canary}}
    v3: {}
"""
REST = """
  audiences: {testers: [{headers: {X-Try: v2}}]}
  routes: [{name: testers, audience: testers, version: v2, from: both}]
  workload: {kind: StatefulSet, name: shop-app, container: app}
  stages:
    - {name: first, split: {v2: 5}, hold: 30m}
    - {name: both, split: {v2: 12.5, v3: 2}}
    - {name: full, split: {v3: 100}}
  stage: both
  guards:
    enforcedBy: operator
    errorRate: {max: 1%}
    latency: {max: 500ms, quantile: 0.95, window: 10m}
    cpu: {max: 90%}
    memory: {max: 85%, for: 5m, action: holdNew}
    coverage: {min: 95%}
  targets: {istio: {}}
"""


def case_of(text: str) -> Case:
    case, problems = case_from(text)
    assert case is not None, problems
    return case


def manifest(**more: Any) -> Manifest:
    return Manifest(
        name="toy",
        title="Toy",
        routes=False,
        serves=("internal",),
        roles=("alone",),
        writes=("*.json",),
        engine_versions=("1",),
        **more,
    )


def test_steps_have_the_shares_of_all_versions_and_the_holds_of_the_spec() -> None:
    assert case_of(HEAD + REST).plan.steps == (
        Step(name="first", shares=(("v2", 500), ("v3", 0), ("v1", 9500)), hold_ms=1_800_000),
        Step(name="both", shares=(("v2", 1250), ("v3", 200), ("v1", 8550))),
        Step(name="full", shares=(("v2", 0), ("v3", 10_000), ("v1", 0))),
    )
    assert case_of(HEAD + REST).plan.step("both").origin == ("spec", "stages", 1)


def test_guards_are_typed() -> None:
    assert case_of(HEAD + REST).plan.guards == Guards(
        enforced_by="operator",
        error_rate=ErrorRate(max_basis_points=100, window_ms=300_000),
        latency=Latency(max_ms=500, quantile_basis_points=9500, window_ms=600_000),
        cpu=Usage(max_basis_points=9000, for_ms=60_000),
        memory=Usage(max_basis_points=8500, for_ms=300_000, action="holdNew"),
        coverage=Coverage(min_basis_points=9500),
    )


def test_workloads_carry_what_the_spec_says_of_each_version() -> None:
    plan = case_of(HEAD + REST).plan
    assert [(each.version.name, each.kind, each.name, each.container) for each in plan.workloads] == [
        (name, "StatefulSet", "shop-app", "app") for name in ("v1", "v2", "v3")
    ]
    endpoints = ("10.0.0.1:80", "10.0.0.2:80")
    assert plan.workload("v1").version == Version(
        name="v1", labels=(("version", "v1"),), endpoints=endpoints, image="shop:1", replicas=3
    )
    assert plan.workload("v2").version == Version(name="v2", labels=(("track", "canary"),), canary=True)


def test_what_the_spec_does_not_say_is_empty() -> None:
    plan = case_of(HEAD).plan
    assert (plan.steps, plan.guards) == ((), Guards())
    assert [(each.kind, each.name, each.container) for each in plan.workloads] == [("", "", "")] * 3
    for missing in (lambda: plan.step("first"), lambda: plan.workload("v9")):
        with pytest.raises(KeyError):
            missing()


def test_guards_agree_with_the_facts_of_the_release() -> None:
    """Both are read from the spec; neither may say what the other does not."""
    case = case_of(HEAD + REST)
    guards, facts = case.plan.guards, case.release.facts
    assert guards.error_rate and guards.latency and guards.cpu and guards.memory and guards.coverage
    assert {name: value for (version, name), value in facts.items() if version == "v2" and name[:6] == "guards"} == {
        "guards.errorRate.bp": guards.error_rate.max_basis_points,
        "guards.errorRate.window.ms": guards.error_rate.window_ms,
        "guards.latency.ms": guards.latency.max_ms,
        "guards.latency.quantile.bp": guards.latency.quantile_basis_points,
        "guards.latency.window.ms": guards.latency.window_ms,
        "guards.cpu.bp": guards.cpu.max_basis_points,
        "guards.cpu.for.ms": guards.cpu.for_ms,
        "guards.cpu.action": guards.cpu.action,
        "guards.memory.bp": guards.memory.max_basis_points,
        "guards.memory.for.ms": guards.memory.for_ms,
        "guards.memory.action": guards.memory.action,
        "guards.coverage.bp": guards.coverage.min_basis_points,
    }


def test_a_view_has_the_plan_without_the_guards_that_its_target_cannot_hold() -> None:
    release, plan = resolve(case_of(HEAD + REST).rollout), case_of(HEAD + REST).plan
    able = manifest(features={"guards": Capability(support="native")})
    assert view(release, able, {}, plan).plan == plan
    some = manifest(features={"guards.latency": Capability(support="emulated", how="by hand")})
    assert view(release, some, {}, plan).plan == replace(
        plan, guards=Guards(enforced_by="operator", latency=plan.guards.latency)
    )
    assert view(release, manifest(), {}, plan).plan == replace(plan, guards=Guards(enforced_by="operator"))


def test_a_view_has_no_plan_where_none_is_known() -> None:
    assert view(resolve(case_of(HEAD + REST).rollout), manifest(), {}).plan == Plan()


def test_stages_come_to_targets_that_need_them() -> None:
    case = case_of(HEAD + REST)
    assert case_of(HEAD + REST).view(manifest()).stages == ()
    seen = case.view(manifest(needs=("stages",), features={"split": Capability(support="native")}))
    assert [each.release.stage for each in seen.stages] == [step.name for step in seen.plan.steps]
    for each, release in zip(seen.stages, case.stages, strict=True):
        assert each.release == release and each.plan == seen.plan and each.stages == ()
    routes = [[route.name for route in each.companion[0].table.routes] for each in seen.stages]
    assert routes == [["everyone"], ["testers", "everyone"], ["testers", "everyone"]]
    assert seen.stages[1] == replace(seen, stages=())


def test_a_release_without_stages_has_none_to_show() -> None:
    assert case_of(HEAD).view(manifest(needs=("stages",))).stages == ()


def test_a_project_of_one_cluster_names_none() -> None:
    assert case_of(HEAD).view(manifest()).cluster == ""
