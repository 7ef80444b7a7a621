"""How users are cut into buckets: every canary grows from its own fixed anchor, so growing one never evicts another's.

All arithmetic is in buckets, which are basis points of the users.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from graymesh.ir.release import BUCKETS

Weights = Mapping[str, int]
"""Canary → basis points at one stage, in the order of the spec's versions."""


@dataclass(frozen=True)
class Ring:
    """Where each canary begins, and the segments that every stage's draw uses: (first, last) bucket, in order."""

    anchors: Mapping[str, int]
    segments: tuple[tuple[int, int], ...]

    def interval(self, canary: str, weight: int) -> tuple[int, int] | None:
        """The first and last bucket of a canary at this weight; None when it has none."""
        anchor = self.anchors[canary]
        return (anchor, anchor + weight - 1) if weight else None

    def owner(self, segment: tuple[int, int], weights: Weights, stable: str) -> str:
        """The version that a segment belongs to at a stage; a segment never lies across a canary's border."""
        for canary, weight in weights.items():
            interval = self.interval(canary, weight)
            if interval and interval[0] <= segment[0] <= interval[1]:
                return canary
        return stable


def ring(series: Sequence[Weights]) -> Ring:
    """The anchors and segments of a release with these weights at its stages.

    A canary begins where the canaries before it can ever end. Segments are cut at each border that any canary has at
    any stage, so that they are the same at every stage. Raises ValueError when the canaries do not fit side by side.
    """
    anchors: dict[str, int] = {}
    end = 0
    for canary in series[0] if series else ():
        anchors[canary] = end
        end += max(weights[canary] for weights in series)
    if end > BUCKETS:
        raise ValueError(f"canaries need {end} of {BUCKETS} buckets")
    borders = {anchors[canary] + weight for weights in series for canary, weight in weights.items()}
    return Ring(anchors, tuple(_between({0, *borders, BUCKETS})))


def _between(borders: Iterable[int]) -> Iterable[tuple[int, int]]:
    return ((low, high - 1) for low, high in pairwise(sorted(borders)))
