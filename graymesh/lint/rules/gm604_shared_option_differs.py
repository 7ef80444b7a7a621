"""Releases that disagree about an option of a shared file.

Some options concern a file that all releases of a project share. It cannot be written in two ways at once.

bad: |
  metadata: {name: one}
  targets: {spring-cloud-gateway: {prefix: "2025"}}
  service: {port: 80, domains: [a.example.com]}
  ---
  metadata: {name: two}
  targets: {spring-cloud-gateway: {prefix: legacy}}
  service: {port: 80, domains: [b.example.com]}
good: |
  metadata: {name: one}
  targets: {spring-cloud-gateway: {prefix: legacy}}
  service: {port: 80, domains: [a.example.com]}
  ---
  metadata: {name: two}
  targets: {spring-cloud-gateway: {prefix: legacy}}
  service: {port: 80, domains: [b.example.com]}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graymesh.language.case import Case
from graymesh.lint.finding import Finding


def check_project(cases: Sequence[Case]) -> Iterator[tuple[Case, Finding]]:
    """Every shared option whose value differs from the first release's."""
    first: dict[tuple[str, str], tuple[Case, object]] = {}
    for case in cases:
        for manifest in case.targets:
            for name in (name for name, option in manifest.options.items() if option.shared):
                value = case.options.get(manifest.name, {}).get(name, manifest.options[name].default)
                owner, wanted = first.setdefault((manifest.name, name), (case, value))
                if value != wanted:
                    yield (
                        case,
                        Finding(
                            path=("spec", "targets", manifest.name, name),
                            message=f"{name} is {value!r} here, {wanted!r} in {owner.source.file}; the file is shared",
                            help="set it once, in graymesh.yaml",
                            targets=(manifest.name,),
                        ),
                    )
