"""Inputs of any size, each of one kind of repeated element: what costs more than its length shows here.

`python -m tests.fuzz.scaling` runs each at several sizes and shows how the CPU time grows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from tests.fuzz.cases import Case

_LIST: Final = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n"


_STAGES: Final = "  stages: [{name: gray, weight: 5}, {name: full, weight: 100}]\n"


def _spec(
    *, head: str = "", metadata: str = "name: shop", audiences: str = "", spec: str = "", behind: str = ""
) -> str:
    return (
        f"{head}apiVersion: graymesh.io/v1alpha1\nkind: Rollout\nmetadata: {{{metadata}}}\nspec:\n"
        "  service: {port: 80}\n  stable: v1\n  versions:\n    v1: {endpoints: [10.0.1.1:80]}\n"
        "    v2: {endpoints: [10.0.2.1:80]}\n"
        f"  audiences:\n    a: [{{cookies: {{a: '1'}}}}]\n{audiences}"
        f"  sticky: {{cookie: gray-ticket}}\n{spec}{'' if 'stages:' in spec else _STAGES}  targets: {{nginx: {{}}, istio: {{}}}}\n{behind}"
    )


def _joined(line: str, count: int) -> str:
    return "".join(line.replace("%", str(number)) for number in range(count))


def _lint(text: str, action: str = "lint") -> Case:
    return Case(action, {"spec.yaml": text.encode()})


def _rules(count: int, rule: str) -> str:
    return "[" + ",\n".join(rule.replace("%", str(number)) for number in range(count)) + "]"


_IGNORE: Final = "    # graymesh: ignore[GM203] -- because\n"
SPECS: Final[Mapping[str, Callable[[int], Case]]] = {
    "ignore comments on lines of their own": lambda n: _lint(_spec(behind=_IGNORE * n)),
    "ignore comments before an entry": lambda n: _lint(_spec(audiences=_IGNORE * n + "    b: [{cookies: {b: '1'}}]\n")),
    "ignore comments of unknown codes": lambda n: _lint(_spec(behind=_joined("# graymesh: ignore[X%] -- because\n", n))),
    "codes of one ignore comment": lambda n: _lint(
        _spec(behind=f"# graymesh: ignore[{', '.join(f'X{each}' for each in range(n))}] -- because\n")
    ),
    "ignore comments mended": lambda n: _lint(_spec(behind=_IGNORE * n), "lint-fix"),
    "entries behind comments": lambda n: _lint(
        _spec(audiences=_joined("    b%: [{cookies: {b: '%'}}] # graymesh: ignore[GM203] -- because\n", n))
    ),
    "signs of comments within a line": lambda n: _lint(
        _spec(behind="  x: [" + '"a # graymesh: b", ' * n + "]# graymesh: ignore[GM203] -- b\n")
    ),
    "flow items of one line under comments": lambda n: _lint(
        _spec(behind=f"  x:\n  # graymesh: ignore[GM203] -- because\n  - [{'a, ' * n}b]\n")
    ),
    "comments": lambda n: _lint(_spec(behind="# nothing\n" * n)),
    "unknown keys": lambda n: _lint(_spec(behind=_joined("  routed%: {}\n", n))),
    "unknown keys as sarif": lambda n: _lint(_spec(behind=_joined("  routed%: {}\n", n)), "lint-sarif"),
    "unknown keys as markdown": lambda n: _lint(_spec(behind=_joined("  routed%: {}\n", n)), "lint-markdown"),
    "unknown keys as junit": lambda n: _lint(_spec(behind=_joined("  routed%: {}\n", n)), "lint-junit"),
    "unknown keys mended": lambda n: _lint(_spec(behind=_joined("  routs%: {}\n", n)), "lint-fix"),
    "misspelt keys mended": lambda n: _lint(
        _spec(audiences="".join(f"    b{i}:\n" + _joined(f"      - {{cokies: {{b: '{i}-%'}}}}\n", 60) for i in range(max(1, n // 60)))), "lint-fix"
    ),
    "misspelt keys in one flow line mended": lambda n: _lint(
        _spec(audiences="    b: [" + _joined("{cokies: {b: '%'}}, ", n) + "]\n"), "lint-fix"
    ),
    "needless entries mended": lambda n: _lint(_spec(metadata="name: shop, labels: {}").replace("port: 80", "port: 80, domains: [" + "a.example.com, " * n + "]"), "lint-fix"),
    "unknown keys in one flow line": lambda n: _lint(_spec(metadata="name: shop, " + _joined("a%: 1, ", n))),
    "a long unknown key": lambda n: _lint(_spec(behind=f"  ? {'routes' * n}\n  : 1\n")),
    "a long scalar": lambda n: _lint(_spec(metadata=f"name: {'shop ' * n}")),
    "a long broken line": lambda n: _lint(_spec(behind="  x: " + "[a, " * 20 + "é " * n + "}\n")),
    "a long number": lambda n: _lint(_spec(metadata=f"name: {'1' * n}x")),
    "a long number in an engine's file": lambda n: Case("read-spring", {"application.yaml": f"a: {'1' * n}x\n".encode()}),
    "a repeated key": lambda n: _lint(_spec(behind=_joined("  k%: 1\n", n) + "  k0: 1\n")),
    "repeated values": lambda n: _lint(_spec(spec=f"  notice: {{header: [{'a, ' * n}]}}\n")),
    "unknown references": lambda n: _lint(_spec(spec="  routes:\n" + _joined("    - {name: r%, audience: b%, version: w%}\n", n))),
    "routes": lambda n: _lint(_spec(spec="  routes:\n" + _joined("    - {name: r%, audience: a, version: v2}\n", n))),
    "audiences": lambda n: _lint(_spec(audiences=_joined("    b%: [{cookies: {b: '%'}}]\n", n))),
    "entries of an audience": lambda n: _lint(_spec(audiences="    b:\n" + _joined("      - {cookies: {b: '%'}}\n", n))),
    "values of a header": lambda n: _lint(_spec(audiences=f"    b: [{{headers: {{x: [{_joined('v%, ', n)}]}}}}]\n")),
    "networks": lambda n: _lint(_spec(audiences=f"    b: [{{source: [{', '.join(f'10.{i // 250 % 250}.{i % 250}.0/24' for i in range(n))}]}}]\n")),
    "versions": lambda n: _lint(_spec(spec="  limits:\n" + _joined("    w%: {qps: 1}\n", n))),
    "stages": lambda n: _lint(_spec(spec="  stages:\n" + _joined("    - {name: s%, weight: 1}\n", n))),
    "tests": lambda n: _lint(_spec(spec="  tests:\n" + _joined("    - {request: {headers: {a: '%'}}, expect: v1}\n", n))),
    "accepted losses": lambda n: _lint(_spec(spec="  accept:\n" + _joined("    - {code: GM301, reason: r%}\n", n))),
    "labels": lambda n: _lint(_spec(metadata=f"name: shop, labels: {{{_joined('l%: x, ', n)}}}")),
    "a deep flow collection": lambda n: _lint(_spec(behind=f"  x: {'[' * n}\n")),
    "deep mappings": lambda n: _lint(_spec(behind="".join("  " + " " * i + "a:\n" for i in range(min(n, 700))))),
    "documents": lambda n: _lint("---\n" * n + _spec()),
    "aliases": lambda n: _lint(_spec(behind="  x: &a [b]\n  y: [" + "*a, " * n + "]\n")),
    "anchors": lambda n: _lint(_spec(behind="  x: [" + _joined("&a% b, ", n) + "]\n")),
    "hidden characters": lambda n: _lint(_spec(behind="# \u200b\n" * n)),
    "regular expressions": lambda n: _lint(
        _spec(audiences="    b:\n" + _joined("      - {headers: {x: {regex: 'a[b-d]{%}'}}}\n", min(n, 400)))
    ),
    "hard regular expressions": lambda n: _lint(
        _spec(audiences="    b:\n" + "".join(f"      - {{cookies: {{c{i}: {{regex: '[ab]*b[ab]{{12}}c{i}'}}}}}}\n" for i in range(min(n, 99))), spec="  routes: [{name: r, audience: b, version: v2}]\n")
    ),
    "costly regular expressions": lambda n: _lint(
        _spec(audiences="    b:\n" + "".join(f"      - {{headers: {{x: {{regex: '{'a?' * 300}{i}'}}}}}}\n" for i in range(min(n, 99))))
    ),
    "regular expressions that take everything": lambda n: _lint(
        _spec(audiences="    b:\n" + "".join(f"      - {{headers: {{x: {{regex: '.*|[ab]*b[ab]{{12}}c{i}'}}}}}}\n" for i in range(min(n, 99))))
    ),
    "a long regular expression": lambda n: _lint(_spec(audiences=f"    b: [{{headers: {{x: {{regex: '{'ab?' * n}'}}}}}}]\n")),
    "a split into many": lambda n: _lint(_spec(spec=f"  stages: [{{name: s, split: {{{_joined('w%: 1, ', n)}}}}}]\n")),
    "carriage returns": lambda n: _lint(_spec(behind="#\r\n" * n)),
    "block scalars": lambda n: _lint(_spec(behind=_joined("  k%: |\n    x # graymesh: y\n", n) + "# graymesh: ignore[GM101] -- x\n")),
    "empty lines in a block scalar": lambda n: _lint(_spec(behind="  k: |\n" + "\n" * n + "# graymesh: ignore[GM101] -- x\n")),
    "html of a difference": lambda n: Case("diff-html", {
        "old.yaml": _spec(metadata=f"name: shop, labels: {{{_joined('l%: x, ', min(n, 60))}}}").encode(),
        "new.yaml": _spec(spec="  tests:\n" + _joined("    - {request: {}, expect: v1}\n", n)).encode()}),
}  # fmt: skip


def _nginx(text: str) -> Case:
    return Case("read-nginx", {"shop.conf": text.encode()})


def _server(body: str) -> str:
    return f"upstream u {{ server 10.0.0.1:80; }}\nserver {{ listen 80; server_name a.example.com;\n{body}}}\n"


NGINX: Final[Mapping[str, Callable[[int], Case]]] = {
    "nginx: locations": lambda n: _nginx(_server(_joined("location /a% { proxy_pass http://u; }\n", n))),
    "nginx: exact locations": lambda n: _nginx(_server(_joined("location = /a% { proxy_pass http://u; }\n", n))),
    "nginx: locations by regex": lambda n: _nginx(_server(_joined("location ~ ^/a%$ { proxy_pass http://u; }\n", n))),
    "nginx: nested locations": lambda n: _nginx(_server("location /a {\n" * n + "}\n" * n)),
    "nginx: servers": lambda n: _nginx("".join(_server("location / { return 404; }").replace("a.ex", f"a{i}.ex") for i in range(n))),
    "nginx: names": lambda n: _nginx(_server("server_name " + _joined("b%.example.com ", n) + ";\nlocation / { proxy_pass http://u; }\n")),
    "nginx: upstreams": lambda n: _nginx(_joined("upstream u% { server 10.0.0.1:80; }\n", n)),
    "nginx: servers of an upstream": lambda n: _nginx(
        "upstream u { " + _joined("server 10.0.0.1:%;\n", min(n, 60000)) + "}\nserver { listen 80; location / { proxy_pass http://u; } }\n"),
    "nginx: map entries": lambda n: _nginx(
        "map $http_x $y {\n" + _joined("a% u;\n", n) + "}\n" + _server("location / { proxy_pass http://$y; }\n")),
    "nginx: map regexes": lambda n: _nginx(
        "map $http_x $y {\n" + _joined("~^a% u;\n", n) + "}\n" + _server("location / { proxy_pass http://$y; }\n")),
    "nginx: maps": lambda n: _nginx(_joined("map $http_x $y% { default u; }\n", n) + _server("location / { proxy_pass http://$y0; }\n")),
    "nginx: maps of maps": lambda n: _nginx(
        "map $http_x $y0 { default u; a v; }\n"
        + "".join(f"map $y{i} $y{i + 1} {{ default u; u v; }}\n" for i in range(n))
        + _server(f"location / {{ proxy_pass http://$y{n}; }}\n")),
    "nginx: geo": lambda n: _nginx(
        "geo $y {\ndefault u;\n" + "".join(f"10.{i // 250 % 250}.{i % 250}.0/24 v;\n" for i in range(n)) + "}\n"
        + _server("location / { proxy_pass http://$y; }\n")),
    "nginx: split_clients": lambda n: _nginx(
        "split_clients $request_id $y {\n" + _joined("0.01% u;\n".replace("%", "%%"), n).replace("%%", "%") + "* v;\n}\n"
        + _server("location / { proxy_pass http://$y; }\n")),
    "nginx: ifs": lambda n: _nginx(_server("location / {\n" + _joined("if ($http_x% = a) { return 404; }\n", n) + "proxy_pass http://u; }\n")),
    "nginx: sets": lambda n: _nginx(_server(_joined("set $a% b;\n", n) + "location / { proxy_pass http://u; }\n")),
    "nginx: sets and locations": lambda n: _nginx(_server(_joined("set $a% b;\n", n) + _joined("location /a% { proxy_pass http://u; }\n", n))),
    "nginx: headers and locations": lambda n: _nginx(
        _server("proxy_set_header Host $host;\n" + _joined("proxy_set_header X% y;\n", min(n, 500)) + _joined("location /a% { proxy_pass http://u; }\n", n // 10))),
    "nginx: maps for locations": lambda n: _nginx(
        "map $http_x $y { default u; " + _joined("a% v%; ", n // 10) + "}\n" + _server(_joined("location /a% { proxy_pass http://$y; }\n", n // 10))),
    "nginx: several maps in a value": lambda n: _nginx(
        "".join(f"map $http_x{m} $y{m} {{ default u; " + _joined(f"a% v{m}%; ", n // 100) + "}\n" for m in range(4)) + _server("location / { proxy_pass http://$y0$y1$y2$y3; }\n")),
    "nginx: a value doubled": lambda n: _nginx(
        _server("set $a0 b;\n" + "".join(f"set $a{i + 1} $a{i}$a{i};\n" for i in range(n)) + f"location / {{ proxy_pass http://$a{n}; }}\n")),
    "nginx: headers": lambda n: _nginx(_server("location / { proxy_pass http://u;\n" + _joined("proxy_set_header X% y;\n", n) + "}\n")),
    "nginx: includes": lambda n: _nginx(_joined("include a%.conf;\n", n)),
    "nginx: includes of itself": lambda n: _nginx("include shop.conf;\n" * n),
    "nginx: blocks": lambda n: _nginx("a {" * n),
    "nginx: ends of blocks": lambda n: _nginx("}" * n),
    "nginx: words": lambda n: _nginx("a " * n),
    "nginx: quotes": lambda n: _nginx("'" * n + '"' * n),
    "nginx: escapes": lambda n: _nginx('"' + "\\\\\\" * n),
    "nginx: comments": lambda n: _nginx("# x\n" * n),
    "nginx: unknown directives": lambda n: _nginx(_server(_joined("unknown% x;\n", n))),
    "nginx: variables in a word": lambda n: _nginx(_server("set $z " + _joined("$a%", n) + ";\n")),
    "nginx: a long regex": lambda n: _nginx(_server("location ~ " + "(ab?)" * n + " { proxy_pass http://u; }\n")),
    "nginx: a changed file": lambda n: Case("diff-nginx", {
        "old.conf": _server(_joined("location /a% { proxy_pass http://u; }\n", n)).encode(),
        "new.conf": _server(_joined("location /b% { proxy_pass http://u; }\n", n)).encode()}),
}  # fmt: skip


def _istio(text: str) -> Case:
    return Case("read-istio", {"objects.yaml": text.encode()})


_VS: Final = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: shop%}\nspec:\n  hosts: [shop%]\n  http:\n"
_ROUTE: Final = "  - route: [{destination: {host: shop, subset: v1}}]\n"
_DR: Final = (
    "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: shop%}\n"
    "spec: {host: shop%, subsets: [{name: v1, labels: {version: v1}}]}\n"
)


def _virtual(http: str) -> Case:
    return _istio(_VS.replace("%", "") + http + _ROUTE + _DR.replace("%", ""))


ISTIO: Final[Mapping[str, Callable[[int], Case]]] = {
    "istio: routes": lambda n: _virtual(_joined("  - {match: [{headers: {x: {exact: a%}}}], route: [{destination: {host: shop, subset: v1}}]}\n", n)),
    "istio: matches": lambda n: _virtual("  - match:\n" + _joined("    - {headers: {x: {exact: a%}}}\n", n) + "    route: [{destination: {host: shop, subset: v1}}]\n"),
    "istio: headers of a match": lambda n: _virtual("  - match:\n    - headers:\n" + _joined("        x%: {exact: a}\n", n) + "    route: [{destination: {host: shop, subset: v1}}]\n"),
    "istio: regexes": lambda n: _virtual(_joined("  - {match: [{headers: {x: {regex: a%.*}}}], route: [{destination: {host: shop, subset: v1}}]}\n", n)),
    "istio: prefixes": lambda n: _virtual(_joined("  - {match: [{uri: {prefix: /a%}}], route: [{destination: {host: shop, subset: v1}}]}\n", n)),
    "istio: a long regex": lambda n: _virtual(f"  - {{match: [{{headers: {{x: {{regex: '{'ab?' * n}'}}}}}}], route: [{{destination: {{host: shop, subset: v1}}}}]}}\n"),
    "istio: services": lambda n: _istio("".join((("---\n" + _VS + _ROUTE) + _DR).replace("%", str(i)) for i in range(n))),
    "istio: services of one host": lambda n: _istio("".join((("---\n" + _VS + _ROUTE)).replace("[shop%]", "[shop]").replace("%", str(i)) for i in range(n))),
    "istio: hosts": lambda n: _istio(_VS.replace("[shop%]", f"[{_joined('shop%, ', n)}]").replace("%", "") + _ROUTE),
    "istio: subsets": lambda n: _istio(_VS.replace("%", "") + _ROUTE + "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: shop}\nspec:\n  host: shop\n  subsets:\n" + _joined("  - {name: v%, labels: {version: v%}}\n", n)),
    "istio: destinations": lambda n: _virtual("  - route:\n" + _joined("    - {destination: {host: shop, subset: v1}, weight: 1}\n", n)),
    "istio: other objects": lambda n: _istio(_joined("---\napiVersion: v1\nkind: Service\nmetadata: {name: s%}\nspec: {ports: [{port: 80}]}\n", n)),
    "istio: documents": lambda n: _istio("---\n" * n),
    "istio: authentications": lambda n: _istio(_joined("---\napiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {name: s%}\nspec: {jwtRules: [{issuer: i%}]}\n", n)),
    "istio: gateways": lambda n: _istio(_joined("---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: g%}\nspec: {servers: [{port: {number: 80, name: h, protocol: HTTP}, hosts: ['*']}]}\n", n)),
    "istio: unknown fields": lambda n: _virtual("  - {" + _joined("unknown%: 1, ", n) + "}\n"),
    "krm: objects": lambda n: Case("krm", {"list.yaml": (_LIST + _joined("- {apiVersion: v1, kind: Service, metadata: {name: s%}}\n", n)).encode()}),
    "krm: comments": lambda n: Case("krm", {"list.yaml": (_LIST + "- {apiVersion: v1, kind: Service}\n" + "# x\n" * n).encode()}),
    "krm: releases": lambda n: Case("krm", {"list.yaml": (_LIST + _joined("- {apiVersion: graymesh.io/v1alpha1, kind: Rollout, metadata: {name: s%}, spec: {}}\n", n)).encode()}),
    "krm: projects": lambda n: Case("krm", {"list.yaml": (_LIST + _joined("- {apiVersion: graymesh.io/v1alpha1, kind: Project, x: s%}\n", n)).encode()}),
}  # fmt: skip


def _spring(routes: str, *, more: str = "") -> Case:
    text = "spring:\n  cloud:\n    gateway:\n      server:\n        webflux:\n          routes:\n" + routes + more
    return Case("read-spring", {"application.yaml": text.encode()})


def _sentinel(text: str, name: str = "flow-rules.json") -> Case:
    return Case("read-sentinel", {name: text.encode()})


OTHERS: Final[Mapping[str, Callable[[int], Case]]] = {
    "spring: routes": lambda n: _spring(_joined("          - {id: r%, uri: 'http://h:80', predicates: ['Path=/a%'], order: %}\n", n)),
    "spring: routes of one weight group": lambda n: _spring(_joined("          - {id: r%, uri: 'http://h:80', predicates: ['Weight=g, 1']}\n", n)),
    "spring: predicates": lambda n: _spring("          - id: r\n            uri: http://h:80\n            predicates:\n" + _joined("            - Header=x%, a\n", n)),
    "spring: values of a predicate": lambda n: _spring(f"          - id: r\n            uri: http://h:80\n            predicates: ['Host={_joined('a%.b,', n)}']\n"),
    "spring: filters": lambda n: _spring("          - id: r\n            uri: http://h:80\n            filters:\n" + _joined("            - AddRequestHeader=x%, a\n", n)),
    "spring: properties": lambda n: Case("read-spring", {"application.yaml": _joined("spring.cloud.gateway.server.webflux.routes[%].id: r%\n", n).encode()}),
    "spring: properties of one route": lambda n: Case("read-spring", {"application.yaml": _joined("spring.cloud.gateway.server.webflux.routes[0].predicates[%]: Path=/a%\n", n).encode()}),
    "spring: a far index": lambda n: Case("read-spring", {"application.yaml": f"spring.cloud.gateway.server.webflux.routes[{n * 1000}].id: r\n".encode()}),
    "spring: a long key": lambda n: Case("read-spring", {"application.yaml": ("? " + "a." * n + "b\n: c\n").encode()}),
    "spring: documents": lambda n: Case("read-spring", {"application.yaml": _joined("---\nspring.config.activate.on-profile: p%\n", n).encode()}),
    "spring: instances": lambda n: Case("read-spring", {"application.yaml": ("spring: {cloud: {discovery: {client: {simple: {instances: {" + _joined("s%: [{uri: 'http://h:80'}], ", n) + "}}}}}}\n").encode()}),
    "sentinel: rules": lambda n: _sentinel(_rules(n, '{"resource": "r%", "count": 5, "grade": 1}')),
    "sentinel: rules of one resource": lambda n: _sentinel(_rules(n, '{"resource": "r", "count": %, "grade": 1}')),
    "sentinel: wrong rules": lambda n: _sentinel(_rules(n, '{"resource": "r", "count": "x", "y": 1}')),
    "sentinel: fields": lambda n: _sentinel("[" + json.dumps({f"f{i}": 1 for i in range(n)}) + "]"),
    "sentinel: a repeated field": lambda n: _sentinel("[{" + _joined('"f%": 1, ', n) + '"z": 1, "z": 2}]'),
    "sentinel: system rules": lambda n: _sentinel(_rules(n, '{"qps": %}'), "system-rules.json"),
    "sentinel: groups": lambda n: _sentinel(_rules(n, '{"apiName": "a%", "predicateItems": [{"pattern": "/x"}]}'), "api-groups.json"),
    "sentinel: patterns of a group": lambda n: _sentinel('[{"apiName": "a", "predicateItems": ' + _rules(n, '{"pattern": "/x%"}') + "}]", "api-groups.json"),
    "sentinel: brackets": lambda n: _sentinel("[" * n),
    "sentinel: quotes": lambda n: _sentinel('"\\' * n),
    "sentinel: digits": lambda n: _sentinel("[" + "1" * n + "]"),
    "sentinel: callers": lambda n: _sentinel('[{"resource": "r", "limitApp": "' + _joined("a%,", n) + 'b", "strategy": 0}]', "authority-rules.json"),
    "sentinel: costly patterns": lambda n: _sentinel('[{"apiName": "a", "predicateItems": ' + _rules(n, '{"pattern": "/' + "a?" * 300 + '%", "matchStrategy": 2}') + "}]", "api-groups.json"),
    "project: patterns": lambda n: Case("project-lint", {"graymesh.yaml": ("apiVersion: graymesh.io/v1alpha1\nkind: Project\nreleases: [" + _joined("'**/*%*/**/*.yaml', ", min(n, 99)) + "'r/**/*.yaml']\n").encode(), **{f"r/{'d/' * (i % 40)}{i}.yaml": _spec().encode() for i in range(min(n, 200))}}),
    "project: steps of a pattern": lambda n: Case("project-lint", {"graymesh.yaml": f"apiVersion: graymesh.io/v1alpha1\nkind: Project\nreleases: ['{'**/' * min(n, 300)}*.yaml']\n".encode(), "d/" * 40 + "a.yaml": _spec().encode()}),
    "project: stars of a pattern": lambda n: Case("project-lint", {"graymesh.yaml": f"apiVersion: graymesh.io/v1alpha1\nkind: Project\nreleases: ['{'*a' * min(n, 400)}*.yaml']\n".encode(), "a" * 200 + ".yml": b""}),
    "project: releases": lambda n: Case("project-lint", {"graymesh.yaml": b"apiVersion: graymesh.io/v1alpha1\nkind: Project\n", **{f"releases/{i}.yaml": _spec(metadata=f"name: s{i}").encode() for i in range(n)}}),
    "baseline: entries": lambda n: Case("lint-baseline", {"a.yaml": _spec().encode(), "baseline.json": json.dumps({"version": 1, "findings": [{"file": "a.yaml", "code": "GM203", "path": "/x", "message": f"m{i}"} for i in range(n)]}).encode()}),
}  # fmt: skip

ALL: Final = {**SPECS, **NGINX, **ISTIO, **OTHERS}
