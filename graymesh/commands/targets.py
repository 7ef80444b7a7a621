"""`graymesh targets`: which feature each target can say, and what it needs of whoever runs its engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graymesh.commands.base import Command, Terminal, complete_target, printable, table, targets_known

if TYPE_CHECKING:
    from graymesh.compile.needs import Asking, Needed
    from graymesh.kit.target import Manifest


@click.command(
    cls=Command,
    examples="""
    graymesh targets
    graymesh targets istio nginx
    graymesh targets --format json
    graymesh targets --needs                      # what must be there before the files of this project are used
    graymesh targets nginx --needs examples/shop
    """,
)
@click.argument("targets", nargs=-1, callback=targets_known, shell_complete=complete_target)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print the table.")
@click.option(
    "--needs",
    "path",
    is_flag=False,
    flag_value=".",
    type=click.Path(path_type=Path),
    metavar="[PATH]",
    help="List instead what engines must have for the releases at PATH (the working folder), at whatever stage.",
)
@click.pass_obj
def command(terminal: Terminal, targets: tuple[str, ...], form: str, path: Path | None) -> int:
    """Show which features each target can say.

    native: the engine has it; emulated: graymesh builds it from what the engine has; none: a release that uses it is
    refused for this target; -: the target chooses no version. `graymesh explain TARGET` says how and why.
    """
    if path is not None:
        needed = _needed(path, targets)
        terminal.out(_needs_json(needed) if form == "json" else _needs_text(needed), end="")
        return 0
    from graymesh.kit.registry import target, target_names

    manifests = [target(name).manifest for name in targets or target_names()]
    terminal.out(_json(manifests) if form == "json" else _text(manifests), end="")
    return 0


def _needed(path: Path, targets: Sequence[str]) -> list[Needed]:
    """What the releases at the path need. Raises Refused where one of them cannot be read, or there is none."""
    from graymesh.compile.needs import needs_of
    from graymesh.diagnostic import Refused
    from graymesh.language.case import load_cases
    from graymesh.language.project import find

    cases, problems = load_cases(find(path), targets, lambda *_: None)
    errors = tuple(problem for problem in problems if problem.level == "error")
    if errors:
        raise Refused(errors)
    return needs_of(cases, targets)


def _needs_text(needed: Sequence[Needed]) -> str:
    """By target: each need, and who asks for it since which line; what all its releases ask for has no line."""
    lines: list[str] = []
    for name in dict.fromkeys(each.target for each in needed):
        lines += [""] * bool(lines) + [name]
        for each in needed:
            if each.target == name:
                lines.append(f"  {each.name}: {each.text}")
                lines += [f"    {_since(who)}" for who in each.asking if who.path]
    return "".join(printable(line) + "\n" for line in lines) or "nothing\n"


def _since(who: Asking) -> str:
    return f"{who.release}, since {who.file}:{who.span.line}:{who.span.column} {_dotted(who)}"


def _dotted(who: Asking) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in who.path).lstrip(".")


def _needs_json(needed: Sequence[Needed]) -> str:
    from graymesh.text import json_text

    def asking(who: Asking) -> dict[str, Any]:
        place = {"line": who.span.line, "column": who.span.column, "path": _dotted(who)}
        return {"release": who.release, "file": who.file, **(place if who.path else {})}

    found: dict[str, list[dict[str, Any]]] = {each.target: [] for each in needed}
    for each in needed:
        found[each.target].append({"name": each.name, "needs": each.text, "releases": [*map(asking, each.asking)]})
    return json_text(found)


def _text(manifests: list[Manifest]) -> str:
    from graymesh.ir.features import FEATURES

    def support(manifest: Manifest, name: str) -> str:
        routing = FEATURES[name][0] == "every" and not manifest.routes
        return "-" if routing else manifest.capability(name).support

    rows = [[name, *(support(manifest, name) for manifest in manifests)] for name in FEATURES]
    return table(["feature", *(manifest.name for manifest in manifests)], rows) + "\n"


def _json(manifests: list[Manifest]) -> str:
    from graymesh.ir.features import FEATURES
    from graymesh.text import json_text

    def described(manifest: Manifest, name: str) -> dict[str, str]:
        found = manifest.capability(name)
        parts = {"support": found.support, "how": found.how, "why": found.why, "instead": found.instead}
        return {key: value for key, value in parts.items() if value}

    return json_text({m.name: {name: described(m, name) for name in FEATURES} for m in manifests})
