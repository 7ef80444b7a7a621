"""Kubernetes' API server admits what is compiled for Istio, by its CRDs, and says what is wrong with what it refuses.

Skipped, with a warning, where the engine is not built.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.conformance.engine import EngineRefused
from tests.conformance.kubernetes import Kubernetes

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = sorted((*ROOT.glob("examples/*/rendered/istio"), *ROOT.glob("tests/cases/*/expected/istio")))

MISSING: Final = Kubernetes().available()
if MISSING:
    warnings.warn(f"{MISSING}: nothing here was tried with Kubernetes' API server", stacklevel=1)
pytestmark = pytest.mark.skipif(bool(MISSING), reason=str(MISSING))

VIRTUAL_SERVICE: Final = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: web, labels: {app: shop}}
spec:
  hosts: [shop.web.svc.cluster.local]
  http:
    - match: [{headers: {x-try: {regex: "v[12]"}}}]
      timeout: 3s
      route:
        - {destination: {host: shop.web.svc.cluster.local, subset: v1}, weight: 90}
        - {destination: {host: shop.web.svc.cluster.local, subset: v2}, weight: 10}
"""
DESTINATION_RULE: Final = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: shop, namespace: web}
spec:
  host: shop.web.svc.cluster.local
  trafficPolicy:
    loadBalancer: {simple: LEAST_REQUEST}
    connectionPool: {tcp: {connectTimeout: 1s, maxConnections: 100}}
  subsets: [{name: v1, labels: {version: v1}}]
"""
REQUEST_AUTHENTICATION: Final = """\
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: shop, namespace: web}
spec:
  jwtRules: [{issuer: shop, jwksUri: "https://shop.example.com/keys"}]
"""
SOUND: Final = {
    "virtual-service.yaml": VIRTUAL_SERVICE,
    "destination-rule.yaml": DESTINATION_RULE,
    "request-authentication.yaml": REQUEST_AUTHENTICATION,
}

REFUSED: Final = {
    "unknown field": (VIRTUAL_SERVICE, "weight: 90", "wieght: 90", "wieght: field not declared in schema"),
    "field twice": (VIRTUAL_SERVICE, "timeout: 3s", "timeout: 3s\n      timeout: 4s", '"timeout" already set in map'),
    "word for a number": (VIRTUAL_SERVICE, "weight: 90", 'weight: "90"', "weight: expected numeric"),
    "string for a list": (VIRTUAL_SERVICE, "[shop.web.svc.cluster.local]", "shop", "expected list, got"),
    "duration too short": (VIRTUAL_SERVICE, "3s", "0.1ms", "must be a valid duration greater than 1ms"),
    "label with a space": (VIRTUAL_SERVICE, "app: shop", "app: my shop", "a valid label must be"),
    "name in upper case": (VIRTUAL_SERVICE, "name: shop", "name: Shop", "a lowercase RFC 1123 subdomain must"),
    "namespace that cannot be": (VIRTUAL_SERVICE, "namespace: web", "namespace: we_b", "a lowercase RFC 1123 label"),
    "kind that is not": (VIRTUAL_SERVICE, "VirtualService", "VirtualServices", 'no matches for kind "VirtualServices"'),
    "version that is not": (VIRTUAL_SERVICE, "istio.io/v1", "istio.io/v9", "networking.istio.io/v9"),
    "not YAML": (VIRTUAL_SERVICE, "hosts: [", "hosts: [[", "yaml: "),
    "value of no enum": (DESTINATION_RULE, "LEAST_REQUEST", "LEAST_REQUESTS", 'Unsupported value: "LEAST_REQUESTS"'),
    "required field left out": (DESTINATION_RULE, "name: v1, ", "", "subsets[0].name: Required value"),
    "two sources of keys": (REQUEST_AUTHENTICATION, "issuer: shop,", 'issuer: shop, jwks: "{}",', "only one of jwks"),
    "keys by FTP": (REQUEST_AUTHENTICATION, "https:", "ftp:", "url must have scheme http:// or https://"),
}
"""What is wrong → the document, what is replaced in it by what, and what the API server says of it."""

LET_THROUGH: Final = {
    "regex that RE2 does not read": ("v[12]", "v(?!3)"),
    "all weights zero": ("weight: 90}\n", "weight: 0}\n", "weight: 10}", "weight: 0}"),
    "negative weight": ("weight: 10}", "weight: -10}"),
    "claim in the mesh": ("x-try:", '"@request.auth.claims.group":'),
    "subset of no DestinationRule": ("subset: v2", "subset: v3"),
}
"""What only Istio's own validation or nobody catches: the API server is asked in addition to Istio, never instead."""


@pytest.fixture(scope="module")
def kubernetes() -> Iterator[Kubernetes]:
    engine = Kubernetes()
    engine.start()
    yield engine
    engine.stop()


def documents(files: dict[str, str]) -> list[str]:
    """How the engine calls the objects of the files."""
    found: list[tuple[str, Any]] = [
        (name, each) for name in sorted(files) for each in yaml.safe_load_all(files[name]) if each
    ]
    return [f"{name}: {each['kind']} {_full_name(each['metadata'])}" for name, each in found]


def _full_name(metadata: dict[str, str]) -> str:
    return f"{metadata['namespace']}/{metadata['name']}"


def test_there_are_files_to_ask_about() -> None:
    assert {folder.parts[len(ROOT.parts)] for folder in FOLDERS} == {"examples", "tests"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parts[-3])
def test_compiled_files_are_admitted(kubernetes: Kubernetes, folder: Path) -> None:
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}
    assert list(kubernetes.check(files)) == []
    assert list(kubernetes.admitted) == documents(files) != []


def test_sound_objects_are_admitted_and_not_stored(kubernetes: Kubernetes) -> None:
    for _ in range(2):
        assert list(kubernetes.check(SOUND)) == []
        assert list(kubernetes.admitted) == documents(SOUND)


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_so_is_refused_in_the_servers_words(kubernetes: Kubernetes, what: str) -> None:
    text, old, new, words = REFUSED[what]
    assert text.count(old) == 1
    with pytest.raises(EngineRefused) as refused:
        kubernetes.check({"shop.yaml": text.replace(old, new)})
    assert words in str(refused.value)
    assert str(refused.value).startswith("shop.yaml: ")


def test_every_refusal_names_its_object(kubernetes: Kubernetes) -> None:
    bad = {name: text.replace("spec:\n", "spec:\n  nonsense: 1\n") for name, text in SOUND.items()}
    with pytest.raises(EngineRefused) as refused:
        kubernetes.check({**bad, "sound.yaml": VIRTUAL_SERVICE})
    lines = str(refused.value).splitlines()
    assert [line.partition(": failed")[0] for line in lines] == documents(bad)
    assert list(kubernetes.admitted) == documents({"sound.yaml": VIRTUAL_SERVICE})


@pytest.mark.parametrize("what", LET_THROUGH)
def test_what_the_api_server_lets_through(kubernetes: Kubernetes, what: str) -> None:
    text = VIRTUAL_SERVICE
    changes = iter(LET_THROUGH[what])
    for old, new in zip(changes, changes, strict=True):
        assert text.count(old) == 1
        text = text.replace(old, new)
    assert list(kubernetes.check({"shop.yaml": text})) == []
    assert list(kubernetes.admitted) == documents({"shop.yaml": text})


def test_it_ends_when_it_is_told_to_and_leaves_nothing() -> None:
    engine = Kubernetes()
    engine.start()
    process, folder = engine._process, engine._folder
    assert process is not None and folder.exists()
    engine.stop()
    assert process.returncode == 0
    assert not folder.exists()
