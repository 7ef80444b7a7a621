"""What is run: an action (a command line) on a few files, kept on disk as one file or one folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CORPUS: Final = Path(__file__).parent / "corpus"

_ROUTE: Final = "route FILES --header X-Gray-Version:v2 --cookie beta=1 --query q=1 --path /api/x --source 10.0.0.1"
ACTIONS: Final[Mapping[str, str]] = {
    "read-istio": "read -t istio FILES",
    "read-istio-json": "read -t istio --format json FILES",
    "read-nginx": "read -t nginx FILES",
    "read-nginx-json": "read -t nginx --format json FILES",
    "read-sentinel": "read -t sentinel FILES",
    "read-sentinel-json": "read -t sentinel --format json FILES",
    "read-spring": "read -t spring-cloud-gateway FILES",
    "read-spring-json": "read -t spring-cloud-gateway --format json FILES",
    "krm": "krm < FILES",
    "lint": "lint FILES",
    "lint-stdin": "lint - < FILES",
    "lint-json": "lint --format json FILES",
    "lint-sarif": "lint --format sarif FILES",
    "lint-github": "lint --format github FILES",
    "lint-junit": "lint --format junit FILES",
    "lint-markdown": "lint --format markdown FILES",
    "lint-fix": "lint --fix FILES",
    "lint-diff": "lint --diff FILES",
    "lint-baseline": "lint --baseline baseline.json .",
    "route": _ROUTE,
    "test": "test FILES",
    "diff": "diff old.yaml new.yaml",
    "diff-json": "diff --format json old.yaml new.yaml",
    "diff-markdown": "diff --format markdown old.yaml new.yaml",
    "diff-html": "diff --format html old.yaml new.yaml",
    "diff-base": "diff --base HEAD .",
    "diff-folders": "diff old new",
    "diff-istio": "diff -t istio old.yaml new.yaml",
    "diff-nginx": "diff -t nginx old.conf new.conf",
    "diff-spring": "diff -t spring-cloud-gateway old.yaml new.yaml",
    "diff-sentinel": "diff -t sentinel old new",
    "project-lint": "lint .",
    "project-compile": "compile .",
    "project-check": "compile --check .",
    "project-verify": "verify .",
    "project-report": "report .",
    "compile": "compile FILES",
    "compile-stdout": "compile --stdout -t istio FILES",
}
"""Command lines by name. `FILES` stands for the names of all files; behind `<` they are standard input."""

BASE: Final = "base"
"""The folder whose files are committed, where an action asks for a repository; the others stand in the work tree."""


@dataclass(frozen=True, slots=True)
class Case:
    """An action on files: path → bytes."""

    action: str
    files: Mapping[str, bytes]

    def words(self) -> tuple[list[str], bytes]:
        """The arguments of graymesh, and standard input."""
        words, _, given = ACTIONS[self.action].partition(" < ")
        names = sorted({path.split("/")[0] for path in self.files})
        arguments = [name for word in words.split() for name in (names if word == "FILES" else [word])]
        return arguments, b"".join(self.files.values()) if given else b""

    def size(self) -> int:
        """Bytes of all files."""
        return sum(map(len, self.files.values()))

    def with_file(self, name: str, content: bytes) -> Case:
        """The same with one file changed."""
        return Case(self.action, {**self.files, name: content})


def kept(folder: Path = CORPUS) -> Iterator[tuple[str, Case]]:
    """Every case of a corpus by its name, `<action>/<entry>`."""
    for place in sorted(folder.iterdir()):
        for entry in sorted(place.iterdir()) if place.name in ACTIONS else ():
            yield f"{place.name}/{entry.name}", Case(place.name, _files(entry))


def save(case: Case, folder: Path, name: str) -> Path:
    """Writes the case below `folder` where `kept` finds it."""
    place = folder / case.action / name
    only = next(iter(case.files)) if len(case.files) == 1 else ""
    if only and "/" not in only:
        place = place.with_name(f"{name}{Path(only).suffix}")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(case.files[only])
        return place
    lay_out(case.files, place)
    return place


def lay_out(files: Mapping[str, bytes], folder: Path) -> None:
    """Writes the files below a folder."""
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _files(entry: Path) -> dict[str, bytes]:
    if entry.is_file():
        return {entry.name: entry.read_bytes()}
    return {str(file.relative_to(entry)): file.read_bytes() for file in sorted(entry.rglob("*")) if file.is_file()}
