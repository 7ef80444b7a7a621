"""Which releases, which targets, where to."""

import os
from pathlib import Path

import pytest

from graymesh.diagnostic import Refused
from graymesh.language.project import Project, find, find_each

PROJECT = "apiVersion: graymesh.io/v1alpha1\nkind: Project\nreleases: [releases/*.yaml]\n"
RELEASE = "apiVersion: graymesh.io/v1alpha1\nkind: Rollout\nmetadata: {name: shop}\nspec: {}\n"
ANOTHER_USER = 12345


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shop" / "releases").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    put(tmp_path / "shop", {"graymesh.yaml": PROJECT, "releases/b.yaml": RELEASE, "releases/a.yaml": RELEASE})
    return tmp_path / "shop"


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def releases(project: Project) -> list[str]:
    return [str(path.relative_to(project.root)) for path in project.releases]


def refused(path: Path) -> Refused:
    with pytest.raises(Refused) as error:
        find(path)
    return error.value


@pytest.mark.parametrize("path", [".", "graymesh.yaml", "releases", "releases/a.yaml", "../shop", "releases/../.", "/"])
def test_finds_the_project_of_a_path(here: Path, path: str) -> None:
    project = find(here if path == "/" else Path(path))
    assert project.file == here / "graymesh.yaml"
    assert releases(project) == ["releases/a.yaml", "releases/b.yaml"]
    assert project.output == here / "rendered"


def test_output_and_target_options(here: Path) -> None:
    put(here, {"graymesh.yaml": PROJECT + "output: build/mesh\ntargets: {sentinel: {}}\n"})
    project = find(here)
    assert project.output == here / "build" / "mesh"
    assert project.targets == {"sentinel": {}}


def test_compiled_files_are_no_releases(here: Path) -> None:
    put(here, {"graymesh.yaml": PROJECT.replace("releases/*.yaml", '"**/*.yaml"'), "rendered/istio/x.yaml": "a: 1\n"})
    assert releases(find(here)) == ["releases/a.yaml", "releases/b.yaml"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("ouput: x", "GM101"),
        ("output: ../x", "GM106"),
        ("output: /x", "GM106"),
        ("output: [x]", "GM102"),
        ("targets: {istoi: {}}", "GM111"),
    ],
)
def test_a_bad_line_is_refused_at_its_place(here: Path, line: str, code: str) -> None:
    put(here, {"graymesh.yaml": PROJECT + line + "\n"})
    error = refused(here)
    assert [(item.code, item.span.line, item.file) for item in error.diagnostics] == [(code, 4, "graymesh.yaml")]
    assert not error.usage


@pytest.mark.parametrize("pattern", ["../other/*.yaml", "/etc/*.yaml", "releases/../../x.yaml"])
def test_releases_outside_of_the_project_are_refused(here: Path, pattern: str) -> None:
    put(here, {"graymesh.yaml": PROJECT.replace("releases/*.yaml", pattern), "../other/a.yaml": RELEASE})
    assert [item.span.line for item in refused(here).diagnostics] == [3]


@pytest.mark.parametrize("patterns", ["[none/*.yaml]", "[releases/*.yaml, releases/typo-*.yaml]"])
def test_a_pattern_without_a_match_is_a_usage_error(here: Path, patterns: str) -> None:
    put(here, {"graymesh.yaml": PROJECT.replace("[releases/*.yaml]", patterns)})
    error = refused(here)
    assert [(item.code, item.span.line) for item in error.diagnostics] == [("GM020", 3)]
    assert error.usage


def test_a_path_that_is_not_there(here: Path) -> None:
    with pytest.raises(FileNotFoundError):
        find(here / "nowhere")


class TestWithoutAProjectFile:
    def test_a_single_release(self, here: Path) -> None:
        (here / "graymesh.yaml").unlink()
        project = find(here / "releases" / "a.yaml")
        assert releases(project) == ["a.yaml"]
        assert project.output == here / "releases" / "rendered"
        assert project.file is None

    def test_a_folder_takes_what_looks_like_a_release(self, here: Path) -> None:
        (here / "graymesh.yaml").unlink()
        argo = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\n"
        put(here, {"k8s/deployment.yaml": "kind: Deployment\n", "k8s/argo.yaml": argo, ".hidden/c.yaml": RELEASE})
        put(here, {"rendered/.graymesh/x.sums": "", "rendered/x.yaml": RELEASE, "node_modules/d.yaml": RELEASE})
        put(here, {"older/.graymesh.json": "{}", "older/x.yaml": RELEASE})
        assert releases(find(here)) == ["releases/a.yaml", "releases/b.yaml"]

    def test_a_folder_without_releases(self, here: Path, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        error = refused(tmp_path / "empty")
        assert [item.code for item in error.diagnostics] == ["GM020"]
        assert error.usage

    def test_a_release_that_the_project_does_not_name(self, here: Path) -> None:
        put(here, {"drafts/c.yaml": RELEASE})
        project = find(here / "drafts" / "c.yaml")
        assert project.file is None
        assert releases(project) == ["c.yaml"]


class TestTrust:
    def test_nothing_above_the_repository_is_read(self, here: Path, tmp_path: Path) -> None:
        put(tmp_path, {"graymesh.yaml": PROJECT, "shop/inner/.git/HEAD": "", "shop/inner/c.yaml": RELEASE})
        assert find(here / "inner").file is None

    def test_the_repository_s_own_root_is_read(self, tmp_path: Path, here: Path) -> None:
        (here / "graymesh.yaml").rename(tmp_path / "graymesh.yaml")
        (here / "releases").rename(tmp_path / "releases")
        assert find(here).file == tmp_path / "graymesh.yaml"

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
    @pytest.mark.parametrize("folder", [".", "releases"])
    def test_a_file_of_another_user_is_not_read(self, here: Path, folder: str) -> None:
        os.chown(here / "graymesh.yaml", ANOTHER_USER, ANOTHER_USER)
        project = find(here / folder)
        assert project.file is None
        assert project.ignored == here / "graymesh.yaml"

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
    def test_a_checkout_that_belongs_to_another_user_as_a_whole_is_read(self, here: Path) -> None:
        for path in (here, here / "releases", here / "graymesh.yaml"):
            os.chown(path, ANOTHER_USER, ANOTHER_USER)
        assert find(here / "releases").file == here / "graymesh.yaml"


class TestEach:
    def test_a_file_comes_alone(self, here: Path) -> None:
        (project,) = find_each(here / "releases" / "b.yaml")
        assert releases(project) == ["releases/b.yaml"]
        assert project.file == here / "graymesh.yaml"

    def test_a_folder_of_projects(self, here: Path, tmp_path: Path) -> None:
        put(tmp_path, {"cart/graymesh.yaml": PROJECT, "cart/releases/c.yaml": RELEASE, "loose.yaml": RELEASE})
        found = [(project.root.name, releases(project)) for project in find_each(tmp_path)]
        assert found == [
            ("cart", ["releases/c.yaml"]),
            ("shop", ["releases/a.yaml", "releases/b.yaml"]),
            (tmp_path.name, ["loose.yaml"]),
        ]
