"""How conditions are described and compared, by the recommendation's own rules."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

from voicenb.statistics import (
    bimodality,
    describe_conditions,
    hinges,
    median_difference,
    outliers,
    paired_difference,
)

A, B = [72, 75, 80, 81, 85], [60, 62, 70, 71, 74]

scores = st.lists(st.integers(0, 100), min_size=1, max_size=30)


def test_hinges():
    """The middle value is in both halves, which numpy's quartiles do not know."""
    values = [20, 35, 60, 62, 65, 68, 70, 100]
    found = hinges(values)
    assert (found.low, found.median, found.high, found.iqr) == (47.5, 63.5, 69, 21.5)
    assert np.quantile(values, [0.25, 0.75]) == pytest.approx([53.75, 68.5])
    for count, expected in ((9, (3, 5, 7)), (8, (2.5, 4.5, 6.5)), (1, (1, 1, 1))):
        found = hinges(range(1, count + 1))
        assert (found.low, found.median, found.high) == expected


def test_outliers():
    assert outliers([0, 10, 20, 30, 100]) == (100,)
    assert outliers([5]) == ()


@given(scores, st.integers(-5, 5).filter(bool), st.integers(-50, 50))
def test_hinges_move_with_the_values(values, factor, shift):
    found, moved = hinges(values), hinges(np.array(values) * factor + shift)
    ends = sorted((found.low * factor + shift, found.high * factor + shift))
    assert (moved.low, moved.median, moved.high) == (ends[0], found.median * factor + shift, ends[1])
    assert len(outliers(values)) <= len(values) / 2
    assert not set(outliers(values)) & {found.low, found.median, found.high}


def test_bimodality():
    assert bimodality([10] * 10 + [90] * 10) == pytest.approx(0.76692, abs=1e-5)
    assert bimodality(range(101)) == pytest.approx(0.52850, abs=1e-5)
    assert isnan(bimodality([1, 2, 3]))
    assert isnan(bimodality([4, 4, 4, 4]))


@given(st.lists(st.integers(0, 100), min_size=4, max_size=40).filter(lambda values: len(set(values)) > 1))
def test_bimodality_by_scipys_moments(values):
    n = len(values)
    skewness, kurtosis = stats.skew(values, bias=False), stats.kurtosis(values, bias=False)
    assert bimodality(values) == pytest.approx((skewness**2 + 1) / (kurtosis + 3 * (n - 1) ** 2 / (n - 2) / (n - 3)))


def test_medians_dealt_out_anew():
    """6 of 252 ways are as far on one side, 12 on both."""
    one, both = median_difference(A, B, alternative="greater"), median_difference(A, B)
    assert (one.difference, one.exceedances, one.permutations, one.exact) == (10, 6, 252, True)
    assert one.p == pytest.approx(0.0238095, abs=1e-7)
    assert (both.exceedances, both.p) == (12, pytest.approx(12 / 252))
    assert median_difference(B, A, alternative="greater").p > 0.97
    drawn = median_difference(A, B, exact=False)
    assert (drawn.permutations, drawn.exact) == (10_000, False)
    assert drawn.exceedances / 10_000 == pytest.approx(12 / 252, abs=0.01)
    assert drawn.p == (drawn.exceedances + 1) / 10_001
    assert drawn == median_difference(A[::-1], B[::-1], exact=False)
    assert drawn.exceedances != median_difference(A, B, exact=False, seed=1).exceedances


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 20), min_size=2, max_size=5), st.lists(st.integers(0, 20), min_size=2, max_size=5))
def test_scipy_deals_them_out_the_same(a, b):
    def difference(x, y, axis):
        return np.median(x, axis=axis) - np.median(y, axis=axis)

    theirs = stats.permutation_test((a, b), difference, alternative="greater", n_resamples=np.inf, vectorized=True)
    assert median_difference(a, b, alternative="greater").p == pytest.approx(theirs.pvalue)


def test_paired_means():
    """Of 32 ways to exchange both within five listeners, two are as far."""
    found = paired_difference(A, B)
    assert found.difference == pytest.approx(11.2)
    assert (found.exceedances, found.permutations, found.p) == (2, 32, 0.0625)
    assert paired_difference(A, B, alternative="greater").p == 1 / 32
    many = paired_difference(np.arange(20) % 3, np.zeros(20))
    assert (many.permutations, many.exact) == (10_000, False)


def test_conditions():
    """Each listener counts once for the mean, each rating for the quartiles."""
    listeners = ["x", "x", "x", "y", "z", "x", "y"]
    names = ["b", "b", "b", "b", "b", "a", "a"]
    ratings = [20, 30, 40, 60, 90, 10, 10]
    first, second = describe_conditions(listeners, names, ratings)
    assert (first.name, first.mean, first.low, first.high, first.listeners) == ("a", 10, 10, 10, 2)
    assert (second.name, second.votes, second.listeners) == ("b", 5, 3)
    assert (second.median, second.q1, second.q3, second.iqr, second.mean) == (40, 30, 60, 30, 60)
    theirs = stats.ttest_1samp([30, 60, 90], 0).confidence_interval()
    assert (second.low, second.high) == pytest.approx((theirs.low, theirs.high))
    assert second.outliers == ()
    assert not second.bimodal


def test_listeners_of_two_opinions_are_told():
    found = describe_conditions([*range(20)], ["a"] * 20, [10] * 10 + [90] * 10)[0]
    assert found.bimodal
    assert not describe_conditions([*range(20)], ["a"] * 20, range(40, 60))[0].bimodal


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: hinges([]), "values"),
        (lambda: outliers([1, nan]), "values"),
        (lambda: bimodality([[1]]), "values"),
        (lambda: median_difference([], [1]), "values"),
        (lambda: median_difference([1], [2], alternative="less"), "alternative"),
        (lambda: median_difference(range(30), range(30), exact=True), "ways"),
        (lambda: paired_difference([1, 2], [1]), "listener"),
        (lambda: describe_conditions(["a"], ["b"], [nan]), "scores"),
        (lambda: describe_conditions(["a"], ["b", "c"], [1]), "conditions"),
    ],
)
def test_what_is_out_of_range_is_named(call, word):
    with pytest.raises(ValueError, match=word):
        call()
