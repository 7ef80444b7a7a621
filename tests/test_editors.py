"""Completion and hover in editors: the real yaml-language-server, with our schemas found as `init` points to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from graymesh.language.keys import keys_of
from graymesh.language.schema import BASE, KINDS, file_name, schema
from graymesh.text import json_text
from tests.language_server import LanguageServer
from tests.tools import install_language_server, language_server

ROOT = Path(__file__).parents[1]
MODELINE = f"# yaml-language-server: $schema={BASE}{{file}}\n"
HEAD = """\
apiVersion: graymesh.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  service: {port: 8080}
  stable: v1
  versions: {v1: {}, v2: {}}
"""
_SETUP_SECONDS = 90


class Cursor(NamedTuple):
    """A text without the `|` in it, and where that stood."""

    text: str
    line: int
    column: int

    @classmethod
    def of(cls, marked: str) -> Cursor:
        before, _, after = marked.partition("|")
        return cls(before + after, before.count("\n"), len(before.rpartition("\n")[2]))


def served(uri: str) -> str:
    """The published schemas, by their `$id`."""
    return {BASE + file_name(kind): json_text(schema(kind)) for kind in KINDS}[uri]


@pytest.fixture(scope="module")
def server() -> Iterator[LanguageServer]:
    failed = install_language_server(say=lambda _: None, seconds=_SETUP_SECONDS)
    if failed:
        pytest.skip(f"yaml-language-server could not be installed ({failed}); `make tools` tries again")
    with LanguageServer(language_server(), served) as found:
        yield found


def modeline(kind: str) -> str:
    return MODELINE.format(file=file_name(kind))


@pytest.mark.parametrize(
    ("below", "label", "words"),
    [
        ("  st|\n", "sticky", "Each user stays on one version"),
        ("  sticky:\n    cook|\n", "cookie", "carries a user's ticket"),
        ("  sticky:\n    key:\n      co|\n", "cookie", "Name of a cookie."),
        ("  stages:\n    - na|\n", "name", "Name of the stage."),
        ("  stages:\n    - name: half\n      we|\n", "weight", "Percent of the users whom no route takes"),
        ("  guards:\n    errorRate:\n      win|\n", "window", "over which the share is measured"),
        ("  audiences:\n    testers:\n      - headers:\n          X-A:\n            re|\n", "regex", "whole value"),
        ("  audiences:\n    testers:\n      - pa|\n", "path", "whole segments"),
        ("  targets:\n    ngi|\n", "nginx", "Options of the target nginx."),
        ("  targets:\n    nginx:\n      trus|\n", "trustedProxies", "Networks of proxies in front of nginx"),
    ],
)
def test_a_nested_key_is_completed_with_its_text(server: LanguageServer, below: str, label: str, words: str) -> None:
    cursor = Cursor.of(modeline("rollout") + HEAD + below)
    uri = f"file:///completion/{label}-{cursor.line}.yaml"
    server.open(uri, cursor.text)
    found = server.completion(uri, cursor.line, cursor.column)
    assert label in found
    assert words in str(found[label]["documentation"])


def test_words_are_offered_as_values(server: LanguageServer) -> None:
    cursor = Cursor.of(modeline("rollout") + HEAD + "  targets:\n    sentinel:\n      limitsPer: |\n")
    server.open("file:///values.yaml", cursor.text)
    assert {"instance", "version"} <= server.completion("file:///values.yaml", cursor.line, cursor.column).keys()


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_of_a_full_file_shows_its_text(server: LanguageServer, kind: str) -> None:
    """Block style, so that every key has a line of its own; keys below names that the user chooses included."""
    name = "everything-else.yaml" if kind == "rollout" else "project.yaml"
    text = modeline(kind) + FULL[kind]
    uri = f"file:///hover/{name}"
    assert server.open(uri, text) == []
    docs = {key.words[-1]: key.doc for key in keys_of(kind)}
    seen = set()
    for number, line in enumerate(text.splitlines()):
        found = re.match(r"( *(?:- )?)([A-Za-z]+):", line)
        if found and found[2] in docs:
            shown = server.hover(uri, number, len(found[1]) + 1)
            texts = [key.doc for key in keys_of(kind) if key.words[-1] == found[2]]
            assert any(plain(doc) in plain(shown) for doc in texts), (line, shown)
            seen.add(found[2])
    assert len(seen) > (30 if kind == "rollout" else 5)


def plain(markdown: str) -> str:
    """The words alone: the server escapes Markdown's marks and breaks lines."""
    for escape, char in (("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">")):
        markdown = markdown.replace(escape, char)
    return " ".join(re.sub(r"\\(.)", r"\1", markdown).split())


FULL = {
    "rollout": HEAD
    + """\
  audiences:
    testers:
      - headers:
          X-Gray-Version: v2
        cookies:
          beta:
            regex: v[23]
        path:
          prefix: /api
        method: GET
        source: 203.0.113.0/24
  routes:
    - name: testers
      audience: testers
      version: v2
      from: half
  sticky:
    cookie: gray-ticket
    key:
      cookie: uid
    maxAge: 720h
  stages:
    - name: half
      weight: 50
      hold: 4h
    - name: full
      split:
        v2: 100
  stage: half
  guards:
    errorRate:
      max: 1%
      window: 5m
    latency:
      max: 500ms
      quantile: 0.99
    cpu:
      max: 90%
      for: 1m
    coverage:
      min: 95%
  limits:
    v2:
      qps: 500
  resilience:
    timeout: 2s
    retries:
      attempts: 2
      perTry: 500ms
      on: [5xx]
    outlier:
      errors: 5
    pool:
      maxPending: 5
  mirror:
    version: v2
    share: 10%
  notice:
    header: X-Gray-Notice
    value: you are trying v2
  tests:
    - request:
        path: /api
      expect: v2
  targets:
    istio:
      gateways: [istio-system/public]
    nginx:
      listen: 8080
  accept:
    - code: GM301
      target: nginx
      reason: tested elsewhere
""",
    "project": """\
apiVersion: graymesh.io/v1alpha1
kind: Project
releases: [releases/*.yaml]
output: rendered
targets:
  nginx:
    listen: 8080
""",
}


def test_a_mistake_is_underlined(server: LanguageServer) -> None:
    text = modeline("rollout") + HEAD + "  sticky: {cookei: gray-ticket}\n"
    said = " ".join(problem["message"] for problem in server.open("file:///mistake.yaml", text))
    assert "cookei" in said


@pytest.mark.parametrize("example", sorted(ROOT.glob("examples/*/releases/*.yaml")), ids=lambda path: path.stem)
def test_the_examples_have_no_problems(server: LanguageServer, example: Path) -> None:
    text = example.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines(keepends=True) if "yaml-language-server" not in line]
    assert server.open(f"file:///{example.name}", modeline("rollout") + "".join(lines)) == []
