"""Two releases of one host.

Engines merge two such configurations, drop one, or take the first that was applied, each in its own way and in silence.

bad: |
  metadata: {name: one}
  service: {port: 80, domains: [shop.example.com]}
  ---
  metadata: {name: two}
  service: {port: 80, domains: [shop.example.com]}
good: |
  metadata: {name: one}
  service: {port: 80, domains: [one.example.com]}
  ---
  metadata: {name: two}
  service: {port: 80, domains: [two.example.com]}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graymesh.language.case import Case
from graymesh.lint.finding import Finding


def check_project(cases: Sequence[Case]) -> Iterator[tuple[Case, Finding]]:
    """Every host that an earlier release serves already."""
    owners: dict[str, Case] = {}
    for case in cases:
        for host in (case.release.host, *case.release.domains):
            owner = owners.setdefault(host, case)
            if owner is not case:
                yield (
                    case,
                    Finding(
                        path=("spec", "service"),
                        message=f"{host!r} is served by release {owner.release.key!r} already ({owner.source.file})",
                        help="give each release hosts of its own",
                    ),
                )
