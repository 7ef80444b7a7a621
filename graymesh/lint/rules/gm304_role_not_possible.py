"""A target that cannot be the edge, or cannot follow one.

With `edge`, one target decides and writes the version's name into the lane header; the others go where it says. Both
need engines that can set and read a request header.

bad: |
  edge: {target: sentinel}
  targets: {nginx: {}, sentinel: {}}
good: |
  edge: {target: nginx}
  targets: {nginx: {}, sentinel: {}}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.lint.capabilities import accepts
from graymesh.lint.finding import Finding


def check(case: Case) -> Iterator[Finding]:
    """Every target whose part in the release is not one that it can play."""
    edge = case.rollout.spec.edge
    for manifest in case.targets if edge else ():
        role = "edge" if edge and edge.target == manifest.name else "follower"
        if role not in manifest.roles and not accepts(case, "GM304", manifest.name):
            yield Finding(
                path=("spec", "edge", "target"),
                message=f"{manifest.title} cannot {'decide as the edge' if role == 'edge' else 'follow the edge'}",
                help="name a target that routes requests",
                targets=(manifest.name,),
            )
