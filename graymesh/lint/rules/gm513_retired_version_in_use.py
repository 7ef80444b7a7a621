"""A retired version that something still names.

`retired: true` is the step before a version is removed: engines keep it, so that no request is lost while old routes
are still in force somewhere, and nothing leads to it any more. So it cannot be stable, and no route, stage or mirror
may name it, at whatever stage.

bad: |
  versions:
    v1: {endpoints: [10.0.1.1:80, 10.0.1.2:80]}
    v2: {endpoints: [10.0.2.1:80, 10.0.2.2:80]}
    v3: {endpoints: [10.0.3.1:80, 10.0.3.2:80], retired: true}
  stages: [{name: first, split: {v2: 5, v3: 5}, hold: 1h}, {name: most, split: {v2: 95, v3: 5}}]
good: |
  versions:
    v1: {endpoints: [10.0.1.1:80, 10.0.1.2:80]}
    v2: {endpoints: [10.0.2.1:80, 10.0.2.2:80]}
    v3: {endpoints: [10.0.3.1:80, 10.0.3.2:80], retired: true}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from graymesh.diagnostic import Note, Pointer
from graymesh.language.case import Case
from graymesh.lint.finding import Finding
from graymesh.lint.traffic import stage_path

if TYPE_CHECKING:
    from graymesh.language.model import Spec


def check(case: Case) -> Iterator[Finding]:
    """Every place that names a retired version."""
    spec = case.rollout.spec
    retired = {name for name, version in spec.versions.items() if version.retired}
    for path, name, what in _named(spec):
        if name in retired:
            yield Finding(
                path=path,
                message=f"{name!r} is retired, and {what}",
                help=f"name another version here, or remove retired from {name!r} until nothing needs it",
                notes=(Note(("spec", "versions", name, "retired"), "it is on its way out"),),
            )


def _named(spec: Spec) -> Iterator[tuple[Pointer, str, str]]:
    """Each place that sends requests to a version, the version, and what it gets there."""
    yield ("spec", "stable"), spec.stable, "it is stable, which gets every request that nothing else takes"
    for index, route in enumerate(spec.routes):
        yield ("spec", "routes", index, "version"), route.version, f"the route {route.name!r} leads to it"
    for index, stage in enumerate(spec.stages):
        for name, weight in (stage.split or {}).items():
            if weight:
                path = (*stage_path(index), "split", name)
                yield path, name, f"the stage {stage.name!r} gives it a share"
    if spec.mirror:
        yield ("spec", "mirror", "version"), spec.mirror.version, "the mirror copies requests to it"
