"""The steps that the README gives to add a setting and a command, done in a copy: they are all, and they suffice.

A target and a rule are added in `test_extending.py`, a matcher in `test_exhaustive.py`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.checkouts import copied_to
from tests.checkouts import run_module as run
from tests.helpers import ROOT
from tests.toys import copied

SETTING = {
    "graymesh/language/policies.py": (
        '    pool: Maybe[Pool] = Field(default=None, description="Limits',
        '    keep_alive_ms: Maybe[DurationMs] = Field(\n        alias="keepAlive", default=None, '
        'description="How long idle connections are kept.", examples=["60s"]\n    )\n',
    ),
    "graymesh/language/resolve_settings.py": (
        "    if resilience.outlier:\n",
        '    yield "keepAlive.ms", resilience.keep_alive_ms\n',
    ),
    "graymesh/ir/settings.py": (
        '        _pool("maxConnections"',
        '        SettingRow(\n            name="keepAlive.ms", doc="How long idle connections are kept.", unit="ms", '
        'feature="keepAlive",\n            path=("spec", "resilience", "keepAlive"), weaker="more", protects="limit"\n'
        "        ),\n",
    ),
    "graymesh/ir/features.py": (
        '    "pool": ("some"',
        '    "keepAlive": ("some", "how long idle connections are kept"),\n',
    ),
}
"""File → the text before which something is put, and what."""
TOY = {
    "target.yaml": ("  pool: {support: none", "  keepAlive: {support: native}\n"),
    "decode.py": ('"limits.qps", "guards.errorRate.bp"', '"keepAlive.ms", '),
}
SPEC = """
apiVersion: graymesh.io/v1alpha1
kind: Rollout
metadata: {name: zoo, namespace: default}
spec:
  service: {port: 80}
  stable: v1
  versions: {v1: {}, v2: {}}
  sticky: {cookie: gray-ticket}
  resilience: {keepAlive: 60s}
  stages: [{name: first, weight: 5, hold: 1h}, {name: full, weight: 100}]
  targets: {istio: {}, toy-rules: {}}
"""
PROJECT = "apiVersion: graymesh.io/v1alpha1\nkind: Project\nreleases: [zoo.yaml]\n"
COMMAND = '''"""`graymesh hosts`: the hosts of a release."""

from __future__ import annotations

import click

from graymesh.commands.base import Command, Terminal


@click.command(cls=Command, examples="graymesh hosts")
@click.argument("name")
@click.pass_obj
def command(terminal: Terminal, name: str) -> int:
    """Print a host name."""
    terminal.out(f"{name}.example.com")
    return 0
'''


def steps(what: str) -> set[str]:
    """The Python files and folders that the README's entry for it names."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    entry = readme.partition(f"- **{what}**")[2].partition("\n- **")[0].partition("\n\n")[0]
    return set(re.findall(r"`(graymesh/[a-z_/]+(?:\.py)?)`", entry))


def put(file: Path, before: str, what: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(before) == 1, file
    file.write_text(text.replace(before, what + before), encoding="utf-8")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with the toy rules and one more setting and command, and a release that asks for the setting."""
    root = copied_to(tmp_path_factory.mktemp("checkout"))
    copied("toy_rules", root / "targets")
    for path, (before, what) in SETTING.items():
        put(root / path, before, what)
    for name, (before, what) in TOY.items():
        put(root / "targets" / "toy_rules" / name, before, what)
    (root / "graymesh" / "commands" / "hosts.py").write_text(COMMAND, encoding="utf-8")
    put(root / "graymesh" / "cli.py", '    "completion": ', '    "hosts": "Print the hosts of a release.",\n')
    (root / "zoo.yaml").write_text(SPEC, encoding="utf-8")
    (root / "graymesh.yaml").write_text(PROJECT, encoding="utf-8")
    return root


def test_the_readme_names_the_files_of_these_walks() -> None:
    assert steps("A setting") == set(SETTING)
    assert steps("A command") == {"graymesh/commands", "graymesh/cli.py"}


def test_a_setting_reaches_output_and_proof(checkout: Path) -> None:
    done = run(checkout, "graymesh", "compile")
    assert done.returncode == 0, done.stdout + done.stderr
    file = checkout / "rendered" / "toy-rules" / "default" / "zoo.yaml"
    text = file.read_text(encoding="utf-8")
    assert "keepAlive.ms" in text and "60000" in text
    assert run(checkout, "graymesh", "verify").returncode == 0
    file.write_text(text.replace("60000", "120000"), encoding="utf-8")
    done = run(checkout, "graymesh", "verify", "--format", "json")
    (found,) = json.loads(done.stdout)["diagnostics"]
    assert found["code"] == "GM903"
    assert found["message"] == "keepAlive is 2m in toy-rules, the spec says 1m"
    assert (found["line"], found["column"]) == (10, 27)
    file.write_text(text, encoding="utf-8")


def test_targets_that_cannot_hold_a_setting_are_told(checkout: Path) -> None:
    (checkout / "mesh.yaml").write_text(SPEC.replace("istio: {}, toy-rules: {}", "istio: {}"), encoding="utf-8")
    found = run(checkout, "graymesh", "lint", "--format", "concise", "mesh.yaml")
    assert "error[GM305] none of the chosen targets does this: how long idle connections are kept" in found.stdout


def test_a_change_of_a_setting_is_told(checkout: Path) -> None:
    (checkout / "more.yaml").write_text(SPEC.replace("keepAlive: 60s", "keepAlive: 90s"), encoding="utf-8")
    told = run(checkout, "graymesh", "diff", "zoo.yaml", "more.yaml").stdout
    assert "limit loosened: default/zoo: keepAlive of every request: 1m → 90s" in told
    assert "seen by:   toy-rules" in told


def test_a_setting_explains_itself(checkout: Path) -> None:
    for topic, words in {"spec.resilience.keepAlive": "Example:", "keepAlive": "toy-rules"}.items():
        page = run(checkout, "graymesh", "explain", topic).stdout
        assert "How long idle connections are kept." in page and words in page
    assert run(checkout, "graymesh.commands.schemas").returncode == 0
    assert '"keepAlive"' in (checkout / "schemas" / "rollout.v1alpha1.schema.json").read_text(encoding="utf-8")


def test_a_command_is_one_module_and_one_line(checkout: Path) -> None:
    assert run(checkout, "graymesh", "hosts", "shop").stdout == "shop.example.com\n"
    assert "Print the hosts of a release." in run(checkout, "graymesh", "--help").stdout
    assert "graymesh hosts" in run(checkout, "graymesh", "hosts", "--help").stdout
    words = {"COMP_WORDS": "graymesh hos", "COMP_CWORD": "1", "_GRAYMESH_COMPLETE": "bash_complete"}
    assert "hosts" in run(checkout, "graymesh", **words).stdout
