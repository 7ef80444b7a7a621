"""How far a count may lie from its share by chance: exact bounds of the binomial distribution."""

from __future__ import annotations

from math import exp, lgamma, log


def improbability(count: int, total: int, probability: float) -> float:
    """The probability that so many of `total` draws, or a count at least as far to the same side, come by chance.

    Each draw hits with this probability. The tail is summed term by term (R. A. Fisher's exact sum), without an
    approximation by the normal distribution, which is wrong for small shares.
    """
    if probability in (0.0, 1.0):
        return 1.0 if count == total * probability else 0.0
    tail = range(count + 1) if count < total * probability else range(count, total + 1)
    return min(1.0, sum(_term(hits, total, probability) for hits in tail))


def _term(hits: int, total: int, probability: float) -> float:
    ways = lgamma(total + 1) - lgamma(hits + 1) - lgamma(total - hits + 1)
    return exp(ways + hits * log(probability) + (total - hits) * log(1 - probability))
