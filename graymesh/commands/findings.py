# ruff: noqa: PTH112, PTH120
# importing pathlib would cost linting one file a good part of its time
"""Findings on the command line: the formats they are told in, and which of them make a command fail."""

from __future__ import annotations

import os
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


def _complete_file(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    return [f"{name}=" for name in _complete(context, parameter, incomplete)]


def _set_form(context: click.Context, parameter: click.Parameter, value: str) -> None:
    if value != "text":
        _known(value, context, parameter)
    if isinstance(context.obj, Terminal):
        context.obj.form = value


def _known(name: str, context: click.Context, parameter: click.Parameter) -> None:
    from graymesh.did_you_mean import suggestion
    from graymesh.report import FORMATS

    if name not in FORMATS:
        raise click.BadParameter(f"there is no format {name!r}; {suggestion(name, FORMATS)}", context, parameter)


def _set_files(context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> None:
    """Takes `FORMAT=PATH` for each file; the one for `-` is the format that is printed."""
    files = [_file(value, context, parameter) for value in values]
    paths = [path for _, path in files]
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice is not None:
        raise click.BadParameter(f"{twice} is named twice; it can hold one format", context, parameter)
    if not isinstance(context.obj, Terminal):
        return
    context.obj.files = tuple(file for file in files if file[1] != "-")
    for form, _ in (file for file in files if file[1] == "-"):
        if context.obj.form not in ("text", form):
            message = f"{form}=- and --format {context.obj.form} both want the standard output"
            raise click.BadParameter(message, context, parameter)
        context.obj.form = form


def _file(value: str, context: click.Context, parameter: click.Parameter) -> tuple[str, str]:
    form, sign, path = value.partition("=")
    if not sign or not path:
        hint = "; the folder of compiled files is set by -o" if _has_folder(context) else ""
        raise click.BadParameter(f"{value!r} is not FORMAT=PATH, as in sarif=graymesh.sarif{hint}", context, parameter)
    _known(form, context, parameter)
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise click.BadParameter(f"there is no folder {folder!r} for {path!r}; create it first", context, parameter)
    if os.path.isdir(path):
        raise click.BadParameter(f"{path!r} is a folder; name a file", context, parameter)
    return form, path


def _has_folder(context: click.Context) -> bool:
    return any("-o" in parameter.opts for parameter in context.command.params)


def format_option(command: F) -> F:
    """Adds `--format` to a command; the terminal prints findings in it from then on."""
    help_ = "How to print findings: text, concise, json, github …"
    option = click.option(
        "--format",
        default="text",
        metavar="FORMAT",
        help=help_,
        expose_value=False,
        is_eager=True,
        callback=_set_form,
        shell_complete=_complete,
    )
    return option(command)


def output_option(command: F) -> F:
    """Adds `--output` to a command; the terminal writes findings to these files as well, even when there are none."""
    option = click.option(
        "--output",
        "files_of_findings",
        multiple=True,
        metavar="FORMAT=PATH",
        help="Write findings to a file as well: sarif, junit, gitlab, markdown … May be repeated; `-` prints them.",
        expose_value=False,
        callback=_set_files,
        shell_complete=_complete_file,
    )
    return option(command)


def reaches(found: Sequence[Diagnostic], fail_on: str) -> bool:
    """Is there a finding of this level or a worse one? `never` is reached by none."""
    counted = _LEVELS[: _LEVELS.index(fail_on) + 1] if fail_on in _LEVELS else ()
    return any(diagnostic.level in counted for diagnostic in found)
