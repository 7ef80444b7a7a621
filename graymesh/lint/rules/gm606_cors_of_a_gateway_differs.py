"""Releases of one gateway that let in pages of different origins.

The engine answers pages of other origins by one configuration for all its routes. A release that says nothing would get
it as well: requests with another Origin, which its service may want, are answered 403.

bad: |
  metadata: {name: one}
  targets: {spring-cloud-gateway: {}}
  service: {port: 80, domains: [a.example.com]}
  cors: {origins: ["https://app.example.com", "https://a.example.com", "https://b.example.com"]}
  ---
  metadata: {name: two}
  targets: {spring-cloud-gateway: {}}
  service: {port: 80, domains: [b.example.com]}
good: |
  metadata: {name: one}
  targets: {spring-cloud-gateway: {}}
  service: {port: 80, domains: [a.example.com]}
  cors: {origins: ["https://app.example.com", "https://a.example.com", "https://b.example.com"]}
  ---
  metadata: {name: two}
  targets: {spring-cloud-gateway: {}}
  service: {port: 80, domains: [b.example.com]}
  cors: {origins: ["https://app.example.com", "https://a.example.com", "https://b.example.com"]}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graymesh.diagnostic import Pointer
from graymesh.ir.release import Cors
from graymesh.kit.target import Manifest
from graymesh.language.case import Case
from graymesh.lint.finding import Finding


def check_project(cases: Sequence[Case]) -> Iterator[tuple[Case, Finding]]:
    """Every release whose answers differ from those of the first one for that target that has any."""
    manifests = {manifest.name: manifest for case in cases for manifest in case.targets if manifest.one_cors}
    for manifest in manifests.values():
        mine = [case for case in cases if manifest in case.targets]
        said = {id(case): _cors(case, manifest) for case in mine}
        first = next((case for case in mine if said[id(case)]), None)
        for case in mine:
            if first and said[id(case)] != said[id(first)]:
                yield case, _finding(case, first, manifest)


def _cors(case: Case, manifest: Manifest) -> Cors | None:
    """What the target is asked for; nothing behind an edge, which has answered browsers already."""
    tables = case.view(manifest).tables
    return next((cors for table in tables for route in table.table.routes if (cors := route.policy.cors)), None)


def _finding(case: Case, first: Case, manifest: Manifest) -> Finding:
    spec, file = case.rollout.spec, first.source.file
    there = f"what {file} says would hold here too" if spec.cors is None else f"{file} says another one"
    path: Pointer = ("spec", "cors") if spec.cors else ("spec", "targets", manifest.name) if spec.targets else ("spec",)
    return Finding(
        path=path,
        at_key=True,
        message=f"{manifest.title} has one cors for all releases: {there}",
        help="say the same in all of them, or run a gateway for each",
        targets=(manifest.name,),
    )
