"""A version whose addresses a target needs and the spec does not give.

Mesh engines find the instances of a version by its labels. Others are told addresses, and without them they would have
an upstream without servers.

bad: |
  targets: {nginx: {}}
  versions: {v1: {endpoints: [10.0.1.1:80]}, v2: {}}
good: |
  targets: {nginx: {}}
  versions: {v1: {endpoints: [10.0.1.1:80]}, v2: {endpoints: [10.0.2.1:80]}}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.lint.finding import Finding


def check(case: Case) -> Iterator[Finding]:
    """Every version without endpoints, for each target that needs them."""
    for manifest in case.targets:
        if "endpoints" not in manifest.needs:
            continue
        for version in case.release.versions:
            if not version.endpoints:
                yield Finding(
                    path=("spec", "versions", version.name),
                    message=f"{manifest.title} needs the addresses of {version.name!r}",
                    help=f"add endpoints: [10.0.0.1:{case.release.port}]",
                    targets=(manifest.name,),
                )
