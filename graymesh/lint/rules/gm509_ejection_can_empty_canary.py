"""A canary that outlier detection can empty.

When a version has one or two instances and all of them may be left out at once, a few errors leave nobody to answer:
its users get errors, not the stable version, unless `resilience.fallback` says so.

bad: |
  versions: {v1: {endpoints: [10.0.1.1:80, 10.0.1.2:80]}, v2: {endpoints: [10.0.2.1:80]}}
  resilience: {outlier: {errors: 5, maxEjected: 100%}}
good: |
  versions: {v1: {endpoints: [10.0.1.1:80, 10.0.1.2:80]}, v2: {endpoints: [10.0.2.1:80, 10.0.2.2:80]}}
  resilience: {outlier: {errors: 5, maxEjected: 50%}}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.release import WHOLE
from graymesh.language.case import Case
from graymesh.lint.finding import Finding

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """Every version whose instances can all be ejected, as far as the spec says how many there are."""
    resilience = case.rollout.spec.resilience
    outlier = resilience.outlier if resilience else None
    if outlier is None:
        return
    most = outlier.max_ejected_basis_points
    routers = [manifest for manifest in case.targets if manifest.routes]
    falls_back = all(each.can("fallback") for each in routers)
    for version in case.release.versions:
        if falls_back and (version.name, "fallback") in case.release.facts:
            continue
        count = version.replicas if version.replicas is not None else len(version.endpoints)
        # older Envoys, 1.30 for one, eject an instance even where the percentage allows none
        if count and (count == 1 or max(1, count * (most or 0) // WHOLE) >= count):
            who = "the only instance" if count == 1 else f"all {count} instances"
            yield Finding(
                path=("spec", "resilience", "outlier"),
                message=f"{who} of {version.name!r} can be left out at once; nobody would answer then",
                help="run more instances, or lower maxEjected",
            )
