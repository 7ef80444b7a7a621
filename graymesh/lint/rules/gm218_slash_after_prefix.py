"""A prefix of the path with a slash at its end.

Prefixes go by whole segments: `/api/` takes `/api` as well, just as `/api` does, and neither takes `/apis`. The slash
looks like a difference, but is none.

bad: |
  audiences: {beta: [{path: {prefix: /api/}}]}
  routes: [{name: beta, audience: beta, version: v2}]
good: |
  audiences: {beta: [{path: {prefix: /api}}]}
  routes: [{name: beta, audience: beta, version: v2}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.diagnostic import Edit
from graymesh.language.case import Case
from graymesh.lint.finding import Finding
from graymesh.text import yaml_scalar

LEVEL = "info"


def check(case: Case) -> Iterator[Finding]:
    """Every such prefix in an audience; `/` alone takes every path and has no shorter form."""
    for name, entries in (case.source.data["spec"].get("audiences") or {}).items():
        for index, entry in enumerate(entries):
            path = entry.get("path")
            prefix = path.get("prefix") if isinstance(path, dict) else None
            if isinstance(prefix, str) and prefix.endswith("/") and prefix != "/":
                place = ("spec", "audiences", name, index, "path", "prefix")
                yield Finding(
                    path=place,
                    message=f"the prefix {prefix!r} takes {prefix[:-1]!r} as well: its last slash says nothing",
                    help=f"write {prefix[:-1]}",
                    edits=(Edit(place, "value", yaml_scalar(prefix[:-1])),),
                )
