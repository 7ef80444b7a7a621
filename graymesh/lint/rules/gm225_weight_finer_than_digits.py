"""A weight that the digits of an identity cannot give.

Two digits are a hundred numbers, so that users can be shared out in steps of 1%; three give steps of 0.1%, four of
0.01%. Users get the nearest step.

bad: |
  sticky: {cookie: gray-ticket, key: {cookie: uid, digits: 2}}
  stages: [{name: first, weight: 0.25, hold: 1h}, {name: full, weight: 100}]
good: |
  sticky: {cookie: gray-ticket, key: {cookie: uid, digits: 4}}
  stages: [{name: first, weight: 0.25, hold: 1h}, {name: full, weight: 100}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.diagnostic import Pointer
from graymesh.ir.release import WHOLE
from graymesh.ir.wording import percent
from graymesh.language.case import Case
from graymesh.lint.finding import Finding
from graymesh.lint.traffic import stage_path

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """Every stage and every share of a route with a part that is no whole number of steps."""
    spec = case.rollout.spec
    key = spec.sticky.key if spec.sticky else None
    if key is None or key.digits is None:
        return
    for path, points in _parts(case):
        if points * 10**key.digits % WHOLE:
            step = percent(WHOLE // 10**key.digits)
            enough = next(digits for digits in (2, 3, 4) if points * 10**digits % WHOLE == 0)
            yield Finding(
                path=path,
                message=f"{key.digits} digits give users in steps of {step}, so {percent(points)} is not exact",
                help=f"digits: {enough}, or a multiple of {step}",
            )


def _parts(case: Case) -> Iterator[tuple[Pointer, int]]:
    spec = case.rollout.spec
    for index, stage in enumerate(spec.stages):
        for points in stage.weights(spec.canaries).values():
            yield stage_path(index), points
    for index, route in enumerate(spec.routes):
        yield ("spec", "routes", index, "share"), route.part_basis_points or 0
