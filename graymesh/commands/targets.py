"""`graymesh targets`: which feature each target can say, as its manifest declares it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from graymesh.commands.base import Command, Terminal, complete_target, table, targets_known

if TYPE_CHECKING:
    from graymesh.kit.target import Manifest


@click.command(
    cls=Command,
    examples="""
    graymesh targets
    graymesh targets istio nginx
    graymesh targets --format json
    """,
)
@click.argument("targets", nargs=-1, callback=targets_known, shell_complete=complete_target)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print the table.")
@click.pass_obj
def command(terminal: Terminal, targets: tuple[str, ...], form: str) -> int:
    """Show which features each target can say.

    native: the engine has it; emulated: graymesh builds it from what the engine has; none: a release that uses it is
    refused for this target; -: the target chooses no version. `graymesh explain TARGET` says how and why.
    """
    from graymesh.kit.registry import target, target_names

    manifests = [target(name).manifest for name in targets or target_names()]
    terminal.out(_json(manifests) if form == "json" else _text(manifests), end="")
    return 0


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
