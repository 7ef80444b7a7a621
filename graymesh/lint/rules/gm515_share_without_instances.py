"""A version that gets requests and has no instance.

`replicas: 0` says that nothing of the version runs, while a route or the weight of a stage sends it users. What scales
from zero by itself may say so in an ignore.

bad: |
  versions: {v1: {endpoints: ["10.0.1.1:80"]}, v2: {endpoints: ["10.0.2.1:80"], replicas: 0}}
good: |
  versions: {v1: {endpoints: ["10.0.1.1:80"]}, v2: {endpoints: ["10.0.2.1:80"]}}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.ir.release import Release
from graymesh.language.case import Case
from graymesh.lint.finding import Finding

IGNORABLE = True  # what scales from zero by itself gets its requests all the same


def check(case: Case) -> Iterator[Finding]:
    """Where the release stands it is an error; at a stage to come a warning, since the version may be scaled first."""
    for version in case.release.versions:
        if version.replicas != 0:
            continue
        now = _served(case.release, version.name)
        later = [release.stage for release in case.stages if _served(release, version.name)]
        if now or later:
            stage = case.release.stage if now else later[0]
            where = f"at stage {stage!r} " if stage else ""
            yield Finding(
                path=("spec", "versions", version.name, "replicas"),
                message=f"{version.name!r} has no instance, but {where}it gets requests",
                help="run at least one, or send it nobody",
                level=None if now else "warning",
            )


def _served(release: Release, version: str) -> bool:
    return any(version in route.split.versions for route in release.table.routes)
