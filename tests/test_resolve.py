"""From spec to release: routes in order, tickets that stay with their version, facts and defaults."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from graymesh.diagnostic import Pointer
from graymesh.ir.cohorts import cohort, common, edge, grid, rest, size
from graymesh.ir.release import (
    ALWAYS,
    BUCKET_COUNT,
    TICKET,
    UNIQUE_ID,
    Buckets,
    Fault,
    Field,
    Jwt,
    Kind,
    Lane,
    Mirror,
    Networks,
    OneOf,
    Policy,
    Present,
    Release,
    Retries,
    Route,
    RouteTable,
    SetCookie,
    Share,
    Split,
    Test,
    Version,
)
from graymesh.ir.semantics import Request, decide, inside
from graymesh.ir.tickets import ticket_of
from graymesh.language.model import Rollout, parse_rollout
from graymesh.language.resolve import resolve, stages
from graymesh.language.spec_tests import failures
from graymesh.source import load
from tests.model_cases import FOLDER

EXAMPLE = (FOLDER / "product-service.yaml").read_text(encoding="utf-8")
POLICY = Policy(timeout_ms=2000, retries=Retries(attempts=2, per_try_ms=500, on=("5xx", "connect-failure")))
MARKS: dict[str, Any] = {
    "request_headers": (("x-gray-trace", UNIQUE_ID),),
    "response_headers": (("x-gray-notice", "you are trying v2"),),
}
TICKETS = Field(Kind.COOKIE, "gray-ticket")


class Document:
    """A spec given as data."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def raw(self, path: Pointer) -> str:
        return str(path)

    def place(self, diagnostic: Any) -> Any:
        return diagnostic


def rollout(spec: dict[str, Any]) -> Rollout:
    small = {"service": {"port": 80}, "stable": "v1", "versions": {"v1": {}, "v2": {}}}
    head = {"apiVersion": "graymesh.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "shop"}}
    found, problems = parse_rollout(Document({**head, "spec": {**small, **spec}}))
    assert problems == []
    assert found
    return found


def example() -> Rollout:
    found, problems = parse_rollout(load(EXAMPLE, "product-service.yaml"))
    assert problems == []
    assert found
    return found


def to(version: str, basis_points: int = 10_000, *buckets: tuple[int, int], drawn: bool = False) -> Share:
    """A share of the running example."""
    sent = SetCookie("gray-ticket", TICKET, 2_592_000, passed_on=True) if drawn else None
    marks = MARKS if version == "v2" else {}
    return Share(version=version, basis_points=basis_points, buckets=buckets, set_cookie=sent, **marks)


def ticket_route(version: str, *buckets: tuple[int, int]) -> Route:
    condition = ((Test(TICKETS, Buckets(buckets)),),)
    return Route(name=f"ticket-{version}", condition=condition, split=Split((to(version),)), policy=POLICY)


def test_the_running_example() -> None:
    """Its canary begins where `printf default/product-service/v2 | sha256sum` does; 5% are 3277 buckets."""
    header, beta = Field(Kind.HEADER, "x-gray-version"), Field(Kind.COOKIE, "beta")
    canary, others = (0xA36D, 0xA36D + 3276), ((0, 0xA36C), (0xA36D + 3277, 0xFFFF))
    assert resolve(example()).table == RouteTable(
        (
            Route(
                name="internal",
                condition=(
                    (Test(header, OneOf(("v2",))),),
                    (Test(Field(Kind.SOURCE), Networks(("2001:db8::/32", "203.0.113.0/24"))),),
                ),
                split=Split((to("v2"),)),
                policy=POLICY,
            ),
            Route(
                name="beta",
                condition=((Test(beta, OneOf(("1",))),), (Test(Field(Kind.CLAIM, "tier"), OneOf(("beta",))),)),
                split=Split((to("v2"),)),
                policy=POLICY,
            ),
            Route(
                name="keyed",
                condition=((Test(Field(Kind.COOKIE, "uid"), Present()),),),
                split=Split(
                    (to("v2", 500, canary), to("v1", 9500, *others)),
                    key=Field(Kind.COOKIE, "uid"),
                ),
                policy=POLICY,
            ),
            ticket_route("v2", canary),
            ticket_route("v1", (0, 0xFFFF)),
            Route(
                name="everyone",
                condition=ALWAYS,
                split=Split(
                    (to("v2", 500, canary, drawn=True), to("v1", 9500, *others, drawn=True)),
                    otherwise=to("v1"),
                ),
                policy=POLICY,
            ),
        )
    )


def test_the_running_example_at_its_first_and_last_stage() -> None:
    first, last = resolve(example(), "internal").table.routes, resolve(example(), "full").table.routes
    assert [route.name for route in first] == ["internal", "everyone"]
    assert [share.version for share in first[-1].split.shares] == ["v1"]
    assert [route.name for route in last] == ["internal", "beta", "everyone"]
    assert [share.version for share in last[-1].split.shares] == ["v2"]


def test_everything_besides_routes_of_the_running_example() -> None:
    release = resolve(example())
    assert (release.key, release.host, release.port) == (
        "default/product-service",
        "product-service.default.svc.cluster.local",
        8080,
    )
    assert (release.domains, release.stable, release.stage) == (("shop.example.com",), "v1", "gray-5")
    assert release.lane == Lane(header="x-gray-lane", edge="nginx")
    token = Field(Kind.HEADER, "authorization")
    assert release.jwt == Jwt(issuer="https://id.example.com", jwks="https://id.example.com/jwks.json", source=token)
    assert release.versions == (
        Version(name="v1", labels=(("version", "v1"),), endpoints=("10.0.1.11:8080", "10.0.1.12:8080")),
        Version(
            name="v2",
            labels=(("version", "v2"),),
            endpoints=("10.0.2.11:8080",),
            canary=True,
            image="registry.example.com/product:v2.1.0",
            replicas=2,
        ),
    )
    assert release.facts == {
        ("v1", "labels.version"): "v1",
        ("v1", "endpoints"): ("10.0.1.11:8080", "10.0.1.12:8080"),
        ("v2", "labels.version"): "v2",
        ("v2", "endpoints"): ("10.0.2.11:8080",),
        ("", "outlier.errors"): 5,
        ("", "outlier.interval.ms"): 10_000,
        ("", "outlier.eject.ms"): 30_000,
        ("", "outlier.maxEjected.bp"): 5000,
        ("", "warmup.ms"): 60_000,
        ("", "jwt.issuer"): "https://id.example.com",
        ("", "jwt.jwks"): "https://id.example.com/jwks.json",
        ("", "jwt.from"): "header authorization",
        ("v2", "limits.qps"): 500,
        ("v2", "guards.errorRate.bp"): 100,
        ("v2", "guards.errorRate.window.ms"): 300_000,
        ("v2", "guards.latency.ms"): 500,
        ("v2", "guards.latency.quantile.bp"): 9900,
        ("v2", "guards.latency.window.ms"): 300_000,
        ("v2", "guards.cpu.bp"): 9000,
        ("v2", "guards.cpu.for.ms"): 60_000,
        ("v2", "guards.cpu.action"): "rollback",
        ("v2", "guards.coverage.bp"): 9500,
    }


def test_a_release_without_sticky_draws_by_weight() -> None:
    found = resolve(rollout({"stages": [{"name": "a", "weight": 0.07}, {"name": "b", "weight": 100}]}))
    shares = (Share(version="v2", basis_points=7), Share(version="v1", basis_points=9993))
    assert found.table == RouteTable((Route(name="everyone", condition=ALWAYS, split=Split(shares)),))
    last = resolve(rollout({"stages": [{"name": "a", "weight": 100}]})).table.routes[-1]
    assert last.split == Split((Share(version="v2", basis_points=10_000),))


def test_a_release_without_stages_goes_to_stable() -> None:
    found = resolve(rollout({}))
    assert found.stage == ""
    assert found.table.routes[-1].split == Split((Share(version="v1", basis_points=10_000),))
    assert stages(rollout({})) == ()


def test_stages_by_name() -> None:
    written = rollout({"stages": [{"name": "a", "weight": 1}, {"name": "b", "weight": 2}], "stage": "b"})
    assert stages(written) == ("a", "b")
    assert (resolve(written).stage, resolve(written, "a").stage) == ("b", "a")
    assert resolve(rollout({"stages": [{"name": "a", "weight": 1}]})).stage == "a"
    with pytest.raises(KeyError):
        resolve(written, "c")


def test_stable_need_not_be_the_first_version() -> None:
    found = resolve(rollout({"versions": {"v2": {}, "v1": {"labels": {"b": "x", "a": "y"}}}}))
    assert [(version.name, version.canary) for version in found.versions] == [("v2", True), ("v1", False)]
    assert found.version("v1").labels == (("a", "y"), ("b", "x"))


def test_several_canaries_grow_from_one_anchor() -> None:
    """By hand, from 0x1000 = 4096: v2 upwards, v3 downwards around the end, v4 above the largest v2 (30% = 19661)."""
    written = rollout(
        {
            "versions": {"v1": {}, "v2": {}, "v3": {}, "v4": {}},
            "sticky": {"cookie": "ticket", "maxAge": "1h", "start": "1000"},
            "stages": [
                {"name": "a", "split": {"v3": 5, "v2": 5, "v4": 1}},
                {"name": "b", "split": {"v2": 30, "v3": 50, "v4": 20}},
            ],
        }
    )
    for stage, parts, taken in (
        (
            "a",
            [500, 500, 100, 8900],
            {"v2": ((4096, 7372),), "v3": ((819, 4095),), "v4": ((23757, 24411),)},
        ),
        (
            "b",
            [3000, 5000, 2000],
            {"v2": ((4096, 23756),), "v3": ((0, 4095), (36864, 65535)), "v4": ((23757, 36863),)},
        ),
    ):
        *carried, draw = resolve(written, stage).table.routes
        shares = {share.version: share.buckets for share in draw.split.shares}
        assert [share.basis_points for share in draw.split.shares] == parts
        assert {version: shares[version] for version in taken} == taken
        assert {share.set_cookie for share in draw.split.shares} == {SetCookie("ticket", TICKET, 3600, True)}
        assert {route.name: route.condition[0][0].matcher for route in carried[: len(taken) - (stage == "b")]} == {
            f"ticket-{version}": Buckets(buckets)
            for version, buckets in taken.items()
            if (stage, version) != ("b", "v4")
        }
        last = carried[-1]
        assert (last.name, last.condition[0][0].matcher) == (
            "ticket-v1" if stage == "a" else "ticket-v4",
            Buckets(((0, 65_535),)),
        )


def test_the_anchor_is_the_cohort_s() -> None:
    """The first four hex digits of the SHA-256 of the cohort's name, by sha256sum: web/shop/v2, then july."""
    stages_of = {"stages": [{"name": "a", "weight": 5}]}
    own = resolve(rollout({**stages_of, "sticky": {"cookie": "ticket"}}))
    july = resolve(rollout({**stages_of, "sticky": {"cookie": "ticket", "cohort": "july"}}))
    said = resolve(rollout({**stages_of, "sticky": {"cookie": "ticket", "cohort": "july", "start": "00ff"}}))
    name = f"{own.namespace}/{own.name}/v2"
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in (name, "july")]
    assert [own.start, july.start, said.start] == [int(digests[0][:4], 16), int(digests[1][:4], 16), 0xFF]


@pytest.mark.parametrize("hold", [{}, {"hold": "newUsers"}])
@pytest.mark.parametrize(
    ("path", "ticket", "expected"),
    [
        ("/static/app.js", None, "v1"),
        ("/static/app.js", "00000000", "v2"),
        ("/static/app.js", "0000ffff", "v1"),
        ("/favicon.ico", None, "v1"),
        ("/favicon.ico", "00000000", "v2"),
        ("/statics", "00000000", "v2"),
    ],
)
def test_paths_without_tickets(hold: dict[str, str], path: str, ticket: str | None, expected: str) -> None:
    sticky = {"cookie": "ticket", "start": "0000", "except": [{"prefix": "/static"}, "/favicon.ico"]}
    found = resolve(rollout({"stages": [{"name": "a", "weight": 50}], "sticky": sticky, **hold}))
    cookies = (("ticket", ticket),) if ticket else ()
    decision = decide(found.table, Request(path=path, cookies=cookies))
    assert decision.version == expected
    assert not any(share.set_cookie for share in decision.shares)


THREE = {
    "v1": {"endpoints": ["10.0.1.1:80"]},
    "v2": {"endpoints": ["10.0.2.1:80"]},
    "v3": {"endpoints": ["10.0.3.1:80"]},
}


@pytest.mark.parametrize(
    ("split", "undrawn"),
    [
        ({"v2": 5, "v3": 5}, "v1"),
        ({"v2": 60, "v3": 39.99}, "v1"),
        ({"v2": 50, "v3": 50}, "v2"),
        ({"v2": 1, "v3": 99}, "v3"),
        ({"v2": 99, "v3": 1}, "v2"),
    ],
)
def test_who_is_not_drawn_gets_stable_while_it_has_a_share_else_the_largest(
    split: dict[str, float], undrawn: str
) -> None:
    """Callers in the mesh with an id that is no ticket, and who has no ticket where none is handed out."""
    sticky = {"cookie": "ticket", "start": "0000", "except": [{"prefix": "/static"}]}
    found = resolve(rollout({"stages": [{"name": "a", "split": split}], "sticky": sticky, "versions": THREE}))
    other = found.table.routes[-1].split.otherwise
    assert other
    assert (other.version, other.set_cookie, other.buckets) == (undrawn, None, ())
    assert decide(found.table, Request(path="/static/app.js")).version == undrawn
    tickets = {
        digits: decide(found.table, Request(cookies=(("ticket", f"0000{digits}"),))) for digits in ("0000", "ffff")
    }
    assert {digits: decision.version for digits, decision in tickets.items()} == {"0000": "v2", "ffff": "v3"}
    for digits, decision in tickets.items():
        excepted = decide(found.table, Request(path="/static/app.js", cookies=(("ticket", f"0000{digits}"),)))
        assert excepted.version == decision.version


def test_a_canary_with_all_traffic_gets_whoever_calls() -> None:
    found = resolve(rollout({"stages": [{"name": "a", "weight": 100}], "sticky": {"cookie": "ticket"}}))
    assert [(share.version, share.set_cookie) for share in found.table.routes[-1].split.shares] == [("v2", None)]
    assert found.table.routes[-1].split.otherwise is None


def test_other_paths_hand_out_tickets() -> None:
    sticky = {"cookie": "ticket", "except": [{"prefix": "/static"}]}
    found = resolve(rollout({"stages": [{"name": "a", "weight": 50}], "sticky": sticky}))
    assert all(share.set_cookie for share in decide(found.table, Request(path="/statics")).shares)


def test_a_key_comes_before_the_ticket() -> None:
    found = resolve(
        rollout({"stages": [{"name": "a", "weight": 5}], "sticky": {"cookie": "ticket", "key": {"header": "X-User"}}})
    )
    keyed, *_, draw = found.table.routes
    field = Field(Kind.HEADER, "x-user")
    assert (keyed.name, keyed.condition, keyed.split.key) == ("keyed", ((Test(field, Present()),),), field)
    assert [replace(share, set_cookie=None) for share in draw.split.shares] == list(keyed.split.shares)
    assert draw.split.key is None


def test_while_new_users_are_held_only_tickets_lead_to_the_canary() -> None:
    parts = {"stages": [{"name": "a", "weight": 50}], "sticky": {"cookie": "ticket", "start": "0000"}}
    held, free = resolve(rollout({**parts, "hold": "newUsers"})), resolve(rollout(parts))
    assert held.table.routes[:-1] == free.table.routes[:-1]
    assert [(share.version, share.basis_points, share.set_cookie) for share in held.table.routes[-1].split.shares] == [
        ("v1", 10_000, None)
    ]
    assert resolve(rollout({**parts, "hold": "newUsers"}), as_planned=True) == free


@pytest.mark.parametrize("weight", [0, 100])
def test_a_hold_changes_nothing_where_nobody_draws(weight: int) -> None:
    parts = {"stages": [{"name": "a", "weight": weight}], "sticky": {"cookie": "ticket"}}
    assert resolve(rollout({**parts, "hold": "newUsers"})).table == resolve(rollout(parts)).table


def test_new_users_are_held_from_two_canaries_that_share_everyone() -> None:
    written = rollout(
        {
            "versions": {"v1": {}, "v2": {}, "v3": {}},
            "sticky": {"cookie": "ticket"},
            "stages": [{"name": "a", "split": {"v2": 40, "v3": 60}}],
            "hold": "newUsers",
        }
    )
    (share,) = resolve(written).table.routes[-1].split.shares
    assert (share.version, share.set_cookie) == ("v1", None)


def test_nobody_draws_where_all_get_one_version() -> None:
    written = rollout(
        {
            "sticky": {"cookie": "ticket", "key": {"cookie": "uid"}},
            "stages": [{"name": "none", "weight": 0}, {"name": "all", "weight": 100}],
        }
    )
    for stage, version in (("none", "v1"), ("all", "v2")):
        (everyone,) = resolve(written, stage).table.routes
        assert [(share.version, share.set_cookie, share.buckets) for share in everyone.split.shares] == [
            (version, None, ())
        ]


def test_two_canaries_that_share_everyone_leave_nobody_to_stable() -> None:
    written = rollout(
        {
            "versions": {"v1": {}, "v2": {}, "v3": {}},
            "sticky": {"cookie": "bucket"},
            "stages": [{"name": "a", "split": {"v2": 40, "v3": 60}}],
        }
    )
    assert [route.name for route in resolve(written).table.routes] == ["ticket-v2", "ticket-v3", "everyone"]


def test_mirror_for_everyone_else_and_fault_where_it_is_asked_for() -> None:
    found = resolve(
        rollout(
            {
                "audiences": {"beta": [{"headers": {"X-A": "a"}}, {"headers": {"x-a": "a"}}], "all": [{"path": "/"}]},
                "routes": [
                    {"name": "slow", "audience": ["beta", "beta"], "version": "v2", "fault": {"delay": {"time": "2s"}}},
                    {
                        "name": "none",
                        "audience": "all",
                        "version": "v1",
                        "fault": {"abort": {"status": 500, "share": "0%"}},
                    },
                ],
                "sticky": {"cookie": "bucket"},
                "mirror": {"version": "v2", "share": "10%"},
                "stages": [{"name": "a", "weight": 5}],
            }
        )
    )
    assert {route.name: (route.policy.mirror, route.policy.fault) for route in found.table.routes} == {
        "slow": (None, Fault(delay_ms=2000, delay_basis_points=10_000)),
        "none": (None, None),
        "ticket-v2": (Mirror("v2", 1000), None),
        "ticket-v1": (Mirror("v2", 1000), None),
        "everyone": (Mirror("v2", 1000), None),
    }
    assert found.table.routes[0].condition == ((Test(Field(Kind.HEADER, "x-a"), OneOf(("a",))),),)


def test_every_origin_is_a_place_of_the_spec() -> None:
    written = example()
    for stage in stages(written):
        release = resolve(written, stage)
        routes = release.table.routes
        origins = [route.origin for route in routes] + [
            share.origin for route in routes for share in route.split.shares
        ]
        for origin in [*origins, *(version.origin for version in release.versions)]:
            assert origin
            assert value_at(load(EXAMPLE, "x").data, origin) is not None


def value_at(data: Any, path: Pointer) -> Any:
    for key in path:
        data = data[key]
    return data


def test_the_spec_s_own_tests() -> None:
    written = example()
    tests = written.spec.tests
    every = [resolve(written, name) for name in stages(written)]
    assert failures(every, tests, "gray-ticket") == []
    (unlimited,) = [test.model_copy(update={"stage": None}) for test in tests if test.stage]
    (failure,) = failures(every, [unlimited], "gray-ticket")
    assert failure.origin == ("spec", "tests", 0, "expect")
    assert failure.advice == "it is judged at every stage unless it says otherwise: stage: gray-5"
    assert failure.message.endswith(
        "'half', 'full': GET / to shop.example.com from 198.51.100.7: "
        "expected v1 95%, v2 5%, got v1: route 'everyone', everyone else"
    )
    nobody = replace(resolve(written), table=RouteTable(()))
    assert "expected v2, got nothing: no route takes it" in failures([nobody], tests[:1])[0].message


@st.composite
def releases(draw: st.DrawFn) -> Rollout:
    """One to three canaries whose weights only grow and fit side by side, over one to five stages."""
    canaries = [f"v{number}" for number in range(2, draw(st.integers(3, 5)))]
    cuts = sorted(draw(st.lists(st.integers(0, 10_000), min_size=len(canaries), max_size=len(canaries))))
    largest = [high - low for low, high in pairwise([0, *cuts])]
    count = draw(st.integers(1, 5))
    series = [sorted(draw(st.lists(st.integers(0, most), min_size=count, max_size=count))) for most in largest]
    written = [
        {
            "name": f"s{index}",
            "split": {name: weights[index] / 100 for name, weights in zip(canaries, series, strict=True)},
        }
        for index in range(count)
    ]
    versions = {name: {} for name in draw(st.permutations(["v1", *canaries]))}
    return rollout({"versions": versions, "sticky": {"cookie": "bucket"}, "stages": written})


def at_each_stage(written: Rollout) -> list[Release]:
    return [resolve(written, name) for name in stages(written)]


def version_of(release: Release, bucket: int) -> str | None:
    return decide(release.table, Request(cookies=(("bucket", ticket_of(bucket)),))).version


@settings(max_examples=60, deadline=None)
@given(releases())
def test_shares_are_the_weights_and_add_up(written: Rollout) -> None:
    for release, stage in zip(at_each_stage(written), written.spec.stages, strict=True):
        for route in release.table.routes:
            assert sum(share.basis_points for share in route.split.shares) == 10_000
            assert all(share.basis_points > 0 for share in route.split.shares)
        drawn = release.table.routes[-1].split.shares
        for canary, weight in stage.weights(written.spec.canaries).items():
            assert sum(share.basis_points for share in drawn if share.version == canary) == weight


@settings(max_examples=60, deadline=None)
@given(releases(), st.lists(st.integers(0, 65_535), min_size=20, max_size=20))
def test_nobody_leaves_a_canary_while_weights_grow(written: Rollout, buckets: list[int]) -> None:
    for earlier, later in pairwise(at_each_stage(written)):
        for bucket in buckets:
            before = version_of(earlier, bucket)
            assert before in (version_of(later, bucket), "v1")


@settings(max_examples=60, deadline=None)
@given(releases())
def test_intervals_are_the_shares_and_cover_everything(written: Rollout) -> None:
    for release in at_each_stage(written):
        shares = release.table.routes[-1].split.shares
        if len(shares) > 1:
            assert sum(size(share.buckets) for share in shares) == BUCKET_COUNT
            assert rest(share.buckets for share in shares) == ()
            for share in shares:
                # the third canary stands between two rounded edges
                assert abs(size(share.buckets) - edge(share.basis_points)) <= 1


@settings(max_examples=60, deadline=None)
@given(releases())
def test_whoever_draws_a_version_comes_back_to_it(written: Rollout) -> None:
    for release in at_each_stage(written):
        for share in release.table.routes[-1].split.shares:
            for low, high in share.buckets:
                assert {version_of(release, bucket) for bucket in (low, (low + high) // 2, high)} == {share.version}


PLAN = st.lists(st.integers(0, 20), min_size=1, max_size=3)


@given(st.integers(0, 65_535), st.integers(0, 65_535), PLAN)
def test_twenty_tickets_give_every_plan_of_five_per_cent_exactly(start: int, other: int, parts: list[int]) -> None:
    """Of the own anchor; of another release's all but a ticket at each border, since the parts are no whole buckets."""
    assume(sum(parts) <= 20)
    weights = {f"v{number}": part * 500 for number, part in enumerate(parts, 2)}
    placed = cohort(start, [weights])
    for version, part in zip(weights, parts, strict=True):
        buckets = placed.buckets(version, weights[version])
        assert sum(inside(ticket, buckets) for ticket in grid(start, 20)) == part
        assert abs(sum(inside(ticket, buckets) for ticket in grid(other, 20)) - part) <= 1


@given(st.integers(0, 65_535), st.integers(0, 65_535), st.integers(1, 5_000), st.integers(1, 5_000))
def test_plans_may_change(start: int, following: int, before: int, after: int) -> None:
    """Whoever is inside stays inside while a weight grows, whatever else the plan has; the next release's share of old
    tickets is its weight, with the same anchor or another."""
    small, large = sorted((before, after))
    one = cohort(start, [{"v2": small}]).buckets("v2", small)
    two = cohort(start, [{"v2": small, "v3": 100}, {"v2": large, "v3": 10_000 - large}])
    grown, second = two.buckets("v2", large), two.buckets("v3", 10_000 - large)
    assert common(one, grown) == one
    assert rest([grown, second]) == ()
    assert size(grown) + size(second) == BUCKET_COUNT
    assert size(cohort(following, [{"v4": after}]).buckets("v4", after)) == edge(after)
