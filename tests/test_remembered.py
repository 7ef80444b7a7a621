# ruff: noqa: F811  the fixture `cli` is another module's
"""The memory of lint: it may be damaged, deleted and written by many at once, and never changes an answer."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graymesh.diagnostic import Diagnostic, Edit, Note, Span
from graymesh.lint.memory import Remembered
from graymesh.lint.session import Linting
from tests.test_cli import ROOT, SHOP, Cli, cli  # noqa: F401

TEXTS = st.text(max_size=20)
SPANS = st.builds(Span, *[st.integers(1, 99)] * 4)
PATHS = st.lists(st.text(max_size=5) | st.integers(0, 9), max_size=4).map(tuple)
FOUND = st.builds(
    Diagnostic,
    code=st.sampled_from(["GM101", "GM203"]),
    message=TEXTS,
    path=PATHS,
    at_key=st.booleans(),
    level=st.sampled_from(["error", "warning", "info"]),
    notes=st.lists(st.builds(Note, PATHS, TEXTS, TEXTS, SPANS), max_size=2).map(tuple),
    targets=st.lists(TEXTS, max_size=2).map(tuple),
    edits=st.lists(st.builds(Edit, PATHS, st.sampled_from(["value", "key", "entry"]), TEXTS, SPANS), max_size=2).map(
        tuple
    ),
    file=TEXTS,
    span=SPANS,
)


@given(found=st.lists(FOUND, max_size=3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_kept_is_recalled(tmp_path: Path, found: list[Diagnostic]) -> None:
    entry = Remembered(str(tmp_path / "entry"), b"key")
    entry.keep(found)
    assert entry.recall() == found
    assert Remembered(str(tmp_path / "entry"), b"other").recall() is None


@given(found=st.lists(FOUND, max_size=2), data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_damaged_entry_is_no_entry(tmp_path: Path, found: list[Diagnostic], data: st.DataObject) -> None:
    path = tmp_path / "entry"
    entry = Remembered(str(path), b"key")
    entry.keep(found)
    good = path.read_bytes()
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, len(good)))
    bad = good[:start] + data.draw(st.binary(max_size=6)) + good[end:]
    path.write_bytes(bad)
    assert entry.recall() == (found if bad == good else None)


def test_many_writers_at_once(cli: Cli, tmp_path: Path) -> None:
    wanted = cli("lint", SHOP, "releases/cart.yaml", "--no-cache").out
    command = [sys.executable, "-m", "graymesh", "lint", SHOP, "releases/cart.yaml"]
    for _ in range(2):
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(6)]
        assert {process.communicate(timeout=60)[0] for process in running} == {wanted}
    assert cli("lint", SHOP, "releases/cart.yaml").out == wanted
    names = [path.name for path in (tmp_path / "cache/graymesh/lint").iterdir()]
    assert len(names) == 2, "an entry for each file, and nothing left over"


def test_it_can_be_deleted_at_any_time(cli: Cli, tmp_path: Path) -> None:
    first = cli("lint", SHOP)
    shutil.rmtree(tmp_path / "cache")
    assert cli("lint", SHOP) == first
    assert cli("lint", SHOP) == first


def test_a_change_elsewhere_changes_no_answer(cli: Cli) -> None:
    """Whether the project's other patterns match is not remembered, so it must not matter."""
    cli.edit("graymesh.yaml", "[releases/*.yaml]", "[releases/*.yaml, more/*.yaml]")
    unlike = cli("lint", SHOP, "--no-cache")
    Path("more").mkdir()
    shutil.copy("releases/cart.yaml", "more/other.yaml")
    assert cli("lint", SHOP) == unlike
    shutil.rmtree("more")
    assert cli("lint", SHOP) == unlike
    assert cli("lint").code == 2, "the whole project wants all patterns to match"


def test_many_files_read_their_project_once(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from graymesh.language import project
    from graymesh.lint import memory as remembered

    reads, builds = [], []
    real, build = project.read, remembered._build
    monkeypatch.setattr(project, "read", lambda *given, **more: (reads.append(given), real(*given, **more))[1])
    monkeypatch.setattr(remembered, "_build", lambda: (builds.append(1), build())[1])
    for number in range(20):
        text = Path(SHOP).read_text().replace("{name: shop,", f"{{name: shop-{number},")
        Path(f"releases/shop-{number}.yaml").write_text(text)
    files = sorted(map(str, Path("releases").iterdir()))
    first = cli("lint", *files)
    assert (len(reads), len(builds)) == (1, 1)
    monkeypatch.setattr(Linting, "look", lambda *_: pytest.fail("an unchanged file was looked at"))
    assert cli("lint", *files) == first


class TestOtherFiles:
    """`--skip-other`: what pre-commit hands over besides releases."""

    KUBERNETES = "apiVersion: v1\nkind: Service\nmetadata: {name: [}\n"

    def test_they_are_passed_over_quietly(self, cli: Cli) -> None:
        Path("service.yaml").write_text(self.KUBERNETES)
        assert cli("lint", "service.yaml").code != 0
        for _ in range(2):
            assert cli("lint", "--skip-other", "service.yaml") == (0, "", "")
        assert cli("lint", "service.yaml").code != 0, "what is passed over is remembered apart"

    def test_compiled_files_are_others(self, cli: Cli) -> None:
        assert cli("compile", "-q").code == 0
        files = [str(path) for path in Path("rendered").rglob("*.yaml")]
        assert files
        assert cli("lint", "--skip-other", *files) == (0, "", "")

    @pytest.mark.parametrize(
        ("old", "new"), [("stable: v1", "stabel: v1"), ("kind: Rollout", "kind: Rolout"), ("kind: Rollout", "kind: [")]
    )
    def test_broken_releases_are_none_of_them(self, cli: Cli, old: str, new: str) -> None:
        cli.edit(SHOP, old, new)
        shutil.copy(SHOP, "elsewhere.yaml")
        for name in (SHOP, "elsewhere.yaml"):
            assert cli("lint", "--skip-other", name).code == 1

    def test_what_the_project_names_is_a_release(self, cli: Cli) -> None:
        cli.edit(SHOP, "graymesh.io/v1alpha1", "gray.io/v1alpha1")
        assert cli("lint", "--skip-other", SHOP).code == 1

    def test_a_broken_project_file_is_told_of_itself(self, cli: Cli) -> None:
        Path("service.yaml").write_text(self.KUBERNETES)
        cli.edit("graymesh.yaml", "kind: Project", "kind: [")
        assert cli("lint", "--skip-other", "service.yaml").code == 0
        assert cli("lint", "--skip-other", "graymesh.yaml").code == 1

    def test_the_file_of_a_project_stands_for_it(self, cli: Cli) -> None:
        assert cli("lint", "--skip-other", "graymesh.yaml") == cli("lint", "graymesh.yaml")
