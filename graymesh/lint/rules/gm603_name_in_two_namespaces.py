"""Releases of one name in two namespaces, for a target whose files know no namespaces.

Their files would be the same, so one would replace the other.

bad: |
  metadata: {name: one, namespace: a}
  targets: {nginx: {}, sentinel: {}}
  service: {port: 80, domains: [a.example.com]}
  ---
  metadata: {name: one, namespace: b}
  targets: {nginx: {}, sentinel: {}}
  service: {port: 80, domains: [b.example.com]}
good: |
  metadata: {name: one, namespace: a}
  targets: {nginx: {}, sentinel: {}}
  service: {port: 80, domains: [a.example.com]}
  ---
  metadata: {name: two, namespace: b}
  targets: {nginx: {}, sentinel: {}}
  service: {port: 80, domains: [b.example.com]}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graymesh.language.case import Case
from graymesh.lint.finding import Finding


def check_project(cases: Sequence[Case]) -> Iterator[tuple[Case, Finding]]:
    """Every second release of a name, for targets whose files tell releases apart by name alone."""
    owners: dict[tuple[str, str], Case] = {}
    for case in cases:
        for manifest in case.targets:
            owner = owners.setdefault((manifest.name, case.release.name), case)
            if not manifest.namespaces and owner.release.namespace != case.release.namespace:
                yield (
                    case,
                    Finding(
                        path=("metadata", "name"),
                        message=f"for {manifest.title}, {case.release.name!r} is in {owner.release.namespace!r}",
                        help="rename one of them, or drop the target from one",
                        targets=(manifest.name,),
                    ),
                )
