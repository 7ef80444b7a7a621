"""One address in two versions.

The engine cannot tell the versions apart there: users of the stable version get the canary, or the other way round.

bad: |
  versions: {v1: {endpoints: [10.0.1.1:80]}, v2: {endpoints: [10.0.1.1:80]}}
good: |
  versions: {v1: {endpoints: [10.0.1.1:80]}, v2: {endpoints: [10.0.2.1:80]}}
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.diagnostic import Note
from graymesh.language.case import Case
from graymesh.lint.finding import Finding


def check(case: Case) -> Iterator[Finding]:
    """Every endpoint that an earlier version has too."""
    owners: dict[str, str] = {}
    for version in case.release.versions:
        for endpoint in version.endpoints:
            owner = owners.setdefault(endpoint, version.name)
            if owner != version.name:
                yield Finding(
                    path=("spec", "versions", version.name, "endpoints"),
                    message=f"{endpoint} belongs to {owner!r} already",
                    help="give each version its own instances",
                    notes=(Note(("spec", "versions", owner, "endpoints"), "the same address"),),
                )
