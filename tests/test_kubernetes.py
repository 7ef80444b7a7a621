"""Kubernetes tools around graymesh: kustomize, kpt, Argo CD, Flux; and whose labels are whose."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from graymesh.commands.krm.resource_list import read
from graymesh.text import yaml_text
from tests.tools import kustomize

ROOT = Path(__file__).parents[1]
STORY = ROOT / "examples" / "bookinfo"
ROLLOUT: dict[str, Any] = {
    "apiVersion": "graymesh.io/v1alpha1",
    "kind": "Rollout",
    "metadata": {"name": "shop"},
    "spec": {
        "service": {"port": 80},
        "stable": "v1",
        "versions": {"v1": {}, "v2": {}},
        "sticky": {"cookie": "gray-ticket"},
        "stages": [{"name": "first", "weight": 5}, {"name": "full", "weight": 100}],
        "stage": "first",
    },
}
PROJECT = {"apiVersion": "graymesh.io/v1alpha1", "kind": "Project", "metadata": {"name": "x"}, "targets": {"istio": {}}}
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"}, "spec": {"ports": [{"port": 80}]}}
THEIRS = (
    "app.kubernetes.io/instance",
    "argocd.argoproj.io/",
    "kustomize.toolkit.fluxcd.io/",
    "helm.sh/",
    "meta.helm.sh/",
)


def run(*words: str | Path, given: str = "", cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, **variables}
    return subprocess.run(
        words, input=given, capture_output=True, text=True, check=False, cwd=cwd, env=environment, timeout=120
    )


def krm(given: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, the list that comes out, and what is said on standard error."""
    done = run(sys.executable, "-m", "graymesh", "krm", given=given)
    return done.returncode, yaml.safe_load(done.stdout) if done.stdout else {}, done.stderr


def resource_list(*items: object, config: object = None) -> str:
    found = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": list(items)}
    return yaml_text({**found, **({"functionConfig": config} if config else {})})


def with_weight(weight: object) -> dict[str, Any]:
    stages = [{"name": "first", "weight": weight}]
    return {**ROLLOUT, "spec": {**ROLLOUT["spec"], "stages": stages, "stage": "first"}}


def kinds(items: list[dict[str, Any]]) -> list[str]:
    return [item["kind"] for item in items]


class TestFunction:
    @pytest.mark.parametrize("config", [None, PROJECT, {**ROLLOUT, "metadata": {"name": "pay"}}])
    def test_releases_become_objects_and_the_rest_goes_through(self, config: dict[str, Any] | None) -> None:
        code, found, said = krm(resource_list(SERVICE, ROLLOUT, config=config))
        assert code == 0 and "error: " not in said
        assert found["items"][0] == SERVICE
        releases = 2 if config and config["kind"] == "Rollout" else 1
        assert kinds(found["items"][1:]) == ["DestinationRule", "VirtualService"] * releases
        assert {result["severity"] for result in found["results"]} == {"warning"}

    def test_json_is_read_as_well(self) -> None:
        code, found, _ = krm(json.dumps(yaml.safe_load(resource_list(SERVICE, ROLLOUT, config=PROJECT)), indent=1))
        assert (code, kinds(found["items"])) == (0, ["Service", "DestinationRule", "VirtualService"])
        assert found["items"][0] == SERVICE

    def test_options_of_the_project_hold(self) -> None:
        release = {**ROLLOUT, "spec": {**ROLLOUT["spec"], "service": {"port": 80, "domains": ["shop.example.com"]}}}
        config = {**PROJECT, "targets": {"istio": {"gateways": ["istio-system/public"]}}}
        _, found, _ = krm(resource_list(release, config=config))
        assert "istio-system/public" in found["items"][1]["spec"]["gateways"]

    def test_a_generator_is_given_its_configuration_as_an_item_too(self) -> None:
        marks = {"config.kubernetes.io/function": "exec:\n  path: ./graymesh-krm\n"}
        release = {**ROLLOUT, "metadata": {"name": "shop", "annotations": marks}}
        more = {**marks, "internal.config.kubernetes.io/id": "1", "config.kubernetes.io/local-config": "true"}
        item = {**ROLLOUT, "metadata": {"name": "shop", "annotations": more}}
        code, found, said = krm(resource_list(item, config=release))
        assert (code, kinds(found["items"])) == (0, ["DestinationRule", "VirtualService"])
        assert "error: " not in said

    def test_the_stage_as_kpt_gives_it(self) -> None:
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"stage": "full"}}
        at_full, at_first = (krm(resource_list(ROLLOUT, config=given))[1]["items"] for given in (config, None))
        assert at_full[0] == at_first[0]
        assert at_full[1] != at_first[1]

    def test_objects_say_which_file_they_belong_to(self) -> None:
        _, found, _ = krm(resource_list(ROLLOUT))
        marks = [item["metadata"]["annotations"] for item in found["items"]]
        paths = [mark["internal.config.kubernetes.io/path"] for mark in marks]
        assert paths == ["istio/default.shop.destinations.yaml", "istio/default.shop.routes.yaml"]
        assert [mark["internal.config.kubernetes.io/index"] for mark in marks] == ["0", "0"]

    def test_the_items_of_others_keep_their_text(self) -> None:
        """Scalars that YAML's versions read differently, block texts, comments, anchors, characters that hide."""
        item = (
            "apiVersion: v1\n  kind: ConfigMap   # theirs\n  metadata: {name: &n a}\n  data:\n"
            "    a: yes\n    b: 0123\n    c: 1.10\n    d: 22:30\n    e: !!binary aGk=\n"
            "    f: |\n\n      x: 1\n\n        y\n"
            "    g: 'it''s'\n    h: \"\\u200d\u200d👩\u200d🔬\"\n    i: *n"
        )
        given = f"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- {item}\n" + "".join(
            f"{'- ' if number == 0 else '  '}{line}\n" for number, line in enumerate(yaml_text(ROLLOUT).splitlines())
        )
        done = run(sys.executable, "-m", "graymesh", "krm", given=given)
        assert done.returncode == 0, done.stderr
        assert f"items:\n- {item}\n- apiVersion: networking.istio.io/v1\n" in done.stdout

    @pytest.mark.parametrize("indicator", ["|", "|-", "|+", ">", ">+", "|2", "|+2"])
    @pytest.mark.parametrize("last", [True, False])
    def test_block_texts_at_the_end_of_an_item_stay_whole(self, indicator: str, last: bool) -> None:
        item = f"- apiVersion: v1\n  kind: X\n  data:\n    a: {indicator}\n      x\n\n       y\n\n\n"
        ours = "".join(
            f"{'  ' if number else '- '}{line}\n" for number, line in enumerate(yaml_text(ROLLOUT).splitlines())
        )
        given = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n"
        given += ours + item if last else item + ours
        code, found, _ = krm(given)
        expected = yaml.safe_load(given)["items"][1 if last else 0]
        assert (code, found["items"][0]) == (0, expected)

    @pytest.mark.parametrize("indent", [0, 2, 4])
    def test_items_at_any_indentation(self, indent: int) -> None:
        body = "".join(f"{' ' * indent}{line}\n" for line in yaml_text([SERVICE, ROLLOUT]).splitlines())
        code, found, _ = krm(f"kind: ResourceList\nitems:\n{body}apiVersion: config.kubernetes.io/v1\n")
        assert (code, found["items"][0]) == (0, SERVICE)


class TestResults:
    def test_an_error_leaves_the_items_as_they_were(self) -> None:
        code, found, said = krm(resource_list(SERVICE, with_weight(500), config=PROJECT))
        assert code == 1
        assert found["items"] == [SERVICE, with_weight(500)]
        (result,) = found["results"]
        assert result["severity"] == "error"
        assert result["field"] == {"path": "spec.stages[0].weight"}
        assert result["resourceRef"] == {"apiVersion": "graymesh.io/v1alpha1", "kind": "Rollout", "name": "shop"}
        assert result["tags"] == {"code": "GM106"}
        assert said == f"graymesh: error: Rollout shop, spec.stages[0].weight: {result['message']}\n"

    def test_a_warning_goes_along(self) -> None:
        spec = {key: value for key, value in ROLLOUT["spec"].items() if key != "sticky"}
        code, found, _ = krm(resource_list({**ROLLOUT, "spec": spec}))
        assert code == 0
        assert {result["severity"] for result in found["results"]} == {"warning"}
        assert "GM208" in [result["tags"]["code"] for result in found["results"]]
        assert "VirtualService" in kinds(found["items"])

    def test_the_file_that_an_item_came_from_is_named(self) -> None:
        marks = {"internal.config.kubernetes.io/path": "releases/shop.yaml"}
        release = {**with_weight(101), "metadata": {"name": "shop", "annotations": marks}}
        _, found, _ = krm(resource_list(release, {**release, "metadata": {"name": "pay", "annotations": marks}}))
        assert [result["file"]["path"] for result in found["results"]] == ["releases/shop.yaml", "items[1]"]

    @pytest.mark.parametrize(
        ("items", "config", "code"),
        [
            ([SERVICE], PROJECT, "GM020"),
            ([], None, "GM020"),
            ([ROLLOUT, ROLLOUT], None, "GM602"),
            ([ROLLOUT, {**PROJECT, "metadata": {"name": "y"}}], PROJECT, "GM112"),
            ([{**ROLLOUT, "kind": "Release"}], None, "GM108"),
            ([ROLLOUT], {**PROJECT, "targets": {"isto": {}}}, "GM111"),
            ([ROLLOUT], {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "c"}}, "GM108"),
            ([ROLLOUT], {"apiVersion": "v1", "kind": "ConfigMap", "data": {"stages": "full"}}, "GM101"),
            ([ROLLOUT], {"apiVersion": "v1", "kind": "ConfigMap", "data": {"stage": "ful"}}, "GM111"),
            ([{**ROLLOUT, "spec": {**ROLLOUT["spec"], "targets": {"sentinel": {}}}}], None, "GM021"),
            ([{**ROLLOUT, "metadata": {"name": "../x"}}], None, "GM105"),
            ([{**ROLLOUT, "metadata": ["x"]}], None, "GM102"),
            ([{**ROLLOUT, "metadata": {"name": "shop", "annotations": ["x"]}}], None, "GM102"),
        ],
    )
    def test_what_cannot_be_compiled(self, items: list[object], config: object, code: str) -> None:
        done, found, said = krm(resource_list(*items, config=config))
        assert code in [result["tags"]["code"] for result in found["results"]]
        assert (done, found["items"]) == (1, items)
        assert "Traceback" not in said

    @pytest.mark.parametrize(
        "given",
        [
            *("", "[", "a: 1", "- a", "\x00", "%YAML 1.9\n---\n", "x: *y", "{" * 3000),
            "kind: ResourceList",
            "apiVersion: config.kubernetes.io/v1\nkind: List\nitems: []",
            "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: [a]",
            "kind: ResourceList\nitems: " + "[" * 100_000,
        ],
        ids=lambda text: text[:24].replace("\n", " "),
    )
    def test_what_is_no_resource_list(self, given: str) -> None:
        done = run(sys.executable, "-m", "graymesh", "krm", given=given)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("graymesh: <stdin>: ")
        assert "Traceback" not in done.stderr

    def test_nothing_of_the_user_s_acts_on_the_terminal(self) -> None:
        _, _, said = krm(resource_list({**ROLLOUT, "spec": {**ROLLOUT["spec"], "stage": "\x1b[31m"}}))
        assert said.startswith("graymesh: error: ") and "\x1b" not in said


def test_items_may_hold_what_looks_like_a_list() -> None:
    item = {"apiVersion": "v1", "kind": "X", "items": [{"kind": "Rollout"}], "data": {"kind": "Rollout"}}
    (found,) = read(resource_list(item)).items
    assert (found.kind, found.ours, yaml.safe_load(found.text)) == ("X", False, item)


@pytest.fixture
def story(tmp_path: Path) -> Path:
    """A copy of the example, where nothing else is around."""
    return Path(shutil.copytree(STORY, tmp_path / "bookinfo"))


@pytest.fixture
def build() -> list[str | Path]:
    if not kustomize().exists():
        pytest.skip("kustomize is not there; `make tools` builds it")
    return [kustomize(), "build", "--enable-alpha-plugins", "--enable-exec", "."]


def objects(text: str) -> list[dict[str, Any]]:
    return sorted(yaml.safe_load_all(text), key=lambda item: (item["kind"], item["metadata"]["name"]))


def compiled(story: Path) -> list[dict[str, Any]]:
    return objects(run("graymesh", "compile", "--stdout", "-t", "istio", cwd=story).stdout)


class TestKustomize:
    def test_as_a_transformer(self, story: Path, build: list[str | Path]) -> None:
        done = run(*build, cwd=story)
        assert done.returncode == 0, done.stderr
        found = objects(done.stdout)
        assert [item for item in found if item["kind"] != "Service"] == compiled(story)
        assert kinds(found).count("Service") == 2

    def test_as_a_generator(self, tmp_path: Path, build: list[str | Path]) -> None:
        shutil.copy(STORY / "gitops" / "kustomize" / "graymesh-krm", tmp_path)
        marks = {"config.kubernetes.io/function": "exec:\n  path: ./graymesh-krm\n"}
        release = {**ROLLOUT, "metadata": {"name": "shop", "namespace": "web", "annotations": marks}}
        (tmp_path / "shop.yaml").write_text(yaml_text(release))
        (tmp_path / "kustomization.yaml").write_text("generators: [shop.yaml]\nnamePrefix: ''\n")
        done = run(*build, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert kinds(objects(done.stdout)) == ["DestinationRule", "VirtualService"]

    def test_an_error_stops_the_build(self, story: Path, build: list[str | Path]) -> None:
        release = story / "releases" / "reviews.yaml"
        release.write_text(release.read_text().replace("stable: v1", "stable: v7"))
        done = run(*build, cwd=story)
        assert done.returncode != 0
        assert done.stdout == ""
        assert "Rollout bookinfo/reviews, spec.stable: GM111" in done.stderr


class TestArgo:
    def plugin(self) -> dict[str, Any]:
        return dict(yaml.safe_load((STORY / "gitops/argocd/plugin.yaml").read_text()))

    def generated(self, story: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        step = self.plugin()["spec"]["generate"]
        return run(*step["command"], *step["args"], cwd=story, **variables)

    def test_it_is_a_plugin(self) -> None:
        plugin = self.plugin()
        assert (plugin["apiVersion"], plugin["kind"]) == ("argoproj.io/v1alpha1", "ConfigManagementPlugin")
        assert list(STORY.glob(plugin["spec"]["discover"]["fileName"]))
        application = yaml.safe_load((STORY / "gitops/argocd/application.yaml").read_text())
        name = f"{plugin['metadata']['name']}-{plugin['spec']['version']}"
        assert application["spec"]["source"]["plugin"]["name"] == name

    @pytest.mark.parametrize("variables", [{}, {"ARGOCD_ENV_STAGE": ""}])
    def test_it_generates_what_is_committed_and_nothing_else(self, story: Path, variables: dict[str, str]) -> None:
        done = self.generated(story, **variables)
        assert done.returncode == 0
        committed = [path.read_text() for path in sorted((story / "rendered/istio").glob("*.yaml"))]
        assert objects(done.stdout) == objects("---\n".join(committed))
        assert all(item["apiVersion"] and item["kind"] for item in yaml.safe_load_all(done.stdout))

    def test_a_stage_of_its_own_for_each_cluster(self, story: Path) -> None:
        names = [
            stage["name"] for stage in yaml.safe_load((story / "releases/reviews.yaml").read_text())["spec"]["stages"]
        ]
        texts = {self.generated(story, ARGOCD_ENV_STAGE=name).stdout for name in names}
        assert len(texts) == len(names)

    @pytest.mark.parametrize("stage", ["nope", "--force", "$(touch pwned)", "a b; touch pwned"])
    def test_a_stage_that_there_is_not(self, story: Path, stage: str) -> None:
        done = self.generated(story, ARGOCD_ENV_STAGE=stage)
        assert (done.returncode, done.stdout) == (2, "")
        assert "has a stage" in done.stderr
        assert not (story / "pwned").exists()

    def test_an_error_is_told_where_argo_shows_it(self, story: Path) -> None:
        release = story / "releases" / "reviews.yaml"
        release.write_text(release.read_text().replace("stable: v1", "stable: v7"))
        done = self.generated(story)
        assert (done.returncode, done.stdout) == (1, "")
        assert "GM111" in done.stderr


class TestFlux:
    def test_the_path_holds_kubernetes_objects_and_nothing_else(self) -> None:
        documents = list(yaml.safe_load_all((STORY / "gitops/flux/bookinfo.yaml").read_text()))
        path = ROOT / documents[1]["spec"]["path"]
        files = [file for file in path.rglob("*") if file.is_file()]
        assert files and {file.suffix for file in files} == {".yaml"}
        for file in files:
            assert all(
                {"apiVersion", "kind", "metadata"} <= item.keys() for item in yaml.safe_load_all(file.read_text())
            )

    def test_kustomize_builds_it_as_flux_would(self, story: Path, build: list[str | Path]) -> None:
        """Flux makes a kustomization of all files where there is none."""
        folder = story / "rendered" / "istio"
        assert run(build[0], "create", "--autodetect", "--recursive", cwd=folder).returncode == 0
        done = run(build[0], "build", ".", cwd=folder)
        assert done.returncode == 0, done.stderr
        assert objects(done.stdout) == compiled(story)


class TestLabels:
    def found(self, tmp_path: Path, **metadata: object) -> list[dict[str, Any]]:
        release = {**ROLLOUT, "metadata": {"name": "shop", **metadata}}
        spec = {**ROLLOUT["spec"], "service": {"port": 80, "domains": ["shop.example.com"]}}
        spec |= {"versions": {"v1": {"endpoints": ["10.0.0.1:80"]}, "v2": {"endpoints": ["10.0.0.2:80"]}}}
        spec |= {"targets": {"istio": {"createGateway": True, "serviceEntry": True}}}
        (tmp_path / "shop.yaml").write_text(yaml_text({**release, "spec": spec}))
        return objects(run("graymesh", "compile", "--stdout", "shop.yaml", cwd=tmp_path).stdout)

    def test_every_object_says_who_manages_it(self, tmp_path: Path) -> None:
        found = self.found(tmp_path)
        assert kinds(found) == ["DestinationRule", "Gateway", "ServiceEntry", "VirtualService", "VirtualService"]
        own = {"app.kubernetes.io/managed-by": "graymesh", "app.kubernetes.io/name": "shop"}
        assert [item["metadata"]["labels"] for item in found] == [own] * 5
        assert not any("annotations" in item["metadata"] for item in found)

    def test_the_user_s_own_go_along(self, tmp_path: Path) -> None:
        labels, annotations = {"team": "shop", "a/b": "c"}, {"owner": "shop@example.com"}
        for item in self.found(tmp_path, labels=labels, annotations=annotations):
            assert labels.items() < item["metadata"]["labels"].items()
            assert item["metadata"]["annotations"] == annotations

    @pytest.mark.parametrize("path", sorted(ROOT.glob("examples/*/rendered/istio/*.yaml")), ids=lambda path: path.name)
    def test_none_is_another_program_s(self, path: Path) -> None:
        for item in yaml.safe_load_all(path.read_text()):
            keys = [*item["metadata"].get("labels", {}), *item["metadata"].get("annotations", {})]
            assert not [key for key in keys if key.startswith(THEIRS)]
