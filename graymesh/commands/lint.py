# ruff: noqa: PTH113, PTH119, PTH120
# importing pathlib would cost a good part of linting a file that has not changed
"""`graymesh lint`: what is wrong with releases, before anything is written."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from graymesh.commands.base import Command, Terminal
from graymesh.commands.findings import format_option, output_option, reaches

if TYPE_CHECKING:
    from graymesh.diagnostic import Diagnostic
    from graymesh.lint import Case


def _codes(_: click.Context, __: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    return tuple(code.strip().upper() for value in values for code in value.split(",") if code.strip())


@click.command(
    cls=Command,
    examples="""
    graymesh lint
    graymesh lint releases/shop.yaml --format concise
    graymesh lint --format github --output sarif=lint.sarif --output markdown=lint.md
    graymesh lint --select GM2,GM4 --fail-on warning
    cat releases/shop.yaml | graymesh lint -
    """,
)
@click.argument("paths", nargs=-1, type=click.Path())
@format_option
@output_option
@click.option(
    "--select", multiple=True, callback=_codes, metavar="CODE", help="Only these codes, or codes that start so."
)
@click.option("--ignore", multiple=True, callback=_codes, metavar="CODE", help="All but these codes.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "info", "never"]),
    default="error",
    help="The least grave level that makes the exit code 1.",
)
@click.option("--cache/--no-cache", default=True, help="Do not look again at files that have not changed.")
@click.pass_obj
def command(
    terminal: Terminal,
    paths: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    fail_on: str,
    cache: bool,
) -> int:
    """Check the releases at PATHS: files, folders, projects, or `-` for standard input; all here by default."""
    found: list[Diagnostic] = []
    texts: dict[str, str] = {}
    for path in paths or (".",):
        found += _linted(terminal, path, (select, ignore), texts, cache)
    found = list(dict.fromkeys(found))
    terminal.report(found, texts)
    return 1 if reaches(found, fail_on) else 0


def _linted(
    terminal: Terminal, path: str, choice: tuple[tuple[str, ...], tuple[str, ...]], texts: dict[str, str], cache: bool
) -> list[Diagnostic]:
    """What is found at one path; a single file that has not changed is not looked at again."""
    from graymesh.discovery import NAME, discovered

    single = cache and os.path.isfile(path) and os.path.basename(path) != NAME
    if not single:
        return _found(terminal, path, choice, texts)
    from graymesh.remembered import Remembered

    project_file, _ = discovered(os.path.realpath(os.path.dirname(path) or "."))
    remembered = Remembered(path, project_file, choice)
    known = remembered.recall()
    if known is None:
        known = _found(terminal, path, choice, texts)
        remembered.keep(known)
    return known


def _found(
    terminal: Terminal, path: str, choice: tuple[tuple[str, ...], tuple[str, ...]], texts: dict[str, str]
) -> list[Diagnostic]:
    from graymesh import lint

    cases, problems = _loaded(terminal, path)
    texts |= {case.source.file: case.source.text for case in cases}
    return [*problems, *lint.run(cases, *choice)]


def _loaded(terminal: Terminal, path: str) -> tuple[list[Case], list[Diagnostic]]:
    """All releases at a path, and what cannot be read of them."""
    from pathlib import Path

    from graymesh.cases import load_cases
    from graymesh.project import find_each

    if path == "-":
        return _from_stdin()
    cases, problems = [], []
    for project in find_each(Path(path)):
        if project.ignored:
            terminal.log(f"{project.ignored} belongs to another user and was not read")
        loaded, found = load_cases(project, (), terminal.progress)
        cases += loaded
        problems += found
    return cases, problems


def _from_stdin() -> tuple[list[Case], list[Diagnostic]]:
    from graymesh.cases import case_of
    from graymesh.project import LIMIT_BYTES, here
    from graymesh.source import load

    case, problems = case_of(load(sys.stdin.buffer.read(LIMIT_BYTES + 1), "<stdin>"), here())
    return [case] if case else [], problems
