"""Two one-sided tests, and how many blocks they need."""

from __future__ import annotations

from math import isnan, sqrt

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import integrate, stats

from voicenb.statistics import blocks_needed, blocks_to_detect, contrast, tost, tost_independent
from voicenb.statistics.equivalence import _power_of_t, _power_of_tost

A, B = np.array([4, 7, 8, 6, 3, 2]), np.array([6, 8, 7, 10, 11, 9])
DIFFERENCES = [0.2, -0.1, 0.3, 0.0, -0.2, 0.1, 0.15, -0.05, 0.05, -0.15]

blocks = st.lists(st.floats(-100, 100).map(lambda value: round(value, 3)), min_size=2, max_size=20)


def test_published_examples():
    """The examples of pingouin's documentation, which statsmodels gives, too."""
    assert tost_independent(A, B, 1) == pytest.approx(0.965097, abs=5e-7)
    assert tost(A - B, 0.5) == pytest.approx(0.954854, abs=5e-7)
    assert tost(A, 4) == pytest.approx(0.825967, abs=5e-7)


def test_no_difference_is_shown_where_it_is_small():
    """p 3.329e−6, while the usual test's .568 shows nothing."""
    assert tost(DIFFERENCES, 0.5) == pytest.approx(3.329e-6, abs=5e-10)
    assert contrast(DIFFERENCES).p == pytest.approx(0.568, abs=5e-4)


def test_statsmodels_gives_the_same():
    weightstats = pytest.importorskip("statsmodels.stats.weightstats")
    random = np.random.default_rng(1)
    for n, m in ((2, 3), (6, 6), (5, 30)):
        a, b = random.normal(0, 1, n), random.normal(0.2, 2, m)
        assert tost_independent(a, b, (-1, 2)) == pytest.approx(weightstats.ttost_ind(a, b, -1, 2)[0], rel=1e-9)
        assert tost(a, (-1, 2)) == pytest.approx(weightstats.DescrStatsW(a).ttost_mean(-1, 2)[0], rel=1e-9)


def test_a_number_is_both_sides():
    assert tost(DIFFERENCES, 0.1) == tost(DIFFERENCES, (-0.1, 0.1)) != tost(DIFFERENCES, (-0.1, 0.2))
    assert tost_independent(A, B, 1) == tost_independent(A, B, (-1, 1))


def test_few_values_and_equal_values():
    """One value shows nothing; equal values lie inside the margin or not, and its end is not inside."""
    assert isnan(tost([0.1], 1))
    assert isnan(tost([], 1))
    assert isnan(tost_independent([1.0], [1.0], 1))
    assert isnan(tost_independent([1.0, 2.0], [], 1))
    assert tost([0.1, 0.1, np.nan], 0.2) == 0
    assert tost([0.2, 0.2], 0.2) == 1
    assert tost_independent([1.0], [1.0, 1.0], 0.5) == 0


def test_a_sample_of_one_has_no_spread_of_its_own():
    """The other sample's stands for both."""
    values = np.array([1.0, 2.0, 4.0])
    expected = stats.t.sf((3 - abs(values.mean() - 2)) / (values.std(ddof=1) * sqrt(1 + 1 / 3)), 2)
    assert tost_independent([2.0], values, 3) == pytest.approx(expected)


@pytest.mark.parametrize("margin", [0, -1, np.nan, np.inf, (1, 1), (2, 1), (0, np.nan)])
def test_a_margin_that_is_none_is_refused(margin):
    with pytest.raises(ValueError, match="a margin is a number above 0"):
        tost(DIFFERENCES, margin)


@given(blocks, st.floats(0.01, 50))
def test_it_is_the_smaller_interval_inside_the_margin(values, margin):
    """p < .05 exactly where the 90 % interval lies inside."""
    p, found = tost(values, margin), contrast(values, level=0.9)
    if abs(p - 0.05) > 1e-9:
        assert (p < 0.05) == (-margin < found.low and found.high < margin)


@given(blocks, st.floats(0.01, 50), st.floats(0.01, 50))
def test_a_wider_margin_is_shown_more_easily(values, one, other):
    assert tost(values, max(one, other)) <= tost(values, min(one, other))


@given(blocks, st.randoms(use_true_random=False))
def test_order_sign_and_unit_make_no_difference(values, random):
    shuffled = list(values)
    random.shuffle(shuffled)
    assert tost(shuffled, 3) == tost(values, 3)
    assert tost(-np.array(values), 3) == pytest.approx(tost(values, 3), abs=1e-12)
    assert tost(4 * np.array(values), 12) == pytest.approx(tost(values, 3), abs=1e-12)


def test_at_the_margin_it_errs_in_five_of_hundred():
    """A true difference of the margin is called equivalent no more often than allowed."""
    samples = np.random.default_rng(2).normal(1, 1, (4000, 30))
    assert np.mean([tost(sample, 1) < 0.05 for sample in samples]) == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize(("effect", "blocks"), [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_blocks_to_detect_are_the_published_ones(effect, blocks):
    """G*Power's and Cohen's numbers for one sample, two-sided .05, power .8."""
    assert blocks_to_detect(1, effect) == blocks_to_detect(10, -10 * effect) == blocks


def test_statsmodels_gives_the_same_power():
    power = pytest.importorskip("statsmodels.stats.power")
    for effect, blocks in ((0.2, 100), (0.5, 34), (1.5, 5)):
        assert _power_of_t(blocks, effect, 0.05) == pytest.approx(power.TTestPower().power(effect, blocks, 0.05))


def test_one_block_fewer_is_too_few():
    """The tests' own rate of success in simulated studies, at the number that is promised."""
    random = np.random.default_rng(3)
    n = blocks_to_detect(2, 1.5)
    assert _power_of_t(n - 1, 0.75, 0.05) < 0.8 <= _power_of_t(n, 0.75, 0.05)
    found = np.mean([contrast(sample).p < 0.05 for sample in random.normal(1.5, 2, (3000, n))])
    assert found == pytest.approx(_power_of_t(n, 0.75, 0.05), abs=0.02)
    n = blocks_needed(2, 1.5)
    assert _power_of_tost(n - 1, -0.75, 0.75, 0.05) < 0.8 <= _power_of_tost(n, -0.75, 0.75, 0.05)
    found = np.mean([tost(sample, 1.5) < 0.05 for sample in random.normal(0, 2, (3000, n))])
    assert found == pytest.approx(_power_of_tost(n, -0.75, 0.75, 0.05), abs=0.02)


@pytest.mark.parametrize(
    ("blocks", "low", "high"), [(2, -1, 1), (4, -2, 2), (11, -1, 1), (20, -0.5, 2), (858, -0.1, 0.1)]
)
def test_the_power_of_equivalence_is_owens_integral(blocks, low, high):
    """Against an integral over the deviation's own density."""
    far, root = stats.t.ppf(0.95, blocks - 1), sqrt(blocks)

    def weighed(spread):
        inside = stats.norm.cdf(high * root - far * spread) - stats.norm.cdf(low * root + far * spread)
        return inside * stats.chi.pdf(spread * sqrt(blocks - 1), blocks - 1) * sqrt(blocks - 1)

    expected, _ = integrate.quad(weighed, 0, min((high - low) * root / (2 * far), 12), limit=200, points=[0.5, 1])
    assert _power_of_tost(blocks, low, high, 0.05) == pytest.approx(expected, abs=2e-6)


def test_how_many_blocks_has_ends():
    """Two where anything shows it, 100,000 where nothing does."""
    assert blocks_needed(0, 1) == blocks_to_detect(0, 1) == 2
    assert blocks_needed(1, 1e4) == blocks_to_detect(1, 1e4) == 2
    assert blocks_needed(1, 1e-6) == blocks_to_detect(1, 1e-6) == 100_000
    assert blocks_needed(1, 0.011) < 100_000
    assert blocks_to_detect(1, 0.0095) < 100_000


def test_more_is_asked_for_more():
    """A smaller margin, a higher level and a higher power each take more blocks."""
    for function in (blocks_needed, blocks_to_detect):
        plain = function(1, 0.5)
        assert function(1, 0.4) > plain
        assert function(1, 0.5, level=0.99) > plain
        assert function(1, 0.5, power=0.9) > plain
    assert blocks_needed(1, (-0.5, 0.4)) > blocks_needed(1, 0.5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(lambda: blocks_needed(np.nan, 1), "standard deviation", id="sd"),
        pytest.param(lambda: blocks_needed(-1, 1), "standard deviation", id="negative sd"),
        pytest.param(lambda: blocks_needed(1, (0.5, 1)), "low < 0 < high", id="margin beside 0"),
        pytest.param(lambda: blocks_needed(1, 1, power=80), "power", id="power"),
        pytest.param(lambda: blocks_to_detect(1, 1, level=95), "level", id="level"),
        pytest.param(lambda: blocks_to_detect(1, 0), "effect", id="no effect"),
    ],
)
def test_what_is_wrong_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()
