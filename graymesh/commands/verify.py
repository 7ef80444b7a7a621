"""`graymesh verify`: do the files on disk still do what the releases say?"""

from __future__ import annotations

from pathlib import Path

import click

from graymesh.commands.base import Command, Terminal, complete_target, targets_known
from graymesh.commands.compile import mending, note_ignored
from graymesh.commands.findings import format_option, output_option


@click.command(
    cls=Command,
    examples="""
    graymesh verify
    graymesh verify examples/shop -t nginx
    graymesh verify --schemas
    graymesh verify -q --format json
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
    help="Verify this target only.",
)
@click.option(
    "--stage",
    metavar="STAGE",
    help="The stage that was compiled, when it is not the one where each release stands; or `all`.",
)
@click.option(
    "-o",
    "--output-folder",
    "output",
    type=click.Path(path_type=Path),
    help="The folder to read (the project's output).",
)
@click.option("--schemas", is_flag=True, help="Check the files against their engines' schemas, too.")
@format_option
@output_option
@click.pass_obj
def command(
    terminal: Terminal, path: Path, targets: tuple[str, ...], stage: str | None, output: Path | None, schemas: bool
) -> int:
    """Read the files in the output folder back and prove that they do what the releases say.

    Every difference comes with a request that shows it. Nothing is written.
    """
    from graymesh.commands.summary import summary
    from graymesh.compile.compiler import Selection, verify_project
    from graymesh.compile.write import open_output
    from graymesh.language.project import find

    project = find(path)
    note_ignored(terminal, project)
    choice = Selection(targets=targets, stage=stage, schemas=schemas)
    try:
        with open_output(output or project.output, project.root) as folder:
            done = verify_project(project, choice, folder, terminal.progress)
    except FileNotFoundError:
        done = verify_project(project, choice, None, terminal.progress)
    terminal.report(done.diagnostics)
    if done.rows and terminal.form == "text" and not terminal.quiet:
        terminal.out(summary(done.rows))
    if schemas:
        _tell_missing_schemas(terminal, {row.target for row in done.rows})
    if done.failed:
        terminal.log(f"if the releases are right, run: {mending(path, targets, stage, output)}")
    return 1 if done.failed else 0


def _tell_missing_schemas(terminal: Terminal, names: set[str]) -> None:
    from graymesh.compile.engine_schemas import schemas_of
    from graymesh.kit.registry import target

    without = sorted(name for name in names if not schemas_of(target(name)))
    if without:
        terminal.log(f"no schema is known for the files of {', '.join(without)}")
