"""What runs the service is said, and no target uses it.

`workload`, and the `image` and `replicas` of a version, are for targets that write or check what runs. Without one the
numbers look as if somebody saw to them.

bad: |
  workload: {kind: Deployment, name: shop}
good: |
  workload: null
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.diagnostic import Pointer
from graymesh.language.case import Case
from graymesh.lint.finding import Finding

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """Each of the three that is said, in vain; `replicas` also tells lint what `outlier` can leave out."""
    for feature, path in _said(case):
        if case.targets and not any(manifest.can(feature) for manifest in case.targets):
            yield Finding(
                path=path,
                at_key=True,
                message=f"none of the chosen targets uses {feature}: nothing that is compiled depends on it",
                help="leave it out, or choose a target that does (`graymesh targets`)",
                targets=tuple(manifest.name for manifest in case.targets),
            )


def _said(case: Case) -> Iterator[tuple[str, Pointer]]:
    spec = case.rollout.spec
    for name, version in spec.versions.items():
        if version.image is not None:
            yield "image", ("spec", "versions", name, "image")
        if version.replicas and not (spec.resilience and spec.resilience.outlier):
            yield "replicas", ("spec", "versions", name, "replicas")
    if spec.workload:
        yield "workload", ("spec", "workload")
