"""Files by patterns: what matches, and that neither a tree nor a pattern can make the walk long."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graymesh.diagnostic import Refused
from graymesh.language import walking
from graymesh.language.project import find, find_each
from graymesh.language.walking import TooMuchError, files_below

PROJECT = "apiVersion: graymesh.io/v1alpha1\nkind: Project\nreleases: ['{}']\n"


def put(folder: Path, *files: str) -> None:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")


def matched(folder: Path, *patterns: str) -> list[list[str]]:
    return files_below(str(folder), patterns)


@pytest.mark.parametrize(
    ("pattern", "files"),
    [
        ("*.yaml", ["a.yaml"]),
        ("./a.yaml", ["a.yaml"]),
        ("**/*.yaml", ["a.yaml", "r/b.yaml", "r/s/c.yaml"]),
        ("**/**/**/*.yaml", ["a.yaml", "r/b.yaml", "r/s/c.yaml"]),
        ("*/*.yaml", ["r/b.yaml"]),
        ("r/**/*.yaml", ["r/b.yaml", "r/s/c.yaml"]),
        ("**/s/*", ["r/s/c.yaml", "r/s/d.txt"]),
        ("r/**", ["r/b.yaml", "r/s/c.yaml", "r/s/d.txt"]),
        ("**/?.yaml", ["a.yaml", "r/b.yaml", "r/s/c.yaml"]),
        ("r**s/*.yaml", []),
        ("**/r**/*.yaml", ["r/b.yaml"]),
        ("r", []),
        ("[a].yaml", []),
    ],
)
def test_what_matches(tmp_path: Path, pattern: str, files: list[str]) -> None:
    put(tmp_path, "a.yaml", "r/b.yaml", "r/s/c.yaml", "r/s/d.txt")
    assert matched(tmp_path, pattern) == [files]


def test_wildcards_do_not_enter_hidden_folders_and_dependencies_and_links(tmp_path: Path) -> None:
    put(tmp_path, ".git/a.yaml", "node_modules/a.yaml", "r/a.yaml")
    (tmp_path / "link").symlink_to("r")
    (tmp_path / "r" / "round").symlink_to("..")
    assert matched(tmp_path, "**/*.yaml", "*/*.yaml", "link/*.yaml") == [["r/a.yaml"], ["r/a.yaml"], ["link/a.yaml"]]


def test_whatever_is_no_folder_is_for_the_reader_to_take_or_refuse(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "gone.yaml").symlink_to("nowhere")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    (tmp_path / "folder.yaml").mkdir()
    put(tmp_path, "a.yaml")
    assert matched(tmp_path, "*.yaml") == [["a.yaml", "loop.yaml", "pipe.yaml"]]


NAMES = st.text("ab", min_size=1, max_size=3)
STEPS = st.one_of(st.just("**"), st.text("ab*?", min_size=1, max_size=4).filter(lambda text: "**" not in text))


@given(st.lists(NAMES, min_size=1, max_size=4), st.lists(STEPS, min_size=1, max_size=4))
def test_a_path_matches_as_its_steps_do(path: list[str], pattern: list[str]) -> None:
    """Against the plain definition, which tries everything."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        put(Path(folder), "/".join(path))
        found = matched(Path(folder), "/".join(pattern)) == [["/".join(path)]]
    assert found == _defined(path, [*pattern, "*"] if pattern[-1] == "**" else pattern)


def _defined(path: list[str], pattern: list[str]) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(_defined(path[count:], pattern[1:]) for count in range(len(path)))
    return bool(path) and fnmatchcase(path[0], pattern[0]) and _defined(path[1:], pattern[1:])


class TestCost:
    """Of comparisons, which the walk counts itself."""

    @pytest.mark.parametrize("times", [1, 10, 100])
    def test_many_any_folders_cost_what_one_costs(self, tmp_path: Path, times: int) -> None:
        put(tmp_path, *(f"{'d/' * depth}{name}.yaml" for depth in range(40) for name in "abc"))
        walk = walking._Walk((tuple(walking._steps("**/" * times + "x.yaml")),), lambda _: True)
        assert not list(walk.files(str(tmp_path)))
        assert walking.MOST_COMPARISONS - walk._left < 1_000

    def test_steps_between_any_folders(self, tmp_path: Path) -> None:
        """Each of a folder's names meets each step once, however many ways lead to it."""
        put(tmp_path, "d/" * 40 + "a.yaml")
        walk = walking._Walk((tuple(walking._steps("**/d/" * 20 + "x.yaml")),), lambda _: True)
        assert not list(walk.files(str(tmp_path)))
        assert walking.MOST_COMPARISONS - walk._left < 41 * 2 * 21

    def test_links_round_and_round(self, tmp_path: Path) -> None:
        put(tmp_path, "a.yaml")
        for name in "abcdefgh":
            (tmp_path / name).symlink_to(".")
        walk = walking._Walk((tuple(walking._steps("*/" * 30 + "*.yaml")),), lambda _: True)
        assert not list(walk.files(str(tmp_path)))
        assert walking.MOST_COMPARISONS - walk._left < 10

    def test_stars_within_a_name(self, tmp_path: Path) -> None:
        put(tmp_path, "a" * 250)
        assert matched(tmp_path, "*a" * 120 + "b") == [[]]

    def test_a_tree_that_is_too_large(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        put(tmp_path, *(f"{number}.txt" for number in range(30)))
        monkeypatch.setattr(walking, "MOST_COMPARISONS", 20)
        with pytest.raises(TooMuchError, match="too much"):
            matched(tmp_path, "*.yaml")

    def test_a_tree_that_is_too_deep(self, tmp_path: Path) -> None:
        put(tmp_path, "d/" * walking.DEEPEST + "a.yaml")
        assert matched(tmp_path, "**/*.yaml") == [["d/" * walking.DEEPEST + "a.yaml"]]
        put(tmp_path, "d/" * (walking.DEEPEST + 1) + "a.yaml")
        with pytest.raises(TooMuchError, match="deeper than 64"):
            matched(tmp_path, "**/*.yaml")
        assert matched(tmp_path, "*.yaml", "d/*.yaml") == [[], []]


class TestProjects:
    def test_a_project_says_where_it_asks_for_too_much(self, tmp_path: Path) -> None:
        put(tmp_path, "d/" * 70 + "a.yaml")
        (tmp_path / "graymesh.yaml").write_text(PROJECT.format("**/*.yaml"))
        with pytest.raises(Refused) as error:
            find(tmp_path)
        (found,) = error.value.diagnostics
        assert (found.code, found.span.line, error.value.usage) == ("GM116", 3, True)
        assert "nested deeper" in found.message and "name the folders" in found.help

    def test_so_does_a_folder_without_a_project(self, tmp_path: Path) -> None:
        (tmp_path / ".git").mkdir()
        put(tmp_path, "d/" * 70 + "a.yaml")
        with pytest.raises(Refused) as error:
            list(find_each(tmp_path))
        assert [each.code for each in error.value.diagnostics] == ["GM116"]

    def test_two_stars_within_a_word_are_one(self, tmp_path: Path) -> None:
        put(tmp_path, "releases/a.yaml")
        (tmp_path / "graymesh.yaml").write_text(PROJECT.format("rel**s/*.yaml"))
        assert [path.name for path in find(tmp_path).releases] == ["a.yaml"]
