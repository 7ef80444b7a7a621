"""A kind of matcher that nobody has heard of: types name every place that would have to hear of it."""

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.typed import check

ROOT = Path(__file__).parents[1]
SEALED = {"Matcher": ("OneOf", "Networks"), "Kind": ("CLAIM", "METHOD")}
"""A union or an enumeration of the IR, and two of its members by which a `match` over it is told."""

STRANGER = '''@dataclass(frozen=True, slots=True)
class Stranger:
    """The value is strange."""


Matcher: TypeAlias = Stranger | '''


def matches(path: Path) -> Iterator[ast.Match]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Match))


def members(match: ast.Match) -> set[str]:
    """The classes and members of enumerations that its cases name."""
    patterns = [node for case in match.cases for node in ast.walk(case.pattern)]
    classes = {node.cls for node in patterns if isinstance(node, ast.MatchClass)}
    values = {node.value for node in patterns if isinstance(node, ast.MatchValue)}
    return {ast.unparse(node).rpartition(".")[2] for node in classes | values}


def over(union: str) -> list[tuple[Path, ast.Match]]:
    """Every `match` over that union in graymesh and its targets, by its telling members."""
    sources = sorted([*(ROOT / "graymesh").rglob("*.py"), *(ROOT / "targets").rglob("*.py")])
    found = [(path, match) for path in sources for match in matches(path)]
    return [(path, match) for path, match in found if members(match) & set(SEALED[union])]


@pytest.mark.parametrize("union", SEALED)
def test_a_match_over_a_closed_set_ends_in_assert_never(union: str) -> None:
    for path, match in over(union):
        last = match.cases[-1]
        ends = isinstance(last.body[0], ast.Expr) and ast.unparse(last.body[0]).startswith("assert_never(")
        assert ends, f"{path}:{match.lineno}: something may fall through"


def test_types_point_at_every_place_that_a_new_matcher_concerns(tmp_path: Path) -> None:
    for folder in ("graymesh", "targets"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    release = tmp_path / "graymesh" / "ir" / "release.py"
    text = release.read_text(encoding="utf-8")
    assert text.count("Matcher: TypeAlias = ") == 1
    release.write_text(text.replace("Matcher: TypeAlias = ", STRANGER), encoding="utf-8")

    said = check(tmp_path, f"--cache-dir={tmp_path / 'cache'}").stdout

    told = set(re.findall(r'^graymesh/(\S+?):\d+: error: Argument 1 to "assert_never".*"Stranger"', said, re.MULTILINE))
    concerned = {
        str(path.relative_to(ROOT / "graymesh" if "graymesh" in path.relative_to(ROOT).parts[0] else ROOT))
        for path, _ in over("Matcher")
    }
    assert concerned
    assert told >= concerned, said
