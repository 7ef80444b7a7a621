"""A target that routes nothing and walks the release: plan, files of another target, structured options, own settings.

It is one folder in a copy of the project, without an edit elsewhere.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.checkouts import copied_to, run_module

MANIFEST = """
name: walker
title: Walker
routes: false
serves: [public, internal]
roles: [alone, edge, follower]
writes: ["*.json"]
engine_versions: ["1"]
needs: [stages]
after: [istio]
features:
  guards.errorRate: {support: native}
options:
  analysis:
    type: structured
    doc: How the guards are judged.
    default: {}
    example: {count: 3, queries: {errors: {address: "http://prometheus:9090"}}}
"""
OPTIONS = """
{"properties": {"analysis": {
   "type": "object",
   "properties": {
     "count": {"type": "integer", "minimum": 1, "default": 5, "description": "So many measurements."},
     "mode": {"enum": ["strict", "lenient"], "default": "strict", "description": "What a gap in the data means."},
     "dryRun": {"type": "boolean", "description": "Measures and judges nothing."},
     "fallback": {"$ref": "#/$defs/Query"},
     "queries": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Query"}, "description": "By name."}}}},
 "$defs": {"Query": {
   "type": "object", "required": ["address"],
   "properties": {
     "address": {"type": "string", "pattern": "^http", "description": "Where it is asked."},
     "retries": {"type": "integer", "default": 2},
     "otherwise": {"$ref": "#/$defs/Query"}}}}}
"""
SETTINGS = """
walk.pause.<step>:
  doc: How long a step lasts at least.
  unit: ms
  path: spec.stages
walk.settle.ms:
  doc: How long the last step is watched.
  unit: ms
  path: spec.targets.walker
  weaker: less
  protects: guard
walk.objects:
  doc: The files of the mesh that are moved along, sorted.
  path: spec.targets.walker
walk.measurements:
  doc: So many measurements at each step.
  path: spec.targets.walker.analysis.count
  weaker: less
  protects: guard
"""
LOWER = """
def lower(views):
    return [_walk(view) for view in views]


def _walk(view):
    guards = view.plan.guards
    steps = [
        {"name": step.name, "shares": dict(step.shares), "hold": step.hold_ms or 0, "routes": [
            route.name for table in seen.companion for route in table.table.routes
        ]}
        for step, seen in zip(view.plan.steps, view.stages, strict=True)
    ]
    return view.release.key, {
        "service": view.release.key,
        "cluster": view.cluster,
        "steps": steps,
        "settle": 60000,
        "objects": sorted(path for path in view.beside.get("istio", ()) if view.release.name in path),
        "images": {each.version.name: each.version.image for each in view.plan.workloads},
        "of": view.plan.workloads[0].name,
        "errors": guards.error_rate.max_basis_points if guards.error_rate else None,
        "window": guards.error_rate.window_ms if guards.error_rate else None,
        "held": guards.latency is not None,
        "analysis": view.options["analysis"],
    }
"""
EMIT = """
import json


def emit(trees):
    return {key.replace("/", ".") + ".json": json.dumps(tree, indent=2, sort_keys=True) for key, tree in trees}
"""
DECODE = """
import json

from graymesh.kit.target import Decoded, Statement


def decode(files):
    return Decoded(tuple(_statement(path, json.loads(text)) for path, text in files.items()))


def _statement(path, said):
    facts = {("", f"walk.pause.{step['name']}"): step["hold"] for step in said["steps"]}
    facts["", "walk.settle.ms"] = said["settle"]
    facts["", "walk.objects"] = tuple(said["objects"])
    facts["", "walk.measurements"] = said["analysis"]["count"]
    for name in list(said["images"])[1:] if said["errors"] is not None else ():
        facts[name, "guards.errorRate.bp"] = said["errors"]
        facts[name, "guards.errorRate.window.ms"] = said["window"]
    return Statement(said["service"], facts, file=path)
"""
EXPECTED = """
from graymesh.kit.target import Expected


def expected(view):
    walk = {("", f"walk.pause.{step.name}"): step.hold_ms or 0 for step in view.plan.steps}
    walk["", "walk.settle.ms"] = 60000
    walk["", "walk.objects"] = tuple(sorted(path for path in view.beside.get("istio", ()) if view.release.name in path))
    walk["", "walk.measurements"] = view.options["analysis"]["count"]
    return Expected(settings={**view.facts, **walk})
"""
SPEC = """
apiVersion: graymesh.io/v1alpha1
kind: Rollout
metadata: {name: shop, namespace: default}
spec:
  service: {port: 80}
  stable: v1
  versions: {v1: {image: "shop:1"}, v2: {image: "shop:2"}}
  workload: {name: shop-app}
  audiences: {testers: [{headers: {X-Try: v2}}]}
  routes: [{name: testers, audience: testers, version: v2, from: half}]
  stages:
    - {name: first, weight: 5, hold: 1h}
    - {name: half, weight: 50, hold: 30m}
    - {name: full, weight: 100}
  guards: {errorRate: {max: 1%}, latency: {max: 1s}}
  accept: [{code: GM305, reason: another team watches the latency}]
  targets:
    walker: {}
    istio: {}
"""
PROJECT = "apiVersion: graymesh.io/v1alpha1\nkind: Project\nreleases: [releases/*.yaml]\noutput: rendered\n"
PARTS = {
    "__init__.py": "",
    "target.yaml": MANIFEST,
    "options.schema.json": OPTIONS,
    "settings.yaml": SETTINGS,
    "lower.py": LOWER,
    "emit.py": EMIT,
    "decode.py": DECODE,
    "expected.py": EXPECTED,
    "README.md": "# Walker\n\nIt walks.\n",
}


def new_target(root: Path, name: str, parts: dict[str, str]) -> None:
    folder = root / "targets" / name
    folder.mkdir()
    for part, text in parts.items():
        (folder / part).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with one more target."""
    root = copied_to(tmp_path_factory.mktemp("checkout"))
    new_target(root, "walker", PARTS)
    return root


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One release in a project."""
    (tmp_path / "releases").mkdir()
    (tmp_path / "graymesh.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "releases" / "shop.yaml").write_text(SPEC, encoding="utf-8")
    return tmp_path


def graymesh(checkout: Path, project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_module(checkout, "graymesh", *arguments, folder=project)


def walk(project: Path, below: str = "walker") -> Any:
    return json.loads((project / "rendered" / below / "default.shop.json").read_text(encoding="utf-8"))


def compiled(checkout: Path, project: Path, *arguments: str) -> Any:
    done = graymesh(checkout, project, "compile", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_it_knows_the_plan_every_stage_and_the_files_of_the_mesh(checkout: Path, project: Path) -> None:
    compiled(checkout, project)
    assert walk(project) == {
        "service": "default/shop",
        "cluster": "",
        "steps": [
            {"name": "first", "shares": {"v2": 500, "v1": 9500}, "hold": 3_600_000, "routes": ["everyone"]},
            {"name": "half", "shares": {"v2": 5000, "v1": 5000}, "hold": 1_800_000, "routes": ["testers", "everyone"]},
            {"name": "full", "shares": {"v2": 10_000, "v1": 0}, "hold": 0, "routes": ["testers", "everyone"]},
        ],
        "settle": 60_000,
        "objects": ["default.shop.destinations.yaml", "default.shop.routes.yaml"],
        "images": {"v1": "shop:1", "v2": "shop:2"},
        "of": "shop-app",
        "errors": 100,
        "window": 300_000,
        "held": False,
        "analysis": {"count": 5, "mode": "strict"},
    }
    assert (project / "rendered/istio/default.shop.routes.yaml").is_file()
    for command in (["verify"], ["compile", "--check"]):
        done = graymesh(checkout, project, *command)
        assert done.returncode == 0, (command, done.stdout + done.stderr)


def test_the_files_of_the_mesh_are_there_though_only_the_walker_is_chosen(checkout: Path, project: Path) -> None:
    compiled(checkout, project, "-t", "walker")
    assert walk(project)["objects"] == ["default.shop.destinations.yaml", "default.shop.routes.yaml"]
    assert not (project / "rendered/istio").exists()


def test_each_stage_has_the_files_of_its_own(checkout: Path, project: Path) -> None:
    compiled(checkout, project, "--stage", "all")
    for stage in ("first", "half", "full"):
        assert walk(project, f"{stage}/walker")["objects"] == [
            "default.shop.destinations.yaml",
            "default.shop.routes.yaml",
        ]


def test_a_project_without_the_mesh_has_none_of_its_files(checkout: Path, project: Path) -> None:
    text = SPEC.replace("    istio: {}\n", "    spring-cloud-gateway: {discovery: external}\n")
    (project / "releases/shop.yaml").write_text(text, encoding="utf-8")
    compiled(checkout, project)
    assert walk(project)["objects"] == []


def test_so_many_releases_that_they_are_built_in_processes(checkout: Path, project: Path) -> None:
    for number in range(64):
        text = SPEC.replace("name: shop,", f"name: shop-{number},")
        (project / "releases" / f"shop-{number}.yaml").write_text(text, encoding="utf-8")
    compiled(checkout, project)
    written = json.loads((project / "rendered/walker/default.shop-63.json").read_text(encoding="utf-8"))
    assert written["objects"] == ["default.shop-63.destinations.yaml", "default.shop-63.routes.yaml"]


def test_verify_finds_what_is_changed_by_hand_and_says_it_in_the_words_of_the_settings(
    checkout: Path, project: Path
) -> None:
    compiled(checkout, project)
    path = project / "rendered/walker/default.shop.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    said |= {"settle": 1000, "objects": [], "errors": 500}
    said["steps"][0]["hold"] = 0
    path.write_text(json.dumps(said), encoding="utf-8")
    done = graymesh(checkout, project, "verify", "--format", "json")
    found = {each["message"]: (each["code"], each["line"]) for each in json.loads(done.stdout)["diagnostics"]}
    assert found == {
        "walk.settle is 1s in walker, the spec says 1m": ("GM903", 19),
        "walk.objects is nothing in walker, the spec says default.shop.destinations.yaml, default.shop.routes.yaml": (
            "GM903",
            19,
        ),
        "walk.pause.first is 0ms in walker, the spec says 1h": ("GM903", 13),
        "guards.errorRate of v2 is 5% in walker, the spec says 1%": ("GM903", 16),
    }


def test_reading_says_units_too(checkout: Path, project: Path) -> None:
    compiled(checkout, project)
    done = graymesh(checkout, project, "read", "-t", "walker", "rendered/walker")
    assert "walk.settle = 1m" in done.stdout
    assert "guards.errorRate of v2 = 1%" in done.stdout


def test_explain_shows_options_from_within_and_settings_of_its_own(checkout: Path, project: Path) -> None:
    page = graymesh(checkout, project, "explain", "walker").stdout
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in page.splitlines() if line.split()}
    assert rows["analysis"] == "structured {} How the guards are judged."
    assert rows["analysis.count"] == "whole number of at least 1 5 So many measurements."
    assert rows["analysis.queries.<name>.address"] == "text Where it is asked."
    assert rows["walk.settle"] == "milliseconds How long the last step is watched."


STRUCTURES = [
    ("{cuont: 3}", [("cuont", "'cuont' is not a key here", "did you mean 'count'?")]),
    ("{count: 0}", [("0}", "0 is less than the minimum of 1", "So many measurements.")]),
    ("{count: true}", [("true", "true is not of type 'integer'", "So many measurements.")]),
    ("{mode: lenent}", [("lenent", "'lenent' is not allowed here", "did you mean 'lenient'?")]),
    ("{dryRun: [true]}", [("[true", "[true] is not of type 'boolean'", "Measures and judges nothing.")]),
    ("{queries: {errors: {}}}", [("{}", "'address' is missing", "Where it is asked.")]),
    (
        "{queries: {errors: {address: ftp, retries: x}}}",
        [("ftp", "'ftp' does not match '^http'", "Where it is asked."), ("x}", "'x' is not of type 'integer'", "")],
    ),
    (
        "{fallback: {address: http, otherwise: {adress: http}}}",
        [("adress", "'adress' is not a key here", "did you mean 'address'?")],
    ),
    ("", [("}", "'analysis' has no value", "")]),
    ("[]", [("[]", "[] is not of type 'object'", "")]),
]
"""What is written, and for each mistake the beginning of the words that it is about, the message and the help."""


@pytest.mark.parametrize(("written", "wanted"), STRUCTURES, ids=[written or "nothing" for written, _ in STRUCTURES])
def test_what_a_structured_option_does_not_take_is_told_at_its_place(
    checkout: Path, project: Path, written: str, wanted: list[tuple[str, str, str]]
) -> None:
    line = f"    walker: {{analysis: {written}}}"
    (project / "releases/shop.yaml").write_text(SPEC.replace("    walker: {}", line), encoding="utf-8")
    number = SPEC.splitlines().index("    walker: {}") + 1
    done = graymesh(checkout, project, "lint", "--no-cache", "--format", "json")
    found = json.loads(done.stdout)["diagnostics"]
    assert [(each["code"], each["line"], each["column"], each["message"]) for each in found] == [
        ("GM115" if written else "GM102", number, line.rindex(words) + 1, message) for words, message, _ in wanted
    ]
    for each, (_, _, help_) in zip(found, wanted, strict=True):
        assert help_ in (each.get("help") or "")


def test_what_is_left_out_of_a_structure_has_the_schema_s_default(checkout: Path, project: Path) -> None:
    """At any depth; the spec's structure stands for the project's as a whole."""
    below = "queries: {errors: {address: http, otherwise: {address: http}}}"
    text = SPEC.replace("walker: {}", f"walker: {{analysis: {{mode: lenient, {below}}}}}")
    (project / "releases/shop.yaml").write_text(text, encoding="utf-8")
    (project / "graymesh.yaml").write_text(PROJECT + "targets: {walker: {analysis: {count: 7}}}\n", encoding="utf-8")
    compiled(checkout, project)
    query = {"address": "http", "retries": 2, "otherwise": {"address": "http", "retries": 2}}
    assert walk(project)["analysis"] == {"count": 5, "mode": "lenient", "queries": {"errors": query}}


def test_the_schema_for_editors_ends_though_a_structure_holds_itself(checkout: Path, project: Path) -> None:
    found = json.loads(graymesh(checkout, project, "schema").stdout)["$defs"]["Spec"]["properties"]["targets"]
    analysis = found["properties"]["walker"]["anyOf"][0]["properties"]["analysis"]
    assert analysis["properties"]["count"]["default"] == 5
    query = analysis["properties"]["queries"]["additionalProperties"]["properties"]
    assert query["address"]["pattern"] == "^http"
    assert query["otherwise"] == {}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"target.yaml": MANIFEST.replace("after: [istio]", "after: [istoi]")}, "after 'istoi', which is no target"),
        ({"target.yaml": MANIFEST.replace("after: [istio]", "after: [walker]")}, "walker → walker"),
        ({"target.yaml": MANIFEST.replace("after: [istio]", "after: [runner]")}, "walker → runner → walker"),
        (
            {"settings.yaml": SETTINGS.replace("unit: ms", "unit: s")},
            "walker/settings.yaml: walk.pause.<step>: unit 's'",
        ),
        ({"target.yaml": MANIFEST.replace("needs: [stages]", "needs: [stage]")}, "needs 'stage', which nobody gives"),
        ({"settings.yaml": ""}, "it needs a row in graymesh/ir/settings.py"),
        ({"options.schema.json": "{}"}, "walker/options.schema.json has no property 'analysis'"),
        ({"options.schema.json": "{"}, "walker/options.schema.json cannot be read"),
    ],
)
def test_a_folder_that_cannot_be_meant_is_refused(
    checkout: Path, project: Path, changed: dict[str, str], message: str
) -> None:
    runner = {**PARTS, "target.yaml": MANIFEST.replace("walker", "runner").replace("after: [istio]", "after: [walker]")}
    folders = {"walker": {**PARTS, **changed}, **({"runner": runner} if "runner" in message else {})}
    try:
        for name, parts in folders.items():
            shutil.rmtree(checkout / "targets" / name, ignore_errors=True)
            new_target(checkout, name, parts)
        done = graymesh(checkout, project, "compile")
        assert done.returncode == 2, done.stdout
        assert message in done.stderr
        assert not (project / "rendered").exists()
    finally:
        shutil.rmtree(checkout / "targets" / "runner", ignore_errors=True)
        shutil.rmtree(checkout / "targets" / "walker")
        new_target(checkout, "walker", PARTS)


def test_diff_tells_of_a_structure_that_changed(checkout: Path, project: Path) -> None:
    """Only the engine shows it: the release means the same."""
    old = project / "old"
    shutil.copytree(project / "releases", old / "releases")
    shutil.copy(project / "graymesh.yaml", old)
    text = yaml.safe_load((project / "releases/shop.yaml").read_text(encoding="utf-8"))
    text["spec"]["targets"]["walker"] = {"analysis": {"count": 2}}
    (project / "releases/shop.yaml").write_text(yaml.safe_dump(text), encoding="utf-8")
    done = graymesh(checkout, project, "diff", "old/releases", "releases")
    assert done.returncode == 0, done.stderr
    assert "analysis" in done.stdout and "'count': 2" in done.stdout
