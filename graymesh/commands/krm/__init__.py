"""`graymesh krm`: releases into Kubernetes objects, as a KRM function of kustomize and kpt."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

from graymesh.commands.base import Command, Terminal, printable


@click.command(
    cls=Command,
    examples="""
    kustomize build --enable-alpha-plugins --enable-exec .   # a kustomization with graymesh krm as a transformer
    graymesh krm < resource-list.yaml
    """,
)
@click.pass_obj
def command(terminal: Terminal) -> int:
    """Read a ResourceList, put the objects of the Kubernetes targets in place of its Rollouts, print it.

    For kustomize: list releases under resources, and under transformers a file of kind Project, whose targets are
    options for all releases. Its annotation config.kubernetes.io/function names a script that runs this command:

    \b
        config.kubernetes.io/function: |
          exec: {path: ./graymesh-krm}

    A Rollout with that annotation is a generator. A ConfigMap for a functionConfig takes data.stage. What is wrong
    stands in the list's results and on standard error; then nothing is generated and the exit code is 1.
    """
    from graymesh.commands.krm.function import run
    from graymesh.commands.krm.resource_list import FILE, read, unusable
    from graymesh.diagnostic import Refused

    try:
        try:
            given = read(sys.stdin.buffer.read().decode("utf-8"))
        except UnicodeDecodeError:
            raise unusable("the input is not UTF-8") from None
    except Refused as refused:
        terminal.error(f"{FILE}: {refused.diagnostics[0].message}; {refused.diagnostics[0].help}")
        return 2
    answer = run(given, terminal.progress)
    for result in answer.results:
        terminal.error(printable(_line(result)))
    terminal.out(answer.text, end="")
    return 1 if answer.failed else 0


def _line(result: Mapping[str, Any]) -> str:
    """`error: Rollout shop, spec.stages[0].weight: GM106: …`; lines of the list would say nothing, tools rewrite it."""
    reference = result.get("resourceRef", {})
    name = "/".join(reference[key] for key in ("namespace", "name") if key in reference)
    what = f"{reference['kind']} {name}".strip() if reference else result.get("file", {}).get("path", "")
    place = ", ".join(filter(None, (what, result.get("field", {}).get("path", ""))))
    return f"{result['severity']}: {place}: {result['message']}"
