"""Retries by method: what must not be done twice is sent once by every engine, unless the spec asks for more."""

from __future__ import annotations

from itertools import product
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graymesh.compile.compiler import decoded
from graymesh.ir.release import (
    ALWAYS,
    NOT_IDEMPOTENT,
    Conjunction,
    Field,
    Kind,
    OneOf,
    Policy,
    Retries,
    Route,
    RouteTable,
    Share,
    Split,
)
from graymesh.ir.release import Test as Asked
from graymesh.ir.semantics import Request, decide
from graymesh.kit.retries import by_route
from tests.helpers import case_from

METHODS: Final = ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE")
SPEC: Final = """
apiVersion: graymesh.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  service: {port: 80, domains: [shop.example.com]}
  stable: v1
  versions: {v1: {endpoints: ["10.0.1.1:80", "10.0.1.2:80"]}, v2: {endpoints: ["10.0.2.1:80", "10.0.2.2:80"]}}
  audiences:
    writers: [{method: [GET, POST], headers: {X-A: b}}, {method: PATCH}]
    readers: [{method: GET, path: /r}]
    posts: [{method: POST, path: /p}]
  routes:
    - {name: writers, audience: writers, version: v2}
    - {name: readers, audience: readers, version: v2}
    - {name: posts, audience: posts, version: v2}
  stages: [{name: some, weight: 20}, {name: full, weight: 100}]
  resilience: {retries: {attempts: 2, on: [connect-failure, 5xx]MORE}}
  targets: {istio: {}, nginx: {}, spring-cloud-gateway: {}}
"""
REQUESTS: Final = [
    Request(method=method, host="shop.example.com", path=path, headers=headers)
    for method, path, headers in product(METHODS, ("/", "/r", "/p"), ((), (("x-a", "b"),)))
]


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("engine", ["istio", "nginx", "spring-cloud-gateway"])
def test_what_each_engine_s_files_say(engine: str, every: bool) -> None:
    case, problems = case_from(SPEC.replace("MORE", ", methods: all" if every else ""))
    assert case, problems
    (service,) = [each for each in decoded(case, case.release, engine) if "shop.example.com" in each.hosts]
    for request in REQUESTS:
        found, wanted = decide(service.decision, request), decide(case.release.table, request)
        assert found.version == wanted.version and found.route
        retries = found.route.policy.retries
        sent_once = request.method in NOT_IDEMPOTENT
        again = retries is not None and retries.attempts > 0 and (retries.every_method or not sent_once)
        assert again == (every or not sent_once), request
        assert not again or (retries and (retries.attempts, retries.on) == (2, ("5xx", "connect-failure")))


def conjunctions() -> st.SearchStrategy[Conjunction]:
    methods = st.sets(st.sampled_from(METHODS), min_size=1).map(
        lambda chosen: Asked(Field(Kind.METHOD), OneOf(tuple(sorted(chosen))))
    )
    header = st.just(Asked(Field(Kind.HEADER, "x-a"), OneOf(("b",))))
    return st.lists(st.one_of(methods, header), max_size=2, unique_by=lambda test: test.field).map(tuple)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.lists(conjunctions(), min_size=1, max_size=3), st.booleans()), max_size=4))
def test_routes_by_method_decide_as_before_and_send_once_what_must_be(
    drawn: list[tuple[list[Conjunction], bool]],
) -> None:
    retried = Policy(timeout_ms=7, retries=Retries(attempts=2))
    routes = [
        Route(
            name=f"r{number}",
            condition=tuple(condition),
            split=Split((Share(version=f"v{number}", basis_points=10_000),)),
            policy=retried if retries else Policy(),
        )
        for number, (condition, retries) in enumerate([*drawn, (list(ALWAYS), True)])
    ]
    table = RouteTable(tuple(routes))
    made = by_route(table)
    assert len({route.name for route in made.routes}) == len(made.routes)
    for request in REQUESTS:
        before, after = decide(table, request), decide(made, request)
        assert before.route and after.route
        assert before.version == after.version
        assert after.route.policy.timeout_ms == before.route.policy.timeout_ms
        asked = before.route.policy.retries
        once = asked is not None and request.method in NOT_IDEMPOTENT
        wanted = None if asked is None else Retries(attempts=0) if once else Retries(attempts=2, every_method=True)
        assert after.route.policy.retries == wanted
