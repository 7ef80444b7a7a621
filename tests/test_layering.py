"""Data flows in one direction: a module imports only from modules that stand before it in the line."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "graymesh"

LINE = """
text ir diagnostic facts naming semantics witness wording did_you_mean
regex buckets portable_regex proof equivalence traffic_diff
source json_schemas target registry capability contracts
language model segments resolve_facts resolve spec_tests schema keys
lint discovery report project remembered cases fix linting baseline verify engine_schemas output write artifacts
parallel compiler target_tests krm diff page diff_report overview commands cli __main__
""".split()  # noqa: SIM905  the names read as the pipeline


def place(module: str) -> int:
    """The position in the line of `graymesh.X.…`; the package itself stands before all."""
    parts = module.split(".")
    if len(parts) == 1 or parts[1] == "targets":
        return -1
    return LINE.index(parts[1])


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
    return {name for name in found if name == "graymesh" or name.startswith("graymesh.")}


MODULES = sorted(path for path in ROOT.rglob("*.py") if "targets" not in path.relative_to(ROOT).parts)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    name = ".".join(["graymesh", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__")
    if name == "graymesh":
        return
    later = {other for other in imported(path) if place(other) > place(name)}
    assert not later, f"{name} imports {sorted(later)}, which stand after it"


def test_targets_know_nothing_of_the_language_or_the_driver() -> None:
    allowed_until = LINE.index("registry")
    for path in sorted((ROOT.parent / "targets").rglob("*.py")):
        for name in imported(path):
            assert name.startswith("graymesh.targets.") or place(name) < allowed_until, f"{path}: imports {name}"


def test_nobody_imports_the_targets_folder() -> None:
    for path in [*MODULES, *sorted((ROOT.parent / "targets").rglob("*.py"))]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not any(name == "targets" or name.startswith("targets.") for name in names), path
