"""An edge that the release is not compiled for.

All other targets would follow a header that nobody sets, so everyone would get the stable version.

bad: |
  edge: {target: nginx}
  targets: {istio: {}}
good: |
  edge: {target: nginx}
  targets: {istio: {}, nginx: {}}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.lint.finding import Finding


def check(case: Case) -> Iterator[Finding]:
    """An edge that is not among the targets."""
    edge = case.rollout.spec.edge
    if edge and case.targets and edge.target not in {manifest.name for manifest in case.targets}:
        chosen = ", ".join(manifest.name for manifest in case.targets)
        yield Finding(
            path=("spec", "edge", "target"),
            message=f"{edge.target!r} is the edge, but the release is compiled for {chosen} only",
            help=f"add {edge.target}: {{}} to targets, or remove edge",
        )
