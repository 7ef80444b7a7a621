"""`graymesh lint`: what is wrong with releases, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from graymesh.commands.base import Command, Terminal
from graymesh.commands.findings import format_option, output_option, reaches

if TYPE_CHECKING:
    from graymesh.diagnostic import Diagnostic
    from graymesh.lint.session import Linting, RuleChoice


def _codes(_: click.Context, __: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    return tuple(code.strip().upper() for value in values for code in value.split(",") if code.strip())


@click.command(
    cls=Command,
    examples="""
    graymesh lint
    graymesh lint releases/shop.yaml --format concise
    graymesh lint --format github --output sarif=lint.sarif --output markdown=lint.md
    graymesh lint --select GM2,GM4 --fail-on warning
    graymesh lint --diff              # what --fix would change; --fix changes it
    git ls-files -z '*.yaml' | xargs -0 graymesh lint --skip-other --
    graymesh lint --baseline lint-baseline.json --write-baseline
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
    help="The lowest level that makes the exit code 1.",
)
@click.option("--fix", is_flag=True, help="Fix what can be fixed for certain; report the rest.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and write nothing.")
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Leave out the findings that this file knows already.",
)
@click.option("--write-baseline", is_flag=True, help="Write all that is found now to the file named by --baseline.")
@click.option("--skip-other", is_flag=True, help="Skip YAML files that are not releases, as pre-commit passes them.")
@click.option("--cache/--no-cache", default=True, help="Do not look again at files that have not changed.")
@click.pass_obj
def command(terminal: Terminal, /, paths: tuple[str, ...], **given: Any) -> int:
    """Check the releases at PATHS: files, folders, projects, or `-` for standard input; all here by default."""
    from graymesh.lint.session import Linting, RuleChoice

    _check_usage(given, paths)
    paths = paths or (".",)
    choice = RuleChoice(given["select"], given["ignore"], given["skip_other"])
    linting = Linting(choice, given["cache"], terminal.log, terminal.progress)
    found = _found(linting, paths)
    if given["fix"] or given["diff"]:
        from graymesh.commands import mending

        if mending.mend(terminal, linting, found, write=not given["diff"]):
            found = _found(linting, paths)
    found = _without_known(terminal, linting, found, choice, given["baseline"], given["write_baseline"])
    terminal.report(found, linting.texts)
    return 1 if reaches(found, given["fail_on"]) else 0


def _check_usage(given: Mapping[str, Any], paths: Sequence[str]) -> None:
    if given["write_baseline"] and not given["baseline"]:
        raise click.UsageError("--write-baseline needs --baseline FILE")
    if given["fix"] and not given["diff"] and "-" in paths:
        raise click.UsageError("--fix cannot write standard input; use --diff")


def _found(linting: Linting, paths: Sequence[str]) -> list[Diagnostic]:
    """What is found at all paths, each finding once."""
    return list(dict.fromkeys(each for path in paths for each in linting.at(path)))


def _without_known(
    terminal: Terminal, linting: Linting, found: list[Diagnostic], choice: RuleChoice, file: str | None, write: bool
) -> list[Diagnostic]:
    if file is None:
        return found
    from graymesh.lint import baseline

    if write:
        terminal.log(f"{file}: {baseline.write(file, found, linting.files, choice.takes)} findings written")
    return baseline.without(file, found, linting.files, choice.takes)
