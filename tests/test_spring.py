"""Spring Cloud Gateway: what is written decides as the spec says, and every edit of it is noticed.

The specs stand in `spring/releases/`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from graymesh.compile.verify import verify
from graymesh.ir.naming import route_ids
from graymesh.ir.release import Field, Kind, PathPrefix, Policy, Regex, Retries, RouteTable, Test
from graymesh.kit.registry import target
from graymesh.kit.target import View
from graymesh.lint import engine
from graymesh.proof.regex import portable as portable_regex
from graymesh.targets.spring_cloud_gateway import filters, predicates, services
from graymesh.text import yaml_text
from tests.helpers import case_from

DATA = Path(__file__).parent / "spring"
SPRING = target("spring-cloud-gateway")
FILE = "application-graymesh.yaml"
SPECS = sorted(path.stem for path in (DATA / "releases").glob("*.yaml"))


def views_of(name: str, **options: Any) -> list[View]:
    """The views of one spec, stage by stage."""
    case, problems = case_from((DATA / "releases" / f"{name}.yaml").read_text(encoding="utf-8"))
    assert case is not None, problems
    found = [case.view(SPRING.manifest, release) for release in case.stages]
    return [replace(view, options={**view.options, **options}) for view in found]


def emitted(*views: View) -> dict[str, str]:
    return SPRING.emit(SPRING.lower(views))


def routes_in(files: Mapping[str, str]) -> list[dict[str, Any]]:
    gateway = yaml.safe_load(files[FILE])["spring"]["cloud"]["gateway"]
    routes: list[dict[str, Any]] = gateway["routes"] if "routes" in gateway else gateway["server"]["webflux"]["routes"]
    return routes


def said(views: list[View], files: Mapping[str, str]) -> list[str]:
    return [found.diagnostic.message for found in verify(SPRING, views, SPRING.decode(files), "out")]


# What is written


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("options", [{}, {"prefix": "legacy", "order": -7, "preserveHost": True}])
def test_every_stage_decides_as_the_spec_says(name: str, options: dict[str, Any]) -> None:
    for view in views_of(name, **options):
        assert said([view], emitted(view)) == []


def test_all_releases_decide_in_one_file() -> None:
    views = [view for name in SPECS if name != "registry" for view in views_of(name)[:1]]
    files = emitted(*views)
    assert list(files) == [FILE]
    assert said(views, files) == []
    assert emitted(*reversed(views)) == files


def test_a_release_is_written_alike_whoever_stands_beside_it() -> None:
    views = [views_of(name)[0] for name in ("edge", "several", "sticky")]
    together = routes_in(emitted(*views))
    apart = [route for view in sorted(views, key=lambda view: view.release.key) for route in routes_in(emitted(view))]
    assert together == apart


def test_the_running_release(snapshot: Any) -> None:
    assert emitted(views_of("sticky")[0])[FILE] == snapshot


def test_nothing_is_written_for_nobody() -> None:
    assert emitted() == {}


def test_ids_are_unique_and_orders_follow_the_table() -> None:
    view = views_of("everything")[0]
    routes = routes_in(emitted(view))
    ids = [route["id"] for route in routes]
    table = view.tables[0].table.routes
    expected = {
        each for route in table for share in route.split.shares for each in route_ids(view.release, route, share)
    }
    assert len(set(ids)) == len(ids)
    assert set(ids) == expected
    assert "store.catalog.headers_2.v2" in ids
    assert sorted({route["order"] for route in routes}) == list(range(len(table)))


def test_every_draw_has_a_group_of_its_own() -> None:
    groups: dict[str, list[Any]] = {}
    for view in (views_of("several")[0], views_of("edge")[0], views_of("sticky")[0]):
        for route in routes_in(emitted(view)):
            *others, last = route["predicates"]
            if last["name"] == "Weight":
                groups.setdefault(last["args"]["weight.group"], []).append((others, last["args"]["weight.weight"]))
    assert groups
    for members in groups.values():
        assert all(others == members[0][0] for others, _ in members)
        assert sum(weight for _, weight in members) == 10_000


def test_only_the_long_form_is_written() -> None:
    for route in routes_in(emitted(views_of("everything")[0])):
        assert all(set(each) == {"name", "args"} for each in [*route["predicates"], *route.get("filters", [])])


def test_a_registry_gets_no_addresses() -> None:
    text = emitted(*views_of("registry"))[FILE]
    assert "discovery" not in text
    assert "XForwardedRemoteAddr" in text
    assert "lb://2.mail.2024.svc" in text


JAVA_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?")


@pytest.mark.parametrize("name", SPECS)
def test_service_ids_are_host_names_to_java(name: str) -> None:
    view = views_of(name)[0]
    ids = {version.name: services.service_id(view.release, version.name) for version in view.release.versions}
    assert all(map(JAVA_HOST.fullmatch, ids.values()))
    assert SPRING.expected(view).labels == {version: f"lb://{service}" for version, service in ids.items()}


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        (r"\${2}", "[$]{2}"),
        (r"a\\\${2}", r"a\\[$]{2}"),
        ("[a${]+", r"[a$\{]+"),
        (r"[\${]", r"[\$\{]"),
        ("#{2}", "(?:#{2})"),
        (" #{1,2}", "(?: #{1,2})"),
        (r"a{2}\$", r"a{2}\$"),
    ],
)
def test_patterns_are_no_expressions(pattern: str, written: str) -> None:
    """Placeholders and SpEL are written so that Spring sees neither, and the language stays the same."""
    assert predicates.regexp(Regex(pattern)) == written
    assert portable_regex.canonical(written) == portable_regex.canonical(pattern)


@pytest.mark.parametrize("value", ["{x}", "${HOME}", "#{1}", "a}", "a\r\nSet-Cookie: b=c", "ü"])
def test_a_filter_takes_no_template(value: str) -> None:
    with pytest.raises(ValueError, match="literally"):
        filters.checked(value)


def test_retries_without_reasons_keep_springs_own() -> None:
    view = views_of("sticky")[0]
    table = view.tables[0].table
    for retries in (
        Retries(attempts=3),
        Retries(attempts=1, on=("reset",)),
        Retries(attempts=2, on=("5xx", "unavailable")),
    ):
        policy = Policy(retries=retries, timeout_ms=20)
        routes = [replace(each, policy=policy) for each in table.routes]
        changed = replace(view, tables=(replace(view.tables[0], table=RouteTable(tuple(routes))),))
        assert said([changed], emitted(changed)) == []
        assert said([view], emitted(changed)) != []


def test_a_draw_for_some_is_drawn_for_each_alternative() -> None:
    view = views_of("sticky")[0]
    first, *others, last = view.tables[0].table.routes
    either = (*first.condition, (Test(Field(Kind.PATH), PathPrefix("/new")),))
    some = replace(first, name="some", condition=either, split=last.split)
    changed = replace(view, tables=(replace(view.tables[0], table=RouteTable((some, *others, last))),))
    files = emitted(changed)
    groups = {
        each["predicates"][-1]["args"]["weight.group"] for each in routes_in(files) if len(each["predicates"]) > 2
    }
    assert {"default.shop.some", "default.shop.some_2"} <= groups
    assert said([changed], files) == []
    assert said([view], files) != []


# Hostile values and what configuration cannot carry


def spec_with(old: str, new: str) -> str:
    text = (DATA / "releases" / "sticky.yaml").read_text(encoding="utf-8")
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("value: you are trying v2", "value: \"#{T(java.lang.Runtime).getRuntime().exec('id')}\"", "as templates"),
        ("value: you are trying v2", 'value: "${JAVA_HOME}"', "as templates"),
        ("value: you are trying v2", 'value: "${x:#{1}}"', "as templates"),
        ("value: you are trying v2", 'value: "hello {name}"', "as templates"),
        ("X-Gray-Version: v2}", 'X-Gray-Version: "a,b"}', "at its commas"),
        ("X-Gray-Version: v2}", 'X-Gray-Version: {regex: "a[,;]b"}}', "at its commas"),
        ("X-Gray-Version: v2}", "X-Gray-Version: '\"v2\"'}", "drops a quote"),
        ("X-Gray-Version: v2}", "X-Gray-Version: {prefix: '\"v'}}", "drops a quote"),
        ("X-Gray-Version: v2}", "X-Gray-Version: {regex: 'W?[\"]v2'}}", "drops a quote"),
        ("{headers: {X-Gray-Version: v2}}", "{method: CONNECT}", "does not know it"),
        ("endpoints: [10.0.2.11:8080]", "endpoints: []", "503"),
        ("10.0.2.11:8080", "10.0.2.11:8", "one digit"),
        ("10.0.2.11:8080", "shop.2nd:8080", "begins with a digit"),
    ],
)
def test_what_the_gateway_would_not_take_is_said_before(old: str, new: str, message: str) -> None:
    case, problems = case_from(spec_with(old, new))
    assert case is not None, problems
    found = [item for item in engine.run([case]) if item.code == "GM308" and item.level == "error"]
    assert len(found) == 1
    assert message in found[0].message
    assert found[0].targets == ("spring-cloud-gateway",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{regex: X}", '{regex: "a{1,3}"}', ""),
        ("{regex: X}", '"${JAVA_HOME}"', ""),
        ("{regex: X}", '{regex: "[^,]*x{2,}"}', ""),
    ],
)
def test_braces_are_literal_where_they_match(old: str, new: str, message: str) -> None:
    case, problems = case_from(spec_with("X-Gray-Version: v2}", f"X-Gray-Version: {new}}}"))
    assert case is not None, problems
    view = case.view(SPRING.manifest)
    assert [item.code for item in engine.run([case]) if item.code == "GM308"] == []
    assert said([view], emitted(view)) == []


@pytest.mark.parametrize(
    ("pattern", "misses"),
    [
        ("Mozilla/5[.]0 .* Chrome/.*", True),
        ("(?:Mozilla|Opera)[^;]*Chrome", True),
        ("a(?:b.c)?", True),
        ("[^;]{8}", True),
        ("x(?:.*)y?z", True),
        (".*Chrome/.*", False),
        ("Mozilla/.*", False),
        (".*Chrome", False),
        ("a?.*b?", False),
        ("a.*|.*b", False),
        ("v[0-9]+ [^,]*x", False),
        ("[^@]+@example[.]com", False),
    ],
)
def test_a_pattern_that_runs_over_commas_is_warned_of(pattern: str, misses: bool) -> None:
    case, problems = case_from(spec_with("X-Gray-Version: v2}", f"X-Gray-Version: {{regex: '{pattern}'}}}}"))
    assert case is not None, problems
    found = [item for item in engine.run([case]) if item.code == "GM308"]
    assert [item.level for item in found] == ["warning"] * misses
    assert all("a comma in between" in item.message for item in found)


@pytest.mark.parametrize("value", ['a"b', "q\"'"])
def test_a_quote_inside_of_a_value_stays(value: str) -> None:
    case, problems = case_from(spec_with("X-Gray-Version: v2}", f"X-Gray-Version: {json.dumps(value)}}}"))
    assert case is not None, problems
    view = case.view(SPRING.manifest)
    assert [item.code for item in engine.run([case]) if item.code == "GM308"] == []
    assert said([view], emitted(view)) == []


# A change of what is written is a change of what is read


Edit = Callable[[list[dict[str, Any]]], None]


def edits() -> Iterator[tuple[str, Edit]]:
    """Changes to the routes of `sticky` (testers, two ticket routes, twenty tickets), each of which moves traffic."""
    yield "weight", lambda routes: routes[3]["predicates"][-1]["args"].update({"weight.weight": 501})
    yield "draw", lambda routes: routes[3]["predicates"].pop()
    yield "group", lambda routes: routes[3]["predicates"][-1]["args"].update({"weight.group": "another"})
    yield "cookie", lambda routes: routes[3]["filters"][-1]["args"].update({"value": "gray-ticket=0000ffff; Path=/"})
    yield "another bucket", lambda routes: _in_another_bucket(routes[4])
    yield "ticket for the service", lambda routes: _without_filter(routes[4], "AddRequestHeader")
    yield "ticket that clients take away", lambda routes: _without_filter(routes[4], "SetRequestHeader")
    yield "cookie's age", lambda routes: routes[4].update(filters=routes[4]["filters"][:-1])
    yield "notice", lambda routes: routes[0].update(filters=[])
    yield "notice's text", lambda routes: routes[0]["filters"][0]["args"].update({"value": "you are trying v3"})
    yield "uri", lambda routes: routes[0].update(uri=routes[2]["uri"])
    yield "order", lambda routes: routes[0].update(order=99)
    yield "value", lambda routes: routes[0]["predicates"][1]["args"].update(regexp="v22")
    yield "buckets", lambda routes: routes[1]["predicates"][1]["args"].update(regexp="[0-9a-f-]{4,}0[0-5][0-9a-f]{2}")
    yield "presence", lambda routes: routes[0]["predicates"][1]["args"].pop("regexp")
    yield "name", lambda routes: routes[0]["predicates"][1]["args"].update(header="x-gray-versions")
    yield "condition", lambda routes: routes[0]["predicates"].pop(1)
    yield "host", lambda routes: routes[0]["predicates"][0]["args"].update(regexp=r"(?i)shop\.example\.com(?::[0-9]*)?")
    yield "any host", lambda routes: routes[0]["predicates"].pop(0)
    yield "switch", lambda routes: routes[0].update(enabled=False)
    yield "route", lambda routes: routes.pop(2)
    yield "time limit", lambda routes: routes[0].update(metadata={"response-timeout": 100})
    yield (
        "request header",
        lambda routes: routes[2].update(filters=[{"name": "SetRequestHeader", "args": {"name": "x", "value": "y"}}]),
    )
    yield "same id", lambda routes: routes[0].update(id=routes[1]["id"])


def _without_filter(route: dict[str, Any], name: str) -> None:
    route["filters"].remove(next(each for each in route["filters"] if each["name"] == name))


def _in_another_bucket(route: dict[str, Any]) -> None:
    """What the route's filters for the ticket say, with another ticket."""
    for each in route["filters"][-2:]:
        each["args"]["value"] = re.sub("=[0-9a-f]{8}", "=00001234", each["args"]["value"])


@pytest.mark.parametrize(("what", "edit"), list(edits()), ids=[what for what, _ in edits()])
def test_an_edit_is_noticed(what: str, edit: Edit) -> None:
    view = views_of("sticky")[0]
    data = yaml.safe_load(emitted(view)[FILE])
    routes = data["spring"]["cloud"]["gateway"]["server"]["webflux"]["routes"]
    before = deepcopy(routes)
    edit(routes)
    assert routes != before
    assert said([view], {FILE: yaml_text(data)}) != []


@pytest.mark.parametrize("name", ["everything", "registry"])
def test_clients_cannot_write_their_address(name: str) -> None:
    """On Kubernetes, Boot would believe the first address in X-Forwarded-For without this key."""
    view = views_of(name)[0]
    data = yaml.safe_load(emitted(view)[FILE])
    assert data.pop("server") == {"forward-headers-strategy": "none"}
    assert said([view], {FILE: yaml_text(data)}) == [
        "server.forwardHeaders is not set in spring-cloud-gateway, the spec says none"
    ]
    native = {"server": {"forward-headers-strategy": "native"}, **data}
    assert [refusal.field for refusal in SPRING.decode({FILE: yaml_text(native)}).refusals] == [
        "server.forward-headers-strategy"
    ]


def test_forwarding_is_left_alone_where_no_source_is_tested() -> None:
    assert "forward" not in emitted(views_of("sticky")[0])[FILE]


def test_an_edited_address_is_noticed() -> None:
    view = views_of("sticky")[0]
    text = emitted(view)[FILE].replace("10.0.2.11", "10.0.2.12")
    assert said([view], {FILE: text}) == [
        "endpoints of v2 is 10.0.2.12:8080 in spring-cloud-gateway, the spec says 10.0.2.11:8080"
    ]
