"""`graymesh schema`: the JSON Schema of the files that people write."""

from __future__ import annotations

import click

from graymesh.commands.base import Command, Terminal


@click.command(
    cls=Command,
    examples="""
    graymesh schema > rollout.schema.json
    graymesh schema project
    """,
)
@click.argument("kind", type=click.Choice(["rollout", "project"]), default="rollout")
@click.pass_obj
def command(terminal: Terminal, kind: str) -> int:
    """Print the JSON Schema of a release (rollout) or of graymesh.yaml (project), for editors and other tools."""
    from graymesh.language.schema import schema
    from graymesh.text import json_text

    terminal.out(json_text(schema(kind)), end="")
    return 0
