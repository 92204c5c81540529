"""Orders in which neither place nor predecessor favours a condition."""

from __future__ import annotations

from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from voicenb.statistics import orders, williams


def followers(rows, t):
    """How often each condition directly follows each other one, shape ``(t, t)``."""
    counts = np.zeros((t, t), dtype=int)
    np.add.at(counts, (rows[:, :-1].ravel(), rows[:, 1:].ravel()), 1)
    return counts


def places(rows, t):
    """How often each condition is in each place, shape ``(t, t)``."""
    return np.array([np.bincount(column, minlength=t) for column in rows.T]).T


def test_published_squares():
    """crossdes gives this first row for ten; three conditions have six rows."""
    assert (williams(10)[0] + 1).tolist() == [1, 2, 10, 3, 9, 4, 8, 5, 7, 6]
    assert williams(3).shape == (6, 3)
    assert williams(1).tolist() == [[0]]
    assert williams(2).tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize("t", range(2, 41))
def test_each_place_and_each_pair_equally_often(t):
    rows = williams(t)
    times = 1 + t % 2
    assert rows.shape == (t * times, t)
    assert (np.sort(rows, axis=1) == np.arange(t)).all()
    assert (places(rows, t) == times).all()
    assert (followers(rows, t) == times * (1 - np.eye(t))).all()


@given(st.integers(1, 12), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_rows_of_a_square_are_dealt_out_evenly(t, listeners, seed):
    rows = orders(t, listeners, seed)
    assert rows.shape == (listeners, t)
    square = [tuple(row) for row in williams(t).tolist()]
    counts = [[tuple(row) for row in rows.tolist()].count(row) for row in square]
    assert sum(counts) == listeners
    assert max(counts) - min(counts) <= 1


@settings(max_examples=80, deadline=None)
@given(st.integers(13, 40), st.integers(1, 90), st.integers(0, 2**32 - 1))
def test_more_conditions(t, listeners, seed):
    """Every condition once a listener, early as often as late, and no neighbours more often than is said."""
    rows = orders(t, listeners, seed)
    assert rows.shape == (listeners, t)
    assert (np.sort(rows, axis=1) == np.arange(t)).all()
    where = places(rows, t)
    early, late = where[:, : t // 2].sum(axis=1), where[:, t - t // 2 :].sum(axis=1)
    middle = where[:, t // 2] if t % 2 else 0
    assert (abs(early - late) <= 1 + middle).all()
    most = 2 * ceil(listeners / (t + 1)) if t % 2 else ceil(listeners / t)
    assert followers(rows, t).max() <= most


@pytest.mark.parametrize("t", [7, 8, 13, 16])
def test_the_seed_decides(t):
    one, again, other = orders(t, 9, 1), orders(t, 9, 1), orders(t, 9, 2)
    assert (one == again).all()
    assert (one != other).any()
    # A longer list begins as the shorter one, so that listeners can be added.
    assert (orders(t, 50, 1)[:9] == one).all()


def test_rows_come_in_no_fixed_succession():
    """How the third listener's order is made of the first one's, whatever the names, differs from seed to seed."""
    ways = set()
    for seed in range(20):
        rows = orders(16, 3, seed)
        ways.add(tuple(np.argsort(rows[0])[rows[2]].tolist()))
    assert len(ways) > 5


def test_few_neighbours_come_twice():
    """An odd number of conditions: few pairs of neighbours come twice among the first t + 1 listeners."""
    counts = followers(orders(15, 16, 0), 15)
    assert (counts >= 1).sum() == 15 * 14
    assert (counts == 2).sum() == 14


@pytest.mark.parametrize("wrong", [0, -1, 2.5])
def test_what_is_no_number_of_conditions_is_named(wrong):
    for call, name in ((williams, "t"), (lambda t: orders(t, 3), "t"), (lambda n: orders(3, n), "listeners")):
        with pytest.raises(ValueError, match=f"{name} is a whole number"):
            call(wrong)
