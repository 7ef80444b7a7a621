"""Istio: anybody's files are read by Istio's rules, and what is not understood is refused by its name.

`istio/read/<case>/` holds manifests in the styles that Istio's manual shows, and what they mean, worked out by hand.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from graymesh.ir.release import UNIQUE_ID, Fault, Mirror, Policy, Retries, Share
from graymesh.ir.semantics import Request, decide
from graymesh.kit.registry import target
from graymesh.kit.target import Decoded, Statement

DATA = Path(__file__).parent / "istio" / "read"
CASES = sorted(folder.name for folder in DATA.iterdir())
ISTIO = target("istio")


def decoded(case: str) -> tuple[Decoded, dict[str, Any]]:
    folder = DATA / case
    expected = yaml.safe_load((folder / "expected.yaml").read_text(encoding="utf-8"))
    return ISTIO.decode({"input.yaml": (folder / "input.yaml").read_text(encoding="utf-8")}), expected


@pytest.mark.parametrize("case", CASES)
def test_what_is_refused(case: str) -> None:
    fleet, expected = decoded(case)
    wanted = expected.get("refusals", [])
    assert [(each.field, each.line) for each in fleet.refusals] == [(each["field"], each["line"]) for each in wanted]
    for refusal, each in zip(fleet.refusals, wanted, strict=True):
        assert each["says"] in refusal.message


@pytest.mark.parametrize("case", CASES)
def test_what_is_served_where(case: str) -> None:
    fleet, expected = decoded(case)
    assert [(list(each.hosts), each.scope) for each in fleet.statements] == [
        (each["hosts"], each["scope"]) for each in expected["services"]
    ]
    for service, each in zip(fleet.statements, expected["services"], strict=True):
        assert dict(service.settings) == {(version, name): fact(value) for version, name, value in each["facts"]}
        assert [route.name for route in service.decision.routes] == each["routes"]


@pytest.mark.parametrize("case", CASES)
def test_who_gets_which_version(case: str) -> None:
    fleet, expected = decoded(case)
    for service, each in zip(fleet.statements, expected["services"], strict=True):
        for decision in each["decisions"]:
            found = decide(service.decision, request_of(decision["request"]))
            shares = {share.version: share.basis_points for share in found.shares}
            assert shares == decision["shares"], decision["request"]
            if "route" in decision:
                assert found.route is not None and found.route.name == decision["route"]


@pytest.mark.parametrize("case", CASES)
def test_what_else_happens(case: str) -> None:
    fleet, expected = decoded(case)
    for service, each in zip(fleet.statements, expected["services"], strict=True):
        for route in service.decision.routes:
            assert route.policy == policy_of(each.get("policies", {}).get(route.name, {}))
            effects = effects_of(each.get("effects", {}).get(route.name, {}))
            for share in route.split.shares:
                assert (share.request_headers, share.response_headers, cookie_given(share)) == effects


def fact(written: Any) -> Any:
    return tuple(written) if isinstance(written, list) else written


def request_of(written: dict[str, Any]) -> Request:
    pairs = {
        name: tuple(written.get(name, {}).items())
        for name in ("headers", "cookies", "query", "claims")
        if name in written
    }
    return Request(**{name: written[name] for name in ("method", "path", "host") if name in written}, **pairs)


def policy_of(written: dict[str, Any]) -> Policy:
    parts: dict[str, Any] = dict(written)
    if "retries" in parts:
        parts["retries"] = Retries(**{**parts["retries"], "on": tuple(parts["retries"].get("on", ()))})
    if "mirror" in parts:
        parts["mirror"] = Mirror(**parts["mirror"])
    if "fault" in parts:
        parts["fault"] = Fault(**parts["fault"])
    return Policy(**parts)


def effects_of(written: dict[str, Any]) -> tuple[Any, ...]:
    sides = [
        tuple((name, UNIQUE_ID if value == "UNIQUE" else value) for name, value in written.get(side, ()))
        for side in ("request_headers", "response_headers")
    ]
    cookie = written.get("set_cookie")
    return (*sides, tuple(cookie) if cookie else None)


def cookie_given(share: Share) -> tuple[Any, ...] | None:
    return tuple(asdict(share.set_cookie).values()) if share.set_cookie else None


RULE = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: a}
spec:
  host: a
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
---
"""
SERVICE = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: a}
spec:
  hosts: [a]
  http:
  - route: [{destination: {host: a, subset: v1}}]
"""
TO_V1 = "route: [{destination: {host: a, subset: v1}}]"


def read(text: str) -> Decoded:
    return ISTIO.decode({"file.yaml": text})


def service(route: str) -> str:
    """A file with one route."""
    return RULE + SERVICE.replace(TO_V1, route)


def test_the_smallest_service_is_read() -> None:
    fleet = read(RULE + SERVICE)
    assert not fleet.refusals
    (only,) = fleet.statements
    assert only.hosts == ("a.default.svc.cluster.local",)


@pytest.mark.parametrize(
    ("route", "field"),
    [
        (f"redirect: {{uri: /x}}, {TO_V1}", "redirect"),
        ("directResponse: {status: 200}", "directResponse"),
        (f"rewrite: {{uri: /x}}, {TO_V1}", "rewrite"),
        (f"corsPolicy: {{allowMethods: [GET]}}, {TO_V1}", "unmatchedPreflights"),
        (f"timeOut: 2s, {TO_V1}", "timeOut"),
        (f"timeout: 2, {TO_V1}", "timeout"),
        (f"timeout: 1 second, {TO_V1}", "timeout"),
        (f"timeout: 1500us, {TO_V1}", "timeout"),
        (f"timeout: 0s, {TO_V1}", "timeout"),
        (f"retries: {{perTryTimeout: 2s}}, {TO_V1}", "attempts"),
        (f"retries: {{attempts: 1, backoff: 2s}}, {TO_V1}", "backoff"),
        (f"retries: {{attempts: 1, retryOn: teapot}}, {TO_V1}", "retryOn"),
        (f"retries: {{attempts: 1, retryOn: 'reset, 5xx'}}, {TO_V1}", "retryOn"),
        (f"retries: {{attempts: -1}}, {TO_V1}", "attempts"),
        (f"fault: {{delay: {{exponentialDelay: 1s}}}}, {TO_V1}", "exponentialDelay"),
        (f"fault: {{abort: {{grpcStatus: NOT_FOUND, percentage: {{value: 1}}}}}}, {TO_V1}", "grpcStatus"),
        (f"fault: {{abort: {{httpStatus: 500, percentage: {{value: 0.001}}}}}}, {TO_V1}", "percentage"),
        (f"fault: {{abort: {{httpStatus: 500, percentage: {{value: 101}}}}}}, {TO_V1}", "percentage"),
        (f"mirrors: [{{destination: {{host: a}}}}, {{destination: {{host: a}}}}], {TO_V1}", "mirrors"),
        (f"mirror: {{host: a, subset: v9}}, {TO_V1}", "subset"),
        ("route: []", "route"),
        ("route: [{destination: {host: a, subset: v1}, weight: -1}]", "weight"),
        ("route: [{destination: {host: a, subset: v1}, weight: 0.5}]", "weight"),
        ("route: [{destination: {host: a, subset: v1}, weight: 1}, {destination: {host: b}, weight: 2}]", "weight"),
        ("route: [{destination: {host: a, subset: v1}}, {destination: {host: a, subset: v2}}]", "weight"),
        ("route: [{destination: {host: b, subset: v1}}]", "subset"),
        ("route: [{destination: {host: '*.b', subset: v1}}]", "host"),
        ("route: [{destination: {host: a, subset: v1, zone: x}}]", "zone"),
        ("route: [{destination: {host: a, subset: v1, port: {name: http}}}]", "name"),
        (
            "route: [{destination: {host: a, subset: v1, port: {number: 1}}, weight: 1}, "
            "{destination: {host: a, subset: v2}, weight: 1}]",
            "port",
        ),
        ("route: [{destination: {host: a, subset: v1}, headers: {request: {add: {x-a: b}}}}]", "x-a"),
        ("route: [{destination: {host: a, subset: v1}, headers: {request: {remove: [x-a]}}}]", "remove"),
        ("route: [{destination: {host: a, subset: v1}, headers: {request: {set: {Host: b}}}}]", "Host"),
        ("route: [{destination: {host: a, subset: v1}, headers: {request: {set: {':authority': b}}}}]", ":authority"),
        ("route: [{destination: {host: a, subset: v1}, headers: {request: {set: {x-a: '%HOSTNAME%'}}}}]", "x-a"),
        ("route: [{destination: {host: a, subset: v1}, headers: {response: {add: {x-a: b}}}}]", "x-a"),
        ("route: [{destination: {host: a, subset: v1}, headers: {response: {add: {set-cookie: a=b}}}}]", "set-cookie"),
        (
            "headers: {request: {set: {x-a: b}}}, "
            "route: [{destination: {host: a, subset: v1}, headers: {request: {set: {X-A: c}}}}]",
            "x-a",
        ),
    ],
)
def test_routes_that_are_refused(route: str, field: str) -> None:
    fleet = read(service(f"{{{route}}}"))
    assert fleet.statements == ()
    assert [refusal.field for refusal in fleet.refusals] == [field]
    assert fleet.refusals[0].line > 7


@pytest.mark.parametrize(
    ("match", "field"),
    [
        ("scheme: {exact: https}", "scheme"),
        ("sourceLabels: {app: web}", "sourceLabels"),
        ("sourceNamespace: web", "sourceNamespace"),
        ("ignoreUriCase: true, uri: {exact: /a}", "ignoreUriCase"),
        ("uri: {suffix: /a}", "suffix"),
        ("uri: {exact: /a, prefix: /a}", "uri"),
        ("uri: {regex: '/(?i)a'}", "regex"),
        ("headers: {x-a: {}}", "x-a"),
        ("headers: {x-a: }", "x-a"),
        ("headers: {x-a: {exact: ''}}", "exact"),
        ("headers: {x-a: {regex: '.*'}}", "regex"),
        ("headers: {x-a: {regex: '*'}}", "regex"),
        ("headers: {x-a: {regex: 'a(?=b)'}}", "regex"),
        ("headers: {x-a: {regex: '%s'}}" % ("a" * 1025), "regex"),
        ("headers: {':path': {exact: /}}", ":path"),
        ("headers: {host: {exact: a}}", "host"),
        ("headers: {cookie: {exact: 'a=b'}}", "cookie"),
        ("headers: {Cookie: {regex: 'a=b'}}", "cookie"),
        ("headers: {'@request.auth.claims.tier': {exact: a}}", "@request.auth.claims.tier"),
        ("withoutHeaders: {x-a: {exact: b}}", "withoutHeaders"),
        ("withoutHeaders: {x-a: {}}", "x-a"),
        ("withoutHeaders: {':path': {regex: '.*[?]a=.*'}}", ":path"),
        ("withoutHeaders: {cookie: {regex: '(.*;\\s*)?a=b(;.*)?'}}", "withoutHeaders"),
        ("authority: {exact: a.test}", "authority"),
        ("authority: {regex: '(?i)a[.]test(?::[0-9]*)?'}", "authority"),
        ("authority: {regex: '(?i)(?:a.*)(?::[0-9]*)?'}", "authority"),
        ("authority: {regex: '(?i)(?:A[.]test)(?::[0-9]*)?'}", "authority"),
        ("queryParams: {a: {regex: 'b*'}}", "regex"),
        ("methods: {exact: GET}", "methods"),
    ],
)
def test_matches_that_are_refused(match: str, field: str) -> None:
    fleet = read(service(f"{{match: [{{{match}}}], {TO_V1}}}"))
    assert fleet.statements == ()
    assert [refusal.field for refusal in fleet.refusals] == [field]


def test_a_port_that_all_matches_name_is_the_one_that_is_routed() -> None:
    bare = f"{{match: [{{port: 8080, uri: {{exact: /a}}}}], {TO_V1}}}\n  - {{match: [{{port: 8080}}], {TO_V1}}}"
    (only,) = read(service(bare)).statements
    assert only.settings["", "ports.a.default.svc.cluster.local"] == 8080
    assert [route.condition for route in only.decision.routes][1:] == [((),)]
    (every,) = read(service(f"{{{TO_V1}}}")).statements
    assert ("", "ports.a.default.svc.cluster.local") not in every.settings


@pytest.mark.parametrize(
    "routes",
    [
        f"{{match: [{{port: 8080, uri: {{exact: /a}}}}], {TO_V1}}}\n  - {{{TO_V1}}}",
        f"{{match: [{{port: 8080}}], {TO_V1}}}\n  - {{match: [{{port: 9090}}], {TO_V1}}}",
        f"{{match: [{{port: 8080, method: {{exact: GET}}}}, {{uri: {{exact: /a}}}}], {TO_V1}}}",
    ],
)
def test_ports_with_routes_of_their_own_are_refused(routes: str) -> None:
    fleet = read(service(routes))
    assert fleet.statements == ()
    assert [refusal.field for refusal in fleet.refusals] == ["port"]


def test_the_port_of_a_gateway_is_its_servers_and_refused() -> None:
    text = service(f"{{match: [{{port: 80}}], {TO_V1}}}").replace("  http:", "  gateways: [web/public]\n  http:", 1)
    fleet = read(text)
    assert [refusal.field for refusal in fleet.refusals] == ["port"]


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        ("portLevelSettings: [{port: {number: 80}}]", "portLevelSettings"),
        ("tunnel: {targetHost: b, targetPort: 1}", "tunnel"),
        ("retryBudget: {percent: 20}", "retryBudget"),
        ("outlierDetection: {consecutiveGatewayErrors: 3}", "consecutiveGatewayErrors"),
        ("outlierDetection: {interval: soon}", "interval"),
        ("outlierDetection: {consecutive5xxErrors: 0}", "consecutive5xxErrors"),
        ("loadBalancer: {localityLbSetting: {enabled: true}}", "localityLbSetting"),
        ("loadBalancer: {simple: PASSTHROUGH}", "simple"),
        ("connectionPool: {http: {h2UpgradePolicy: SOMETIMES}}", "h2UpgradePolicy"),
        ("loadBalancer: {simple: RANDOM, warmup: {duration: 5s}}", "warmup"),
        ("loadBalancer: {simple: ROUND_ROBIN, warmup: {duration: 5s, aggression: 2}}", "aggression"),
        ("loadBalancer: {consistentHash: {cookie: x}}", "cookie"),
        ("connectionPool: {http: {http2MaxRequests: 1}}", "http2MaxRequests"),
        ("connectionPool: {tcp: {maxConnections: many}}", "maxConnections"),
        ("tls: {modus: SIMPLE}", "modus"),
    ],
)
def test_rules_that_are_refused(policy: str, field: str) -> None:
    """The service behind the rule is not decided either."""
    text = (RULE + SERVICE).replace("  host: a\n", f"  host: a\n  trafficPolicy: {{{policy}}}\n")
    fleet = read(text)
    assert fleet.statements == ()
    assert [refusal.field for refusal in fleet.refusals] == [field, "subset"]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("hosts: [a]", "hosts: []", "hosts"),
        ("hosts: [a]", "hosts: a", "hosts"),
        ("hosts: [a]", "hosts: [A]", "hosts"),
        ("{host: a, subset: v1}", "{host: A, subset: v1}", "host"),
        ("  host: a\n", "  host: A\n", "host"),
        ("metadata: {name: a}\nspec:\n  hosts", "metadata: {namespace: default}\nspec:\n  hosts", "name"),
        ("metadata: {name: a}\nspec:\n  hosts", "spec:\n  hosts", "name"),
        ("hosts: [a]", "hosts: [a]\n  tls: []", "tls"),
        ("hosts: [a]", "hosts: [a]\n  tcp: [{route: []}]", "tcp"),
        ("  http:\n", "  http: []\n  tls:\n", "tls"),
        ("metadata: {name: a}\nspec:\n  hosts", "metadata: {name: a}\nextra: 1\nspec:\n  hosts", "extra"),
        ("networking.istio.io/v1\nkind: V", "networking.istio.io/v2\nkind: V", "apiVersion"),
        ("networking.istio.io/v1\nkind: V", "v1\nkind: V", ""),
        ("kind: VirtualService", "kind: EnvoyFilter", "EnvoyFilter of networking.istio.io"),
        ("kind: VirtualService", "kind: List", "kind"),
        ("kind: VirtualService\n", "", "kind"),
        ("{name: v2, labels: {version: v2}}]", "{name: v1}]", "name"),
        ("host: a\n", "host: '*.svc'\n", "host"),
        ("host: a\n", "host: a\n  workloadSelector: {matchLabels: {a: b}}\n", "workloadSelector"),
        (
            "metadata: {name: a}",
            "metadata: {name: a, annotations: {internal.istio.io/route-semantics: gateway}}",
            "annotations",
        ),
    ],
)
def test_objects_that_are_refused(old: str, new: str, field: str) -> None:
    fleet = read((RULE + SERVICE).replace(old, new))
    assert fleet.statements == ()
    assert [refusal.field for refusal in fleet.refusals][:1] == ([field] if field else [])


def test_yaml_that_readers_disagree_about_is_refused() -> None:
    fleet = read((RULE + SERVICE).replace("weight: 0", "weight: 010").replace("version: v1", "version: 1_0"))
    assert [(refusal.field, refusal.line > 0) for refusal in fleet.refusals] == [("yaml", True)]


def test_two_rules_for_one_host_are_refused() -> None:
    fleet = read(RULE + RULE + SERVICE)
    assert fleet.statements == ()
    assert [refusal.field for refusal in fleet.refusals] == ["host", "subset"]


def test_of_two_objects_with_one_name_only_one_is_there() -> None:
    other = SERVICE.replace("hosts: [a]", "hosts: [b]")
    fleet = read(RULE + SERVICE + "---\n" + other)
    assert [(refusal.field, refusal.line) for refusal in fleet.refusals] == [("name", 10), ("name", 18)]
    assert fleet.statements == ()


def test_of_two_rules_with_one_name_only_one_is_there() -> None:
    fleet = read(RULE + RULE.replace("host: a", "host: b") + SERVICE)
    assert [refusal.field for refusal in fleet.refusals] == ["name", "subset"]
    assert fleet.statements == ()


def test_other_kinds_of_kubernetes_are_passed_over() -> None:
    other = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: 2}\n---\n"
    assert read(other + RULE + SERVICE) == read(RULE + SERVICE)


def test_versions_of_two_services_are_told_apart() -> None:
    rule = RULE.replace("host: a", "host: b").replace("name: a", "name: b")
    split = "[{destination: {host: a, subset: v1}, weight: 9}, {destination: {host: b, subset: v1}, weight: 1}]"
    (only,) = read(rule + service(f"route: {split}")).statements
    assert shares(only) == {"v1": 9000, "b.default.svc.cluster.local/v1": 1000}
    assert only.settings["b.default.svc.cluster.local/v1", "labels.version"] == "v1"


def test_a_name_is_not_shortened_when_two_hosts_could_own_it() -> None:
    rule = RULE.replace("host: a", "host: b").replace("name: a", "name: b")
    split = "[{destination: {host: a, subset: v1}, weight: 1}, {destination: {host: b, subset: v1}, weight: 1}]"
    (only,) = read(rule + service(f"route: {split}").replace("hosts: [a]", "hosts: [a, b]")).statements
    assert shares(only) == {"a.default.svc.cluster.local/v1": 5000, "b.default.svc.cluster.local/v1": 5000}


def test_claims_in_a_header_count_only_behind_the_gateway() -> None:
    tokens = """\
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: jwt, namespace: istio-system}
spec:
  jwtRules:
  - issuer: https://login.test
    outputClaimToHeaders: [{header: X-Tier, claim: tier}]
---
"""
    text = tokens + service(f"{{match: [{{headers: {{x-tier: {{exact: beta}}}}}}], {TO_V1}}}")
    (only,) = read(text).statements
    assert decide(only.table, Request(claims=(("tier", "beta"),))).version == "v1"
    assert decide(only.table, Request(headers=(("x-tier", "beta"),))).version is None
    outside = read(text.replace("hosts: [a]", "hosts: [a]\n  gateways: [public]"))
    assert [refusal.field for refusal in outside.refusals] == ["x-tier"]


def test_claims_without_anybody_who_verifies_tokens_are_refused() -> None:
    match = "match: [{headers: {'@request.auth.claims[tier]': {exact: beta}}}]"
    fleet = read(service(f"{{{match}, {TO_V1}}}").replace("hosts: [a]", "hosts: [a]\n  gateways: [public]"))
    assert [refusal.field for refusal in fleet.refusals] == ["headers"]


def shares(found: Statement) -> dict[str, int]:
    return {share.version: share.basis_points for share in found.table.routes[-1].split.shares}
