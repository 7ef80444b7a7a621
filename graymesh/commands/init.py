"""`graymesh init`: a project file and a first release that compiles."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import click

from graymesh.commands.base import Command, Terminal, complete_target, targets_known


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    """What is asked for a first release."""

    name: str
    namespace: str
    port: int
    domains: Sequence[str]
    stable: str
    canary: str
    endpoints: Sequence[str]
    targets: Sequence[str]


@click.command(
    cls=Command,
    examples="""
    graymesh init
    graymesh init shop --name product-service --domain shop.example.com -t istio -t nginx --yes
    """,
)
@click.argument("folder", default=".", type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", help="The service's name.")
@click.option("--namespace", help="Its namespace.")
@click.option("--port", type=click.IntRange(1, 65535), help="Its port.")
@click.option("--domain", "domains", multiple=True, help="A public host name of it.")
@click.option("--stable", help="The version that runs now.")
@click.option("--canary", help="The new version.")
@click.option("--endpoint", "endpoints", multiple=True, help="HOST:PORT of the stable version, then of the new one.")
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    callback=targets_known,
    shell_complete=complete_target,
    help="An engine on the request path.",
)
@click.option("-y", "--yes", is_flag=True, help="Ask nothing; take defaults for what is not given.")
@click.pass_obj
def command(terminal: Terminal, /, folder: Path, yes: bool, **given: object) -> int:
    """Write graymesh.yaml and a first release into FOLDER. Files that are there already are never touched."""
    answers = _asked(given, ask=not yes and sys.stdin.isatty())
    files = _files(answers)
    there = [folder / path for path in files if (folder / path).exists()]
    if there:
        raise click.UsageError(f"{there[0]} is there already, and init overwrites nothing")
    if not _compiles(terminal, folder, files, answers.targets):
        return 1
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        with (folder / path).open("x", encoding="utf-8") as file:
            file.write(text)
        terminal.out(f"wrote {folder / path}")
    terminal.log("next: put your addresses into the release, then run `graymesh compile`")
    return 0


def _asked(given: Mapping[str, object], ask: bool) -> _Answers:
    defaults: dict[str, object] = {
        "name": "my-service",
        "namespace": "default",
        "port": 8080,
        "domains": ("my-service.example.com",),
        "stable": "v1",
        "canary": "v2",
        "endpoints": ("192.0.2.11:8080", "192.0.2.21:8080"),
        "targets": _usual_targets(),
    }
    questions = {
        "name": "Name of the service",
        "port": "Its port",
        "stable": "Version that runs now",
        "canary": "New version",
    }
    answers = {key: value or defaults[key] for key, value in given.items()}
    for key, question in questions.items():
        if ask and not given[key]:
            answers[key] = click.prompt(question, default=defaults[key], err=True)
    if ask and not given["targets"]:
        said = click.prompt("Engines on the request path", default=", ".join(_usual_targets()), err=True)
        answers["targets"] = targets_known(
            click.get_current_context(), None, [name.strip() for name in said.split(",")]
        )
    return _Answers(**answers)  # type: ignore[arg-type]


def _usual_targets() -> tuple[str, ...]:
    from graymesh.registry import target, target_names

    return tuple(name for name in target_names() if target(name).manifest.routes)


def _files(answers: _Answers) -> dict[Path, str]:
    from graymesh.text import filled

    first, second = (*answers.endpoints, *answers.endpoints)[:2]
    values = {field.name: getattr(answers, field.name) for field in fields(answers)}
    own = {"port": int(answers.port), "stable_endpoint": first, "canary_endpoint": second}
    release = filled("release.yaml.j2", values | own)
    name = answers.name if answers.name.replace("-", "").isalnum() else "release"
    return {Path("graymesh.yaml"): filled("project.yaml.j2", values), Path("releases", f"{name}.yaml"): release}


def _compiles(terminal: Terminal, folder: Path, files: Mapping[Path, str], targets: Sequence[str]) -> bool:
    """Nothing is written before the whole compiler has taken it."""
    from graymesh.cases import case_of
    from graymesh.compiler import Choice, compile_cases
    from graymesh.project import Project
    from graymesh.source import load

    path, text = list(files.items())[1]
    project = Project(root=folder, releases=(), output=folder, targets={name: {} for name in targets})
    case, problems = case_of(load(text, str(folder / path)), project)
    compiled = compile_cases([case] if case else [], problems, Choice(), terminal.progress)
    terminal.report(compiled.diagnostics, {str(folder / path): text})
    return not compiled.failed
