"""d′ of right answers, against the published outputs of sensR and psyphy."""

from __future__ import annotations

from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from voicenb.statistics import binomial_test, dprime, percent_correct

METHODS = ["abx", "2afc", "abx_independent"]

# d′ and the share of right answers in ABX by differences, which is the link of the duo-trio test.
SHARES = {0.5: 0.52234700063, 1: 0.58247544423, 1.5: 0.66346218939, 2: 0.74682024555}
SHARES |= {2.5: 0.81958454855, 3: 0.87645670402}
DISTANCES = {0.55: 0.76141208319, 0.65: 1.4205649203, 0.75: 2.020012703, 0.85: 2.749327488, 0.95: 4.0724056295}


def test_published_shares():
    for distance, share in SHARES.items():
        assert percent_correct(distance) == pytest.approx(share, abs=1e-11)


def test_published_distances():
    """sensR looks for them to within some 3e-5; that ours are the closer ones, `test_there_and_back` shows."""
    for share, distance in DISTANCES.items():
        assert dprime(round(share * 100), 100).dprime == pytest.approx(distance, abs=5e-5)


def test_70_of_100():
    """Estimate, error, interval and p-value, in ABX; 75 of 100 in a 2-AFC.

    The published ends are a search's, which stopped 2e-6 beside Clopper and Pearson's shares.
    """
    found = dprime(70, 100)
    assert (found.dprime, found.se) == pytest.approx((1.7153015328, 0.27189002286), abs=1e-7)
    assert (found.low, found.high) == pytest.approx((1.1163958655, 2.2676452958), abs=2e-5)
    assert found.p == pytest.approx(3.9250698228e-5, rel=1e-9)
    two = dprime(75, 100, "2afc")
    assert (two.dprime, two.se) == pytest.approx((0.95387255241, 0.19270534342), abs=1e-10)


def test_independent_observations():
    assert dprime(75, 100, "abx_independent").dprime == pytest.approx(1.7904, abs=1e-4)


@pytest.mark.parametrize(("method", "expected"), [("abx", 1.86868), ("abx_independent", 1.66098)])
def test_hits_and_false_alarms(method, expected):
    """psyphy's dprime.ABX(.75, .3): the share without bias that hits and false alarms stand for, rounded to a count."""
    share = stats.norm.cdf((stats.norm.ppf(0.75) - stats.norm.ppf(0.3)) / 2)
    trials = 10**8
    assert dprime(round(share * trials), trials, method).dprime == pytest.approx(expected, abs=1e-5)


def test_a_listener_of_the_model_gets_the_share():
    """Simulated: A, B and X with noise of their own, X called the nearer one; and by independent observations."""
    random = np.random.default_rng(1)
    a, b, x = random.normal(0, 1, (3, 400_000))
    b += 1.5
    assert (abs(x - a) < abs(x - b)).mean() == pytest.approx(percent_correct(1.5), abs=0.003)
    assert (b > a).mean() == pytest.approx(percent_correct(1.5, "2afc"), abs=0.003)
    right = ((b > a) & (x < 0.75)) | ((b < a) & (x > 0.75))
    assert right.mean() == pytest.approx(percent_correct(1.5, "abx_independent"), abs=0.003)


@given(st.integers(51, 199), st.sampled_from(METHODS))
def test_there_and_back(correct, method):
    found = dprime(correct, 200, method)
    assert percent_correct(found.dprime, method) == pytest.approx(max(0.5, found.share), abs=1e-12)
    assert found.low <= found.dprime <= found.high
    assert (found.low == 0) == (binomial_test(correct, 200).low <= 0.5)


@given(st.floats(0.3, 5), st.sampled_from(METHODS))
def test_the_error_is_that_of_the_slope(distance, method):
    """The standard error of d′ is that of the share over the slope of the link, here by differences."""
    share = percent_correct(distance, method)
    trials = 10**9
    found = dprime(round(share * trials), trials, method)
    step = 1e-5
    slope = (percent_correct(distance + step, method) - percent_correct(distance - step, method)) / 2 / step
    assert found.se == pytest.approx(np.sqrt(share * (1 - share) / trials) / slope, rel=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_the_ends(method):
    """No more than guessing is 0; all right is infinite, with a finite lower end."""
    for correct in (0, 3, 5):
        found = dprime(correct, 10, method)
        assert found.dprime == 0
        assert isnan(found.se)
    best = dprime(10, 10, method)
    assert (best.dprime, best.high) == (inf, inf)
    assert 0 < best.low < 4
    assert percent_correct(inf, method) == 1
    assert percent_correct(0, method) == 0.5


def test_what_is_out_of_range_is_named():
    with pytest.raises(ValueError, match="method"):
        dprime(5, 10, "triangle")
    with pytest.raises(ValueError, match="correct"):
        dprime(11, 10)
    for wrong in (-1, float("nan")):
        with pytest.raises(ValueError, match="dprime"):
            percent_correct(wrong)
