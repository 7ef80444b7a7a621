"""Requests in forms that engines read differently: each engine does what `received` says of it.

What an engine compares is decided by the table that its files are read back to; the request is sent as it is written
here, byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from graymesh.ir.release import Kind, Release
from graymesh.ir.semantics import Pairs, Request, decide, host_without_port
from graymesh.kit.registry import target
from graymesh.proof.regex.domain import inside
from tests.conformance import upstreams
from tests.conformance.acceptance import ENGINES
from tests.conformance.engine import Engine
from tests.conformance.running import running
from tests.conformance.suite import Project
from tests.helpers import case_from
from tests.nginx.engine import free_port

HOST: Final = "shop.example.com"
PRINTABLE: Final = [chr(code) for code in range(0x21, 0x7F)]
PARTING: Final = {"query": "&#", "cookie": ";"}
TARGETS: Final[dict[str, dict[str, Any]]] = {
    "nginx": {"listen": 80, "trustedProxies": ["127.0.0.0/8"]},
    "istio": {"gateways": ["istio-system/public"]},
    "spring-cloud-gateway": {},
}
PLAIN: Final[dict[str, list[dict[str, Any]]]] = {
    "mail": [{"query": {"user": {"regex": "[a-z]+@b[.]com"}}}],
    "quoted": [{"cookies": {"tok": "YWJj=="}}],
    "tried": [{"cookies": {"prefs": {"present": True}}}],
    "path": [{"path": {"prefix": "/a/b"}}],
    "header": [{"headers": {"x-gray": "v2"}}],
}
ODD: Final = [
    Request(query=(("user", value),))
    for value in ("ann@b.com", "ann%40b.com", "ann@b.com.", "ann+x@b.com", "ANN@b.com", "%61nn@b.com", "ann@b%2Ecom")
]
ODD += [Request(cookies=(("tok", value),)) for value in ("YWJj==", '"YWJj=="', '"YWJj==', "YWJj=", "YWJj===")]
ODD += [Request(cookies=(("prefs", value),)) for value in ("a", '{"a":1}', '"a"', "a,b", "a\\b", '""', "%22")]
ODD += [
    Request(path=path)
    for path in ("/a/b", "/a/%62", "/a//b", "/a/./b", "/a/c/../b", "/a/b;v=1", "/a;v=1/b", "/a%2Fb", "/A/b", "/a/b/")
]
ODD += [Request(headers=(("X-Gray", value),)) for value in ("v2", "v2, v1", "v1,v2", '"v2"', "v2,", "v 2", "V2")]
CLAIMS: Final[list[Pairs]] = [
    (("groups", "beta"),),
    (("groups", "staff"), ("groups", "beta")),
    (("groups", "staff"), ("groups", "other")),
    (("groups", "beta "),),
    (("realm_access.roles", "tester"),),
    (("realm_access.roles", "user"), ("realm_access.roles", "tester")),
    (("realm_access.roles", "user"), ("realm_access.names", "tester")),
    (("cognito:groups", "a"), ("cognito:groups", "x-1")),
    (("cognito:groups", "a"), ("cognito:groups", "y-1")),
    (("roles", "tester"),),
]
CLAIM_AUDIENCES: Final[list[dict[str, Any]]] = [
    {"claims": {"groups": "beta"}},
    {"claims": {"realm_access.roles": {"suffix": "ester"}}},
    {"claims": {"cognito:groups": {"regex": "[^y]-[0-9]"}}},
]


@pytest.fixture(scope="module", params=list(ENGINES))
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from running(ENGINES[request.param]())


def _release(name: str, endpoints: dict[str, str], audiences: dict[str, Any], **more: Any) -> tuple[Release, Any]:
    spec = {
        "service": {"port": 8080, "domains": [HOST]},
        "stable": "v1",
        "versions": {version: {"endpoints": [each]} for version, each in endpoints.items()},
        "audiences": audiences,
        "routes": [{"name": each, "audience": each, "version": "v2"} for each in audiences],
        "stages": [{"name": "zero", "weight": 0}],
        "targets": {name: TARGETS[name]},
        **more,
    }
    rollout = {"apiVersion": "graymesh.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "shop"}, "spec": spec}
    case, problems = case_from(json.dumps(rollout))
    assert case is not None, problems
    manifest = target(name).manifest
    return case.stages[-1], case.view(manifest, case.stages[-1])


def _raw(request: Request, host: str = HOST) -> bytes:
    query = "?" + "&".join(f"{name}={value}" for name, value in request.query) if request.query else ""
    lines = [f"{request.method} {request.path}{query} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    if request.cookies:
        lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in request.cookies))
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _served(engine: Engine, release: Release, view: Any, heads: list[bytes], endpoints: dict[str, str]) -> list[str]:
    chosen = target(engine.name)
    engine.load(chosen.emit(chosen.lower((view,))), Project((release,)))
    versions = {endpoint: version for version, endpoint in endpoints.items()}
    answers = engine.send_heads([(head, HOST) for head in heads])
    return [versions.get(answer.version or "", answer.headers[":status"]) for answer in answers]


def _told(name: str, view: Any, requests: Sequence[Request]) -> list[str | None]:
    """What the files are read back to do with the requests as the engine receives them."""
    chosen = target(name)
    statements = chosen.decode(chosen.emit(chosen.lower((view,)))).statements
    decision = next(each.decision for each in statements if HOST in each.hosts)
    labels = {label: version for version, label in chosen.expected(view).labels.items()}
    found = [decide(decision, chosen.received(replace(each, host=HOST))).version or "" for each in requests]
    return [labels.get(label, label) for label in found]


@pytest.fixture
def endpoints() -> Iterator[dict[str, str]]:
    port = free_port()
    found = {"v1": f"127.9.1.1:{port}", "v2": f"127.9.2.1:{port}"}
    with upstreams.serving(found.values()):
        yield found


def test_odd_requests_go_where_the_target_says(engine: Engine, endpoints: dict[str, str]) -> None:
    release, view = _release(engine.name, endpoints, PLAIN)
    served = _served(engine, release, view, [_raw(request) for request in ODD], endpoints)
    told = _told(engine.name, view, ODD)
    wrong = [(each.path, each, *pair) for each, *pair in zip(ODD, served, told, strict=True) if pair[0] != pair[1]]
    assert wrong == []


HOSTS: Final = (HOST, HOST.upper(), f"{HOST}:8080", f"{HOST}.", f"{HOST}.:8080", f"{HOST}..", f".{HOST}", f"x{HOST}")
NOT_SERVED: Final = {"nginx": ("400", "404"), "istio": ("404",), "spring-cloud-gateway": ("400", "404")}


def test_odd_hosts_are_served_where_the_target_says(engine: Engine, endpoints: dict[str, str]) -> None:
    """A dot at the end makes a name absolute (RFC 1034, 3.1): nginx drops it, the others have no such host."""
    release, view = _release(engine.name, endpoints, PLAIN)
    chosen = target(engine.name)
    hosts = {host for each in chosen.decode(chosen.emit(chosen.lower((view,)))).statements for host in each.hosts}
    requests = [Request(host=host, headers=(("X-Gray", "v2"),)) for host in HOSTS]
    served = _served(engine, release, view, [_raw(each, each.host) for each in requests], endpoints)
    for request, version in zip(requests, served, strict=True):
        if host_without_port(chosen.received(request).host) in hosts:
            assert version == "v2", request.host
        else:
            assert version in NOT_SERVED[engine.name], request.host
    assert [version == "v2" for version in served[3:5]] == [engine.name == "nginx"] * 2


PREFLIGHT: Final = (("Origin", "https://app.example.org"), ("Access-Control-Request-Method", "POST"), ("X-Gray", "v2"))


def test_preflights_are_requests_like_others_but_at_spring(engine: Engine, endpoints: dict[str, str]) -> None:
    """Browsers send no cookies and no headers of the application's with them, so that nobody knows whose they are."""
    release, view = _release(engine.name, endpoints, PLAIN)
    heads = [_raw(Request(method="OPTIONS", headers=PREFLIGHT[:count])) for count in (1, 2, 3)]
    served = _served(engine, release, view, heads, endpoints)
    own = engine.name == "spring-cloud-gateway"
    assert served == (["v1", "403", "403"] if own else ["v1", "v1", "v2"])


def test_preflights_go_to_stable_where_the_spec_says_so(engine: Engine, endpoints: dict[str, str]) -> None:
    """Even where an audience has them; the request itself, and OPTIONS for other reasons, go on as before."""
    if not target(engine.name).manifest.can("preflight"):
        return
    release, view = _release(engine.name, endpoints, PLAIN, preflight="stable")
    canary, asking = ("X-Gray", "v2"), PREFLIGHT[:2]
    requests = [
        *(Request(method="OPTIONS", headers=(*headers, canary)) for headers in (asking, asking[:1], asking[1:])),
        Request(method="POST", headers=(*asking, canary, ("Content-Length", "0"))),
        Request(method="OPTIONS", headers=(("Origin", ""), asking[1], canary)),
    ]
    expected = ["v1", "v2", "v2", "v2", "v2"]
    assert _served(engine, release, view, [_raw(each) for each in requests], endpoints) == expected
    assert _told(engine.name, view, requests) == expected


@pytest.mark.parametrize("kind", ["query", "cookie", "header"])
def test_what_all_engines_read_alike(engine: Engine, endpoints: dict[str, str], kind: str) -> None:
    """Each character of a value for itself: those of the language are read as they stand by every engine."""
    key = {"query": "query", "cookie": "cookies", "header": "headers"}[kind]
    entries = []
    for char in PRINTABLE:
        value = {"user": {"regex": f"a[{char}]b" if char not in "[]^\\" else f"a\\{char}b"}}
        scope = {"x-char": f"c{ord(char)}"}
        entries.append({"headers": {**scope, **value}} if key == "headers" else {"headers": scope, key: value})
    release, view = _release(engine.name, endpoints, {"chars": entries})
    heads = []
    for char in PRINTABLE:
        scope, pair = ("X-Char", f"c{ord(char)}"), ("user", f"a{char}b")
        asked = {"headers": (scope, pair)} if kind == "header" else {"headers": (scope,), key: (pair,)}
        heads.append(_raw(replace(Request(), **asked)))
    served = _served(engine, release, view, heads, endpoints)
    odd = {char for char, version in zip(PRINTABLE, served, strict=True) if version != "v2"}
    if kind == "header":
        assert odd <= {","}
        return
    assert not {char for char in odd if inside(Kind(kind), f"a{char}b")}
    if engine.name != "spring-cloud-gateway":
        assert odd == set(PARTING[kind])


def test_any_member_of_a_claim_counts(engine: Engine, endpoints: dict[str, str]) -> None:
    if not target(engine.name).manifest.can("claim"):
        return
    jwt = {"issuer": "https://id.example.com", "jwks": "https://id.example.com/jwks.json"}
    release, view = _release(engine.name, endpoints, {"claims": CLAIM_AUDIENCES}, jwt=jwt)
    requests = [Request(host=HOST, claims=claims) for claims in CLAIMS]
    chosen = target(engine.name)
    engine.load(chosen.emit(chosen.lower((view,))), Project((release,)))
    served = _served(engine, release, view, [engine.head(each, HOST) for each in requests], endpoints)
    assert served == [decide(release.table, each).version for each in requests]
