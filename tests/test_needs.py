"""What targets need of whoever runs them is asked for from the first stage on, listed, told once, and seen by diff."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from graymesh.cli import run
from graymesh.commands.base import Terminal
from graymesh.compile.compiler import Selection, compile_project
from graymesh.kit.registry import target, target_names
from graymesh.language.project import Project
from tests.helpers import ROOT

CASES = ROOT / "tests" / "cases"
LATER = CASES / "everything-from-a-later-stage"


def _projects() -> dict[str, list[Path]]:
    """The releases of all examples, and of all cases that compile."""
    folders = [path.parent for path in CASES.glob("*/diagnostics.txt") if ": error[" not in path.read_text()]
    cases = {f.name: sorted([*f.glob("spec.yaml"), *f.glob("releases/*.yaml")]) for f in folders}
    stories = {f.parent.name: sorted(f.parent.glob("releases/*.yaml")) for f in ROOT.glob("examples/*/graymesh.yaml")}
    return {**cases, **stories}


PROJECTS = _projects()


def at_every_stage(files: list[Path]) -> dict[str, dict[str, str]]:
    """Stage → path → text of all that the releases compile to."""
    project = Project(root=files[0].parent, releases=tuple(files), output=files[0].parent / "rendered")
    compiled = compile_project(project, Selection(stage="all"), lambda *_: None)
    found: dict[str, dict[str, str]] = {}
    for path, text in compiled.files.items():
        stage, _, below = path.partition("/")
        stage, below = ("", path) if stage in target_names() else (stage, below)
        found.setdefault(stage, {})[below] = text
    return found


def _objects(files: Mapping[str, str]) -> Iterator[Any]:
    """Istio's objects that are neither versions nor routes: gateways, and who verifies tokens."""
    for path in sorted(path for path in files if path.startswith("istio/")):
        for each in yaml.safe_load_all(files[path]):
            if each["kind"] not in ("DestinationRule", "VirtualService"):
                yield each


def _application(files: Mapping[str, str]) -> Any:
    """All of Spring's file but the routes."""
    for path in files:
        if path.startswith("spring-cloud-gateway/"):
            found = yaml.safe_load(files[path])
            gateway = found["spring"]["cloud"]["gateway"]
            gateway.get("server", {}).get("webflux", gateway).pop("routes")
            return found
    return None


SEEN: dict[str, Callable[[Mapping[str, str]], Any]] = {
    "paths": sorted,
    "nginx, what releases share": lambda files: [files.get(f"nginx/{n}") for n in ("00-graymesh.conf", "graymesh.js")],
    "istio, besides versions and routes": lambda files: list(_objects(files)),
    "spring, besides routes": _application,
}
"""What an operator has to do something for, as it shows in files."""


LIMITED = ["default.cart.everyone.v2"]
"""The gateway's resource that a limit is for, though nobody is drawn there yet."""


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("name", PROJECTS)
def test_moving_a_release_asks_nothing_of_an_operator(name: str, seen: str) -> None:
    stages = at_every_stage(PROJECTS[name])
    first = SEEN[seen](next(iter(stages.values())))
    assert [stage for stage, files in stages.items() if SEEN[seen](files) != first] == []


def test_what_only_the_last_stage_needs_is_there_from_the_first_one_on() -> None:
    first = at_every_stage(sorted(LATER.glob("releases/*.yaml")))["nobody"]
    assert "js_import graymesh from nginx/graymesh.js;" in first["nginx/00-graymesh.conf"]
    assert "js_set" not in first["nginx/default.shop.conf"]
    verified = yaml.safe_load(first["istio/request-authentication.yaml"])
    assert verified["spec"]["jwtRules"][0]["outputClaimToHeaders"][0]["claim"] == "tier"
    assert _application(first)["server"] == {"forward-headers-strategy": "none"}
    assert first["sentinel/gateway/api-groups.json"] == "[]\n"
    assert [rule["resource"] for rule in json.loads(first["sentinel/gateway/flow-rules.json"])] == LIMITED


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The releases of the case as a project of its own, standing at their first stage."""
    folder = tmp_path / "project"
    (folder / "releases").mkdir(parents=True)
    (folder / "graymesh.yaml").write_text(
        "apiVersion: graymesh.io/v1alpha1\nkind: Project\nreleases: [releases/*.yaml]\n"
    )
    for file in LATER.glob("releases/*.yaml"):
        (folder / "releases" / file.name).write_text(file.read_text())
    return folder


def moved(project: Path, old: str, new: str, file: str = "shop.yaml") -> None:
    path = project / "releases" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


Said = pytest.CaptureFixture[str]


def said_by(capsys: Said, *words: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one run."""
    capsys.readouterr()
    code = run([str(word) for word in words], Terminal())
    return (code, *capsys.readouterr())


def test_needs_are_listed_with_the_line_that_asks_for_them(project: Path, capsys: Said) -> None:
    code, text, _ = said_by(capsys, "targets", "nginx", "--needs", project)
    assert code == 0
    assert text.startswith("nginx\n  nginx: nginx 1.11 or later")
    assert "  njs: njs 0.5 or later" in text
    assert f"    default/shop, since {project}/releases/shop.yaml:12:22 spec.audiences.beta[0]\n" in text
    assert "istio" not in text


def test_needs_as_json(project: Path, capsys: Said) -> None:
    _, text, _ = said_by(capsys, "targets", "--needs", project, "--format", "json")
    found = json.loads(text)
    assert set(found) == {"istio", "nginx", "sentinel", "spring-cloud-gateway"}
    njs = next(each for each in found["nginx"] if each["name"] == "njs")
    place = {"file": f"{project}/releases/shop.yaml", "line": 12, "column": 22, "path": "spec.audiences.beta[0]"}
    assert njs["releases"] == [{"release": "default/shop", **place}]


def test_needs_of_what_cannot_be_read_are_an_error(project: Path, capsys: Said) -> None:
    moved(project, "stable: v1", "stable: [v1")
    code, text, _ = said_by(capsys, "targets", "--needs", project)
    assert code != 0
    assert "GM002" in text


def test_the_working_folder_is_asked_when_no_path_is_given(
    project: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    assert "njs:" in said_by(capsys, "targets", "--needs")[1]


def test_compile_tells_of_needs_when_they_are_new(project: Path, capsys: Said) -> None:
    moved(project, "{claims: {tier: beta}}", '{cookies: {beta: "1"}}')
    _, _, first = said_by(capsys, "compile", project)
    assert "nginx needs of you: nginx, sizes\n" in first
    assert f"what for: graymesh targets --needs {project}\n" in first
    assert " needs " not in said_by(capsys, "compile", project)[2]
    moved(project, '{cookies: {beta: "1"}}', "{claims: {tier: beta}}")
    _, _, then = said_by(capsys, "compile", project)
    assert "nginx needs njs: njs 0.5 or later" in then
    assert "sizes" not in then
    assert "RequestAuthentication" in (project / "rendered" / ".graymesh" / "istio.needs").read_text()


def test_moving_a_release_tells_of_no_need(project: Path, capsys: Said) -> None:
    said_by(capsys, "compile", project)
    moved(project, "  guards:", "  stage: full\n  guards:")
    _, _, said = said_by(capsys, "compile", project)
    assert " needs " not in said


def test_a_part_of_the_targets_keeps_the_needs_of_others(project: Path, capsys: Said) -> None:
    said_by(capsys, "compile", project)
    before = {path.name: path.read_text() for path in project.glob("rendered/.graymesh/*.needs")}
    assert len(before) == 4
    assert " needs " not in said_by(capsys, "compile", project, "-t", "istio")[2]
    assert {path.name: path.read_text() for path in project.glob("rendered/.graymesh/*.needs")} == before
    assert said_by(capsys, "compile", "--check", project)[0] == 0


def test_check_finds_a_list_of_needs_that_is_gone(project: Path, capsys: Said) -> None:
    said_by(capsys, "compile", project)
    (project / "rendered" / ".graymesh" / "nginx.needs").unlink()
    code, said, _ = said_by(capsys, "compile", "--check", project)
    assert (code, "GM910" in said) == (1, True)


def copied(project: Path, where: Path) -> Path:
    where.mkdir()
    for file in (project / "releases").iterdir():
        (where / file.name).write_text(file.read_text())
    return where


def test_diff_names_needs_that_come_and_go(project: Path, tmp_path: Path, capsys: Said) -> None:
    without = copied(project, tmp_path / "without")
    for file in without.glob("shop.yaml"):
        file.write_text(file.read_text().replace("{claims: {tier: beta}}", '{cookies: {beta: "1"}}'))
    with_them = copied(project, tmp_path / "with")
    comes, goes = (json.loads(said_by(capsys, "diff", a, b, "--format", "json")[1]) for a, b in (
        (without, with_them), (with_them, without)
    ))  # fmt: skip
    told = [c for r in comes["releases"] for c in r["changes"] if c["what"] == "needs njs"]
    assert [(c["old"], c["engines"], c["causes"][0]["line"]) for c in told] == [("not set", ["nginx"], 12)]
    told = [c for r in goes["releases"] for c in r["changes"] if c["what"] == "needs njs"]
    assert [(c["new"], c["trend"]) for c in told] == [("not set", "changed")]


def test_diff_of_a_moved_release_names_no_need(project: Path, tmp_path: Path, capsys: Said) -> None:
    old = copied(project, tmp_path / "old")
    moved(project, "  guards:", "  stage: full\n  guards:")
    new = copied(project, tmp_path / "new")
    found = json.loads(said_by(capsys, "diff", old, new, "--format", "json")[1])
    changes = [change for release in found["releases"] for change in release["changes"]]
    assert changes
    assert [change for change in changes if change["what"].startswith("needs ")] == []


@pytest.mark.parametrize("name", target_names())
def test_needs_of_targets_stand_on_a_line(name: str) -> None:
    for files in PROJECTS.values():
        project = Project(root=ROOT, releases=tuple(files), output=ROOT / "rendered")
        from graymesh.language.case import load_cases

        for case in load_cases(project, (), lambda *_: None)[0]:
            if any(manifest.name == name for manifest in case.targets):
                for need in target(name).needs(case.view(target(name).manifest)):
                    assert need.text.isprintable()
                    assert ":" not in need.name
