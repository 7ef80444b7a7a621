"""Findings on the command line: the format they are printed in, and which of them make a command fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from graymesh.commands.base import Terminal

if TYPE_CHECKING:
    from graymesh.diagnostic import Diagnostic

F = TypeVar("F", bound=Callable[..., Any])

_LEVELS = ("error", "warning", "info")


def _complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    from graymesh.report import FORMATS

    return [name for name in FORMATS if name.startswith(incomplete)]


def _set_form(context: click.Context, parameter: click.Parameter, value: str) -> None:
    if value != "text":
        from graymesh.did_you_mean import suggestion
        from graymesh.report import FORMATS

        if value not in FORMATS:
            raise click.BadParameter(f"there is no format {value!r}; {suggestion(value, FORMATS)}", context, parameter)
    if isinstance(context.obj, Terminal):
        context.obj.form = value


def format_option(command: F) -> F:
    """Adds `--format` to a command; the terminal prints findings in it from then on."""
    help_ = "How to print findings: text, concise, json …"
    option = click.option(
        "--format",
        default="text",
        help=help_,
        expose_value=False,
        is_eager=True,
        callback=_set_form,
        shell_complete=_complete,
    )
    return option(command)


def reaches(found: Sequence[Diagnostic], fail_on: str) -> bool:
    """Is there a finding of this level or a worse one? `never` is reached by none."""
    counted = _LEVELS[: _LEVELS.index(fail_on) + 1] if fail_on in _LEVELS else ()
    return any(diagnostic.level in counted for diagnostic in found)
