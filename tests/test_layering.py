"""Data flows in one direction: a package imports only from packages that stand below it, and targets from the kit."""

import ast
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "graymesh"
TARGETS = ROOT.parent / "targets"

ORDER = """
cli __main__
commands
adopt motion
diff
report compile
lint
language
kit
proof
ir source
diagnostic did_you_mean text
"""
"""From the top down; names on one line know nothing of each other, except that `__main__` starts the command line."""

LEVEL = {name: level for level, line in enumerate(ORDER.strip().splitlines()) for name in line.split()}
STARTS = ("graymesh.__main__", "graymesh.cli")


def imported(path: Path) -> set[str]:
    """The modules of this project that a file imports anywhere, lazily or not."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [alias.name for alias in node.names] if node.module == "graymesh" else [""]
            found.update(f"{node.module}.{name}".rstrip(".") for name in names)
    return {name for name in found if name.split(".")[0] in ("graymesh", "targets")}


def modules() -> Iterator[tuple[str, Path]]:
    """Every module of graymesh itself, by its dotted name."""
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[0] != "targets" and parts != ("__init__",):
            yield ".".join(["graymesh", *parts]).removesuffix(".__init__"), path


MODULES = dict(modules())
OF_TARGETS = sorted(TARGETS.rglob("*.py"))


def level(module: str) -> int:
    """How far down a module stands."""
    return LEVEL[module.split(".")[1]]


@pytest.mark.parametrize("name", MODULES)
def test_imports_go_down(name: str) -> None:
    package = name.split(".")[1]
    others = {other for other in imported(MODULES[name]) if other.count(".") and other.split(".")[1] != package}
    others -= {"graymesh.targets"}
    up = {other for other in others if level(other) <= level(name) and (name, other) != STARTS}
    assert not up, f"{name} imports {sorted(up)}, which stand above it or beside it"


def circles(names: dict[str, Path]) -> list[list[str]]:
    """Modules that import each other, through any number of others."""
    graph = {name: set(_taken(path, names)) for name, path in names.items()}
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> Iterator[list[str]]:
        if name in way:
            yield way[way.index(name) :]
        elif name not in done:
            for other in sorted(graph[name]):
                yield from walk(other, [*way, name])
            done.add(name)

    return [circle for name in names for circle in walk(name, [])]


def _taken(path: Path, names: Collection[str]) -> Iterator[str]:
    """The modules whose names a file takes; a package only where it takes more of it than its modules."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in names)
        elif isinstance(node, ast.ImportFrom) and node.module in names:
            below = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in names else str(node.module) for name in below)


def test_no_modules_import_each_other() -> None:
    assert not circles(MODULES)


def test_little_stands_on_top() -> None:
    on_top = {path.stem for path in ROOT.glob("*.py")}
    assert on_top == {"__init__", "__main__", "cli", "diagnostic", "did_you_mean", "text"}


@pytest.mark.parametrize("path", OF_TARGETS, ids=lambda path: str(path.relative_to(TARGETS)))
def test_targets_see_the_kit_and_below_and_never_one_another(path: Path) -> None:
    own = f"graymesh.targets.{path.relative_to(TARGETS).parts[0]}"
    for name in imported(path) - {"graymesh"}:
        if name.startswith("graymesh.targets"):
            assert name == own or name.startswith(f"{own}."), f"{path}: imports another target, {name}"
        else:
            assert level(name) >= LEVEL["kit"], f"{path}: imports {name}"


def test_nobody_imports_the_targets_folder() -> None:
    for path in [*MODULES.values(), *OF_TARGETS]:
        assert not any(name.split(".")[0] == "targets" for name in imported(path)), path


def test_the_readme_lists_the_packages_in_this_order() -> None:
    readme = (ROOT.parent / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([a-z]+)` \| ", readme.partition("| package | what it holds |")[2], re.MULTILINE)
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"targets"}
    assert set(listed) == packages
    assert listed == sorted(listed, key=lambda name: LEVEL[name])


def test_a_class_name_means_one_thing() -> None:
    places: dict[str, list[str]] = {}
    for folder in (ROOT, TARGETS):
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    places.setdefault(node.name, []).append(path.name)
    assert {name: files for name, files in places.items() if len(files) > 1} == {}
