"""Preferences of two by listener, and the model of two alternatives with ties."""

from __future__ import annotations

from itertools import product
from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

from voicenb.statistics import preference, two_ac

votes = st.lists(st.tuples(st.integers(0, 6), st.sampled_from([-1, 0, 1])), min_size=1, max_size=40)
counts = st.tuples(*[st.integers(0, 30)] * 3).filter(any)


@pytest.mark.parametrize(
    ("votes", "tau", "tau_se", "dprime", "se", "likelihood", "low", "high", "p"),
    [
        (
            (2, 2, 6),
            *(0.41597262683, 0.2674310847, 0.77425953607, 0.54167372031, -9.5027053923),
            *(-0.270983, 1.859251, 0.147975959),
        )
    ],
)
def test_sensr_gives_the_same(votes, tau, tau_se, dprime, se, likelihood, low, high, p):
    """The example of Christensen 2012."""
    found = two_ac(*votes)
    assert (found.tau, found.tau_se) == pytest.approx((tau, tau_se), abs=1e-9)
    assert (found.dprime, found.se) == pytest.approx((dprime, se), abs=1e-9)
    assert found.log_likelihood == pytest.approx(likelihood, abs=1e-9)
    assert (found.low, found.high) == pytest.approx((low, high), abs=2e-6)
    assert found.p == pytest.approx(p, abs=1e-8)


def test_another_of_sensrs():
    found = two_ac(15, 15, 20)
    assert (found.tau, found.dprime) == pytest.approx((0.54995061321, 0.19166370397), abs=1e-10)
    assert found.p == pytest.approx(0.39721687818, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(counts)
def test_the_model_turned_round(counts):
    """Votes the other way round turn the distance, and nothing else; the interval holds 0 exactly where p is above .05."""
    first, tie, second = counts
    ours, turned = two_ac(first, tie, second), two_ac(second, tie, first)
    assert turned.p == pytest.approx(ours.p, abs=1e-9)
    assert (turned.low, turned.high) == pytest.approx((-ours.high, -ours.low), abs=1e-5)
    assert isnan(ours.dprime) == (not first and not second)
    if not isnan(ours.dprime):
        assert turned.dprime == pytest.approx(-ours.dprime, abs=1e-9)
        assert ours.low <= ours.dprime <= ours.high
    if abs(ours.p - 0.05) > 1e-6:
        assert (ours.low < 0 < ours.high) == (ours.p > 0.05)


def test_where_a_kind_of_vote_is_missing():
    """Without ties it is a 2-AFC; where one side has none, one end is infinite."""
    plain = two_ac(3, 0, 9)
    assert plain.tau == 0
    assert plain.dprime == pytest.approx(np.sqrt(2) * stats.norm.ppf(0.75))
    every = two_ac(0, 3, 9)
    assert (every.dprime, every.high) == (inf, inf)
    assert 0 < every.low < 5
    ties = two_ac(0, 5, 0)
    assert (ties.low, ties.high, ties.p) == (-inf, inf, 1)


def test_each_listener_counts_once():
    """Three listeners by hand: one of them voted twenty times."""
    who = ["a"] * 20 + ["b", "b", "c"]
    found = preference(who, [1] * 15 + [-1] * 5 + [0, 1, -1])
    assert found.names == ("a", "b", "c")
    assert found.nets == (0.5, 0.5, -1.0)
    assert (found.mean, found.listeners, found.votes, found.ties) == (0, 3, 23, 1)
    assert (found.low, found.high) == (-1, 1)
    assert found.p == 1


def test_listeners_of_one_opinion():
    """Ten of ten prefer the first: as Clopper and Pearson have it of a share, turned to -1 to 1. No listener, no interval."""
    found = preference(range(10), [1] * 10)
    share = stats.binomtest(10, 10).proportion_ci().low
    assert (found.mean, found.high) == (1, 1)
    assert found.low == pytest.approx(2 * share - 1)
    assert found.p == 2 / 2**10
    tied = preference(range(10), [0] * 10)
    assert (tied.low, tied.high) == pytest.approx((share - 1, 1 - share))
    assert isnan(preference(["a", "a"], [1, -1]).low)


def test_the_interval_is_students():
    random = np.random.default_rng(1)
    who = np.repeat(np.arange(12), 10)
    choices = random.choice([-1, 0, 1], 120, p=[0.3, 0.2, 0.5])
    found = preference(who, choices)
    nets = choices.reshape(12, 10).mean(axis=1)
    theirs = stats.ttest_1samp(nets, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))
    exact = stats.permutation_test(
        (nets,), lambda x, axis: x.mean(axis=axis), permutation_type="samples", n_resamples=np.inf
    )
    assert found.exact
    assert found.p == pytest.approx(exact.pvalue)


@settings(max_examples=40)
@given(votes)
def test_the_p_value_goes_through_all_ways(rows):
    """By brute force, with whole numbers where there are as many votes of each."""
    who, choices = zip(*rows, strict=True)
    found = preference(who, choices)
    sums = [
        abs(sum(sign * net for sign, net in zip(signs, found.nets, strict=True)))
        for signs in product((1, -1), repeat=len(found.nets))
    ]
    expected = np.mean(np.array(sums) >= abs(sum(found.nets)) - 1e-9)
    assert found.p == pytest.approx(expected)
    assert preference(who[::-1], choices[::-1]) == found
    turned = preference(who, [-choice for choice in choices])
    assert (turned.mean, turned.p) == pytest.approx((-found.mean, found.p))


def test_many_listeners_are_drawn():
    """The drawn p-value is near the exact one of 17 listeners; the same seed gives the same."""
    nets = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1]
    found = preference(range(17), nets)
    assert not found.exact
    assert found.p == pytest.approx(2 * stats.binom.cdf(4, 17, 0.5), abs=0.006)
    assert preference(range(17), nets).p == found.p
    assert preference(range(40), [1] * 40).p == pytest.approx(1 / 10_001)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: preference(["a"], [2]), "choices"),
        (lambda: preference(["a"], [float("nan")]), "choices"),
        (lambda: preference(["a", "b"], [1]), "choices"),
        (lambda: preference([], []), "listeners"),
        (lambda: preference(["a"], [1], level=2), "level"),
        (lambda: two_ac(0, 0, 0), "vote"),
        (lambda: two_ac(1, -1, 0), "tie"),
        (lambda: two_ac(1, 1, 0.5), "second"),
    ],
)
def test_what_is_out_of_range_is_named(call, word):
    with pytest.raises(ValueError, match=word):
        call()
