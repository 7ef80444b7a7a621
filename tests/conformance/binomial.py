"""How far counts may lie from their shares by chance: exact bounds of the binomial and the chi-square distribution."""

from __future__ import annotations

from collections.abc import Iterable
from math import erfc, exp, lgamma, log, pi, sqrt


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


def chi_square(counts: Iterable[int], cells: int) -> float:
    """The probability that counts in so many cells of equal size lie this far apart, or farther, by chance.

    `cells` is even, so that the degrees of freedom are odd (Abramowitz and Stegun, 26.4.4). Cells without a count may
    be left out.
    """
    known = list(counts)
    expected = sum(known) / cells
    distance = sum((count - expected) ** 2 / expected for count in known) + (cells - len(known)) * expected
    return _chi_square_tail(distance, cells - 1)


def _chi_square_tail(distance: float, degrees: int) -> float:
    """For odd degrees of freedom; each term of the sum grows out of the one before, as logarithms: they may be tiny."""
    if not distance:
        return 1.0
    found, term = erfc(sqrt(distance / 2)), log(2 * distance / pi) / 2 - distance / 2
    for odd in range(3, degrees + 1, 2):
        found += exp(term)
        term += log(distance / odd)
    return min(1.0, found)
