"""`graymesh test`: the tests that releases carry, on the spec and on what every target makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from graymesh.commands.base import Command, Terminal, complete_target, targets_known
from graymesh.commands.findings import format_option, output_option

if TYPE_CHECKING:
    from graymesh.diagnostic import Diagnostic


@click.command(
    cls=Command,
    examples="""
    graymesh test
    graymesh test releases/shop.yaml -t istio
    """,
)
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    callback=targets_known,
    shell_complete=complete_target,
    metavar="TARGET",
    help="Test this target only.",
)
@format_option
@output_option
@click.pass_obj
def command(terminal: Terminal, path: Path, targets: tuple[str, ...]) -> int:
    """Run the tests of the releases at PATH on the releases themselves and on every target they are compiled for."""
    from graymesh.compile.target_tests import failures
    from graymesh.language.case import load_cases
    from graymesh.language.project import find_each

    found: list[Diagnostic] = []
    tests = 0
    for project in find_each(path):
        cases, problems = load_cases(project, targets, terminal.progress)
        found += problems
        for case in cases:
            tests += len(case.rollout.spec.tests)
            found += failures(case, targets)
    if not tests and not found:
        raise click.UsageError(f"no release at {path} carries tests")
    terminal.report(found)
    terminal.log(f"{tests} test{'s' if tests != 1 else ''}, {len(found)} failure{'s' if len(found) != 1 else ''}")
    return 1 if found else 0
