"""`graymesh report`: a project as one HTML page."""

from __future__ import annotations

from pathlib import Path

import click

from graymesh.commands.base import Command, Terminal, complete_target, targets_known

_STDOUT = "-"


@click.command(
    cls=Command,
    examples="""
    graymesh report                              # writes report.html
    graymesh report examples/shop -o shop.html
    graymesh report -t istio -o - > istio.html
    graymesh diff --base main --format html > change.html    # the page of a change
    """,
)
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "output",
    default="report.html",
    metavar="FILE",
    help="Where the page goes (report.html; replaced if there); - prints it.",
)
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    callback=targets_known,
    shell_complete=complete_target,
    metavar="TARGET",
    help="Show this target only.",
)
@click.pass_obj
def command(terminal: Terminal, path: Path, output: str, targets: tuple[str, ...]) -> int:
    """Show the project at PATH as one HTML page: stages, routes, users and what each engine gets.

    The project is compiled and verified first, in memory; with an error, no page is written. The page needs nothing
    else: no scripts, no files beside it, no network. The same project gives the same page, byte for byte.
    """
    from graymesh.commands.compile import note_ignored, told
    from graymesh.compile.compiler import Selection, compile_cases
    from graymesh.diff.overview import overview
    from graymesh.diff.page.rendering import project_page
    from graymesh.language.case import load_cases
    from graymesh.language.project import find

    terminal.aside = output == _STDOUT
    project = find(path)
    note_ignored(terminal, project)
    cases, problems = load_cases(project, targets, terminal.progress)
    compiled = compile_cases(cases, problems, Selection(targets=targets), terminal.progress)
    terminal.report(told(compiled))
    if compiled.failed:
        terminal.log("nothing was written")
        return 1
    _put(terminal, output, project_page(overview(project.root.resolve().name or "project", cases, compiled)))
    return 0


def _put(terminal: Terminal, output: str, page: str) -> None:
    from graymesh.language.saving import replace

    if output == _STDOUT:
        terminal.out(page, end="")
        return
    replace(output, page)
    terminal.log(f"wrote {output}")
