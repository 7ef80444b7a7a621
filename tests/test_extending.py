"""A new target is one new folder, a new rule one new file: nothing else changes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import ROOT

MANIFEST = """
name: toy
title: Toy
routes: true
serves: [public, internal]
roles: [alone, edge, follower]
writes: ["*.json"]
engine_versions: ["1"]
features:
  header: {support: native}
  cookie: {support: native}
  split: {support: native}
  sticky: {support: native}
  lane: {support: native}
options:
  probes: {type: structured, doc: "What is asked of an instance, by name.", default: {}, example: {live: {port: 80}}}
"""
OPTIONS = """
{"properties": {"probes": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Probe"}}},
 "$defs": {"Probe": {
   "type": "object", "required": ["port"],
   "properties": {"port": {"type": "integer", "minimum": 1}, "paths": {"type": "array", "items": {"type": "string"}}}}}}
"""
LOWER = """
def lower(views):
    return [(view.release.key.replace("/", "."), table) for view in views for table in view.tables]
"""
EMIT = """
import base64, json, pickle

def emit(trees):
    return {f"{name}.json": json.dumps(base64.b64encode(pickle.dumps(table)).decode()) for name, table in trees}
"""
DECODE = """
import base64, json, pickle
from graymesh.kit.target import Decoded, Statement

def decode(files):
    tables = (pickle.loads(base64.b64decode(json.loads(text))) for text in files.values())
    return Decoded(tuple(Statement(each.hosts[0], table=each.table, hosts=each.hosts) for each in tables))
"""
RULE = '''"""Releases whose name has a z.

No reason at all.

bad: |
  metadata: {name: zoo}
good: |
  metadata: {name: shop}
"""
from graymesh.lint.finding import Finding

LEVEL = "warning"

def check(case):
    if "z" in case.release.name:
        yield Finding(path=("metadata", "name"), message=f"{case.release.name!r} has a z", help="use another letter")
'''
SPEC = """
apiVersion: graymesh.io/v1alpha1
kind: Rollout
metadata: {name: zoo, namespace: default}
spec:
  service: {port: 80}
  stable: v1
  versions: {v1: {}, v2: {}}
  audiences: {testers: [{headers: {X-Try: v2}}]}
  routes: [{name: testers, audience: testers, version: v2}]
  sticky: {cookie: gray-bucket}
  stages: [{name: first, weight: 5, hold: 1h}, {name: full, weight: 100}]
  targets: {toy: {}}
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with one more target and one more rule."""
    root = tmp_path_factory.mktemp("checkout")
    for name in ("graymesh", "targets", "schemas"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    toy = root / "targets" / "toy"
    toy.mkdir()
    parts = {"__init__.py": "", "target.yaml": MANIFEST, "lower.py": LOWER, "emit.py": EMIT, "decode.py": DECODE}
    for name, text in {**parts, "README.md": "# Toy\n", "options.schema.json": OPTIONS}.items():
        (toy / name).write_text(text)
    (root / "graymesh" / "lint" / "rules" / "gm299_letter_z.py").write_text(RULE)
    (root / "zoo.yaml").write_text(SPEC)
    return root


def graymesh(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(checkout), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "graymesh", *arguments]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=60)


def test_a_target_is_one_folder(checkout: Path) -> None:
    done = graymesh(checkout, "compile", "zoo.yaml", "-o", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (checkout / "out" / "toy" / "default.zoo.json").is_file()
    assert "toy" in graymesh(checkout, "targets").stdout
    routed = graymesh(checkout, "route", "zoo.yaml", "--header", "X-Try: v2", "--target", "toy")
    assert "v2" in routed.stdout and routed.returncode == 0


def test_structured_options_are_held_against_the_target_s_schema(checkout: Path) -> None:
    written = "{toy: {probes: {live: {port: 80, paths: [/up]}}}}"
    (checkout / "probes.yaml").write_text(SPEC.replace("{toy: {}}", written))
    assert graymesh(checkout, "lint", "-q", "probes.yaml").returncode == 0
    wrong = "\n    toy:\n      probes:\n        live: {prt: 80, paths: [/up, 7]}\n        ready: {port: 0}"
    (checkout / "probes.yaml").write_text(SPEC.replace("{toy: {}}", wrong))
    done = graymesh(checkout, "lint", "--format", "json", "probes.yaml")
    found = json.loads(done.stdout)["diagnostics"]
    assert [(each["code"], each["line"], each["column"]) for each in found] == [
        ("GM115", 16, 16),
        ("GM115", 16, 38),
        ("GM115", 17, 23),
    ]
    assert found[0]["help"] == "did you mean 'port'?"


def test_editors_see_structured_options(checkout: Path) -> None:
    found = json.loads(graymesh(checkout, "schema").stdout)["$defs"]["Spec"]["properties"]["targets"]
    probes = found["properties"]["toy"]["anyOf"][0]["properties"]["probes"]
    assert probes["additionalProperties"]["properties"]["port"]["minimum"] == 1


def test_what_the_new_target_cannot_do_is_refused(checkout: Path) -> None:
    text = SPEC.replace("{headers: {X-Try: v2}}", "{source: [203.0.113.0/24]}")
    (checkout / "office.yaml").write_text(text)
    done = graymesh(checkout, "lint", "office.yaml")
    assert done.returncode == 1
    assert "GM301" in done.stdout and "Toy" in done.stdout


def test_a_rule_is_one_file(checkout: Path) -> None:
    found = graymesh(checkout, "lint", "--format", "concise", "zoo.yaml")
    assert "GM299" in found.stdout
    assert "has a z" in found.stdout
    page = graymesh(checkout, "explain", "GM299")
    assert "Releases whose name has a z" in page.stdout
