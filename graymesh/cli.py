"""The command line: finds the command, turns every way to fail into an exit code, and imports nothing it does not need.

Exit codes, the same for every command and format: 0 nothing to report; 1 findings, stale output or a difference;
2 wrong usage, files that cannot be read or written, nothing to work on, or a fault of graymesh itself.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import Any, NoReturn

import click

import graymesh
from graymesh.commands.base import COMMON, Terminal

COMMANDS = {
    "init": "Write a project file and a first release.",
    "lint": "Check releases before anything is written.",
    "compile": "Compile releases for their engines, prove it, write it.",
    "verify": "Prove that files on disk do what the releases say.",
    "diff": "Show what a change does to traffic.",
    "report": "Show a project as one HTML page.",
    "route": "Show which version gets a request, and why.",
    "test": "Run the tests that releases carry, on every target.",
    "read": "Show the route table that an engine's files amount to.",
    "krm": "Compile releases inside of kustomize and kpt.",
    "explain": "Explain a code, a target or a field.",
    "targets": "Show what each target can do.",
    "schema": "Print the JSON Schema of a file.",
    "completion": "Print a completion script for a shell.",
}
"""Every command is the module `graymesh.commands.<name>`, imported when it is used."""

_COMPLETION_VARIABLE = "_GRAYMESH_COMPLETE"


class Commands(click.Group):
    """Finds commands by name and imports only the one that runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order in which a release goes through them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command's own module says the rest."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"graymesh.commands.{cmd_name}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[Any, Any, list[str]]:
        """The command that the first word names, or what it may have meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from graymesh.did_you_mean import suggestion

            ctx.fail(f"there is no command {args[0]!r}; {suggestion(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """The commands that start like this, without importing them, then the options."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=Commands,
    params=list(COMMON),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `graymesh init`. `graymesh explain CODE` explains a finding.",
)
@click.version_option(graymesh.__version__, prog_name="graymesh")
def cli() -> None:
    """Compile one gray-release spec for every engine on the request path, and prove it by reading back."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    gc.disable()  # a run is over before its garbage matters, and looking for it costs a third of a large compile
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # they may come with any package beside this one
    terminal = Terminal.of_this_process()
    code = run(arguments, terminal)
    sys.exit(terminal.finish(code))


def run(arguments: list[str] | None, terminal: Terminal) -> int:
    """Run the command line; the exit code. Nothing escapes but SystemExit of shell completion."""
    if _completing().startswith("powershell"):
        import_module("graymesh.commands.completion")
    try:
        options: dict[str, Any] = {"prog_name": "graymesh", "obj": terminal, "complete_var": _COMPLETION_VARIABLE}
        return int(cli.main(arguments, standalone_mode=False, **options) or 0)
    except click.ClickException as error:
        terminal.usage_error(error)
        return 2
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        terminal.log("interrupted")
        return 130
    except BrokenPipeError:
        return 0
    except SystemExit as stop:  # how click leaves after completion, and when nobody reads its help any more
        return 0 if not _completing() else int(stop.code or 0)
    except Exception as error:
        return _failed(terminal, error)


def _failed(terminal: Terminal, error: Exception) -> int:
    """The exit code of a command that could not do its work; a fault of graymesh is told, not shown as a traceback."""
    from graymesh.diagnostic import Refused

    if isinstance(error, Refused):
        return terminal.refused(error)
    return terminal.failed(error) if isinstance(error, OSError) else terminal.internal_error(error)


def _completing() -> str:
    return os.environ.get(_COMPLETION_VARIABLE, "")
