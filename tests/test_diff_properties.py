"""Laws of the traffic diff, over generated releases."""

from __future__ import annotations

import copy
import json
from typing import Any

import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from graymesh.diff.compare import release_diff
from graymesh.diff.known import known, same
from graymesh.diff.model import ReleaseDiff
from graymesh.diff.routing import route_changes
from graymesh.diff.sections import shares_of
from graymesh.ir.release import BUCKET_COUNT
from graymesh.ir.semantics import Request, decide
from graymesh.ir.tickets import ticket_of
from graymesh.kit.registry import target
from graymesh.language.case import Case
from graymesh.proof.equivalence import Equal, UndecidableError, common, compare, corpus, differences
from graymesh.proof.outcomes import outcome
from tests.generate import rollouts, text_of
from tests.helpers import case_from

MANIFEST = target("nginx").manifest
SLOW = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


def case_of(data: dict[str, Any]) -> Case:
    case, problems = case_from(text_of(data))
    assume(case is not None and not any(problem.level == "error" for problem in problems))
    assert case is not None
    return case


def between(old: Case, new: Case) -> ReleaseDiff:
    return release_diff(old.release.key, old, new)


@st.composite
def edited(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A release, and what a pull request may make of it."""
    old = draw(rollouts(MANIFEST))
    new = copy.deepcopy(old)
    spec = new["spec"]
    other = draw(rollouts(MANIFEST))["spec"]
    for part in draw(
        st.sets(
            st.sampled_from(["stage", "audiences", "sticky", "resilience", "notice", "order", "shares"]), min_size=1
        )
    ):
        if part == "stage":
            spec["stage"] = draw(st.sampled_from([stage["name"] for stage in spec["stages"]]))
        elif part == "shares":
            for route in spec["routes"]:
                route["share"] = draw(st.sampled_from(["0%", "5%", "50%", "100%"]))
        elif part == "order":
            spec["routes"] = draw(st.permutations(spec["routes"]))
        elif part == "audiences" and not any(
            "claims" in entry for each in other["audiences"].values() for entry in each
        ):
            spec |= {key: other[key] for key in ("audiences", "routes")}
            known_versions = set(spec["versions"])
            spec["routes"] = [route for route in spec["routes"] if route["version"] in known_versions]
        elif part in ("sticky", "resilience", "notice"):
            spec.pop(part, None)
            spec |= {part: other[part]} if part in other else {}
    return old, new


@SLOW
@given(rollouts(MANIFEST))
def test_nothing_differs_from_itself(data: dict[str, Any]) -> None:
    found = between(case_of(data), case_of(copy.deepcopy(data)))
    assert found.state == "unchanged"
    assert not found.changes
    assert not found.plan


@SLOW
@given(rollouts(MANIFEST), st.randoms(use_true_random=False))
def test_names_order_and_formatting_are_no_change(data: dict[str, Any], random: Any) -> None:
    other = copy.deepcopy(data)
    spec = other["spec"]
    names = {name: f"group-{number}" for number, name in enumerate(spec["audiences"])}
    audiences = [(names[name], random.sample(entries, len(entries))) for name, entries in spec["audiences"].items()]
    random.shuffle(audiences)
    spec["audiences"] = dict(audiences)
    for number, route in enumerate(spec["routes"]):
        route |= {"name": f"way-{number}", "audience": names[route["audience"]]}
    keys = list(spec)
    random.shuffle(keys)
    other["spec"] = {key: spec[key] for key in keys}
    formatted = "# a comment\n" + yaml.safe_dump(other, sort_keys=False, default_flow_style=False)
    old = case_of(data)
    case, problems = case_from(formatted, "somewhere/else.yaml")
    assert case is not None, problems
    found = between(old, case)
    assert found.state == "unchanged", [(change.who, change.what, change.old, change.new) for change in found.changes]


@SLOW
@given(edited())
def test_every_witness_is_decided_differently(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    old, new = map(case_of, pair)
    before, after = known(old), known(new)
    found, _reason = route_changes(before, after)
    for each in found:
        assert each.request is not None
        left, right = decide(before.table, each.request).route, decide(after.table, each.request).route
        assert outcome(left) != outcome(right)
        if each.what == "version":
            assert not same(shares_of(left), shares_of(right))


@SLOW
@given(edited())
def test_pairs_of_routes_take_their_request(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    old, new = (case_of(data).release.table for data in pair)
    for i, j, request in differences(old, new):
        left, right = decide(old, request).route, decide(new, request).route
        assert left is old.routes[i]
        assert right is new.routes[j]
        assert common(old, i, new, j) is not None


@SLOW
@given(edited())
def test_no_difference_goes_untold(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    old, new = map(case_of, pair)
    before, after = known(old), known(new)
    found, reason = route_changes(before, after)
    equal = isinstance(compare(before.table, after.table), Equal)
    assert equal == (not found and not reason)
    if reason:
        return
    versions = [each for each in found if each.what == "version"]
    try:
        requests = list(corpus(before.table, after.table))
    except UndecidableError:
        return
    for request in requests[:500]:
        left, right = decide(before.table, request), decide(after.table, request)
        if same(shares_of(left.route), shares_of(right.route)):
            continue
        i = before.routes.index(left.route) if left.route else len(before.routes)
        j = after.routes.index(right.route) if right.route else len(after.routes)
        told = [(e.old_shares, e.new_shares) for e in versions]
        assert (before.versions_of(i), after.versions_of(j)) in told, (request, left.why, right.why)


@SLOW
@given(rollouts(MANIFEST), st.data())
def test_moved_buckets_are_those_that_move(data: dict[str, Any], choices: st.DataObject) -> None:
    data["spec"]["sticky"] = {"cookie": "gray-ticket"}
    data["spec"] |= {"audiences": {}, "routes": []}
    data["spec"].pop("jwt", None)
    other = copy.deepcopy(data)
    other["spec"]["stage"] = choices.draw(st.sampled_from([stage["name"] for stage in data["spec"]["stages"]]))
    old, new = case_of(data), case_of(other)
    moved = {
        bucket: (move.old, move.new)
        for change in between(old, new).changes
        for move in change.moves
        if change.who == "everyone else"
        for bucket in range(move.low, move.high + 1)
    }
    near = {(edge + step) % BUCKET_COUNT for edge in moved for step in (-1, 0, 1)} if len(moved) < 400 else set()
    for bucket in sorted(near | {*range(0, BUCKET_COUNT, 16)}):
        request = Request(cookies=(("gray-ticket", ticket_of(bucket)),))
        left, right = decide(old.release.table, request).version, decide(new.release.table, request).version
        assert moved.get(bucket) == (None if left == right else (left, right))


@SLOW
@given(edited())
def test_the_lines_that_cause_a_change_are_there(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    old, new = map(case_of, pair)
    for change in between(old, new).changes:
        assert change.causes
        for place in change.causes:
            source = (new if place.side == "new" else old).source
            assert source.line(place.line).strip().startswith(place.text.rstrip("…"))


def test_the_formatted_release_is_the_same_one() -> None:
    """The generator's JSON and its YAML say the same, or the law about formatting would say nothing."""
    data = {"a": [1, "x"], "b": {"c": "1"}}
    assert yaml.safe_load(yaml.safe_dump(data)) == json.loads(json.dumps(data))


_SHARED = """
apiVersion: graymesh.io/v1alpha1
kind: Rollout
metadata: {name: shop, namespace: default}
spec:
  service: {port: 8080, domains: [shop.example.com]}
  stable: v1
  versions: {v1: {}, v2: {}, v3: {}}
  audiences: {beta: [{cookies: {beta: "1"}}], staff: [{headers: {X-Team: staff}}]}
  routes: ROUTES
  sticky: {cookie: gray-ticket}
  stages: [{name: now, split: {v2: FIRST, v3: SECOND}}]
  targets: {nginx: {}}
"""
_PART = st.sampled_from([0, 1, 5, 20, 40, 50])
_ROUTE = st.tuples(st.sampled_from(["v1", "v2", "v3"]), st.one_of(st.none(), _PART))


def shared(weights: tuple[int, int], routes: list[tuple[str, int | None]]) -> Case:
    written = [
        {"name": name, "audience": name, "version": version}
        | ({"share": f"{share}%"} if share is not None and version != "v1" else {})
        for name, (version, share) in zip(["beta", "staff"], routes, strict=True)
    ]
    text = _SHARED.replace("ROUTES", json.dumps(written))
    found, problems = case_from(text.replace("FIRST", str(weights[0])).replace("SECOND", str(weights[1])))
    assert found is not None, problems
    return found


SHARED = st.builds(shared, st.tuples(_PART, _PART), st.lists(_ROUTE, min_size=2, max_size=2))


@SLOW
@given(SHARED, SHARED)
def test_users_of_an_audience_move_exactly_where_their_version_is_another_one(old: Case, new: Case) -> None:
    changes = {change.who: change for change in between(old, new).changes if change.what == "version"}
    users = {"audience beta": {"cookies": (("beta", "1"),)}, "audience staff": {"headers": (("x-team", "staff"),)}}
    for who, parts in users.items():
        for bucket in range(0, BUCKET_COUNT, 997):
            request = Request(**{**parts, "cookies": (*parts.get("cookies", ()), ("gray-ticket", ticket_of(bucket)))})
            before, after = (decide(case.release.table, request).version for case in (old, new))
            moves = changes[who].moves if who in changes else ()
            told = [(move.old, move.new) for move in moves if move.low <= bucket <= move.high]
            assert told == ([(before, after)] if before != after else [])


def digits(weights: tuple[int, int], start: int, share: int) -> Case:
    text = _SHARED.replace(
        "{cookie: gray-ticket}", f'{{cookie: gray-ticket, key: {{header: X-User, digits: 2, start: "{start:02d}"}}}}'
    )
    routes = [{"name": "beta", "audience": "beta", "version": "v2", "share": f"{share}%"}]
    found, problems = case_from(
        text.replace("ROUTES", json.dumps(routes)).replace("FIRST", str(weights[0])).replace("SECOND", str(weights[1]))
    )
    assert found is not None, problems
    return found


DIGITS = st.builds(digits, st.tuples(_PART, _PART), st.sampled_from([0, 40, 95]), _PART)


@SLOW
@given(DIGITS, DIGITS)
def test_users_with_an_identity_move_exactly_where_their_version_is_another_one(old: Case, new: Case) -> None:
    changes = {change.who: change for change in between(old, new).changes if change.what == "version"}
    for who, cookies in (("everyone else", ()), ("audience beta", (("beta", "1"),))):
        moves = [move for move in (changes[who].moves if who in changes else ()) if move.digits]
        for number in range(100):
            request = Request(headers=(("x-user", f"user-{number:02d}"),), cookies=cookies)
            before, after = (decide(case.release.table, request).version for case in (old, new))
            told = [(move.old, move.new) for move in moves if move.low <= number <= move.high]
            assert told == ([(before, after)] if before != after else [])
