"""Trends over ordered levels: Page's test, and slopes as contrasts."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

from voicenb.statistics import contrast, linear_slope, loglog_slope, page_trend

# Ratings of three ways of teaching: the example of scipy's page_trend_test, its rows as the ranks beside it give them.
RATINGS = [[3, 4, 3], [2, 2, 4], [3, 3, 5], [1, 3, 2], [2, 3, 2], [2, 4, 5], [1, 2, 4], [3, 4, 4], [2, 4, 5], [1, 3, 4]]
SPEEDS = [0.5, 0.8, 1.0, 1.25, 2.0]

tables = st.lists(st.lists(st.integers(-50, 50), min_size=4, max_size=4), min_size=2, max_size=6)


def test_scipys_example():
    """L 133.5, exact p .00181912; Friedman's test, which knows no order, .00320560."""
    found = page_trend(RATINGS, alternative="increasing")
    assert (found.statistic, found.blocks, found.levels, found.dropped, found.exact) == (133.5, 10, 3, 0, True)
    assert found.p == pytest.approx(0.00181912, abs=5e-9)
    friedman = stats.friedmanchisquare(*np.array(RATINGS).T)
    assert (friedman.statistic, friedman.pvalue) == pytest.approx((11.4857, 0.00320560), rel=5e-6)


def test_the_direction():
    """Two-sided doubles the smaller; decreasing is increasing from the other end."""
    up, both, down = (page_trend(RATINGS, alternative=one) for one in ("increasing", "two-sided", "decreasing"))
    assert both.p == 2 * up.p
    assert down.p > 0.99
    turned = page_trend(np.array(RATINGS)[:, ::-1], alternative="decreasing")
    assert (turned.p, turned.correlation) == pytest.approx((up.p, -up.correlation))


def test_the_correlation_is_the_mean_of_the_blocks():
    """Spearman's, for blocks without equal values; 1 and −1 at the ends."""
    table = np.random.default_rng(1).normal(size=(7, 5))
    expected = np.mean([stats.spearmanr(range(5), row).statistic for row in table])
    assert page_trend(table).correlation == pytest.approx(expected)
    assert page_trend(np.tile(SPEEDS, (4, 1))).correlation == pytest.approx(1)
    assert page_trend(np.tile(SPEEDS[::-1], (4, 1))).correlation == pytest.approx(-1)


def test_an_exact_p_value_by_counting():
    """Two blocks of three levels have 36 equally likely orders; one of them is all increasing."""
    assert page_trend([[1, 2, 3], [4, 5, 6]], alternative="increasing").p == pytest.approx(1 / 36)
    assert page_trend([[1, 2, 3], [4, 5, 6]]).p == pytest.approx(2 / 36)
    assert page_trend([[1, 1, 1], [4, 4, 4]]).p == 1


def test_blocks_with_a_gap_do_not_count():
    table = [[np.nan, 1, 2], *RATINGS, [1, np.nan, np.nan]]
    found = page_trend(table)
    assert (found.dropped, found.blocks, found.p) == (2, 10, page_trend(RATINGS).p)
    few = page_trend([[1, 2, 3], [1, np.nan, 3]])
    assert (few.blocks, few.dropped) == (1, 1)
    assert all(map(isnan, (few.statistic, few.p, few.correlation)))


def test_many_blocks_use_the_normal_distribution():
    assert not page_trend(np.random.default_rng(2).normal(size=(40, 4))).exact


@pytest.mark.slow
def test_without_a_trend_it_finds_one_in_five_of_hundred():
    """And in nearly every study where each step adds half a deviation."""
    random = np.random.default_rng(3)
    p = np.array([page_trend(table).p for table in random.normal(size=(1500, 15, 4))])
    assert (p < 0.05).mean() == pytest.approx(0.05, abs=0.017)
    tables = random.normal(size=(200, 15, 4)) + 0.5 * np.arange(4)
    assert np.mean([page_trend(table).p < 0.05 for table in tables]) > 0.95


@settings(max_examples=40)
@given(tables, st.randoms(use_true_random=False))
def test_only_the_order_within_a_block_counts(table, random):
    """Any rising change of a block's values, and any order of the blocks, leaves the test as it was."""
    plain = page_trend(table)
    changed = [[value * 3 + 7 for value in row] for row in table[:1]] + [
        [value**3 for value in row] for row in table[1:]
    ]
    random.shuffle(changed)
    assert page_trend(changed) == plain


def test_a_known_slope():
    """Each block rises by its own slope; the contrast is that of the slopes."""
    slopes = [1.0, 2.0, 4.0]
    table = [[10 * i + slope * level for level in SPEEDS] for i, slope in enumerate(slopes)]
    found, expected = linear_slope(SPEEDS, table, level=0.9), contrast(slopes, level=0.9)
    assert (found.estimate, found.low, found.high, found.p) == pytest.approx(
        (expected.estimate, expected.low, expected.high, expected.p)
    )
    assert (found.level, found.blocks, found.method) == (0.9, 3, "t")


def test_each_slope_is_that_of_least_squares():
    """Against numpy's polynomial fit, with levels that are not evenly spaced."""
    table = np.random.default_rng(4).normal(size=(6, 5))
    expected = contrast([np.polyfit(SPEEDS, row, 1)[0] for row in table])
    found = linear_slope(SPEEDS, table)
    assert (found.estimate, found.sd, found.p) == pytest.approx((expected.estimate, expected.sd, expected.p))


def test_duration_over_speed_has_the_slope_of_its_power():
    """Duration goes with 1/speed: −1; energy with the square: 2; whatever the blocks' own sizes."""
    size = np.array([[1.0], [3.0], [0.2]])
    for power in (-1, 0, 2):
        found = loglog_slope(SPEEDS, size * np.array(SPEEDS) ** power)
        assert (found.estimate, found.low, found.high) == pytest.approx((power, power, power), abs=1e-12)


def test_a_flat_measure_has_a_slope_of_exactly_0():
    """Nothing changes within a block: no rounding makes a slope of it."""
    for slope in (linear_slope, loglog_slope):
        found = slope([0.7, 1.1, 1.9], np.tile([[0.1], [1 / 3], [7.7]], 3))
        assert (found.estimate, found.sd, found.p) == (0, 0, 1)


def test_the_slopes_interval_covers():
    """95 of 100 intervals hold the mean slope, with blocks whose slopes differ."""
    random = np.random.default_rng(5)
    levels = np.array(SPEEDS)
    slopes = random.normal(-1, 0.3, (2000, 6, 1))
    tables = np.exp(random.normal(0, 1, (2000, 6, 1)) + slopes * np.log(levels) + random.normal(0, 0.1, (2000, 6, 5)))
    found = [loglog_slope(levels, table) for table in tables]
    assert np.mean([one.low < -1 < one.high for one in found]) == pytest.approx(0.95, abs=0.015)


def test_slopes_of_blocks_with_a_gap_do_not_count():
    table = np.array([[1.0, 2.0, 4.0], [1.0, 3.0, 5.0], [np.nan, 1.0, 9.0]])
    found = linear_slope([1, 2, 3], table)
    assert (found.blocks, found.dropped, found.estimate) == (2, 1, pytest.approx(1.75))
    assert loglog_slope([1, 2, 3], table).dropped == 1


def test_a_slope_may_be_bootstrapped():
    table = np.random.default_rng(6).normal(size=(25, 3)) + np.arange(3)
    found = linear_slope([0, 1, 2], table, method="bootstrap", seed=3)
    assert found.method == "bootstrap"
    assert 0 < found.low < found.estimate < found.high
    assert found != linear_slope([0, 1, 2], table, method="bootstrap", seed=4)


@given(st.sampled_from([0.01, 3.0, 1e3]), st.sampled_from([0.1, 2.0, 50.0]), st.integers(0, 1000))
def test_units_make_no_difference_to_a_loglog_slope(of_levels, of_values, seed):
    """Nor to a linear one, but for the ratio of the units."""
    table = np.random.default_rng(seed).lognormal(size=(4, 5))
    levels = np.array(SPEEDS)
    plain, other = loglog_slope(levels, table), loglog_slope(levels * of_levels, table * of_values)
    assert (other.low, other.high, other.p) == pytest.approx((plain.low, plain.high, plain.p), rel=1e-6)
    plain, other = linear_slope(levels, table), linear_slope(levels * of_levels + 5, table * of_values - 2)
    ratio = of_values / of_levels
    assert (other.low, other.high) == pytest.approx((plain.low * ratio, plain.high * ratio), rel=1e-5, abs=1e-9 * ratio)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(lambda: page_trend([[1, 2], [1, 2]]), "2 levels were given", id="two levels"),
        pytest.param(lambda: page_trend([1, 2, 3]), r"shape \(3,\)", id="no table"),
        pytest.param(lambda: page_trend([[1, 2, np.inf]] * 2), "infinite", id="infinite"),
        pytest.param(lambda: page_trend(RATINGS, alternative="up"), "given was 'up'", id="alternative"),
        pytest.param(lambda: linear_slope([1, 2], RATINGS), "3 finite levels", id="levels"),
        pytest.param(lambda: linear_slope([1, 1, 1], RATINGS), "not all equal", id="equal levels"),
        pytest.param(lambda: loglog_slope([0, 1, 2], RATINGS), "smallest level is 0", id="level 0"),
        pytest.param(lambda: loglog_slope([1, 2, 3], [[1, 2, np.nan], [1, -2, 3]]), "smallest value is -2", id="value"),
    ],
)
def test_what_is_wrong_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()
