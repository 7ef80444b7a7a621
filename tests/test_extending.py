"""A new target is one new folder, a new rule one new file: nothing else changes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.checkouts import copied_to, run_module
from tests.toys import TOYS, copied

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
  sticky: {cookie: gray-ticket}
  limits: {v2: {qps: 500}}
  stages: [{name: first, weight: 5, hold: 1h}, {name: full, weight: 100}]
  targets: {toy-router: {}, toy-rules: {}}
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with two more targets and one more rule."""
    root = copied_to(tmp_path_factory.mktemp("checkout"))
    for toy in TOYS:
        copied(toy, root / "targets")
    (root / "graymesh" / "lint" / "rules" / "gm299_letter_z.py").write_text(RULE)
    (root / "zoo.yaml").write_text(SPEC)
    return root


def graymesh(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_module(checkout, "graymesh", *arguments)


def test_a_target_is_one_folder(checkout: Path) -> None:
    done = graymesh(checkout, "compile", "zoo.yaml", "-o", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (checkout / "out" / "toy-router" / "default.zoo.json").is_file()
    assert (checkout / "out" / "toy-rules" / "default" / "zoo.yaml").is_file()
    assert "toy-router" in graymesh(checkout, "targets").stdout
    routed = graymesh(checkout, "route", "zoo.yaml", "--header", "X-Try: v2", "--target", "toy-router")
    assert "v2" in routed.stdout and routed.returncode == 0


def test_structured_options_are_held_against_the_target_s_schema(checkout: Path) -> None:
    written = "{toy-router: {probes: {live: {port: 80, paths: [/up]}}}, toy-rules: {}}"
    (checkout / "probes.yaml").write_text(SPEC.replace("{toy-router: {}, toy-rules: {}}", written))
    assert graymesh(checkout, "lint", "-q", "probes.yaml").returncode == 0
    wrong = "\n    toy-rules: {}\n    toy-router:\n      probes:"
    wrong += "\n        live: {prt: 80, paths: [/up, 7]}\n        ready: {port: 0}"
    (checkout / "probes.yaml").write_text(SPEC.replace("{toy-router: {}, toy-rules: {}}", wrong))
    done = graymesh(checkout, "lint", "--format", "json", "probes.yaml")
    found = json.loads(done.stdout)["diagnostics"]
    assert [(each["code"], each["line"], each["column"]) for each in found] == [
        ("GM115", 18, 16),
        ("GM115", 18, 38),
        ("GM115", 19, 23),
    ]
    assert found[0]["help"] == "did you mean 'port'?"


def test_editors_see_structured_options(checkout: Path) -> None:
    found = json.loads(graymesh(checkout, "schema").stdout)["$defs"]["Spec"]["properties"]["targets"]
    probes = found["properties"]["toy-router"]["anyOf"][0]["properties"]["probes"]
    assert probes["additionalProperties"]["properties"]["port"]["minimum"] == 1


def test_what_the_new_target_cannot_do_is_refused(checkout: Path) -> None:
    text = SPEC.replace("{headers: {X-Try: v2}}", "{source: [203.0.113.0/24]}")
    (checkout / "office.yaml").write_text(text)
    done = graymesh(checkout, "lint", "office.yaml")
    assert done.returncode == 1
    assert "GM301" in done.stdout and "Toy Router" in done.stdout


def test_its_own_check_is_heard(checkout: Path) -> None:
    (checkout / "many.yaml").write_text(SPEC.replace("qps: 500", "qps: 1000000"))
    done = graymesh(checkout, "lint", "many.yaml")
    assert done.returncode == 1
    assert "GM308" in done.stdout and "v2: a toy cannot count to 1000000" in done.stdout


def test_edits_of_its_files_are_found(checkout: Path) -> None:
    """By name, since both toys call things as their files do."""
    (checkout / "graymesh.yaml").write_text("apiVersion: graymesh.io/v1alpha1\nkind: Project\nreleases: [zoo.yaml]\n")
    assert graymesh(checkout, "compile").returncode == 0
    assert graymesh(checkout, "verify").returncode == 0
    for name, old, new, code in EDITS:
        file = checkout / "rendered" / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
        assert code in graymesh(checkout, "verify", "--format", "concise").stdout
        file.write_text(text)
    (checkout / "graymesh.yaml").unlink()


EDITS = [
    ("toy-router/default.zoo.json", '"of10000": 9500', '"of10000": 9499', "GM905"),
    ("toy-router/default.zoo.json", '"v2"', '"v3"', "GM901"),
    ("toy-rules/default/zoo.yaml", "value: 500", "value: 501", "GM903"),
    ("toy-rules/default/zoo.yaml", "limits.qps", "limits.tps", "GM905"),
]


def test_a_rule_is_one_file(checkout: Path) -> None:
    found = graymesh(checkout, "lint", "--format", "concise", "zoo.yaml")
    assert "GM299" in found.stdout
    assert "has a z" in found.stdout
    page = graymesh(checkout, "explain", "GM299")
    assert "Releases whose name has a z" in page.stdout
