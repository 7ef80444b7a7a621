"""What several test modules share: loading specs from text and running the line on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graymesh.diagnostic import Diagnostic, Refused
from graymesh.language.case import Case, case_of
from graymesh.language.project import Project
from graymesh.lint import engine
from graymesh.source import load

ROOT = Path(__file__).parents[1]
NO_PROJECT = Project(root=ROOT, releases=(), output=ROOT / "rendered")


def case_from(text: str, file: str = "spec.yaml") -> tuple[Case | None, list[Diagnostic]]:
    """A case outside any project, and what is wrong with it; loader refusals come as diagnostics too."""
    try:
        return case_of(load(text, file), NO_PROJECT)
    except Refused as refused:
        return None, list(refused.diagnostics)


def everything_said(texts: Sequence[str]) -> list[Diagnostic]:
    """All diagnostics of the loader, the model and lint for specs that belong to one project."""
    said: list[Diagnostic] = []
    cases = []
    for number, text in enumerate(texts):
        case, problems = case_from(text, f"spec-{number}.yaml")
        said += problems
        cases += [case] if case else []
    return said + engine.run(cases)
