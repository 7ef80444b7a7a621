"""`graymesh read`: the route table that an engine's files amount to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from graymesh.commands.base import Command, Terminal, complete_target, printable, targets_known

if TYPE_CHECKING:
    from graymesh.ir.release import Route
    from graymesh.ir.settings import SettingRows
    from graymesh.kit.target import Decoded, Statement


@click.command(
    cls=Command,
    examples="""
    graymesh read -t nginx /etc/nginx/conf.d/shop.conf
    graymesh read -t istio rendered/istio
    kubectl get virtualservices,destinationrules -A -o yaml | graymesh read -t istio --format json -
    """,
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-t",
    "--target",
    "target_name",
    required=True,
    callback=targets_known,
    shell_complete=complete_target,
    metavar="TARGET",
    help="The engine that reads them.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print the table.")
@click.pass_obj
def command(terminal: Terminal, files: tuple[Path, ...], target_name: str, form: str) -> int:
    """Show the route table that FILES amount to, graymesh's own or anybody's; `-` reads standard input.

    Whatever is not understood is named with its file and line, and the exit code is 1 then.
    """
    from graymesh.compile.artifacts import artifacts_at
    from graymesh.kit.registry import target

    found = target(target_name)
    artifacts = artifacts_at(files, found.manifest.writes)
    if not artifacts:
        raise click.UsageError(f"no file of {target_name} there: it writes {', '.join(found.manifest.writes)}")
    fleet = found.decode(artifacts)
    terminal.out(_json(fleet) if form == "json" else _text(fleet, found.settings), end="")
    return 1 if fleet.refusals else 0


def _text(fleet: Decoded, rows: SettingRows) -> str:
    lines = [line for statement in fleet.statements for line in (*_statement(statement, rows), "")]
    if not fleet.statements:
        lines.append("no service found")
    for refusal in fleet.refusals:
        place = f"{refusal.file}:{refusal.line}" if refusal.line else refusal.file
        lines.append(f"{place}: not understood: {refusal.field}: {refusal.message}")
    return "".join(printable(line) + "\n" for line in lines)


def _statement(statement: Statement, rows: SettingRows) -> Iterator[str]:
    from graymesh.ir.wording import setting, value_in_words

    scope = f" ({statement.scope})" if statement.scope else ""
    yield f"{', '.join(statement.hosts) or statement.subject}{scope}"
    for number, route in enumerate(statement.decision.routes, start=1):
        yield from _route(number, route)
    for key, value in sorted(statement.settings.items()):
        yield f"  {setting(key, rows)} = {value_in_words(key[1], value, rows)}"


def _route(number: int, route: Route) -> Iterator[str]:
    from graymesh.ir.wording import condition, effects, shares

    yield f"  {number}. {condition(route)} -> {shares(route.split, {})}"
    yield from (f"       {effect}" for effect in effects(route, {}))


def _json(fleet: Decoded) -> str:
    from graymesh.report import contracts

    return contracts.text(contracts.route_tables(fleet))
