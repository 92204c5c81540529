"""Right answers: exact tests, the power of a number of trials, and what can be said of "not heard"."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

from voicenb.statistics import (
    binomial_test,
    fewest_correct,
    most_correct_for_similarity,
    power,
    similarity_power,
    similarity_test,
    trials_needed,
    wilson,
)
from voicenb.statistics.binomial import MOST_TRIALS

counts = st.integers(1, 60).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


@pytest.mark.parametrize(
    ("correct", "trials", "p", "interval"),
    [
        (12, 16, 0.038406, (0.4762, 0.9273)),
        (13, 16, 0.010635, None),
        (14, 16, 0.002090, None),
        (52, 82, 0.009913, (0.5205, 0.7378)),
    ],
)
def test_published_counts(correct, trials, p, interval):
    """Two ABX tests of the literature, the second published with p = .010."""
    found = binomial_test(correct, trials)
    assert found.p == pytest.approx(p, abs=1e-6)
    if interval:
        assert (found.low, found.high) == pytest.approx(interval, abs=1e-4)


def test_wilsons_interval():
    assert wilson(12, 16) == pytest.approx((0.5050, 0.8982), abs=1e-4)


@given(counts, st.sampled_from([0.5, 1 / 3, 0.25]), st.sampled_from([0.8, 0.95, 0.99]))
def test_scipy_gives_the_same(count, chance, level):
    correct, trials = count
    ours = binomial_test(correct, trials, chance, level=level)
    theirs = stats.binomtest(correct, trials, chance, alternative="greater")
    assert ours.p == pytest.approx(theirs.pvalue, rel=1e-9)
    exact = stats.binomtest(correct, trials).proportion_ci(level)
    assert (ours.low, ours.high) == pytest.approx((exact.low, exact.high), abs=1e-9)
    short = stats.binomtest(correct, trials).proportion_ci(level, method="wilson")
    assert wilson(correct, trials, level) == pytest.approx((short.low, short.high), abs=1e-9)


def test_the_table_of_fewest_right_answers():
    """The table in use for ABX, 5 to 25 trials; of fewer than five, no number is enough."""
    assert [fewest_correct(n) for n in range(10, 26)] == [9, 9, 10, 10, 11, 12, 12, 13, 13, 14, 15, 15, 16, 16, 17, 18]
    assert [fewest_correct(n) for n in range(1, 10)] == [None] * 4 + [5, 6, 7, 7, 8]
    assert fewest_correct(50) == 32


@given(st.integers(1, 400), st.sampled_from([0.5, 1 / 3]), st.sampled_from([0.01, 0.05, 0.1]))
def test_the_fewest_is_enough_and_one_less_is_not(trials, chance, alpha):
    fewest = fewest_correct(trials, chance, alpha)
    if fewest is not None:
        assert binomial_test(fewest, trials, chance).p <= alpha
    assert binomial_test((fewest or trials + 1) - 1, trials, chance).p > alpha


def test_published_powers():
    """16 trials as Leventhal gives them, and 50 as sensR does."""
    expected = [0.1666, 0.4499, 0.6302, 0.7982, 0.9830]
    found = [power(16, share) for share in (0.6, 0.7, 0.75, 0.8, 0.9)]
    assert found == pytest.approx(expected, abs=1e-4)
    assert [1 - found[i] for i in (0, 1, 3, 4)] == pytest.approx([0.8334, 0.5501, 0.2018, 0.0170], abs=1e-4)
    assert power(50, 0.7) == pytest.approx(0.85944012361, abs=1e-10)
    assert power(4, 1) == 0


@pytest.mark.parametrize(
    ("share", "first", "lasting"), [(0.6, 158, 169), (0.7, 37, 42), (0.75, 23, 28), (0.8, 18, 18), (0.9, 8, 11)]
)
def test_published_numbers_of_trials(share, first, lasting):
    found = trials_needed(share)
    assert (found.first, found.lasting) == (first, lasting)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.53, 1), st.floats(0.3, 0.97), st.sampled_from([0.01, 0.05]))
def test_the_trials_needed_have_their_power_from_then_on(share, wanted, alpha):
    """Seen one number of trials after the other, well beyond where ours stops looking."""
    found = trials_needed(share, wanted, alpha=alpha)
    each = np.array([power(n, share, alpha=alpha) for n in range(1, min(found.lasting + 400, 1500))]) >= wanted
    if found.lasting < 1000:
        assert each.argmax() + 1 == found.first
        assert each[found.lasting - 1 :].all()
        assert found.lasting == 1 or not each[found.lasting - 2]


def test_more_trials_than_anyone_has():
    assert trials_needed(0.5001).first == MOST_TRIALS
    assert trials_needed(0.502).lasting == MOST_TRIALS
    assert trials_needed(0.51).first == pytest.approx(15_400, rel=0.02)


def test_published_similarity():
    """The most right answers with which .75 is ruled out, and the chance that a guesser has no more."""
    sizes = (16, 20, 30, 50)
    assert [most_correct_for_similarity(n) for n in sizes] == [8, 11, 17, 31]
    assert [similarity_power(n) for n in sizes] == pytest.approx([0.598, 0.748, 0.819, 0.968], abs=1e-3)
    assert most_correct_for_similarity(2) is None
    assert similarity_power(2) == 0


@given(st.integers(1, 200), st.sampled_from([0.6, 0.75, 0.9]))
def test_the_most_shows_it_and_one_more_does_not(trials, p1):
    most = most_correct_for_similarity(trials, p1)
    if most is not None:
        assert similarity_test(most, trials, p1).p <= 0.05
    above = 0 if most is None else most + 1
    assert similarity_test(above, trials, p1).p == pytest.approx(stats.binom.cdf(above, trials, p1))
    assert similarity_test(above, trials, p1).p > 0.05


def test_looking_after_each_trial():
    """Stopping at the first score that is enough, from 5 to 25 trials: exactly 11.27 % of guessers "hear" it."""
    alive, found = np.array([1.0]), 0.0
    for trials in range(1, 26):
        alive = (np.append(alive, 0) + np.append(0, alive)) / 2
        fewest = fewest_correct(trials)
        if trials >= 5 and fewest is not None:
            found += alive[fewest:].sum()
            alive[fewest:] = 0
    assert found == pytest.approx(0.1127, abs=5e-5)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: binomial_test(5, 4), "correct"),
        (lambda: binomial_test(1.5, 4), "correct"),
        (lambda: binomial_test(0, 0), "trials"),
        (lambda: binomial_test(1, 2, 1.0), "chance"),
        (lambda: binomial_test(1, 2, level=95), "level"),
        (lambda: wilson(-1, 4), "correct"),
        (lambda: fewest_correct(10, alpha=0), "alpha"),
        (lambda: power(10, 1.1), "share"),
        (lambda: trials_needed(0.5), "share"),
        (lambda: trials_needed(0.7, 1.0), "power"),
        (lambda: similarity_test(1, 2, 0.5), "p1"),
        (lambda: most_correct_for_similarity(10, float("nan")), "p1"),
    ],
)
def test_what_is_out_of_range_is_named(call, word):
    with pytest.raises(ValueError, match=word):
        call()
