"""Wrong translations that the field really made, re-made as artifacts: `tests/cases/replay/<mistake>/`.

spec.yaml    the release; its first lines say who made the mistake, and what it did
case.yaml    target: whose files are wrong; codes: what graymesh says of them, in order; witness: the request that it
             prints, or request: one of ours where it prints none that shows the mistake; answers: what the engine gives
             to that request instead of what the spec says, where one request can show it
wrong/       the wrong artifacts as an output folder of `graymesh compile`, with a folder for each stage where one stage
             does not show it
mended.yaml  the release set right, where the spec itself is the mistake
said.txt     what graymesh says, as it says it
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import yaml

from graymesh.compile.artifacts import artifacts_of
from graymesh.compile.compiler import ALL, Selection, verify_project
from graymesh.compile.write import open_output
from graymesh.diagnostic import Diagnostic
from graymesh.ir.semantics import Request
from graymesh.kit.registry import target
from graymesh.kit.target import Target, View
from graymesh.language.case import case_of, load_cases, release_at
from graymesh.language.project import Project
from graymesh.lint import engine
from graymesh.source import load

FOLDER: Final = Path(__file__).parent / "cases" / "replay"
REFUSED: Final = "refused"
"""Among a replay's answers: the engine does not take the files at all."""


@dataclass(frozen=True, slots=True)
class Replay:
    """One mistake; `request` is the witness, whoever found it, and `printed` its form in graymesh's own words."""

    name: str
    target: str
    codes: tuple[str, ...]
    printed: str
    request: Request
    answers: frozenset[str]

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    @property
    def mended(self) -> Path:
        """The spec from which the right artifacts are compiled."""
        file = self.folder / "mended.yaml"
        return file if file.exists() else self.folder / "spec.yaml"

    @property
    def engine(self) -> Target:
        return target(self.target)

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages whose files are wrong; empty when it is the one where the release stands."""
        folders = sorted(path.name for path in (self.folder / "wrong").glob("*") if path.is_dir())
        return () if self.target in folders else tuple(folders)

    def wrong_files(self, stage: str = "") -> dict[str, str]:
        """The wrong artifacts; those that the spec compiles to where the spec is the mistake."""
        if not (self.folder / "wrong").exists():
            return files_of(self.engine, self.view((self.folder / "spec.yaml").read_text(encoding="utf-8")))
        with open_output(self.folder / "wrong", self.folder) as output:
            folder = f"{stage}/{self.target}" if stage else self.target
            return dict(artifacts_of(output, folder, self.engine.manifest.writes))

    def view(self, text: str, stage: str = "") -> View:
        """The release as its target must enforce it; `text` is the spec."""
        nowhere = Project(root=self.folder, releases=(), output=self.folder)
        case, problems = case_of(load(text, "spec.yaml"), nowhere)
        assert case is not None, problems
        return case.view(self.engine.manifest, release_at(case, stage or None))

    def findings(self) -> Sequence[Diagnostic]:
        """What graymesh says: `verify` about the wrong artifacts, lint's warnings where the spec is the mistake."""
        project = self._project("spec.yaml")
        if not (self.folder / "wrong").exists():
            cases, problems = load_cases(project, (), _quietly)
            return [each for each in [*problems, *engine.run(cases)] if each.code in self.codes]
        choice = Selection(targets=(self.target,), stage=ALL if self.stages else None)
        with open_output(project.output, project.root) as output:
            return verify_project(project, choice, output, _quietly).diagnostics

    def _project(self, spec: str) -> Project:
        return Project(root=self.folder, releases=(self.folder / spec,), output=self.folder / "wrong")


def replays() -> list[Replay]:
    """All of them, by name."""
    return [_read(folder) for folder in sorted(FOLDER.iterdir())]


def files_of(chosen: Target, view: View) -> dict[str, str]:
    """What the view is compiled to."""
    return dict(chosen.emit(chosen.lower((view,))))


def request_in(command: str) -> Request:
    """The request that a printed curl command sends."""
    words = shlex.split(command, comments=True)[1:]
    options: dict[str, list[str]] = {"-X": [], "-H": [], "-b": []}
    while words[0] in options:
        option, value, *words = words
        options[option].append(value)
    (address,) = map(urlsplit, words)
    headers = (each.partition(": ") for each in options["-H"])
    cookies = (pair.partition("=") for each in options["-b"] for pair in each.split("; "))
    return Request(
        method=next(iter(options["-X"]), "GET"),
        host=address.netloc,
        path=address.path,
        query=tuple(parse_qsl(address.query, keep_blank_values=True)),
        headers=tuple((name, value) for name, _, value in headers),
        cookies=tuple((name, value) for name, _, value in cookies),
    )


def _read(folder: Path) -> Replay:
    said: Mapping[str, Any] = yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8"))
    printed = said.get("witness", "")
    return Replay(
        name=folder.name,
        target=said["target"],
        codes=tuple(said["codes"]),
        printed=printed,
        request=request_in(printed or said["request"]),
        answers=frozenset(map(str, said.get("answers", ()))),
    )


def _quietly(what: str, done: int, total: int) -> None:
    """No progress is shown."""
