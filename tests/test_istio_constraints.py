"""Istio: what the language takes and Istio would not, or not as it is meant, is said at its place in the spec."""

from __future__ import annotations

import pytest

from graymesh.compile.verify import verify
from graymesh.diagnostic import Diagnostic
from graymesh.kit.registry import target
from graymesh.lint import engine
from tests.helpers import case_from

ISTIO = target("istio")
SPEC = """\
apiVersion: graymesh.io/v1alpha1
kind: Rollout
metadata: {name: shop, namespace: default}
spec:
  service: {port: 8080, domains: [shop.example.com]}
  stable: v1
  versions: {v1: {endpoints: ["10.0.0.1:80"]}, v2: {endpoints: ["10.0.0.2:80"]}}
  jwt: {issuer: "https://id.example.com", jwks: "https://id.example.com/jwks.json"}
  audiences: {beta: [AUDIENCE]}
  routes: [{name: beta, audience: beta, version: v2}]
  stages: [{name: gray, weight: 5, hold: 1h}, {name: full, weight: 100}]
  targets: {istio: {CHOSEN}}
"""
PUBLIC = "gateways: [istio-system/public]"


def spec(more: str = "", entry: str = "{headers: {X-A: b}}", options: str = PUBLIC) -> str:
    """The spec with another audience, other options, and more keys of `spec` or in place of one of its lines."""
    text = SPEC.replace("AUDIENCE", entry).replace("CHOSEN", options)
    for line in more.splitlines():
        key = line.partition(":")[0]
        kept = [
            each for each in text.splitlines() if not each.startswith(f"  {key}:") and not each.startswith(f"{key}:")
        ]
        text = "\n".join([*kept, line if key == "metadata" else f"  {line}"]) + "\n"
    return text


def said(text: str) -> list[Diagnostic]:
    """What GM308 says about the spec."""
    case, problems = case_from(text)
    assert case is not None, problems
    return engine.run([case], select=["GM308"])


def place(text: str, found: Diagnostic) -> str:
    """The text at the diagnostic's position, as far as it stands on one line."""
    span = found.span
    return text.splitlines()[span.line - 1][span.column - 1 : span.end_column - 1]


OPTIONAL = "".join(f"{char}?" for char in "abcdefghijklmnopqrstuvwxyz0123456789")
"""Takes an empty value, which the pattern for Envoy must not: it gets longer by that."""

VALUES = [f"value-{number}" for number in range(200)]


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        (
            spec("resilience: {outlier: {errors: 5, maxEjected: 12.5%}}"),
            "12.5%",
            "maxEjected 12.5%: Istio takes whole percent only",
        ),
        (
            spec("resilience: {outlier: {errors: 5, maxEjected: 0%}}"),
            "0%",
            "maxEjected 0%: Istio takes 0 for not set, which leaves out up to 10% of the instances",
        ),
        (
            spec(entry='{cookies: {a: {regex: "b;c"}}}'),
            "{name: beta, audience: beta, version: v2}",
            "cookie a matches b;c: no cookie's value holds a semicolon, so this never matches",
        ),
        (
            spec(entry="{method: [GET, CONNECT]}"),
            "{name: beta, audience: beta, version: v2}",
            "method CONNECT: Envoy matches it by a route of its own kind, so this never matches",
        ),
        (
            spec(entry="{claims: {scope: read}}"),
            "{name: beta, audience: beta, version: v2}",
            'claim scope is "read": Istio cuts this claim at its blanks and compares word by word',
        ),
        (
            spec(entry='{cookies: {c: {prefix: "%s"}}}' % ("." * 600)),
            "{name: beta, audience: beta, version: v2}",
            f'cookie c starts with "{"." * 42}…: becomes a pattern of 1229 characters, and Istio takes 1024',
        ),
        (
            spec(entry='{query: {q: {prefix: "%s"}}}' % ("." * 512)),
            "{name: beta, audience: beta, version: v2}",
            f'query q starts with "{"." * 43}…: becomes a pattern of 1026 characters, and Istio takes 1024',
        ),
        (
            spec(entry=f'{{headers: {{X-A: {{regex: "{OPTIONAL}"}}}}}}'),
            "{name: beta, audience: beta, version: v2}",
            f"header x-a matches {OPTIONAL[:45]}…: becomes a pattern of 1331 characters, and Istio takes 1024",
        ),
        (
            spec("service: {host: shop, port: 8080, domains: [shop.example.com]}"),
            "shop",
            "shop: Istio takes a name without a dot for the service shop.default.svc.cluster.local",
        ),
        (
            spec("service: {port: 8080, domains: [shop.example.com, www]}"),
            "www",
            "www: Istio takes a name without a dot for the service www.default.svc.cluster.local",
        ),
        (
            spec("service: {host: shop.web.svc.cluster.local, port: 8080}"),
            "shop.web.svc.cluster.local",
            "shop.web.svc.cluster.local is a service of the namespace web, and Istio would show its versions only to "
            "callers in default, where the release is",
        ),
        (
            spec("edge: {target: istio}", options=""),
            "istio",
            "Istio is the edge, but no gateway of it serves the public names",
        ),
        (
            spec("edge: {target: istio}\nservice: {port: 8080}"),
            "istio",
            "the edge has no public name to decide for",
        ),
        (
            spec(options="gateways: [mesh]"),
            "[mesh]",
            "mesh is Istio's word for all sidecars, not a gateway; the service's own name is served there anyway",
        ),
        (
            spec(options=f"{PUBLIC}, gatewaySelector: [app=a, app=b]"),
            "[app=a, app=b]",
            "the label app appears twice, and no pod has two values of it",
        ),
        (
            spec(options=f"{PUBLIC}, exportTo: ['*', web]"),
            "['*', web]",
            "exportTo: * is every namespace already",
        ),
        (
            spec(options=f"{PUBLIC}, exportTo: [istio-system, default, .]"),
            "[istio-system, default, .]",
            "a namespace appears twice in exportTo",
        ),
        (
            spec(options=f"{PUBLIC}, exportTo: [.]"),
            "[.]",
            "the gateway's pods in istio-system would not see the release's routes",
        ),
        (
            spec(options=f"{PUBLIC}, exportTo: [.], gatewayNamespace: default"),
            "[.]",
            "with default alone, gateways of istio-system may not see the release's routes",
        ),
        (
            spec("versions: {v1: {endpoints: ['10.0.0.1:80']}, v2: {}}", options="serviceEntry: true"),
            "{}",
            "v2 has no endpoints, so that a ServiceEntry answers 503 for it",
        ),
    ],
)
def test_what_istio_would_not_take(text: str, where: str, message: str) -> None:
    found = said(text)
    assert [(each.message, each.level, each.targets) for each in found] == [(message, "error", ("istio",))]
    assert place(text, found[0]) == where
    assert found[0].help


@pytest.mark.parametrize(
    ("outlier", "versions", "said_of"),
    [
        ("errors: 5", "{v1: {replicas: 2}, v2: {replicas: 9}}", "v1 2 v2 9"),
        ("errors: 5, maxEjected: 30%", "{v1: {replicas: 3}, v2: {replicas: 4}}", "v1 3"),
        ("errors: 5, maxEjected: 50%", "{v1: {replicas: 2}, v2: {endpoints: ['10.0.0.1:1', '10.0.0.2:1']}}", ""),
        ("errors: 5", "{v1: {replicas: 10}, v2: {replicas: 11}}", ""),
        ("errors: 5", "{v1: {}, v2: {}}", "fewer than ten"),
        ("errors: 5", "{v1: {replicas: 1}, v2: {replicas: 20}}", ""),
    ],
)
def test_an_ejection_that_never_happens_is_said(outlier: str, versions: str, said_of: str) -> None:
    """One instance alone is GM509's; Envoy ejects while fewer than its share of all instances are out."""
    found = said(spec(f"resilience: {{outlier: {{{outlier}}}}}\nversions: {versions}"))
    words = [each.message for each in found]
    if not said_of.startswith("v"):
        assert len(words) == bool(said_of) and all(said_of in message for message in words)
        return
    pairs = said_of.split()
    wanted = [
        (f"'{name}'", f"of {count} is less than one") for name, count in zip(pairs[::2], pairs[1::2], strict=True)
    ]
    assert len(words) == len(wanted)
    assert all(name in message and count in message for message, (name, count) in zip(words, wanted, strict=True))
    assert {each.level for each in found} == {"warning"}


@pytest.mark.parametrize(
    ("text", "level", "message"),
    [
        (
            spec(entry="{claims: {tier: beta}}", options=""),
            "info",
            "without a gateway the claim tier comes in headers, which every caller in the mesh can write; "
            "a list comes as one text there, of which no member matches",
        ),
        (
            spec(entry="{claims: {tier: beta, group: a}}", options=""),
            "info",
            "without a gateway the claims group, tier come in headers, which every caller in the mesh can write; "
            "a list comes as one text there, of which no member matches",
        ),
        (
            spec(entry="{headers: {X-Request-Id: {prefix: a}}}"),
            "warning",
            'header x-request-id starts with "a": Envoy writes this header itself, so that it may not be what the '
            "client sent",
        ),
        (
            spec(entry="{headers: {X-Envoy-Internal: {present: true}}}"),
            "warning",
            "header x-envoy-internal is present: Envoy writes this header itself, so that it may not be what the "
            "client sent",
        ),
    ],
)
def test_what_should_be_known(text: str, level: str, message: str) -> None:
    assert [(each.message, each.level) for each in said(text)] == [(message, level)]


@pytest.mark.parametrize(
    "text",
    [
        spec(),
        spec("resilience: {outlier: {errors: 5, maxEjected: 52%}}"),
        spec(entry='{cookies: {a: {regex: "b;c|d"}}}'),
        spec(entry='{cookies: {a: {regex: "[!-~]+"}}}'),
        spec(entry="{method: [GET, OPTIONS]}"),
        spec(entry="{claims: {tier: beta}, headers: {X-A: b}}"),
        spec(entry="{claims: {scope: {present: true}}}"),
        spec(entry="{headers: {X-A: %s}}" % ("b" * 1024)),
        spec(entry=f"{{cookies: {{c: [{', '.join(VALUES)}]}}}}"),
        spec("service: {host: shop.example.internal, port: 8080}", options=""),
        spec("service: {host: shop.web.svc.cluster.local, port: 8080}\nmetadata: {name: shop, namespace: web}"),
        spec("service: {host: shop.web.svc.cluster.local, port: 8080}", options="serviceEntry: true"),
        spec("edge: {target: istio}"),
        spec("edge: {target: istio}", options="createGateway: true"),
        spec(options=f"{PUBLIC}, exportTo: ['*']"),
        spec(options=f"{PUBLIC}, exportTo: [., istio-system]"),
        spec(options=f"{PUBLIC}, exportTo: [., edge], gatewayNamespace: edge"),
        spec(options="exportTo: [.]"),
        spec(options="serviceEntry: true"),
    ],
)
def test_what_istio_takes_is_verified(text: str) -> None:
    """Nothing is said without need: without a word of the constraints, the output is what the spec says."""
    assert said(text) == []
    case, _ = case_from(text)
    assert case is not None
    for release in case.stages:
        view = case.view(ISTIO.manifest, release)
        found = verify(ISTIO, [view], ISTIO.decode(ISTIO.emit(ISTIO.lower([view]))), "istio")
        assert [each.diagnostic.message for each in found] == []


def test_a_follower_needs_no_gateway() -> None:
    text = spec("edge: {target: nginx}", entry="{claims: {scope: read}}", options="").replace(
        "{istio: {}}", "{istio: {}, nginx: {}}"
    )
    assert [each for each in said(text) if each.targets == ("istio",)] == []
