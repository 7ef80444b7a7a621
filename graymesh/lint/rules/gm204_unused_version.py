"""Versions that never get a request.

No route and no stage sends anybody there, and nothing is mirrored to it.

bad: |
  versions: {v1: {endpoints: [10.0.1.1:80]}, v2: {endpoints: [10.0.2.1:80]}, v3: {endpoints: [10.0.3.1:80]}}
  stages: [{name: first, split: {v2: 5}, hold: 1h}, {name: more, split: {v2: 20}}]
good: |
  versions: {v1: {endpoints: [10.0.1.1:80]}, v2: {endpoints: [10.0.2.1:80]}}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.lint.finding import Finding
from graymesh.lint.traffic import weights

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """Every canary that no stage gives anything to."""
    spec = case.rollout.spec
    used = {route.version for route in spec.routes} | {spec.mirror.version if spec.mirror else spec.stable}
    used |= {name for release in case.stages for name, points in weights(release).items() if points}
    for name in spec.canaries:
        if name not in used:
            yield Finding(
                path=("spec", "versions", name),
                at_key=True,
                message=f"version {name!r} never gets a request: no route and no stage sends any there",
                help="give it a share in a stage, a route, or remove it",
            )
