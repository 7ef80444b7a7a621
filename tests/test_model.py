"""Reading specs: every mistake is told at its place, in the words of the file, and all of them at once."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from syrupy.assertion import SnapshotAssertion

from graymesh.diagnostic import Diagnostic, Pointer
from graymesh.ir import release as ir
from graymesh.kit import registry
from graymesh.kit.target import Manifest, Option, Target
from graymesh.language.model import Rollout, parse_project, parse_rollout
from graymesh.language.part import Part
from graymesh.language.policies import Notice
from graymesh.language.routes import Identity
from graymesh.language.stages import Stage
from graymesh.language.structure import Model, fields
from graymesh.source import load
from tests.model_cases import FOLDER, Said, bad_files, expected_in

BASE = (FOLDER / "base.yaml").read_text(encoding="utf-8")
EXAMPLE = (FOLDER / "product-service.yaml").read_text(encoding="utf-8")


def rollout(text: str) -> Rollout:
    found, problems = parse_rollout(load(text, "spec.yaml"))
    assert problems == []
    assert found is not None
    return found


def with_spec(lines: str) -> str:
    """The small valid spec with more keys."""
    return BASE + "\n".join("  " + line for line in lines.strip("\n").split("\n")) + "\n"


def problems_of(text: str) -> list[Diagnostic]:
    found, problems = parse_rollout(load(text, "spec.yaml"))
    assert (found is None) == bool(problems)
    return problems


def said(problem: Diagnostic) -> Said:
    return Said(problem.code, problem.path, problem.at_key)


def shown(problem: Diagnostic) -> str:
    advice = f"\n    help: {problem.help}" if problem.help else ""
    notes = "".join(f"\n    note: {note.span.line}:{note.span.column} {note.message}" for note in problem.notes)
    return f"{problem.span.line}:{problem.span.column} {problem.code} {problem.message}{advice}{notes}"


@pytest.mark.parametrize("file", bad_files(), ids=lambda file: file.stem)
def test_every_mistake_is_found_at_its_place(file: Path, snapshot: SnapshotAssertion) -> None:
    text = file.read_text(encoding="utf-8")
    problems = problems_of(text)
    assert sorted(map(said, problems)) == sorted(expected.said for expected in expected_in(text))
    assert "\n".join(map(shown, problems)) == snapshot


def test_problems_stand_in_the_order_of_the_file() -> None:
    problems = problems_of((FOLDER / "bad" / "all-at-once.yaml").read_text(encoding="utf-8"))
    assert [problem.span for problem in problems] == sorted(problem.span for problem in problems)
    assert {problem.file for problem in problems} == {"spec.yaml"}


def test_the_running_example_in_its_units() -> None:
    spec = rollout(EXAMPLE).spec
    assert spec.canaries == ("v2",)
    assert [stage.weight_basis_points for stage in spec.stages] == [0, 500, 2000, 5000, 10_000]
    assert [stage.hold_ms for stage in spec.stages] == [3_600_000, 1_800_000, 7_200_000, 14_400_000, None]
    assert spec.sticky
    assert spec.sticky.key == Identity(ir.Field(ir.Kind.COOKIE, "uid"))
    assert spec.sticky.cookie.given(spec.sticky.max_age_seconds).max_age_seconds == 2_592_000
    assert spec.guards
    assert spec.guards.latency
    assert (spec.guards.latency.max_ms, spec.guards.latency.quantile_basis_points) == (500, 9900)
    assert spec.resilience
    assert spec.resilience.outlier
    assert spec.resilience.outlier.max_ejected_basis_points == 5000
    assert spec.jwt
    assert spec.jwt.source == ir.Field(ir.Kind.HEADER, "authorization")
    assert [test.expect for test in spec.tests] == [{"v2": 10_000}, {"v2": 10_000}, {"v2": 500, "v1": 9500}]
    assert spec.targets["istio"] == {"gateways": ["istio-system/public"]}


def test_what_a_small_spec_leaves_out() -> None:
    found = rollout(BASE)
    assert (found.metadata.namespace, found.host) == ("default", "shop.default.svc.cluster.local")
    assert (found.spec.stages, found.spec.stage, found.spec.routes, found.spec.audiences) == ((), None, (), {})
    assert (found.spec.sticky, found.spec.resilience, found.spec.targets) == (None, None, {})
    assert found.spec.versions["v1"].labels is None


def test_every_further_key() -> None:
    found = rollout((FOLDER / "everything-else.yaml").read_text(encoding="utf-8"))
    spec = found.spec
    assert (found.metadata.labels, found.metadata.annotations) == (
        {"team": "shop"},
        {"example.com/owner": "the shop team"},
    )
    assert [(entry.code, entry.target) for entry in spec.accept] == [("GM301", "istio"), ("GM302", None)]
    assert spec.mirror
    assert (spec.mirror.version, spec.mirror.share_basis_points) == ("v2", 1000)
    fault = spec.routes[0].fault
    assert fault
    assert fault.delay
    assert fault.abort
    assert (fault.delay.time_ms, fault.delay.share_basis_points) == (2000, 1000)
    assert (fault.abort.status, fault.abort.share_basis_points) == (503, 10_000)
    assert spec.resilience
    assert spec.resilience.pool
    assert spec.resilience.pool.max_requests_per_connection == 1000
    assert spec.resilience.outlier
    assert (spec.resilience.outlier.errors, spec.resilience.outlier.eject_ms) == (5, None)
    assert spec.workload
    assert (spec.workload.kind, spec.workload.name, spec.workload.container) == ("StatefulSet", "shop", "app")
    assert spec.stages[1].weights(spec.canaries) == {"v2": 1050, "v3": 0}
    assert spec.versions["v2"].endpoints == ("[2001:db8::1]:80", "10.0.0.1:80", "shop.internal:80")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("headers: {X-A: v2}", ir.OneOf(("v2",))),
        ("headers: {X-A: [b, a, b]}", ir.OneOf(("a", "b"))),
        ("headers: {X-A: {prefix: My App}}", ir.Prefix("My App")),
        ("headers: {X-A: {suffix: .beta}}", ir.Suffix(".beta")),
        ("cookies: {a: {suffix: =x}}", ir.Suffix("=x")),
        ("query: {a: {suffix: '-x'}}", ir.Suffix("-x")),
        ("path: {suffix: .json}", ir.Suffix(".json")),
        ("path: {suffix: b/c/}", ir.Suffix("b/c/")),
        ("host: {suffix: .Beta.Example.com}", ir.Suffix(".beta.example.com")),
        ("host: [b.example, a.example]", ir.OneOf(("a.example", "b.example"))),
        ("headers: {X-A: {regex: 'v[0-9]+'}}", ir.Regex("v[0-9]+")),
        ("headers: {X-A: {present: true}}", ir.Present()),
        ("headers: {X-A: {absent: true}}", ir.Absent()),
        ("headers: {X-A: no}", ir.OneOf(("no",))),
        ("headers: {X-A: 22:30}", ir.OneOf(("22:30",))),
        ("headers: {X-A: '${HOME}; } #'}", ir.OneOf(("${HOME}; } #",))),
        ("path: /api", ir.OneOf(("/api",))),
        ("path: [/b/, /a]", ir.OneOf(("/a", "/b/"))),
        ("path: {prefix: /api/v3/}", ir.PathPrefix("/api/v3")),
        ("path: {prefix: /}", ir.PathPrefix("/")),
        ("path: {regex: '/a/[0-9]+'}", ir.Regex("/a/[0-9]+")),
        ("method: POST", ir.OneOf(("POST",))),
        ("method: [POST, GET, POST]", ir.OneOf(("GET", "POST"))),
        ("host: Shop.Example.com", ir.OneOf(("shop.example.com",))),
        ("source: 10.0.0.7", ir.Networks(("10.0.0.7/32",))),
        ("source: ['2001:DB8::/32', '::ffff:10.0.0.0/104', 10.0.0.0/8]", ir.Networks(("10.0.0.0/8", "2001:db8::/32"))),
        ("source: ['::1', 0.0.0.0/0]", ir.Networks(("0.0.0.0/0", "::1/128"))),
        ("query: {q: a_b~c}", ir.OneOf(("a_b~c",))),
        ("claims: {tier: beta user}", ir.OneOf(("beta user",))),
        ("cookies: {a.b: 'x=y'}", ir.OneOf(("x=y",))),
    ],
)
def test_matchers_as_written_and_as_meant(written: str, meant: ir.Matcher) -> None:
    entry = rollout(with_spec(f"audiences: {{a: [{{{written}}}]}}")).spec.audiences["a"][0]
    assert [test.matcher for test in entry.tests()] == [meant]


def test_an_entry_is_sorted_by_field() -> None:
    text = with_spec("audiences: {a: [{source: 10.0.0.1, path: /a, headers: {X-B: a, X-A: b}, cookies: {b: c}}]}")
    fields = [test.field for test in rollout(text).spec.audiences["a"][0].tests()]
    assert fields == sorted(fields)
    assert ir.Field(ir.Kind.HEADER, "x-a") in fields


def test_weights_are_exact_from_0_to_100() -> None:
    for basis_points in range(10_001):
        for written in {f"{basis_points / 100:.2f}", f"{basis_points / 100:g}" if basis_points < 10_000 else "100"}:
            stage = {"name": "a", "weight": yaml.safe_load(written)}
            assert read_stage(stage) == basis_points, written


def read_stage(stage: dict[str, Any]) -> int | None:
    return Stage.model_validate(stage).weight_basis_points


def test_a_weight_in_another_notation_is_the_same_weight() -> None:
    assert rollout(with_spec("stages: [{name: a, weight: 1e1}, {name: b, weight: 33.330}]")).spec.stages[0].weights(
        ["v2"]
    ) == {"v2": 1000}


def test_versions_and_targets_need_no_value() -> None:
    spec = rollout(with_spec("targets: {istio: }").replace("{v1: {}, v2: {}}", "{v1: , v2: }")).spec
    assert (list(spec.versions), spec.targets) == (["v1", "v2"], {"istio": {}})


def test_names_may_have_63_characters() -> None:
    assert rollout(BASE.replace("name: shop", "name: " + "a" * 63)).metadata.name == "a" * 63


@pytest.mark.parametrize("text", ["", "[]", "5", "a", "{}"])
def test_a_document_of_another_shape_has_problems_and_no_rollout(text: str) -> None:
    class Document:
        data = json.loads(text) if text not in ("", "a") else text or None

        def raw(self, path: Pointer) -> str:
            return text

        def place(self, diagnostic: Diagnostic) -> Diagnostic:
            return diagnostic

    found, problems = parse_rollout(Document())
    assert found is None
    assert {problem.code for problem in problems} <= {"GM102", "GM103"}
    assert problems


def told(lines: str) -> list[Said]:
    return [said(problem) for problem in problems_of(with_spec(lines))]


def test_references_are_looked_up_beside_all_other_mistakes() -> None:
    """In parts that are well-formed, next to parts and neighbours that are not."""
    lines = [
        "audiences: {beta: [{headers: {X-A: 1}}]}",
        "routes: [{name: a, audience: [beta, nobody], version: v9, from: 5, colour: red}]",
        "stages: [{name: full, weight: lots, split: {v8: 5}}]",
        "tests: [{request: {path: nowhere}, expect: v7}]",
        "stage: half",
    ]
    found = told("\n".join(lines))
    unknown = [("routes", 0, "audience", 1), ("routes", 0, "version"), ("tests", 0, "expect"), ("stage",)]
    assert [each.path[1:] for each in found if each.code == "GM111" and not each.at_key] == unknown
    assert Said("GM111", ("spec", "stages", 0, "split", "v8"), True) in found
    others = [each for each in found if each.code != "GM111"]
    assert [each.code for each in others] == ["GM107", "GM107", "GM101", "GM102", "GM106"]


@pytest.mark.parametrize(
    ("lines", "only"),
    [
        ("stagess: [{name: full, weight: 5}]\nstage: full", Said("GM101", ("spec", "stagess"), True)),
        ("stages: full\nstage: full", Said("GM102", ("spec", "stages"), False)),
        ("stages:\nstage: full", Said("GM102", ("spec", "stages"), False)),
        ("mirror: {version: V2}\nlimits: {V_2: {qps: 5}}\n", Said("GM105", ("spec", "limits", "V_2"), True)),
    ],
)
def test_names_that_could_not_be_read_are_not_missed_as_well(lines: str, only: Said) -> None:
    found = [each for each in told(lines) if each.path[1] != "mirror"]
    assert found == [only]


def test_a_list_that_is_too_long_is_one_mistake() -> None:
    tests = "tests: [" + ", ".join(["{request: {path: x}, expect: v9}"] * 1001) + "]"
    routes = "routes: [" + ", ".join(["{name: a, audience: b, version: v9}"] * 101) + "]"
    assert [each.code for each in told(f"{tests}\n{routes}")] == ["GM116", "GM116"]


def test_empty_values_are_refused_wherever_a_key_may_be_left_out() -> None:
    found = told(
        "sticky:\nresilience: {timeout: , pool: {maxPending: }}\nroutes: [{name: , audience: [null], version: }]"
    )
    assert [each.code for each in found] == ["GM102"] * 6


OPTIONS = {
    "gateways": Option(type="list of string", doc="<namespace>/<name>", pattern="[a-z-]+/[a-z-]+", default=[]),
    "listen": Option(type="integer", doc="port", minimum=1, maximum=65_535, default=80),
    "mode": Option(type="string", doc="how", values=("fast", "careful")),
    "label": Option(type="string", doc="a label"),
    "mesh": Option(type="boolean", doc="in the mesh", default=True),
}


@pytest.fixture
def one_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry whose only target has one option of each type."""
    fields: dict[str, Any] = {"routes": True, "serves": (), "roles": (), "writes": (), "engine_versions": ()}
    manifest = Manifest(name="istio", title="Istio", options=OPTIONS, **fields)
    monkeypatch.setattr(registry, "target_names", lambda: ("istio",))
    monkeypatch.setattr(registry, "target", lambda name: Target(manifest=manifest, folder=FOLDER, package=""))


@pytest.mark.usefixtures("one_target")
def test_options_of_targets() -> None:
    written = "{gateways: [a/b], listen: 8080, mode: careful, label: a b, mesh: false}"
    assert rollout(with_spec(f"targets: {{istio: {written}}}")).spec.targets["istio"] == yaml.safe_load(written)


@pytest.mark.usefixtures("one_target")
@pytest.mark.parametrize(
    ("written", "path", "message", "advice"),
    [
        ("listn: 80", "listn", "istio has no option 'listn'", "did you mean 'listen'?"),
        ("listen: 0", "listen", "0 is out of range", "at least 1, at most 65535"),
        ("listen: 70000", "listen", "70000 is out of range", "at least 1, at most 65535"),
        ("listen: '80'", "listen", "expected an integer, found the text '80'", ""),
        ("listen: true", "listen", "expected an integer, found the boolean true", ""),
        ("mode: quick", "mode", "'quick' is not allowed here", "known: 'fast', 'careful'"),
        ("mode: 1", "mode", "expected a string, found the number 1", 'quote it: "1"'),
        ("label: grün", "label", "'grün' holds 'ü' (U+00FC LATIN SMALL LETTER U WITH DIAERESIS)", "ASCII only"),
        ('label: "a\\nb"', "label", "'a\\nb' does not fit", "a label"),
        ("gateways: a/b", "gateways", "expected a list, found the text 'a/b'", "<namespace>/<name>"),
        ("gateways: [a/b/c]", "gateways", "'a/b/c' does not fit", "<namespace>/<name>"),
        ("mesh: 'no'", "mesh", "expected a boolean, found the text 'no'", ""),
    ],
)
def test_wrong_options_of_targets(written: str, path: str, message: str, advice: str) -> None:
    (problem,) = problems_of(with_spec(f"targets: {{istio: {{{written}}}}}"))
    assert problem.code == "GM115"
    assert problem.path[:4] == ("spec", "targets", "istio", path)
    assert (problem.message, problem.help) == (message, advice)


def test_project_files() -> None:
    project, problems = parse_project(load((FOLDER / "project.yaml").read_text(encoding="utf-8"), "graymesh.yaml"))
    assert problems == []
    assert project
    assert (project.releases, project.output) == (("releases/*.yaml", "more/**/*.yml"), "rendered")
    small, _ = parse_project(load("apiVersion: graymesh.io/v1alpha1\nkind: Project\n", "graymesh.yaml"))
    assert small
    assert (small.releases, small.output, small.targets) == (("releases/*.yaml",), "rendered", {})


def test_bad_project_files() -> None:
    text = (FOLDER / "bad-project.yaml").read_text(encoding="utf-8")
    found, problems = parse_project(load(text, "graymesh.yaml"))
    assert found is None
    assert sorted(map(said, problems)) == sorted(expected.said for expected in expected_in(text))


def models(model: Model = Part) -> list[Model]:
    return [found for child in model.__subclasses__() for found in (child, *models(child))]


KEYS = [(model, name) for model in models() for name in fields(model)]


@pytest.mark.parametrize(("model", "name"), KEYS, ids=[f"{model.__name__}.{name}" for model, name in KEYS])
def test_every_key_explains_itself_by_examples_that_are_right(model: Model, name: str) -> None:
    field = fields(model)[name]
    alone = TypeAdapter(Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation)
    assert (field.description or "").endswith(".")
    for example in field.examples or ():
        alone.validate_python(example)


def test_parts_are_frozen_values() -> None:
    notice = Notice(header="x-a", value="hello")
    with pytest.raises(ValidationError):
        notice.header = "x-b"
    assert Notice(header="X-A", value="hello") == notice != Notice(header="x-a", value="bye")
    assert pickle.loads(pickle.dumps(notice)) == notice
    assert repr(notice) == "Notice(header='x-a', value='hello')"


@pytest.mark.parametrize("key", ["weight_basis_points", "hold_ms", "active_from"])
def test_attributes_are_no_keys(key: str) -> None:
    """Only the key is read, whatever the attribute behind it is called."""
    (problem,) = problems_of(with_spec(f"stages: [{{name: a, weight: 5, {key}: 5}}]"))
    assert said(problem) == Said("GM101", ("spec", "stages", 0, key), True)


DATA = load(EXAMPLE, "spec.yaml").data
WORDS = st.text(st.characters(max_codepoint=0x24F, exclude_categories=["Cc", "Cf", "Cs"]), max_size=5)
NUMBERS = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(WORDS, inner, max_size=2)),
    max_leaves=4,
)


def paths(data: Any, path: Pointer = ()) -> list[Pointer]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(found for key, value in items for found in paths(value, (*path, key)))]


def changed(data: Any, path: Pointer, value: Any) -> Any:
    if not path:
        return value
    if isinstance(data, dict):
        return {key: changed(entry, path[1:], value) if key == path[0] else entry for key, entry in data.items()}
    return [changed(entry, path[1:], value) if index == path[0] else entry for index, entry in enumerate(data)]


@settings(max_examples=200, deadline=None)
@given(path=st.sampled_from(paths(DATA)[1:]), value=JUNK)
def test_whatever_stands_at_a_place_is_read_or_refused_with_a_place(path: Pointer, value: Any) -> None:
    text = json.dumps(changed(DATA, path, value), ensure_ascii=True)
    source = load(text, "spec.yaml")
    found, problems = parse_rollout(source)
    assert (found is None) == bool(problems)
    assert all(problem.code.startswith("GM1") and problem.span.line for problem in problems)
    assert all(len(problem.message) < 400 for problem in problems)
