"""`graymesh diff`: what a change does to traffic."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from graymesh.commands.base import Command, Terminal, complete_target, targets_known

if TYPE_CHECKING:
    from graymesh.diff.model import TrafficDiff

_STDOUT = "-"


def _formats() -> Sequence[str]:
    from graymesh.diff.report import FORMATS

    return FORMATS


def _known_format(name: str, context: click.Context, parameter: click.Parameter) -> str:
    if name != "text":
        from graymesh.did_you_mean import suggestion

        if name not in _formats():
            message = f"there is no format {name!r}; {suggestion(name, _formats())}"
            raise click.BadParameter(message, context, parameter)
    return name


def _form(context: click.Context, parameter: click.Parameter, value: str) -> str:
    return _known_format(value, context, parameter)


def _outputs(context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> tuple[tuple[str, str], ...]:
    pairs = [value.partition("=") for value in values]
    for name, _, path in pairs:
        if not path:
            raise click.BadParameter("give it as FORMAT=PATH, like markdown=comment.md", context, parameter)
        _known_format(name, context, parameter)
    return tuple((name, path) for name, _, path in pairs)


def _complete_form(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in _formats() if name.startswith(incomplete)]


@click.command(
    cls=Command,
    examples="""
    graymesh diff --base main                                    # what this branch does to traffic
    graymesh diff --base origin/main --format markdown > comment.md
    graymesh diff old/shop.yaml new/shop.yaml --exit-code
    graymesh diff --base main services/shop --diff --output json=diff.json
    export KUBECTL_EXTERNAL_DIFF="graymesh diff --exit-code"
    kubectl diff -f rendered/istio                                # the same of a cluster
    """,
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="OLD NEW | --base REV [PATH]...")
@click.option("--base", metavar="REV", help="Compare PATHs with what they are at this git revision.")
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    callback=targets_known,
    shell_complete=complete_target,
    metavar="TARGET",
    help="Look at the artifacts of this target only; for artifacts, the engine that reads them.",
)
@click.option("--diff", "files", is_flag=True, help="Show the artifacts' changes line by line as well.")
@click.option(
    "--format",
    "form",
    default="text",
    callback=_form,
    shell_complete=_complete_form,
    metavar="FORMAT",
    help="How to print the answer: text, markdown, json …",
)
@click.option(
    "--output", "outputs", multiple=True, callback=_outputs, metavar="FORMAT=PATH", help="Write it to a file, too."
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 when traffic changes, or when that cannot be decided.")
@click.pass_obj
def command(
    terminal: Terminal,
    paths: tuple[Path, ...],
    base: str | None,
    targets: tuple[str, ...],
    files: bool,
    form: str,
    outputs: tuple[tuple[str, str], ...],
    exit_code: bool,
) -> int:
    """Show what a change does to traffic: who gets another version, which users move, what protects less.

    OLD and NEW are spec files, folders or projects; with --base, PATHs (the working folder by default) are compared
    with a git revision. Folders of an engine's files are compared by what they make the engine do. Renamed routes,
    moved files and formatting are no change. What cannot be decided counts as a difference.
    """
    with ExitStack() as stack:
        found = _compared(terminal, stack, paths, base, targets)
    return _told(terminal, found, form, files, outputs, exit_code)


def _compared(
    terminal: Terminal, stack: ExitStack, paths: Sequence[Path], base: str | None, targets: Sequence[str]
) -> TrafficDiff:
    from graymesh.diff.inputs import against_revision, two_paths

    if base is not None:
        return against_revision(base, paths or (Path(),), targets, terminal.progress, terminal.log, stack)
    if len(paths) != 2:
        raise click.UsageError("give OLD and NEW, or --base REV with any number of paths")
    return two_paths(paths[0], paths[1], targets, terminal.progress)


def _told(
    terminal: Terminal, found: TrafficDiff, form: str, files: bool, outputs: Sequence[tuple[str, str]], exit_code: bool
) -> int:
    from graymesh.diff.report import render
    from graymesh.language.saving import replace

    for name, path in outputs:
        replace(path, render(name, found, files=files))
    terminal.out(render(form, found, color=terminal.color, files=files), end="")
    return 1 if exit_code and found.differs else 0
