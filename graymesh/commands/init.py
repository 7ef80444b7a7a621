"""`graymesh init`: a project file and a first release that compiles."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from graymesh.commands.base import Command, Terminal, complete_target, targets_known

_WEIGHTS = "0, 5, 20, 50, 100"
_NAMES = {"0": "internal", "50": "half", "100": "full"}
_HOLDS = ((20, "1h"), (50, "2h"), (100, "4h"))
"""The more users a stage has, the longer it is watched: below this weight, so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    """What is asked for a first release; `stages` are weights in percent."""

    name: str
    namespace: str
    host: str
    port: int
    domains: Sequence[str]
    stable: str
    canary: str
    endpoints: Sequence[str]
    stages: Sequence[str]
    targets: Sequence[str]


def _weights(context: click.Context, parameter: click.Parameter | None, value: str | None) -> tuple[str, ...] | None:
    """`0, 5, 20` as it stands in the file; graymesh itself says which weights are right."""
    if value is None:
        return None
    found = tuple(weight.strip().removesuffix("%") for weight in value.split(","))
    for weight in found:
        if not weight.replace(".", "", 1).isdecimal() or not weight.isascii() or len(weight) > 20:
            raise click.BadParameter(f"{weight!r} is not a weight in percent, like 5 or 12.5", context, parameter)
    return found


@click.command(
    cls=Command,
    examples="""
    graymesh init                                # asks on a terminal
    graymesh init --yes                          # asks nothing
    graymesh init shop --name product-service --namespace shop --domain shop.example.com -t istio -t nginx
    graymesh init --name pay --stages 1,10,100 --endpoint 10.0.1.11:8080 --endpoint 10.0.2.11:8080 --yes
    """,
)
@click.argument("folder", default=".", type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", metavar="NAME", help="The service's name (my-service).")
@click.option("--namespace", metavar="NAME", help="Its namespace (default).")
@click.option("--host", metavar="HOST", help="Its host name inside the mesh (<name>.<namespace>.svc.cluster.local).")
@click.option("--port", type=click.IntRange(1, 65535), metavar="PORT", help="Its port (8080).")
@click.option(
    "--domain", "domains", metavar="HOST", multiple=True, help="A public host name of it (<name>.example.com)."
)
@click.option("--stable", metavar="VERSION", help="The version that runs now (v1).")
@click.option("--canary", metavar="VERSION", help="The new version (v2).")
@click.option(
    "--endpoint",
    "endpoints",
    metavar="HOST:PORT",
    multiple=True,
    help="Address of the stable version, then of the new one.",
)
@click.option("--stages", metavar="WEIGHTS", callback=_weights, help=f"Percent of the users in each step ({_WEIGHTS}).")
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    callback=targets_known,
    shell_complete=complete_target,
    metavar="TARGET",
    help="An engine on the request path (all that can give the users of each step their share).",
)
@click.option("-y", "--yes", is_flag=True, help="Ask nothing; take defaults for what is not given.")
@click.pass_obj
def command(terminal: Terminal, /, folder: Path, yes: bool, **given: object) -> int:
    """Write graymesh.yaml and a first release into FOLDER.

    What is not given is asked for on a terminal. The project is compiled before a byte of it is written, and files that
    are there already are never touched.
    """
    answers = _asked(given, ask=not yes and sys.stdin.isatty())
    _check_targets(answers.targets)
    files = _files(answers)
    _refuse_to_overwrite(folder, files)
    if not _compiles(terminal, folder, files, answers.targets):
        return 1
    _write(folder, files)
    for path in files:
        terminal.out(f"wrote {folder / path}")
    for name in () if given["targets"] else sorted({*_usual_targets()} - {*answers.targets}):
        terminal.log(f"{name} is left out: it cannot give the users of each step just their share")
    terminal.log("next: put your addresses into the release, then run `graymesh compile`")
    return 0


def _refuse_to_overwrite(folder: Path, files: Mapping[Path, str]) -> None:
    """A link is there as well, wherever it leads, and so is a file where a folder is needed."""
    for path in files:
        above = folder / path.parent
        there = folder / path if above.is_dir() or not os.path.lexists(above) else above
        if os.path.lexists(there):
            raise click.UsageError(f"{there} is there already, and init overwrites nothing")


def _write(folder: Path, files: Mapping[Path, str]) -> None:
    """Nothing is written through a link. Raises Refused (GM915) for one on the way, OSError."""
    from graymesh.compile.folder import LinkError
    from graymesh.compile.write import link_finding, open_output
    from graymesh.diagnostic import Refused
    from graymesh.language import reading

    here = Path.cwd()
    outside = not reading.inside(os.path.normpath(here / folder), str(here))
    with open_output(Path(os.path.realpath(folder)) if outside else folder, here, create=True) as opened:
        try:
            for path in files:
                opened.kind(path.as_posix())  # before the first file is written
            for path, text in files.items():
                opened.create(path.as_posix(), text.encode())
        except LinkError as error:
            raise Refused((link_finding(error),), usage=True) from None


def _asked(given: Mapping[str, object], ask: bool) -> _Answers:
    """What is given, else what is said when asked, else what is usual."""
    answers: dict[str, Any] = {}

    def answer(key: str, usual: Any, question: str = "", read: Callable[[str], Any] | None = None) -> None:
        answers[key] = given[key] or usual
        if ask and question and not given[key]:
            said = click.prompt(question, default=usual, value_proc=read, err=True)
            answers[key] = said if read is None or said != usual else read(said)

    answer("name", "my-service", "Name of the service")
    answer("namespace", "default", "Its namespace")
    answer("port", 8080, "Its port", click.IntRange(1, 65535))
    answer("domains", f"{answers['name']}.example.com", "Its public host names", _words)
    answer("stable", "v1", "Version that runs now")
    answer("canary", "v2", "New version")
    answer("stages", _WEIGHTS, "Percent of the users in each step", _read_weights)
    weights = answers["stages"] if isinstance(answers["stages"], tuple) else _read_weights(answers["stages"])
    answer("targets", ", ".join(_usual_targets(weights)), "Engines on the request path", _read_targets)
    answer("host", "")
    answer("endpoints", ())
    for key, read in (("domains", _words), ("stages", _read_weights), ("targets", _read_targets)):
        answers[key] = read(answers[key]) if isinstance(answers[key], str) else answers[key]
    return _Answers(**answers)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.replace(",", " ").split() if word)


def _read_weights(text: str) -> tuple[str, ...]:
    return _weights(click.get_current_context(), None, text) or ()


def _read_targets(text: str) -> tuple[str, ...]:
    names: tuple[str, ...] = targets_known(click.get_current_context(), None, _words(text))
    return names


def _usual_targets(weights: Sequence[str] = ()) -> tuple[str, ...]:
    """Those that route, and give new users just these shares: some draw among a few tickets."""
    from graymesh.kit.registry import target, target_names

    manifests = [target(name).manifest for name in target_names()]
    fitting = (m for m in manifests if all((Decimal(weight) * m.ticket_grid) % 100 == 0 for weight in weights))
    return tuple(manifest.name for manifest in fitting if manifest.routes)


def _check_targets(names: Sequence[str]) -> None:
    from graymesh.did_you_mean import listed

    if not set(names) & set(_usual_targets()):
        message = f"{listed(names)} chooses no version; add a target that does: {', '.join(_usual_targets())}"
        raise click.UsageError(message)


def _files(answers: _Answers) -> dict[Path, str]:
    from graymesh.kit.registry import target
    from graymesh.text import filled

    endpoints = [*answers.endpoints[:2], *("192.0.2.11:8080", "192.0.2.21:8080")[len(answers.endpoints) :]]
    values = {field.name: getattr(answers, field.name) for field in fields(answers)}
    stages = [_stage(weight, last=index == len(answers.stages) - 1) for index, weight in enumerate(answers.stages)]
    shared = next((stage for stage in stages if float(stage["weight"])), stages[0])
    own = {
        "preflights": any(target(name).manifest.answers_preflights for name in answers.targets),
        "stable_endpoint": endpoints[0],
        "canary_endpoint": endpoints[1],
        "stages": stages,
        "shared": shared,
    }
    release = filled("release.yaml.j2", values | own)
    name = answers.name if answers.name.replace("-", "").isalnum() else "release"
    return {Path("graymesh.yaml"): filled("project.yaml.j2", values), Path("releases", f"{name}.yaml"): release}


def _stage(weight: str, last: bool) -> dict[str, Any]:
    """A stage as the template writes it; `share` and `rest` are what a test of it expects."""
    number = float(weight)
    shown: float = int(number) if number.is_integer() else number
    hold = next((hold for below, hold in _HOLDS if number < below), _HOLDS[-1][1])
    name = _NAMES.get(str(shown)) or f"gray-{shown}".replace(".", "-")
    share, rest = f"{shown}%", f"{round(100 - number, 2):g}%"
    return {"name": name, "weight": shown, "hold": "" if last else hold, "share": share, "rest": rest}


def _compiles(terminal: Terminal, folder: Path, files: Mapping[Path, str], targets: Sequence[str]) -> bool:
    """Nothing is written before the whole compiler has taken it."""
    from graymesh.compile.compiler import Selection, compile_cases
    from graymesh.language.case import case_of
    from graymesh.language.project import Project
    from graymesh.source import load

    path, text = list(files.items())[1]
    project = Project(root=folder, releases=(), output=folder, targets={name: {} for name in targets})
    case, problems = case_of(load(text, str(folder / path)), project)
    compiled = compile_cases([case] if case else [], problems, Selection(), terminal.progress)
    terminal.report(compiled.diagnostics, {str(folder / path): text})
    return not compiled.failed
