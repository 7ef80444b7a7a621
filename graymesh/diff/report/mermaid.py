"""The routes of a release before and after, as a Mermaid flowchart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from graymesh.diff.model import ReleaseDiff, Standing
from graymesh.ir.wording import percent
from graymesh.report.shown import inline

_MOST_ROUTES: Final = 12
_LONGEST: Final = 60
_SAFE: Final = re.compile(r"[^A-Za-z0-9 .,:/→–_-]")


def label(text: str) -> str:
    """A quoted label: every character that Mermaid, HTML or Markdown might act on is written by its number."""
    shown = inline(text)
    cut = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
    return '"' + _SAFE.sub(lambda match: f"#{ord(match[0])};", cut) + '"'


def picture(release: ReleaseDiff) -> str:
    """The flowchart, without its fence."""
    lines = ["flowchart LR"]
    for name, title, standing in (("old", "before", release.old), ("new", "after", release.new)):
        if standing:
            lines += [f"  {line}" for line in _side(name, title, standing)]
    return "\n".join(lines)


def _side(name: str, title: str, standing: Standing) -> Iterator[str]:
    said = f"{title}: stage {standing.stage}" if standing.stage else title
    yield f"subgraph {name}[{label(said)}]"
    yield "  direction LR"
    versions: dict[str, str] = {}
    rows = standing.routes
    shown = rows if len(rows) <= _MOST_ROUTES else (*rows[: _MOST_ROUTES - 1], rows[-1])
    for number, row in enumerate(shown):
        yield f"  {name}_{number}[{label(row.who)}]"
        for version, part in row.shares:
            if version not in versions:
                versions[version] = f"{name}_v{len(versions)}"
                yield f"  {versions[version]}([{label(version)}])"
            yield f'  {name}_{number} -->|"{percent(part)}"| {versions[version]}'
    if len(shown) < len(rows):
        yield f"  {name}_more[{label(f'{len(rows) - len(shown)} more routes are not drawn')}]"
    yield "end"
