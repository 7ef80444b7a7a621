"""Audiences that no route names.

Nobody gets anything by them: a route was forgotten, or the audience is left over.

bad: |
  audiences: {beta: [{cookies: {beta: "1"}}]}
good: |
  audiences: {beta: [{cookies: {beta: "1"}}]}
  routes: [{name: beta, audience: beta, version: v2}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.lint.finding import Finding

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """Every audience without a route."""
    spec = case.rollout.spec
    used = {name for route in spec.routes for name in route.audience}
    for name in spec.audiences:
        if name not in used:
            yield Finding(
                path=("spec", "audiences", name),
                at_key=True,
                message=f"no route names the audience {name!r}",
                help=f"add a route: {{name: {name}, audience: {name}, version: …}}, or remove the audience",
            )
