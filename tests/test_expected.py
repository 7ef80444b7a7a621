"""What a target's spec asks for is computed without what writes the files, or a mistake there would prove itself.

Every target is found in its folder; a new one is held to this without an edit here.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from graymesh.compile.verify import verify
from graymesh.kit.registry import target, target_names
from graymesh.kit.target import Expected
from graymesh.targets.nginx import expected, marks, servers
from graymesh.targets.nginx.connection import Forwarded
from graymesh.targets.nginx.names import Names
from graymesh.targets.nginx.quoting import Variable
from graymesh.targets.nginx.tree import Directive
from tests.nginx.releases import NGINX, named, written

WRITES = ("lower", "emit")


def reached(folder: Path, *modules: str) -> set[str]:
    """The modules of a target's folder that these import, directly or by way of others, and they themselves."""
    found, waiting = set[str](), list(modules)
    while waiting:
        module = waiting.pop()
        if module not in found and (folder / f"{module}.py").is_file():
            found.add(module)
            waiting += imported(folder, module)
    return found


def imported(folder: Path, module: str) -> Iterator[str]:
    package = f"graymesh.targets.{folder.name}"
    for node in ast.walk(ast.parse((folder / f"{module}.py").read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (name.split(".")[3] for name in names if name.startswith(f"{package}."))


@pytest.mark.parametrize("name", target_names())
def test_what_is_expected_does_not_import_what_writes(name: str) -> None:
    folder = Path(*target(name).folder.parts)
    assert not reached(folder, "expected") & reached(folder, *WRITES)


def test_modules_are_found_however_they_are_imported(tmp_path: Path) -> None:
    folder = tmp_path / "toy"
    folder.mkdir()
    package = "graymesh.targets.toy"
    (folder / "expected.py").write_text(
        f"from {package} import a\nimport {package}.b\nfrom graymesh.ir.release import Facts\n"
    )
    (folder / "a.py").write_text(f"def f():\n    from {package}.c import g\n")
    for module in "bc":
        (folder / f"{module}.py").write_text("")
    assert reached(folder, "expected") == {"expected", "a", "b", "c"}


def complaints(name: str) -> list[str]:
    view = named(name)
    found = verify(NGINX, [view], NGINX.decode(written(view)), "nginx")
    return [f"{each.diagnostic.code} {each.diagnostic.message}" for each in found]


def test_a_burst_fifty_times_too_large_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = marks.burst_of
    monkeypatch.setattr(marks, "burst_of", lambda rate: 50 * right(rate))
    (complaint,) = complaints("policies")
    assert complaint.startswith("GM903 ")
    assert "24950" in complaint


def test_another_status_for_too_many_requests_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "TOO_MANY", "503")
    (complaint,) = complaints("policies")
    assert complaint.startswith("GM903 ")


def _said_otherwise(monkeypatch: pytest.MonkeyPatch, change: Callable[[Directive], Directive | None]) -> None:
    """Locations are told of the connection what `change` leaves."""
    right = servers.forwarded

    def wrong(trusted: Sequence[str], names: Names) -> Forwarded:
        told = right(trusted, names)
        return told._replace(directives=tuple(each for each in map(change, told.directives) if each))

    monkeypatch.setattr(servers, "forwarded", wrong)


def test_another_host_header_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(each: Directive) -> Directive:
        host = each.arguments[0] == "Host"
        return each._replace(arguments=("Host", (Variable("proxy_host"),))) if host else each

    _said_otherwise(monkeypatch, wrong)
    (complaint,) = complaints("plain")
    assert complaint.startswith("GM903 ")
    assert "$proxy_host" in complaint


@pytest.mark.parametrize(
    "lost",
    ["Connection", "Upgrade", "Host", "X-Real-IP", *(f"X-Forwarded-{end}" for end in ("For", "Host", "Port", "Proto"))],
)
def test_a_header_of_the_connection_that_is_left_out_is_found(lost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _said_otherwise(monkeypatch, lambda each: None if each.arguments[0] == lost else each)
    (complaint,) = complaints("plain")
    assert f"sends.{lost.lower()} is not set" in complaint


def test_two_versions_of_one_name_are_a_mistake_of_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables that are compared under the engine's names would look alike whatever goes to whom."""
    view = named("plain")
    one = {version.name: "the same" for version in view.release.versions}
    monkeypatch.setattr(expected, "expected", lambda _: Expected(settings={}, labels=one))
    with pytest.raises(ValueError, match="one name for two versions"):
        NGINX.expected(view)
