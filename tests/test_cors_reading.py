"""What anybody's files tell browsers about pages of other origins, by each engine's own rules; and what is refused."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from graymesh.ir.release import Cors
from graymesh.kit.registry import target
from graymesh.kit.target import Decoded

APP: Final = "https://app.example.org"
EVERYTHING: Final = Cors(
    origins=("https://admin.example.org", APP),
    methods=("DELETE",),
    headers=("x-token",),
    expose=("x-total",),
    credentials=True,
    max_age_seconds=300,
)


def told(fleet: Decoded) -> Cors | None:
    """What all routes of the one service tell."""
    assert not fleet.refusals, fleet.refusals
    (found,) = {route.policy.cors for each in fleet.statements for route in each.decision.routes}
    return found


NGINX: Final = r"""
map $http_origin $cors {
    "~\Ahttps://app\.example\.org\z" $http_origin;
    "https://admin.example.org"     "https://admin.example.org";
}
map $cors $cors_credentials { default true; "" ""; }
map $cors $cors_expose { default "X-Total"; "" ""; }
map $http_access_control_request_method $asks { "" 0; default 1; }
map $http_origin $from_a_page { "" 0; default $asks; }
map $request_method $is_preflight { OPTIONS $from_a_page; default 0; }
upstream shop { server 10.0.0.1:80; }
server {
    listen 80;
    server_name shop.example.com;
    location / {
        if ($is_preflight) {
            add_header Access-Control-Allow-Origin $cors always;
            add_header Access-Control-Allow-Credentials $cors_credentials always;
            add_header Access-Control-Allow-Methods "GET, DELETE" always;
            add_header Access-Control-Allow-Headers X-Token always;
            add_header Access-Control-Max-Age 300 always;
            add_header Vary Origin always;
            return 204;
        }
        proxy_hide_header Access-Control-Allow-Origin;
        proxy_hide_header Access-Control-Allow-Credentials;
        proxy_hide_header Access-Control-Expose-Headers;
        add_header Access-Control-Allow-Origin $cors always;
        add_header Access-Control-Allow-Credentials $cors_credentials always;
        add_header Access-Control-Expose-Headers $cors_expose always;
        add_header Vary Origin always;
        proxy_pass http://shop;
    }
}
"""


def in_nginx(text: str) -> Decoded:
    return target("nginx").decode({"nginx.conf": text})


def test_maps_of_other_kinds_in_nginx() -> None:
    assert told(in_nginx(NGINX)) == EVERYTHING


def test_an_origin_that_is_told_another_ones_name_may_not_call() -> None:
    text = NGINX.replace('"https://admin.example.org";', f'"{APP}";')
    found = told(in_nginx(text))
    assert found and found.origins == (APP,)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (r'"~\Ahttps://app\.example\.org\z" $', '"~example" $', "add_header"),
        (r'"~\Ahttps://app\.example\.org\z" $', '"https://app.example.org" $', "add_header"),
        (r'"~\Ahttps://app\.example\.org\z" $http_origin;', 'default "*";', "add_header"),
        (
            "Access-Control-Allow-Origin $cors always;\n            add",
            "Allow-Origin $cors always;\n add",
            "add_header",
        ),
        ("Access-Control-Allow-Methods", "X-Other", "add_header"),
        ("300 always", "300", "add_header"),
        ("300 always", "soon always", "add_header"),
        ("return 204", "return 403", "if"),
        ("OPTIONS $from_a_page", "GET $from_a_page", "if"),
        ("OPTIONS $from_a_page; default 0", "default $from_a_page", "if"),
        ("($is_preflight)", "($request_method = OPTIONS)", "if"),
        ("proxy_hide_header Access-Control-Allow-Origin;", "", "add_header"),
        ("proxy_hide_header Access-Control-Expose-Headers;", "", "add_header"),
        (
            'map $cors $cors_credentials { default true; "" ""; }',
            "map $cors $cors_credentials { default true; }",
            "add_",
        ),
        ("        add_header Vary Origin always;\n        proxy", "        proxy", "add_header"),
        ("return 204;\n        }", "return 204;\n }\n if ($http_x) { return 204; }", "if"),
        ("            return 204;", "            proxy_pass http://shop;\n return 204;", "proxy_pass"),
    ],
)
def test_what_is_not_exactly_that_is_refused_in_nginx(old: str, new: str, field: str) -> None:
    assert old in NGINX
    fleet = in_nginx(NGINX.replace(old, new))
    assert fleet.statements == () and any(each.field.startswith(field) for each in fleet.refusals), fleet


def test_an_if_that_does_something_else_is_refused_in_nginx() -> None:
    text = "upstream a { server 10.0.0.1:80; }\nserver { listen 80; location / { IF proxy_pass http://a; } }"
    for written in ("if ($http_x) { return 204; }", "if ($http_x) { proxy_pass http://b; }", "if ($http_x) { break; }"):
        assert {each.field for each in in_nginx(text.replace("IF", written)).refusals} == {"if"}


def in_spring(cors: Any, filters: list[Any], **route: Any) -> Decoded:
    read = {"id": "a", "uri": "http://10.0.0.1:80", "predicates": ["Path=/**"], "filters": filters, **route}
    gateway = {"routes": [read], "globalcors": cors}
    data = {"spring": {"cloud": {"gateway": {"server": {"webflux": gateway}}}}}
    return target("spring-cloud-gateway").decode({"application.yaml": json.dumps(data)})


CONFIGURATION: Final = {
    "allowed-origins": [APP, "https://admin.example.org"],
    "allowed_methods": "GET,HEAD,POST,DELETE",
    "allowedHeaders": ["X-Token"],
    "exposedHeaders": "X-Total",
    "allowCredentials": True,
    "max-age": 300,
}
OURS: Final = "Access-Control-Allow-Origin Access-Control-Allow-Credentials Access-Control-Expose-Headers"
FIRST: Final = f"DedupeResponseHeader={OURS}"


def test_any_spelling_that_spring_binds() -> None:
    assert told(in_spring({"cors-configurations": {"[/**]": CONFIGURATION}}, [FIRST])) == EVERYTHING
    assert told(in_spring({"corsConfigurations.[/**]": CONFIGURATION}, [f"{FIRST}, RETAIN_FIRST"])) == EVERYTHING


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"allowed-origins": ["*"]}, "allowed-origins"),
        ({"allowed-origins": []}, "allowed-origins"),
        ({"allowed_methods": ["GET", "HEAD", "DELETE"]}, "allowed_methods"),
        ({"allowed_methods": "*"}, "allowed_methods"),
        ({"allowedHeaders": ["*"]}, "allowedHeaders"),
        ({"allowedOriginPatterns": ["https://*.example.org"]}, "allowedOriginPatterns"),
        ({"allowCredentials": "yes"}, "allowCredentials"),
        ({"max-age": "5m"}, "max-age"),
        ({"allowed-origins": ["${ORIGIN}"]}, "allowed-origins"),
    ],
)
def test_what_is_not_exactly_that_is_refused_in_spring(change: dict[str, Any], field: str) -> None:
    fleet = in_spring({"cors-configurations": {"[/**]": {**CONFIGURATION, **change}}}, [FIRST])
    assert fleet.statements == () and [each.field.rpartition("].")[2] for each in fleet.refusals] == [field]


def test_what_services_say_themselves_has_to_go_in_spring() -> None:
    everywhere = {"cors-configurations": {"[/**]": CONFIGURATION}}
    for filters in ([], [f"DedupeResponseHeader={OURS}, RETAIN_LAST"], ["DedupeResponseHeader=Set-Cookie"]):
        assert in_spring(everywhere, filters).refusals
    assert in_spring({}, [FIRST]).refusals
    assert in_spring({"cors-configurations": {"[/api/**]": CONFIGURATION}}, [FIRST]).refusals
    assert in_spring({}, [], metadata={"cors": CONFIGURATION}).refusals


def in_istio(cors: dict[str, Any], headers: dict[str, Any]) -> Decoded:
    host = "shop.default.svc.cluster.local"
    subsets = [{"name": "v1", "labels": {"version": "v1"}}]
    rule = {"host": host, "subsets": subsets}
    to = [{"destination": {"host": host, "subset": "v1", "port": {"number": 80}}}]
    route = {"corsPolicy": cors, "headers": headers, "route": to}
    objects = [("DestinationRule", rule), ("VirtualService", {"hosts": [host], "http": [route]})]
    head = {"apiVersion": "networking.istio.io/v1", "metadata": {"name": "shop", "namespace": "default"}}
    files = {f"{kind}.yaml": json.dumps({**head, "kind": kind, "spec": spec}) for kind, spec in objects}
    return target("istio").decode(files)


POLICY: Final[dict[str, Any]] = {
    "allowOrigins": [{"exact": APP}, {"exact": "https://admin.example.org"}],
    "allowMethods": ["DELETE"],
    "allowHeaders": ["X-Token"],
    "exposeHeaders": ["X-Total"],
    "allowCredentials": True,
    "maxAge": "5m",
    "unmatchedPreflights": "IGNORE",
}
HEADERS: Final = {"response": {"add": {"Vary": "Origin"}, "remove": OURS.split()}}


def test_a_policy_of_istio() -> None:
    assert told(in_istio(POLICY, HEADERS)) == EVERYTHING


@pytest.mark.parametrize(
    ("change", "headers", "field"),
    [
        ({"unmatchedPreflights": "FORWARD"}, HEADERS, "unmatchedPreflights"),
        ({"unmatchedPreflights": None}, HEADERS, "unmatchedPreflights"),
        ({"allowOrigins": [{"exact": "*"}]}, HEADERS, "exact"),
        ({"allowOrigins": [{"regex": ".*"}]}, HEADERS, "regex"),
        ({"allowOrigins": [{"prefix": "https://"}]}, HEADERS, "prefix"),
        ({"allowOrigin": [APP]}, HEADERS, "allowOrigin"),
        ({"allowMethods": ["*"]}, HEADERS, "allowMethods"),
        ({"allowHeaders": ["*"]}, HEADERS, "allowHeaders"),
        ({"maxAge": "1500ms"}, HEADERS, "maxAge"),
        ({}, {}, "allowOrigins"),
        ({}, {"response": {"add": {"Vary": "Origin"}, "remove": OURS.split()[:2]}}, "allowOrigins"),
        ({}, {"response": {"add": {"Vary": "Origin"}, "remove": [*OURS.split(), "X-Other"]}}, "allowOrigins"),
        ({}, {"response": {"remove": OURS.split()}}, "vary"),
    ],
)
def test_what_is_not_exactly_that_is_refused_in_istio(
    change: dict[str, Any], headers: dict[str, Any], field: str
) -> None:
    fleet = in_istio({**POLICY, **change}, headers)
    assert fleet.statements == () and [each.field for each in fleet.refusals] == [field]
