"""Two releases of one name in one namespace.

They would write the same objects.

bad: |
  metadata: {name: one}
  ---
  metadata: {name: one}
  service: {host: other.default.svc.cluster.local, port: 80, domains: []}
good: |
  metadata: {name: one}
  ---
  metadata: {name: two}
  service: {port: 80, domains: []}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graymesh.language.case import Case
from graymesh.lint.finding import Finding


def check_project(cases: Sequence[Case]) -> Iterator[tuple[Case, Finding]]:
    """Every release whose namespace and name an earlier one has."""
    owners: dict[str, Case] = {}
    for case in cases:
        owner = owners.setdefault(case.release.key, case)
        if owner is not case:
            yield (
                case,
                Finding(
                    path=("metadata", "name"),
                    message=f"{case.release.key!r} is released by {owner.source.file} already",
                    help="rename one of them",
                ),
            )
