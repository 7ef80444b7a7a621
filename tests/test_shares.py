"""Shares of an audience: one bucket decides, for an audience by its route's share and for everyone by the weight."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graymesh.compile.verify import verify
from graymesh.ir.release import BUCKET_COUNT, Field, Kind, Matcher, OneOf, PathPrefix, Regex, Release, Suffix, Test
from graymesh.ir.semantics import Request, decide, matches
from graymesh.ir.tickets import ticket_of
from graymesh.kit.registry import target
from graymesh.language.model import Rollout, parse_rollout
from graymesh.language.narrowed import narrowed
from graymesh.language.resolve import resolve, stages
from graymesh.lint import engine
from tests.helpers import ROOT, case_from
from tests.test_resolve import Document, rollout

BETA = {"beta": [{"cookies": {"beta": "1"}}]}


def released(**parts: Any) -> Rollout:
    spec = {"audiences": BETA, "sticky": {"cookie": "ticket", "start": "0000"}, **parts}
    return rollout({key: value for key, value in spec.items() if value is not None})


def beta(share: str | None, version: str = "v2", **more: Any) -> dict[str, Any]:
    given_out = {} if share is None else {"share": share}
    return {"name": "beta", "audience": "beta", "version": version, **given_out, **more}


def version_of(release: Release, bucket: int | None, **parts: Any) -> str | None:
    ticket = () if bucket is None else (("ticket", ticket_of(bucket)),)
    return decide(release.table, Request(cookies=(("beta", "1"), *ticket), **parts)).version


def shares_of(release: Release, **parts: Any) -> dict[str, int]:
    found = decide(release.table, Request(cookies=(("beta", "1"),), **parts)).shares
    return {share.version: share.basis_points for share in found}


@pytest.mark.parametrize(
    ("weight", "share", "part"),
    [(0, "20%", 2000), (5, "20%", 2000), (50, "20%", 5000), (5, "0%", 500), (0, "0.01%", 1), (5, "99.99%", 9999)],
)
def test_an_audience_gets_the_larger_of_share_and_weight(weight: int, share: str, part: int) -> None:
    found = resolve(released(routes=[beta(share)], stages=[{"name": "a", "weight": weight}]))
    last = part * BUCKET_COUNT // 10_000 - 1
    assert shares_of(found) == {"v2": part, "v1": 10_000 - part}
    assert (version_of(found, last - 1), version_of(found, last + 2)) == ("v2", "v1")


@pytest.mark.parametrize("share", ["100%", None])
def test_all_of_an_audience_need_no_ticket(share: str | None) -> None:
    found = resolve(released(routes=[beta(share)], stages=[{"name": "a", "weight": 5}]))
    assert found.table.routes[0].name == "beta"
    assert shares_of(found) == {"v2": 10_000}
    assert not any(each.set_cookie for each in found.table.routes[0].split.shares)


def test_where_everyone_has_the_canary_an_audience_draws_nobody() -> None:
    found = resolve(released(routes=[beta("20%")], stages=[{"name": "a", "weight": 100}]))
    assert [route.name for route in found.table.routes] == ["beta", "everyone"]


def test_the_others_of_an_audience_get_what_their_bucket_gets() -> None:
    """The second canary's users stay on it, and the routes behind do not ask them again."""
    found = resolve(
        released(
            versions={"v1": {}, "v2": {}, "v3": {}},
            routes=[beta("60%"), {"name": "more", "audience": "beta", "version": "v3"}],
            stages=[{"name": "a", "split": {"v2": 5, "v3": 10}}],
        )
    )
    assert shares_of(found) == {"v2": 6000, "v3": 1000, "v1": 3000}
    assert [version_of(found, bucket) for bucket in (0, 0x9998, 0x999B, 0xE666)] == ["v2", "v2", "v1", "v3"]


def test_without_tickets_each_request_is_drawn() -> None:
    found = resolve(released(sticky=None, routes=[beta("20%")], stages=[{"name": "a", "weight": 5}]))
    assert [route.name for route in found.table.routes] == ["beta", "everyone"]
    assert shares_of(found) == {"v2": 2000, "v1": 8000}
    assert shares_of(resolve(released(sticky=None, routes=[beta("20%")]))) == {"v2": 2000, "v1": 8000}


def test_while_new_users_are_held_only_tickets_count_in_an_audience() -> None:
    parts = {"routes": [beta("20%")], "stages": [{"name": "a", "weight": 5}]}
    held, free = resolve(released(**parts, hold="newUsers")), resolve(released(**parts))
    assert (version_of(held, 0x3000), version_of(held, 0x4000), version_of(held, None)) == ("v2", "v1", "v1")
    assert [route.name for route in held.table.routes] == [route.name for route in free.table.routes]


@pytest.mark.parametrize(
    ("uid", "decided"), [("x", {"v2": 2000, "v1": 8000}), ("", {"v2": 2000, "v1": 8000}), ("other", {"v1": 10_000})]
)
def test_a_key_counts_in_an_audience(uid: str, decided: dict[str, int]) -> None:
    """An entry that asks for the key itself has it or has it not; nobody is asked for both."""
    audiences = {"beta": [{"headers": {"X-User": ["x", "y"]}}, {"headers": {"X-User": {"absent": True}}}]}
    sticky = {"cookie": "ticket", "key": {"header": "X-User"}}
    found = resolve(
        released(audiences=audiences, sticky=sticky, routes=[beta("20%")], stages=[{"name": "a", "weight": 0}])
    )
    keyed = next(route for route in found.table.routes if route.name == "beta_keyed")
    assert keyed.condition == ((Test(Field(Kind.HEADER, "x-user"), OneOf(("x", "y"))),),)
    decision = decide(found.table, Request(headers=(("x-user", uid),)))
    assert {share.version: share.basis_points for share in decision.shares} == decided
    assert (decision.route is keyed) == (uid == "x")


def test_paths_without_tickets_hand_none_out_to_an_audience() -> None:
    audiences = {"beta": [{"path": {"prefix": "/shop"}}, {"path": "/static/app.js"}]}
    sticky = {"cookie": "ticket", "start": "0000", "except": [{"prefix": "/shop/static"}, {"prefix": "/static"}]}
    found = resolve(
        released(audiences=audiences, sticky=sticky, routes=[beta("20%")], stages=[{"name": "a", "weight": 0}])
    )
    for path in ("/shop/static/x", "/static/app.js"):
        assert (version_of(found, 0x3000, path=path), version_of(found, None, path=path)) == ("v2", "v1")
    assert version_of(found, 0x3000, path="/static/other.js") == "v1"
    assert shares_of(found, path="/shop/x") == {"v2": 2000, "v1": 8000}


def test_paths_without_tickets_are_asked_for_from_the_first_stage_on() -> None:
    sticky = {"cookie": "ticket", "except": [{"prefix": "/static"}]}
    found = resolve(released(sticky=sticky, stages=[{"name": "a", "weight": 0}, {"name": "b", "weight": 5}]))
    assert found.asked == ((Field(Kind.PATH), ("spec", "sticky", "except")),)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"routes": [beta("20%", "v1")]}, "GM110 'v1' is stable and gets what is left"),
        (
            {"routes": [beta("20%", fault={"delay": {"time": "1s"}})]},
            "GM110 a fault is for all requests of a route, not for a share of its audience",
        ),
        (
            {
                "versions": {"v1": {}, "v2": {}, "v3": {}, "v4": {}},
                "routes": [beta("60%", "v4")],
                "stages": [{"name": "a", "split": {"v2": 30}}, {"name": "b", "split": {"v3": 20}}],
            },
            "GM113 with sticky, the largest weights and shares of several canaries must fit side by side: "
            "v2 30 and v3 20 and v4 60 are 110, more than 100",
        ),
        (
            {
                "audiences": {"beta": [{"path": {"regex": "/a.*"}}]},
                "sticky": {"cookie": "ticket", "except": [{"prefix": "/static"}]},
                "routes": [beta("20%")],
            },
            "GM110 the audience asks for a path in a way that cannot be joined with the paths of sticky.except",
        ),
        ({"routes": [beta("120%")]}, "GM106 '120%' is more than the whole"),
        ({"routes": [beta("0.001%")]}, "GM106 '0.001%' is not a percentage"),
    ],
)
def test_what_a_share_cannot_be(parts: dict[str, Any], said: str) -> None:
    written = {
        "service": {"port": 80},
        "stable": "v1",
        "versions": {"v1": {}, "v2": {}},
        "audiences": BETA,
        "sticky": {"cookie": "ticket"},
        "stages": [{"name": "a", "split": {"v2": 5}}],
        **parts,
    }
    data = {"apiVersion": "graymesh.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "shop"}, "spec": written}
    found, problems = parse_rollout(Document(data))
    assert found is None
    assert said in [f"{problem.code} {problem.message}" for problem in problems]


PATHS = ["/", "/a", "/ab", "/a/b", "/a/b.html", "/a/b/c.html", "/b.html", "/x"]
ONE_PATH: st.SearchStrategy[Matcher] = st.one_of(
    st.lists(st.sampled_from(PATHS), min_size=1, max_size=3, unique=True).map(
        lambda found: OneOf(tuple(sorted(found)))
    ),
    st.sampled_from(PATHS).map(PathPrefix),
    st.sampled_from([".html", "b.html", "c.html", "l", "/b.html"]).map(Suffix),
    st.sampled_from(["/a.*", ".*[.]html"]).map(Regex),
)


@settings(deadline=None)
@given(ONE_PATH, ONE_PATH)
def test_two_tests_of_a_path_as_one(left: Matcher, right: Matcher) -> None:
    try:
        both = narrowed(left, right)
    except ValueError:
        assert {type(left), type(right)} & {Regex, Suffix}
        return
    for path in PATHS:
        wanted = matches(left, path) and matches(right, path)
        assert (both is not None and matches(both, path)) == wanted


@st.composite
def plans(draw: st.DrawFn) -> tuple[dict[str, Any], list[str], list[int]]:
    """One to three canaries that fit side by side with the most that the route of one gives out; canaries, mosts."""
    canaries = [f"v{number}" for number in range(2, draw(st.integers(3, 5)))]
    cuts = sorted(draw(st.lists(st.integers(0, 9_999), min_size=len(canaries), max_size=len(canaries))))
    most = [high - low for low, high in pairwise([0, *cuts])]
    count = draw(st.integers(1, 4))
    series = [sorted(draw(st.lists(st.integers(0, each), min_size=count, max_size=count))) for each in most]
    stages = [
        {"name": f"s{i}", "split": {name: weights[i] / 100 for name, weights in zip(canaries, series, strict=True)}}
        for i in range(count)
    ]
    return {"versions": {name: {} for name in ["v1", *canaries]}, "stages": stages}, canaries, most


def at_each_stage(written: Rollout) -> list[Release]:
    return [resolve(written, name) for name in stages(written)]


def everyones(release: Release, bucket: int) -> str | None:
    return decide(release.table, Request(cookies=(("ticket", ticket_of(bucket)),))).version


SOME = st.lists(st.integers(0, BUCKET_COUNT - 1), min_size=20, max_size=20)


@settings(max_examples=60, deadline=None)
@given(plans(), st.data(), SOME)
def test_neither_a_stage_nor_a_larger_share_evicts_anybody(
    plan: tuple[dict[str, Any], list[str], list[int]], data: st.DataObject, buckets: list[int]
) -> None:
    """And whoever is on a canary as anybody is on it as one of the audience, whose place no share moves."""
    parts, canaries, most = plan
    which = data.draw(st.integers(0, len(canaries) - 1))
    smaller, larger = sorted(data.draw(st.lists(st.integers(0, most[which]), min_size=2, max_size=2)))
    filler = {"name": "most", "audience": "nobody", "version": canaries[which], "share": f"{most[which] / 100:g}%"}
    audiences = {**BETA, "nobody": [{"headers": {"X-Nobody": "1"}}]}
    grown = [
        at_each_stage(
            released(**parts, audiences=audiences, routes=[filler, beta(f"{share / 100:g}%", canaries[which])])
        )
        for share in (smaller, larger)
    ]
    for releases in grown:
        for earlier, later in pairwise(releases):
            for bucket in buckets:
                assert version_of(earlier, bucket) in (version_of(later, bucket), "v1")
    for less, more in zip(*grown, strict=True):
        for bucket in buckets:
            assert version_of(less, bucket) in (version_of(more, bucket), "v1")
            assert everyones(less, bucket) == everyones(more, bucket)
            assert everyones(less, bucket) in (version_of(less, bucket), "v1")


@settings(max_examples=60, deadline=None)
@given(plans(), st.data())
def test_whoever_is_drawn_for_an_audience_comes_back_to_the_same_version(
    plan: tuple[dict[str, Any], list[str], list[int]], data: st.DataObject
) -> None:
    parts, canaries, most = plan
    which = data.draw(st.integers(0, len(canaries) - 1))
    route = beta(f"{data.draw(st.integers(0, most[which])) / 100:g}%", canaries[which])
    for release in at_each_stage(released(**parts, routes=[route])):
        shares = decide(release.table, Request(cookies=(("beta", "1"),))).shares
        assert sum(share.basis_points for share in shares) == 10_000
        spans = [(share.version, span) for share in shares for span in share.buckets]
        assert len(shares) == 1 or sum(high - low + 1 for _, (low, high) in spans) == BUCKET_COUNT
        for version, (low, high) in spans:
            assert {version_of(release, bucket) for bucket in (low, (low + high) // 2, high)} == {version}
    assert Kind.COOKIE in {field.kind for field, _ in release.asked}


EDITS = [
    ("nginx", "drawn:beta  $shop_drawn;", "drawn:beta  $shop__drawn_2;"),  # another audience's draw
    ("nginx", "drawn:beta  $shop_drawn;", "drawn:beta  v1;"),
    ("nginx", '"~ beta_ticket_v2_1=11"  v2;', '"~ beta_ticket_v2_1=11"  v1;'),
    ("nginx", '"~ beta_cookie=1"        drawn:beta;', '"~ beta_cookie=1"        "";'),  # drawn as everyone is
    ("nginx", 'drawn:beta  "gray-ticket=$request_id;', 'drawn:beta  "gray-ticket=0000ffff;'),
    ("nginx", "drawn:beta  $shop__with_ticket;", "drawn:beta  $http_cookie;"),
    ("nginx", "(?:[0-2][0-9a-f]|3[0-2])))\\z", "(?:[0-2][0-9a-f]|3[0-3])))\\z"),
    ("istio", "    - name: beta_ticket-v1", "    - name: beta_ticket-v1\n      timeout: 1s"),
    ("istio", 'regex: "[0-9a-f-]{4,}(?:[0-2]', 'regex: "[0-9a-f-]{4,}(?:[0-1]'),
    ("istio", "gray-ticket=(?:[0-9a-f-]{4,}(?:[0-2][0-9a-f]{3}", "gray-ticket=(?:[0-9a-f-]{4,}(?:[0-1][0-9a-f]{3}"),
    ("spring-cloud-gateway", "group: default.shop.beta\n", "group: default.shop.everyone\n"),
    ("spring-cloud-gateway", "gray-ticket=00000666", "gray-ticket=0000ffff"),
    ("spring-cloud-gateway", 'beta.v2.0666\n              uri: "lb://v2', 'beta.v2.0666\n              uri: "lb://v1'),
]


@pytest.mark.parametrize(("name", "old", "new"), EDITS)
def test_an_edit_of_what_an_audience_draws_is_found(name: str, old: str, new: str) -> None:
    text = (ROOT / "tests/cases/share-of-an-audience/spec.yaml").read_text("utf-8")
    case, problems = case_from(text)
    assert case is not None, problems
    chosen = target(name)
    view = case.view(chosen.manifest)
    files = chosen.emit(chosen.lower((view,)))
    assert verify(chosen, [view], chosen.decode(files), "") == []
    edited = {path: content.replace(old, new, 1) for path, content in files.items()}
    assert edited != files
    assert {each.diagnostic.code for each in verify(chosen, [view], chosen.decode(edited), "")} & {"GM901", "GM905"}


def said_of(routes: str, sticky: str = "sticky: {cookie: gray-ticket}", more: str = "") -> list[tuple[str, str]]:
    text = f"""
apiVersion: graymesh.io/v1alpha1
kind: Rollout
metadata: {{name: shop}}
spec:
  service: {{port: 8080, domains: [shop.example.com]}}
  stable: v1
  versions: {{v1: {{endpoints: ["10.0.1.1:80"]}}, v2: {{endpoints: ["10.0.2.1:80"]}}}}
  audiences: {{beta: [{{cookies: {{beta: "1"}}}}], staff: [{{cookies: {{beta: "1"}}, headers: {{X-Team: staff}}}}]}}
  routes: {routes}
  {sticky}
  stages: [{{name: first, weight: 0, hold: 1h}}, {{name: full, weight: 100}}]
  {more}
  targets: {{nginx: {{}}}}
"""
    case, problems = case_from(text)
    assert case is not None, problems
    return [(item.code, item.message) for item in engine.run([case])]


def test_what_lint_says_of_shares() -> None:
    beta_first = "[{name: beta, audience: beta, version: v2, share: 20%}, {name: staff, audience: staff, version: v2}]"
    assert ("GM201", "route 'staff' never matches: 'beta' takes all its requests first") in said_of(beta_first)
    alone = "[{name: beta, audience: beta, version: v2, share: 20%}]"
    drawn = ("GM208", "route 'beta' splits its audience at random, request by request")
    assert drawn in said_of(alone, sticky="")
    assert drawn not in said_of(alone)
    idle = said_of(alone.replace("20%", "0%"))
    assert ("GM224", "everyone has 0% of 'v2' at least, so 0% adds nobody") in idle
    held = [code for code, _ in said_of(alone, more="hold: newUsers")]
    assert "GM221" not in held, "at weight 0 the audience still draws"
