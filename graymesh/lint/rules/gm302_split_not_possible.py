"""A split that a target cannot make.

The engine cannot share requests out between versions, or not between several canaries, or cannot keep users where they
are, or not by a key, or only shares that are multiples of 5%.

bad: |
  targets: {sentinel: {}}
good: |
  targets: {nginx: {}}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from graymesh.diagnostic import Pointer
from graymesh.ir.features import FEATURES
from graymesh.language.case import Case
from graymesh.lint.capabilities import Use, missing
from graymesh.lint.finding import Finding
from graymesh.lint.traffic import asked, stage_path, weights

_COARSE = 500
"""Basis points of which shares are multiples on every engine."""


def check(case: Case) -> Iterator[Finding]:
    """Splits, several canaries and stickiness that a deciding target lacks; a release that nobody routes."""
    if case.targets and not any(manifest.routes for manifest in case.targets):
        yield Finding(
            path=("spec", "targets"),
            message="none of the chosen targets routes requests",
            help="add a target that does: istio, nginx or spring-cloud-gateway",
        )
    for gap in missing(case, "GM302", _uses(case)):
        yield gap.finding(FEATURES[gap.use.feature][1])


def _uses(case: Case) -> Iterator[Use]:
    sticky = case.rollout.spec.sticky
    for index, release in enumerate(case.stages):
        yield from _split(weights(release).values(), sticky is not None, stage_path(index))
        for route in asked(release):
            parts = [share.basis_points for share in route.split.shares]
            yield from _split(parts, sticky is not None, (*route.origin, "share"))
    if sticky:
        yield Use("sticky", ("spec", "sticky"))
        if sticky.key and not sticky.key.digits:
            yield Use("sticky.key", ("spec", "sticky", "key"))


def _split(parts: Iterable[int], sticky: bool, path: Pointer) -> Iterator[Use]:
    served = [points for points in parts if points]
    if len(served) > 1:
        yield Use("split" if len(served) == 2 else "split.several", path)
        if sticky and any(points % _COARSE for points in served):
            yield Use("sticky.fine", path)
