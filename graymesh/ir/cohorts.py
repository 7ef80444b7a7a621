"""Which buckets belong to which canary: intervals around one anchor, so that growing one never evicts another's users.

The first canary grows upwards from the anchor and the second downwards, both around the end, whatever the plan says.
Further canaries stand above the largest weight that the first one has at any stage, in the order of the spec, so where
they begin depends on the plan. A share of basis points ends where `round(share × 65,536)` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from graymesh.ir.buckets import joined
from graymesh.ir.release import BUCKET_COUNT, WHOLE, Intervals

Weights = Mapping[str, int]
"""Canary → basis points at one stage, in the order of the spec's versions."""


@dataclass(frozen=True)
class Cohort:
    """`begins` are the basis points above the anchor `start` at which a canary begins; the second one ends at 0.

    `count` are the buckets of the ring: other than `BUCKET_COUNT` where the last digits of an identity are the bucket.
    """

    start: int
    begins: Mapping[str, int]
    count: int = BUCKET_COUNT

    def buckets(self, canary: str, weight: int) -> Intervals:
        """The buckets of a canary at this weight; none when it has none."""
        begin = self.begins[canary]
        if list(self.begins)[1:2] == [canary]:
            length = self.count - edge(WHOLE - weight, self.count)  # both never have more than there are
            return arc(self.start - length, length, self.count)
        first, after = edge(begin, self.count), edge(begin + weight, self.count)
        return arc(self.start + first, after - first, self.count)


def cohort(start: int, series: Sequence[Weights]) -> Cohort:
    """The anchors of a release with these weights at its stages.

    Raises ValueError when three canaries or more do not fit side by side at their largest.
    """
    names = list(series[0]) if series else []
    largest = {name: max(weights[name] for weights in series) for name in names}
    if len(names) > 2 and sum(largest.values()) > WHOLE:
        raise ValueError(f"the canaries need {sum(largest.values())} of {WHOLE} basis points")
    begins: dict[str, int] = {}
    end = 0
    for name in names:
        second = len(begins) == 1
        begins[name] = 0 if second else end
        end += 0 if second else largest[name]
    return Cohort(start, begins)


def edge(basis_points: int, count: int = BUCKET_COUNT) -> int:
    """How many of so many buckets lie below so many basis points."""
    return (basis_points * count + WHOLE // 2) // WHOLE


def basis_points(buckets: Intervals) -> int:
    """The share of all buckets, rounded to basis points."""
    return (size(buckets) * WHOLE + BUCKET_COUNT // 2) // BUCKET_COUNT


def size(buckets: Intervals) -> int:
    """How many buckets these are."""
    return sum(high - low + 1 for low, high in buckets)


def arc(first: int, length: int, count: int = BUCKET_COUNT) -> Intervals:
    """So many buckets from the first one upwards, around the end of all `count` of them."""
    if not length:
        return ()
    first %= count
    beyond = first + length - count
    if beyond <= 0:
        return ((first, first + length - 1),)
    return joined([(0, beyond - 1), (first, count - 1)])


def rest(taken: Iterable[Intervals]) -> Intervals:
    """The buckets that none of these takes."""
    spans = joined(span for buckets in taken for span in buckets)
    edges = [-1, *(end for span in spans for end in span), BUCKET_COUNT]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    return tuple((last + 1, first - 1) for last, first in gaps if last + 1 < first)


def common(left: Intervals, right: Intervals) -> Intervals:
    """The buckets that both have."""
    found = ((max(a, c), min(b, d)) for a, b in left for c, d in right)
    return joined(span for span in found if span[0] <= span[1])


def grid(start: int, tickets: int) -> tuple[int, ...]:
    """So many buckets, evenly spread: the middles of the parts into which they cut the ring from the anchor on.

    Every canary whose weights are whole parts then has exactly its share of them, whatever the plan.
    """
    middles = ((2 * number + 1) * BUCKET_COUNT // (2 * tickets) for number in range(tickets))
    return tuple((start + middle) % BUCKET_COUNT for middle in middles)
