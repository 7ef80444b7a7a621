"""One user, one version: all engines agree on each of the 10,000 buckets at each stage, and a canary only grows."""

from __future__ import annotations

import pytest

from graymesh.compile.compiler import decoded
from graymesh.ir.semantics import Request, decide
from graymesh.kit.registry import target, target_names
from graymesh.language.case import Case
from tests.helpers import case_from

ROUTERS = [name for name in target_names() if target(name).manifest.routes]
SPEC = """
apiVersion: graymesh.io/v1alpha1
kind: Rollout
metadata: {name: search, namespace: web}
spec:
  service: {port: 8080, domains: [search.example.com]}
  stable: v1
  versions:
    v1: {endpoints: ["10.1.1.11:8080", "10.1.1.12:8080"]}
    v2: {endpoints: ["10.1.2.11:8080", "10.1.2.12:8080"]}
    v3: {endpoints: ["10.1.3.11:8080", "10.1.3.12:8080"]}
  audiences: {testers: [{headers: {X-Try: v2}}]}
  routes: [{name: testers, audience: testers, version: v2}]
  sticky: {cookie: gray-bucket}
  stages: STAGES
  targets: {istio: {gateways: [istio-system/public]}, nginx: {}, spring-cloud-gateway: {}}
"""
ONE_CANARY = "[{name: a, weight: 5}, {name: b, weight: 20}, {name: c, weight: 50}, {name: d, weight: 100}]"
TWO_CANARIES = (
    "[{name: a, split: {v2: 5, v3: 1}}, {name: b, split: {v2: 5, v3: 33.33}}, {name: c, split: {v2: 60, v3: 40}}]"
)
ODD_WEIGHTS = "[{name: a, weight: 0}, {name: b, weight: 0.01}, {name: c, weight: 12.34}, {name: d, weight: 99.99}]"


def case(stages: str) -> Case:
    text = SPEC.replace("STAGES", stages)
    if "split" not in stages:
        text = "\n".join(line for line in text.splitlines() if "v3:" not in line)
    found, problems = case_from(text)
    assert found is not None, [problem.message for problem in problems]
    return found


def versions_by_bucket(release_case: Case, name: str, index: int) -> list[str | None]:
    """The version of each bucket, as the target's own files say."""
    services = decoded(release_case, release_case.stages[index], name)
    service = next(service for service in services if "search.example.com" in service.hosts)
    requests = (Request(cookies=(("gray-bucket", f"{bucket:04}"),)) for bucket in range(10_000))
    return [decide(service.decision, request).version for request in requests]


@pytest.mark.parametrize("stages", [ONE_CANARY, TWO_CANARIES, ODD_WEIGHTS], ids=["one", "two", "odd"])
def test_all_engines_agree_and_no_user_is_thrown_back(stages: str) -> None:
    release_case = case(stages)
    before: list[str | None] = ["v1"] * 10_000
    for index, release in enumerate(release_case.stages):
        by_target = {name: versions_by_bucket(release_case, name, index) for name in ROUTERS}
        first = by_target[ROUTERS[0]]
        assert all(versions == first for versions in by_target.values()), release.stage
        assert None not in first
        assert all(old in ("v1", new) for old, new in zip(before, first, strict=True)), release.stage
        before = first


@pytest.mark.parametrize("stages", [ONE_CANARY, TWO_CANARIES, ODD_WEIGHTS], ids=["one", "two", "odd"])
def test_the_draw_gives_each_version_its_share_and_a_bucket_of_it(stages: str) -> None:
    """Whoever has no bucket is drawn into one that the very same table sends to the same version."""
    release_case = case(stages)
    for release in release_case.stages:
        for name in ROUTERS:
            for service in decoded(release_case, release, name):
                shares = decide(service.decision, Request()).shares
                assert sum(share.basis_points for share in shares) == 10_000
                for share in shares:
                    assert share.set_cookie is not None
                    again = Request(cookies=((share.set_cookie.name, share.set_cookie.value),))
                    assert decide(service.decision, again).version == share.version
