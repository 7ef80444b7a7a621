"""Sentinel: what is written is what was meant, and rule files are read as their managers read them.

`sentinel/read/<case>/` holds rule files and what they mean, worked out by hand. `sentinel/validity.json` holds pairs of
rules just inside and just outside every condition, and `sentinel/refused.yaml` what lint refuses with the rule that it
would have become; `conformance/test_sentinel.py` puts the same rules before the real managers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from graymesh.ir.release import (
    ALWAYS,
    TICKET,
    Buckets,
    Facts,
    Field,
    Kind,
    Lane,
    OneOf,
    PathPrefix,
    Regex,
    Release,
    Route,
    RouteTable,
    SetCookie,
    Share,
    Split,
    Test,
    Version,
)
from graymesh.kit.registry import target
from graymesh.kit.target import Decoded, View
from graymesh.kit.view import view
from graymesh.targets.sentinel.columns import Columns
from graymesh.targets.sentinel.emit import check
from graymesh.targets.sentinel.lower import RuleFile
from graymesh.targets.sentinel.places import RuleLines
from graymesh.targets.sentinel.rules import KINDS
from graymesh.targets.sentinel.values import typed
from tests.helpers import case_from, everything_said

DATA = Path(__file__).parent / "sentinel"
SENTINEL = target("sentinel")
REFUSED = yaml.safe_load((DATA / "refused.yaml").read_text(encoding="utf-8"))
VALIDITY = json.loads((DATA / "validity.json").read_text(encoding="utf-8"))
FILE_NAMES = {kind: f"x/{kind}-rules.json" for kind in KINDS} | {"api-groups": "x/api-groups.json"}

PROTECTION = {
    ("v2", "circuitBreaker.errorRatio.bp"): 100,
    ("v2", "circuitBreaker.errorRatio.window.ms"): 300_000,
    ("v2", "circuitBreaker.errorRatio.minRequests"): 100,
    ("v2", "circuitBreaker.errorRatio.open.ms"): 30_000,
    ("v2", "circuitBreaker.slowCalls.bp"): 100,
    ("v2", "circuitBreaker.slowCalls.above.ms"): 500,
    ("v2", "circuitBreaker.slowCalls.window.ms"): 300_000,
    ("v2", "circuitBreaker.slowCalls.minRequests"): 100,
    ("v2", "circuitBreaker.slowCalls.open.ms"): 30_000,
    ("v2", "limits.cpu.bp"): 9000,
}
GUARDS = {
    ("v2", "guards.errorRate.bp"): 100,
    ("v2", "guards.errorRate.window.ms"): 300_000,
    ("v2", "guards.cpu.bp"): 9000,
    ("v2", "guards.coverage.bp"): 9500,
}


def only(version: str) -> Split:
    return Split((Share(version=version, basis_points=10_000),))


def ticket(version: str, basis_points: int, bucket: int) -> Share:
    cookie = SetCookie("gray-ticket", TICKET, passed_on=True)
    return Share(version=version, basis_points=basis_points, buckets=((bucket, bucket),), set_cookie=cookie)


TICKETS = Field(Kind.COOKIE, "gray-ticket")
TABLE = RouteTable(
    (
        Route(
            name="internal",
            condition=(
                (Test(Field(Kind.HEADER, "x-gray-version"), OneOf(("v2",))),),
                (Test(Field(Kind.COOKIE, "beta"), OneOf(("1",))),),
            ),
            split=only("v2"),
        ),
        Route(name="mobile", condition=((Test(Field(Kind.PATH), PathPrefix("/api/v3")),),), split=only("v2")),
        Route(name="ticket-v2", condition=((Test(TICKETS, Buckets(((0, 3276),))),),), split=only("v2")),
        Route(name="ticket-v1", condition=((Test(TICKETS, Buckets(((0, 65_535),))),),), split=only("v1")),
        Route(
            name="everyone",
            condition=ALWAYS,
            split=Split((ticket("v2", 500, 0x666), ticket("v1", 1500, 0x1333), ticket("v1", 8000, 0xFFFF))),
        ),
    )
)


def release(
    name: str = "product-service", facts: Facts | None = None, table: RouteTable = TABLE, lane: Lane | None = None
) -> Release:
    return Release(
        name=name,
        namespace="default",
        host=f"{name}.default.svc.cluster.local",
        port=8080,
        domains=("shop.example.com",),
        stable="v1",
        versions=(Version(name="v1", labels=()), Version(name="v2", labels=(), canary=True, replicas=2)),
        stage="gray-5",
        table=table,
        lane=lane,
        facts={**GUARDS, **PROTECTION, ("v2", "limits.qps"): 500} if facts is None else facts,
    )


def seen(given: Release | None = None, **options: Any) -> View:
    return view(given or release(), SENTINEL.manifest, options)


def written(*views: View) -> dict[str, str]:
    return SENTINEL.emit(SENTINEL.lower(views))


def facts_of(fleet: Decoded, name: str = "product-service") -> Facts:
    """The facts of the one service of that name without a scope; none when it is refused or not there."""
    found = [service.settings for service in fleet.statements if (service.subject, service.scope) == (name, "")]
    return found[0] if found else {}


# What is written


def test_the_running_example_is_written_as_worked_out_by_hand() -> None:
    folder = DATA / "emitted"
    expected = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.json")}
    assert written(seen()) == expected


def test_what_is_written_is_read_back_as_meant() -> None:
    fleet = SENTINEL.decode(written(seen()))
    assert fleet.refusals == ()
    assert [service.subject for service in fleet.statements] == ["product-service"]
    assert facts_of(fleet) == SENTINEL.expected(seen()).settings


def test_expected_settings_are_worked_out_by_hand() -> None:
    routes = ["everyone.v2.0666", "everyone.v2", "internal.v2", "internal_2.v2", "mobile.v2", "ticket-v2.v2"]
    assert SENTINEL.expected(seen()).settings == {
        ("", "gateway.group"): "default.product-service",
        ("", "gateway.paths"): ("prefix /api/v3",),
        ("v2", "gateway.routes"): tuple(f"default.product-service.{route}=500" for route in routes),
        **PROTECTION,
        ("v2", "limits.qps.perInstance"): 500,
    }


def test_a_release_without_limits_and_circuit_breakers_writes_no_rules() -> None:
    table = RouteTable((Route(name="everyone", condition=ALWAYS, split=only("v1")),))
    assert written(seen(release(facts={("v2", "labels.version"): "v2"}, table=table))) == {}


def test_a_limit_of_the_stable_version_has_its_own_file() -> None:
    files = written(seen(release(facts={("v1", "limits.qps"): 2000})))
    assert json.loads(files["product-service/v1/flow-rules.json"])[0]["count"] == 2000
    assert [rule["resource"] for rule in json.loads(files["gateway/flow-rules.json"])] == [
        "default.product-service.everyone.v1",
        "default.product-service.everyone.v1.1333",
        "default.product-service.everyone.v1.ffff",
        "default.product-service.ticket-v1.v1",
    ]


def test_the_gateway_can_be_left_out() -> None:
    assert sorted(written(seen(gateway=False))) == [
        "product-service/v2/degrade-rules.json",
        "product-service/v2/flow-rules.json",
        "product-service/v2/system-rules.json",
    ]


def test_a_limit_can_be_shared_out_over_the_replicas() -> None:
    shared = seen(limitsPer="version")
    assert json.loads(written(shared)["product-service/v2/flow-rules.json"])[0]["count"] == 250
    assert facts_of(SENTINEL.decode(written(shared))) == SENTINEL.expected(shared).settings


def test_the_limited_routes_are_those_that_the_gateway_has() -> None:
    gateway = target("spring-cloud-gateway")
    options = {name: option.default for name, option in gateway.manifest.options.items()}
    given = release()
    routed = view(given, gateway.manifest, options)
    trees, uris = gateway.lower([routed]), gateway.expected(routed).labels
    routes = trees[0].value["spring"]["cloud"]["gateway"]["server"]["webflux"]["routes"]
    to_canary = sorted(each.value["id"] for each in routes if each.value["uri"] == uris["v2"])
    held = [rule["resource"] for rule in json.loads(written(seen())["gateway/flow-rules.json"])]
    assert held == ["default.product-service.everyone.v2", *to_canary]  # the first one is for the last stage


def test_no_guard_is_written() -> None:
    assert sorted(written(seen(release(facts=GUARDS), gateway=False))) == []


@pytest.mark.parametrize(
    ("limit", "replicas", "said"),
    [
        (2, 4, ("error", "2 requests a second cannot be shared out over 4 instances: one each would be 4")),
        (10, 3, ("warning", "10 requests a second over 3 instances are 3 each, 9 together: Sentinel lets only")),
        (12, 3, None),
        (3, 3, None),
        (10, None, ("error", "limitsPer is version, but nobody says over how many instances of 'v2' the limit")),
    ],
)
def test_a_limit_that_does_not_divide_is_said(limit: int, replicas: int | None, said: tuple[str, str] | None) -> None:
    versions = (Version(name="v1", labels=()), Version(name="v2", labels=(), canary=True, replicas=replicas))
    given = replace(release(facts={("v2", "limits.qps"): limit}), versions=versions)
    found = [(each.level, each.message) for each in SENTINEL.check(seen(given, limitsPer="version"))]
    assert len(found) == (said is not None)
    for (level, message), (wanted, start) in zip(found, [said] if said else [], strict=True):
        assert level == wanted
        assert message.startswith(start)
    assert list(SENTINEL.check(seen(given))) == [], "whoever gets the whole limit divides nothing"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("errorRatio.bp", 10_000, "this circuit never opens: Sentinel waits for more errors than calls"),
        ("errorRatio.window.ms", 2**31, "Sentinel's windows are shorter than 25 days"),
        ("slowCalls.open.ms", 1500, "Sentinel keeps a circuit open for whole seconds"),
    ],
)
def test_a_circuit_that_would_not_act_as_meant_is_said_once(name: str, value: int, message: str) -> None:
    both = {(version, key): said for version in ("v1", "v2") for (_, key), said in PROTECTION.items()}
    facts = {**both, **{(version, f"circuitBreaker.{name}"): value for version in ("v1", "v2")}}
    assert [each.message for each in SENTINEL.check(seen(release(facts=facts)))] == [message]
    assert list(SENTINEL.check(seen())) == []


def test_a_follower_limits_the_routes_of_the_lane() -> None:
    behind = release(lane=Lane(header="x-gray-lane", edge="nginx"))
    rules = json.loads(written(seen(behind))["gateway/flow-rules.json"])
    assert [rule["resource"] for rule in rules] == ["default.product-service.lane-v2.v2"]


def test_the_companion_as_edge_limits_both_its_tables() -> None:
    edge = release(lane=Lane(header="x-gray-lane", edge="spring-cloud-gateway"))
    names = [rule["resource"] for rule in json.loads(written(seen(edge))["gateway/flow-rules.json"])]
    assert "default.product-service.lane-v2.v2" in names
    assert "default.product-service.internal.v2" in names


@pytest.mark.parametrize(
    ("allowed", "fewest"), [("0%", 1), ("0.01%", 10_000), ("1%", 100), ("3%", 34), ("20%", 5), ("100%", 5)]
)
def test_one_bad_call_alone_never_opens_a_circuit(allowed: str, fewest: int) -> None:
    case = case_from(_BREAKING.replace("1%", allowed))[0]
    assert case
    (rule,) = json.loads(written(case.view(SENTINEL.manifest))["shop/v2/degrade-rules.json"])
    assert rule["minRequestAmount"] == fewest
    assert (rule["count"], rule["timeWindow"], rule["statIntervalMs"]) == (700, 30, 10_000)


_BREAKING = """
apiVersion: graymesh.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  service: {port: 80}
  stable: v1
  versions: {v1: {}, v2: {}}
  resilience: {circuitBreaker: {slowCalls: {above: 700ms, max: 1%}}}
  targets: {sentinel: {}}
"""


def test_a_window_too_long_for_a_rule_is_missed_by_verification_and_not_cut_short() -> None:
    facts = {**PROTECTION, ("v2", "circuitBreaker.slowCalls.window.ms"): 2**31}
    given = seen(release(facts=facts), gateway=False)
    found = facts_of(SENTINEL.decode(written(given)))
    missed = {name for _, name in SENTINEL.expected(given).settings.keys() - found.keys()}
    assert missed == {name for _, name in PROTECTION if ".slowCalls." in name}


def test_the_order_of_the_releases_does_not_show() -> None:
    first, second = seen(), seen(release("cart"))
    assert written(first, second) == written(second, first)


def test_two_releases_of_one_name_are_not_written_over_each_other() -> None:
    with pytest.raises(ValueError, match=r"product-service/v2/.*two releases of one name"):
        written(seen(), seen())


def test_only_declared_paths_are_written() -> None:
    assert all(any(Path(path).match(glob) for glob in SENTINEL.manifest.writes) for path in written(seen()))


# Properties over generated releases

VERSIONS = st.sampled_from(["v1", "v2"])
PATHS = st.sampled_from(["/", "/api", "/api/v3", "/a*b", "/{x}", "/p.q", "/x/y"])
MATCHERS = st.one_of(
    PATHS.map(PathPrefix),
    PATHS.map(lambda path: OneOf((path,))),
    st.sampled_from([Regex("/api/v[0-9]+"), Regex("/a.*")]),
)
BASIS_POINTS = st.integers(0, 10_000)
WINDOWS = st.integers(1, 2**31 - 1)


@st.composite
def tables(draw: st.DrawFn) -> RouteTable:
    paths = draw(st.lists(MATCHERS, max_size=3))
    routes = [
        Route(name=f"r{index}", condition=((Test(Field(Kind.PATH), matcher),),), split=only(draw(VERSIONS)))
        for index, matcher in enumerate(paths)
    ]
    cut = draw(BASIS_POINTS)
    shares = (ticket("v2", cut, 0x666), ticket("v1", 10_000 - cut, 0xFFFF))
    return RouteTable((*routes, Route(name="everyone", condition=ALWAYS, split=Split(shares))))


def judged(name: str, **own: st.SearchStrategy[int]) -> dict[str, st.SearchStrategy[int]]:
    said = {f"circuitBreaker.{name}{key.replace('_', '.') if key else ''}": values for key, values in own.items()}
    return {
        **said,
        f"circuitBreaker.{name}.window.ms": WINDOWS,
        f"circuitBreaker.{name}.minRequests": st.integers(1, 1_000_000),
        f"circuitBreaker.{name}.open.ms": st.integers(1, 86_400).map(lambda seconds: 1000 * seconds),
    }


@st.composite
def protections(draw: st.DrawFn) -> dict[tuple[str, str], int]:
    version = draw(VERSIONS)
    parts: list[dict[str, st.SearchStrategy[int]]] = [
        {"limits.qps": st.integers(2, 10**9)},
        judged("errorRatio", _bp=BASIS_POINTS),
        judged("slowCalls", _bp=BASIS_POINTS, _above_ms=st.integers(1, 10**9)),
        judged("errorCount", **{"": st.integers(1, 10**6)}),
        {"limits.cpu.bp": BASIS_POINTS},
    ]
    chosen = draw(st.lists(st.sampled_from(parts), unique_by=id))
    return {(version, name): draw(values) for part in chosen for name, values in part.items()}


@settings(max_examples=150, deadline=None)
@given(
    facts=st.lists(protections(), max_size=3).map(
        lambda found: {key: value for part in found for key, value in part.items()}
    ),
    table=tables(),
    gateway=st.booleans(),
    per=st.sampled_from(["instance", "version"]),
)
def test_generated_releases_are_read_back_as_meant(facts: Facts, table: RouteTable, gateway: bool, per: str) -> None:
    meant = seen(release(facts=facts, table=table), gateway=gateway, limitsPer=per)
    fleet = SENTINEL.decode(written(meant))
    assert fleet.refusals == ()
    assert len(fleet.statements) <= 1
    assert facts_of(fleet) == SENTINEL.expected(meant).settings


# Changes to what was written


def changed(value: Any) -> Any:
    """Another value of the same type."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return value + "x"
    raise AssertionError(value)


def mutations(value: Any, columns: Columns) -> Iterator[tuple[str, Any]]:
    """Every JSON value that differs from this one in one place, with its name; a field's default may be left out."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield f"{index} removed", value[:index] + value[index + 1 :]
            for name, other in mutations(item, columns):
                yield f"{index}.{name}", [*value[:index], other, *value[index + 1 :]]
        return
    for name, item in value.items():
        column = columns[name]
        if item != column.default and (name, item) != ("limitApp", "default"):
            yield f"{name} removed", {key: kept for key, kept in value.items() if key != name}
        inner = mutations(item, column.shape) if column.shape else [("changed", changed(item))]
        for detail, other in inner:
            yield f"{name}.{detail}", {**value, name: other}


KIND_OF = {"flow-rules": "flow", "degrade-rules": "degrade", "system-rules": "system", "api-groups": "api-groups"}


def all_mutations() -> Iterator[Any]:
    for path, text in written(seen()).items():
        kind = "gateway-flow" if path == "gateway/flow-rules.json" else KIND_OF[Path(path).stem]
        for name, data in mutations(json.loads(text), KINDS[kind].columns):
            yield pytest.param(path, data, id=f"{path}:{name}")


@pytest.mark.parametrize(("path", "data"), list(all_mutations()))
def test_every_change_to_a_file_is_noticed(path: str, data: Any) -> None:
    fleet = SENTINEL.decode({**written(seen()), path: json.dumps(data)})
    assert fleet.refusals or facts_of(fleet) != SENTINEL.expected(seen()).settings


def test_a_rule_more_is_noticed() -> None:
    files = written(seen())
    for path, rule in {
        "product-service/v2/flow-rules.json": {"resource": "product-service", "count": 900},
        "product-service/v2/system-rules.json": {"highestSystemLoad": 3},
        "gateway/flow-rules.json": {"resource": "default.product-service.everyone.v1.9999", "count": 1},
    }.items():
        fleet = SENTINEL.decode({**files, path: json.dumps([*json.loads(files[path]), rule])})
        assert facts_of(fleet) != SENTINEL.expected(seen()).settings, path


# What is read


def cases() -> list[Path]:
    return sorted(path.parent for path in (DATA / "read").glob("*/expected.yaml"))


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_rule_files_mean_what_was_worked_out_by_hand(case: Path) -> None:
    folder = case / "files"
    files = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.json")}
    expected = yaml.safe_load((case / "expected.yaml").read_text())
    fleet = SENTINEL.decode(files)
    assert [
        {"name": service.subject, "scope": service.scope, "facts": nested(service.settings)}
        for service in fleet.statements
    ] == [{"scope": "", **service} for service in expected["services"]]
    assert [{"file": refusal.file, "field": refusal.field, "line": refusal.line} for refusal in fleet.refusals] == [
        {"line": 0, **refusal} for refusal in expected.get("refusals", [])
    ]
    assert all(refusal.message for refusal in fleet.refusals)
    assert all(service.hosts == () and service.table is None for service in fleet.statements)


def nested(facts: Facts) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for (version, name), value in facts.items():
        found.setdefault(version, {})[name] = list(value) if isinstance(value, tuple) else value
    return found


def pairs() -> Iterator[Any]:
    for group in ("dropped", "idle"):
        for number, row in enumerate(VALIDITY[group]):
            yield pytest.param(row, id=f"{group}-{row['kind']}-{row['field']}-{number}")


def rule_of(row: dict[str, Any], side: str) -> dict[str, Any]:
    return {**VALIDITY["base"][row["kind"]], **row[side]}


@pytest.mark.parametrize("row", list(pairs()))
def test_rules_just_inside_and_just_outside_of_each_condition(row: dict[str, Any]) -> None:
    path = FILE_NAMES[row["kind"]]
    inside = SENTINEL.decode({path: json.dumps([rule_of(row, "inside")])})
    assert inside.refusals == ()
    assert len(inside.statements) == 1
    outside = SENTINEL.decode({path: json.dumps([rule_of(row, "outside")])})
    assert outside.statements == ()
    assert [refusal.field for refusal in outside.refusals][:1] == [row["field"]]


def test_every_condition_has_a_rule_just_outside() -> None:
    outside = [
        (row["kind"], typed(KINDS[row["kind"]].columns, rule_of(row, "outside"))[0])
        for group in ("dropped", "idle")
        for row in VALIDITY[group]
    ]
    for kind in KINDS.values():
        for condition in (*kind.valid, *kind.acts):
            assert any(name == kind.name and not condition.holds(rule) for name, rule in outside), (
                kind.name,
                condition.field,
                condition.message,
            )


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from(["shop", "default", "/a/**"]),
)
NAMES = st.sampled_from(
    sorted({name for kind in KINDS.values() for name in kind.columns} | {"pattern", "flowId", "x.y"})
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=6)),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(
    path=st.sampled_from(
        [*FILE_NAMES.values(), "gateway/flow-rules.json", "shop/v2/flow-rules.json", "rules.json", "a"]
    ),
    data=st.one_of(VALUES, st.lists(st.dictionaries(NAMES, VALUES, max_size=8), max_size=3)),
)
def test_nothing_that_is_read_ends_in_an_exception(path: str, data: Any) -> None:
    fleet = SENTINEL.decode({path: json.dumps(data)})
    assert fleet.statements or fleet.refusals or data == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\ufeff[]",
        "[" * 100_000,
        "[1e999999999]",
        '[{"count": 1' + "0" * 5000 + "}]",
        "[,]",
        '[{"count": 1e99999999999999999999}]',
        '[{"count": -1e-99999999999999999999}]',
        '[{"count": 0.' + "1" * 2000 + "}]",
        '[{"count": NaN}]',
        '[{"x": ' + "[" * 63 + "]" * 63 + "}]",
        '[{"resource": "\\ud800"}]',
        '[{"resource": "\\ude00\\ud83d"}]',
        '[{"resource": "a", "resource": "a"}]',
    ],
)
def test_text_that_is_no_list_of_rules_is_refused(text: str) -> None:
    fleet = SENTINEL.decode({"flow-rules.json": text})
    assert (fleet.statements, [refusal.field for refusal in fleet.refusals]) == ((), ["JSON"])


@pytest.mark.parametrize("resource", ["\\ud83d\\ude00", "\\\\ud800", "]}[{", '\\"', ",:"])
def test_texts_that_only_look_odd_are_read(resource: str) -> None:
    fleet = SENTINEL.decode({"flow-rules.json": f'[{{"resource": "{resource}", "count": 1, "grade": 1}}]'})
    assert [service.subject for service in fleet.statements] == [json.loads(f'"{resource}"')]


@pytest.mark.parametrize("number", ["1e999999999", "-1e999999999", "1e-999999999", "1e400", "0.12345678901234567"])
def test_a_number_that_no_field_can_hold_is_refused_at_its_place(number: str) -> None:
    fleet = SENTINEL.decode({"flow-rules.json": f'[{{"resource": "a",\n "grade": 1,\n "count": {number}}}]'})
    assert [(refusal.field, refusal.line) for refusal in fleet.refusals] == [("count", 3)]


def test_lines_of_fields() -> None:
    text = '[\n{"a": "b: c,",\n "b":\n {"c": [{"d": 1},\n {"e": 2}],\n "d.e": 3}},\n{\n"b": {"c": 0}}]'
    places = RuleLines(text)
    fields = ["", "a", "b", "b.c", "b.c.d", "b.c.e", "b.d.e", "d.e", "x", "b.x.y"]
    assert [places.line(0, field) for field in fields] == [2, 2, 3, 4, 4, 5, 3, 2, 2, 3]
    assert [places.line(1, field) for field in ["", "b.c", "a"]] == [7, 8, 7]


# What no spec may say

REFUSED_SPEC = {
    "service": {"port": 8080, "domains": ["shop.example.com"]},
    "stable": "v1",
    "versions": {"v1": {"endpoints": ["10.0.1.1:8080"]}, "v2": {"endpoints": ["10.0.2.1:8080"]}},
    "sticky": {"cookie": "gray-ticket"},
    "stages": [{"name": "first", "weight": 5, "hold": "1h"}, {"name": "full", "weight": 100}],
    "targets": {"sentinel": {}},
}


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: json.dumps(row["spec"]))
def test_what_sentinel_would_drop_is_refused_at_its_place(row: dict[str, Any]) -> None:
    data = {
        "apiVersion": "graymesh.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "shop"},
        "spec": {**REFUSED_SPEC, **row["spec"]},
    }
    (found,) = [each for each in everything_said([json.dumps(data)]) if each.level == "error"]
    path = next(_leaves(row["spec"]))
    assert (found.code, found.path) == (row["code"], ("spec", *path))


def _leaves(value: Any) -> Iterator[tuple[str, ...]]:
    """The paths of what stands in a piece of a spec, in order."""
    if not isinstance(value, dict) or not value:
        yield ()
        return
    for name, inner in value.items():
        yield from ((name, *rest) for rest in _leaves(inner))


# The last gate


@pytest.mark.parametrize("row", [row for row in VALIDITY["dropped"] if "regex" not in row["outside"]])
def test_no_rule_is_written_that_its_manager_would_drop(row: dict[str, Any]) -> None:
    check(row["kind"], rule_of(row, "inside"), "x.json")
    with pytest.raises(ValueError, match=f"x.json: the {row['kind']} rule of .*{row['field']}"):
        SENTINEL.emit([RuleFile("x.json", row["kind"], [rule_of(row, "outside")])])


def test_a_field_that_sentinel_does_not_know_is_not_written() -> None:
    with pytest.raises(ValueError, match="slowRatio is not a field"):
        check("degrade", {"resource": "shop", "count": 1, "timeWindow": 1, "slowRatio": 0.5}, "x.json")
