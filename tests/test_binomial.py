"""The bounds of the conformance suite against sums of exact fractions and tables of distributions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import comb, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.binomial import chi_square, improbability


def exactly(count: int, total: int, basis_points: int) -> Fraction:
    part = Fraction(basis_points, 10_000)
    tail = range(count + 1) if count < total * part else range(count, total + 1)
    return sum((comb(total, n) * part**n * (1 - part) ** (total - n) for n in tail), Fraction(0))


@given(st.data(), st.integers(1, 120), st.integers(1, 9_999))
def test_a_tail_is_what_exact_fractions_say(data: st.DataObject, total: int, basis_points: int) -> None:
    count = data.draw(st.integers(0, total))
    found = improbability(count, total, basis_points / 10_000)
    assert isclose(found, min(1.0, float(exactly(count, total, basis_points))), rel_tol=1e-6, abs_tol=1e-300)


@pytest.mark.parametrize(("count", "likelihood"), [(0, 1.0), (1, 0.0), (200, 0.0)])
def test_what_never_happens_and_what_always_does(count: int, likelihood: float) -> None:
    assert improbability(count, 200, 0.0) == likelihood
    assert improbability(200 - count, 200, 1.0) == likelihood


def test_a_canary_of_twice_its_share_is_not_called_chance() -> None:
    assert improbability(100, 1_000, 0.05) < 1e-9
    assert improbability(55, 1_000, 0.05) > 0.1


@pytest.mark.parametrize(
    ("counts", "cells", "expected"),
    [
        ([10] * 8, 8, 1.0),
        ([20, 10, 10, 10, 10, 10, 10, 0], 8, 0.00557),  # a distance of 20 at 7 degrees of freedom
        ([2] * 32_768, 65_536, 0.49816),  # 65,536 at 65,535, a little above the mean
        ([2] * 31_000, 65_536, 0.0),
    ],
)
def test_chi_square(counts: Sequence[int], cells: int, expected: float) -> None:
    """Tables of the distribution say so; of many cells the terms are far smaller than a float can hold."""
    assert chi_square(counts, cells) == pytest.approx(expected, abs=1e-5)
