"""Istio: what stands around a VirtualService: entries, rules, gateways, and where and at which port it serves."""

from __future__ import annotations

import pytest

from tests.test_istio_reading import RULE, SERVICE, TO_V1, read, service

ENTRY = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: a}
spec:
  hosts: [a.default.svc.cluster.local]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP}]
  endpoints:
  - {address: 10.0.0.2, labels: {version: v1, zone: b}}
  - {address: 10.0.0.1, labels: {version: v1}, ports: {http: 8080}}
  - {address: "2001:db8::1", labels: {version: v2}}
---
"""


def test_a_service_entry_s_endpoints_are_facts() -> None:
    (only,) = read(ENTRY + RULE + SERVICE).statements
    assert only.settings["v1", "endpoints"] == ("10.0.0.1:8080", "10.0.0.2:80")
    assert only.settings["v2", "endpoints"] == ("[2001:db8::1]:80",)
    assert only.settings["", "entry.port"] == 80
    assert (only.settings["", "entry.location"], only.settings["", "entry.resolution"]) == ("MESH_INTERNAL", "STATIC")


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("protocol: HTTP", "protocol: TCP", "protocol"),
        ("protocol: HTTP", "protocol: HTTPS", "protocol"),
        (", protocol: HTTP", "", "protocol"),
        ("protocol: HTTP}", "protocol: HTTP}, {number: 81, name: more, protocol: HTTP}", "ports"),
        ("resolution: STATIC", "resolution: NONE", "resolution"),
        ("location: MESH_INTERNAL", "location: INSIDE", "location"),
        ("labels: {version: v2}", "labels: {version: v2}, weight: 2", "weight"),
        ("---\n", "---\n" + ENTRY, "hosts"),
    ],
)
def test_service_entries_that_are_refused(old: str, new: str, field: str) -> None:
    """What holds for the hosts of such an entry is not known, so that nothing is decided for them."""
    fleet = read(ENTRY.replace(old, new) + RULE + SERVICE)
    assert fleet.refusals[0].field == field
    assert fleet.statements == ()


def test_a_rule_that_few_callers_see_is_refused() -> None:
    """Istio asks the caller's namespace and the service's for rules; where none is named, the right one is meant."""
    full = (
        (RULE + SERVICE)
        .replace("host: a\n", "host: a.shop.svc.cluster.local\n")
        .replace("{host: a,", "{host: a.shop.svc.cluster.local,")
    )
    (only,) = read(full).statements
    assert only.settings["", "placed.DestinationRule"] == "left open"
    elsewhere = read(full.replace("metadata: {name: a}", "metadata: {name: a, namespace: web}", 1))
    assert [refusal.field for refusal in elsewhere.refusals] == ["namespace", "subset"]
    there = read(full.replace("metadata: {name: a}", "metadata: {name: a, namespace: shop}", 1))
    assert not there.refusals


def test_a_service_stands_where_its_entry_does() -> None:
    entry = ENTRY.replace("metadata: {name: a}", "metadata: {name: a, namespace: web}")
    rule = RULE.replace("host: a\n", "host: a.default.svc.cluster.local\n")
    assert not read(entry + rule.replace("{name: a}", "{name: a, namespace: web}") + SERVICE).refusals
    fleet = read(entry + rule.replace("{name: a}", "{name: a, namespace: default}") + SERVICE)
    assert [refusal.field for refusal in fleet.refusals] == ["namespace", "subset"]


def test_limits_of_0_are_none() -> None:
    """Istio tells 0 from not set for none of these."""
    policy = """\
  trafficPolicy:
    connectionPool: {tcp: {maxConnections: 0}, http: {http1MaxPendingRequests: 0, maxRequestsPerConnection: 0}}
    outlierDetection: {consecutive5xxErrors: 3, maxEjectionPercent: 0}
"""
    (only,) = read((RULE + SERVICE).replace("  host: a\n", f"  host: a\n{policy}")).statements
    assert {name: value for (_, name), value in only.settings.items() if name.startswith(("pool", "outlier"))} == {
        "outlier.errors": 3
    }


GATEWAY = """\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: public, namespace: web}
spec:
  selector: {istio: ingressgateway, tier: edge}
  servers:
  - {port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"], bind: 10.0.0.1}
---
"""


def behind(gateways: str) -> str:
    return RULE + SERVICE.replace("hosts: [a]", f"hosts: [a, a.test]\n  gateways: {gateways}")


def test_where_hosts_are_served() -> None:
    """Two objects for one host at different places: the fact tells all of them, the scope each one's own."""
    second = behind("[mesh]").removeprefix(RULE).replace("name: a", "name: a-inside")
    first, other = read(behind("[web/public, shop/inner]") + "---\n" + second).statements
    assert (first.scope, other.scope) == ("gateway web/public, gateway shop/inner", "mesh")
    for each in (first, other):
        assert each.settings["", "served.a.test"] == ("gateway shop/inner", "gateway web/public", "mesh")


def test_the_gateways_of_a_service_are_facts() -> None:
    (only,) = read(GATEWAY + behind("[web/public, mesh]")).statements
    assert only.settings["", "gateway.web/public"] == ("80 HTTP bind=10.0.0.1 for *",)
    assert only.settings["", "gateway.web/public.pods"] == ("istio=ingressgateway", "tier=edge")
    (inside,) = read(GATEWAY + behind("[mesh]")).statements
    assert not [name for _, name in inside.settings if name.startswith("gateway.")]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('hosts: ["*"]', "hosts: [A.test]", "hosts"),
        ("protocol: HTTP", "protocol: TCP", "port"),
        ("bind: 10.0.0.1", "bind: 10.0.0.1, tls: {mode: PASSTHROUGH}", "tls"),
        ("bind: 10.0.0.1", "bind: 10.0.0.1, defaultEndpoint: 127.0.0.1:80", "defaultEndpoint"),
        ("---\n", "---\n" + GATEWAY, "name"),
    ],
)
def test_gateways_that_are_refused(old: str, new: str, field: str) -> None:
    fleet = read(GATEWAY.replace(old, new) + behind("[web/public]"))
    assert fleet.statements == ()
    assert [refusal.field for refusal in fleet.refusals] == [field, "gateways"]


def test_the_port_of_all_destinations_is_a_fact() -> None:
    one = "route: [{destination: {host: a, subset: v1, port: {number: 8080}}}]"
    assert read(service(one)).statements[0].settings["", "port"] == 8080
    assert ("", "port") not in read(service(TO_V1)).statements[0].settings
