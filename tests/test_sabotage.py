"""Mistakes that are made on purpose where files are written: `expected` is computed without them, so verify finds each.

Every target is sabotaged in the helpers that turn options, claims, names and predicates into text.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from graymesh.compile.verify import verify
from graymesh.kit.registry import target, target_names
from tests.helpers import case_from

SPEC = """
apiVersion: graymesh.io/v1alpha1
kind: Rollout
metadata: {name: shop, namespace: web}
spec:
  service: {port: 8080, domains: [shop.example.com]}
  stable: v1
  versions: {v1: {endpoints: ["10.0.1.1:8080"]}, v2: {endpoints: ["10.0.2.1:8080"], replicas: 4}}
  audiences:
    AUDIENCES
  routes: ROUTES
  jwt: {issuer: https://id.example.com, jwks: https://id.example.com/jwks.json, from: {header: Authorization}}
  sticky: {cookie: gray-ticket}
  stages: [{name: first, weight: 5, hold: 1h}, {name: full, weight: 100}]
  limits: {v2: {qps: 500}}
  RESILIENCE
  guards: {enforcedBy: operator, errorRate: {max: 1%, window: 5m}}
  targets: {TARGET: {OPTIONS}}
"""
CLAIMS = {"beta": "[{claims: {tier: beta}}]", "staff": "[{claims: {group: staff}}]"}
OFFICE = {"office": "[{source: [203.0.113.0/24]}]"}
EMPTY_TOO = {"any": '[{cookies: {beta: {regex: "b*"}}}]'}
PATHS = {"api": "[{path: {prefix: /api}}]"}
HALF_A_HOST = {"name": "Header", "args": {"header": "Host", "regexp": "(?i)shop.*"}}


@dataclass(frozen=True)
class Sabotage:
    """`made` gives what stands in for the helper `module.name`, from the right one; `says` is part of a finding."""

    target: str
    module: str
    name: str
    made: Callable[[Any], Any]
    says: str
    audiences: dict[str, str]
    options: str = ""

    def complaints(self) -> list[str]:
        """What verify says of the release."""
        names = self.audiences
        breaker = "resilience: {circuitBreaker: {errorRatio: {max: 1%}}}" if self.target == "sentinel" else ""
        text = SPEC.replace("RESILIENCE", breaker).replace(
            "AUDIENCES", "\n    ".join(f"{name}: {entries}" for name, entries in names.items())
        )
        routes = ", ".join(f"{{name: {name}, audience: {name}, version: v2}}" for name in names)
        text = text.replace("ROUTES", f"[{routes}]").replace("TARGET", self.target).replace("OPTIONS", self.options)
        case, problems = case_from(text)
        assert case is not None, problems
        chosen = target(self.target)
        view = case.view(chosen.manifest)
        found = verify(chosen, [view], chosen.decode(chosen.emit(chosen.lower([view]))), self.target)
        return [f"{each.diagnostic.code} {each.diagnostic.message}" for each in found]


def always(value: Any) -> Callable[[Any], Any]:
    """In place of a helper one that gives this, whatever it is asked."""
    return lambda right: lambda *_, **__: value


def with_options(**wrong: Any) -> Callable[[Any], Any]:
    """In place of Istio's options others."""
    return lambda right: lambda view: replace(right(view), **wrong)


GATEWAY = "gateways: [istio-system/public]"
OWN = "createGateway: true, gatewayCredential: shop, exportTo: [istio-system]"
SABOTAGES = {
    "one header for all claims": Sabotage("istio", "claims", "header_of", always("x-claim"), "", CLAIMS),
    "a claim that no header carries": Sabotage(
        "istio", "claims", "_claims_at_any_stage", always({"tier"}), "GM901", CLAIMS
    ),
    "claims that clients write": Sabotage(
        "istio", "claims", "Claims.key", lambda _: lambda self, name: f"x-{name}", "GM901", CLAIMS, GATEWAY
    ),
    "tokens verified elsewhere": Sabotage(
        "istio", "claims", "options_of", with_options(gatewayNamespace="other"), "jwt.namespace", CLAIMS, GATEWAY
    ),
    "tokens verified by other pods": Sabotage(
        "istio", "claims", "options_of", with_options(gatewaySelector=("app=x",)), "jwt.pods", CLAIMS, GATEWAY
    ),
    "another word for sidecars": Sabotage("istio", "lower", "MESH", lambda _: "web/mesh", "served.", PATHS, GATEWAY),
    "another gateway": Sabotage(
        "istio", "lower", "options_of", with_options(gateways=("istio-system/other",)), "served.", PATHS, GATEWAY
    ),
    "a gateway of another name": Sabotage(
        "istio", "lower", "_edges", always(("web/other",)), "gateway web/other", PATHS, OWN
    ),
    "no certificate": Sabotage(
        "istio", "resources", "options_of", with_options(gatewayCredential=""), "gateway.web/shop", PATHS, OWN
    ),
    "objects that everybody sees": Sabotage(
        "istio", "resources", "options_of", with_options(exportTo=()), "placed.", PATHS, OWN
    ),
    "objects in another namespace": Sabotage(
        "istio", "lower", "metadata_of", always({"name": "shop", "namespace": "other"}), "", PATHS, GATEWAY
    ),
    "forwarded headers believed": Sabotage(
        "spring-cloud-gateway", "lower", "asked_by", always(None), "server.forwardHeaders", OFFICE
    ),
    "the empty value taken": Sabotage(
        "spring-cloud-gateway", "predicates", "regexp", lambda _: lambda matcher: "b*", "GM905", EMPTY_TOO
    ),
    "a host without its end": Sabotage("spring-cloud-gateway", "predicates", "host", always(HALF_A_HOST), "", PATHS),
    "another address of the client": Sabotage(
        "spring-cloud-gateway",
        "predicates",
        "_source",
        lambda right: lambda test, options: right(test, {**options, "clientAddress": "connection"}),
        "clientAddress",
        OFFICE,
        "clientAddress: forwarded",
    ),
    "the versions' services changed": Sabotage(
        "spring-cloud-gateway", "services", "service_id", lambda _: lambda release, version: f"{version}.svc", "", PATHS
    ),
    "one service for all versions": Sabotage(
        "spring-cloud-gateway", "services", "service_id", lambda _: lambda release, version: "shop.svc", "", PATHS
    ),
    "the client's host kept from services": Sabotage(
        "spring-cloud-gateway",
        "lower",
        "filters",
        lambda right: lambda share, policy, preserve_host: right(share, policy, False),
        "sends.host",
        PATHS,
        "preserveHost: true",
    ),
    "a burst": Sabotage("nginx", "marks", "burst_of", lambda right: lambda rate: 50 * right(rate), "24950", PATHS),
    "one upstream for all versions": Sabotage(
        "nginx", "servers", "upstream_name", lambda right: lambda release, version: right(release, "v1"), "", PATHS
    ),
    "another port": Sabotage("nginx", "servers", "listens", always(("81",)), "listen", PATHS),
    "limits of single instances": Sabotage("sentinel", "lower", "_instances", always(2), "limits.qps", PATHS),
    "another limit at the gateway": Sabotage(
        "sentinel", "gateway", "_limited_routes", always({("web.shop.api.v2", 5)}), "gateway.routes", PATHS
    ),
    "paths by regex": Sabotage("sentinel", "gateway", "_items", always([(2, "/api")]), "gateway.paths", PATHS),
    "a breaker of something else": Sabotage(
        "sentinel", "lower", "_judged", always([("errorRatio", {"grade": 0, "count": 0.01})]), "errorRatio", PATHS
    ),
}


def replaced(monkeypatch: pytest.MonkeyPatch, sabotage: Sabotage) -> None:
    package = f"graymesh.targets.{sabotage.target.replace('-', '_')}"
    holder: Any = importlib.import_module(f"{package}.{sabotage.module}")
    *owners, name = sabotage.name.split(".")
    for owner in owners:
        holder = getattr(holder, owner)
    monkeypatch.setattr(holder, name, sabotage.made(getattr(holder, name)))


@pytest.mark.parametrize("name", SABOTAGES)
def test_a_mistake_where_files_are_written_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sabotage = SABOTAGES[name]
    assert sabotage.complaints() == []
    replaced(monkeypatch, sabotage)
    found = sabotage.complaints()
    assert found
    assert any(sabotage.says in each for each in found), found


def test_every_target_is_sabotaged() -> None:
    assert {each.target for each in SABOTAGES.values()} >= set(target_names())
