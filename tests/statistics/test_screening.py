"""Who is left out: the rules of BS.1534-3 at their edges, and the order that MPEG asks for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from voicenb.statistics import screen


def ratings(*, listeners=20, items=20, **changes):
    """Listeners who rate as expected, but for ``condition={(listener, item): rating}``."""
    usual = {"reference": 100, "system": 60, "mid": 50, "low": 20}
    return [
        (who, item, condition, changes.get(condition, {}).get((who, item), rating))
        for who in range(listeners)
        for item in range(items)
        for condition, rating in usual.items()
    ]


def first(count, rating, listener=3):
    """The listener rates the first items so."""
    return {(listener, item): rating for item in range(count)}


@pytest.mark.parametrize(("count", "out"), [(0, False), (1, False), (3, False), (4, True)])
@pytest.mark.parametrize(("condition", "rating", "rule"), [("reference", 89, "reference"), ("mid", 91, "mid anchor")])
def test_more_than_15_percent_of_20_items(condition, rating, rule, count, out):
    """Three of 20 are exactly 15 %, which is not more."""
    found = screen(ratings(**{condition: first(count, rating)}))
    assert [(one.listener, one.rule, one.count, one.items) for one in found] == [(3, rule, count, 20)] * out
    assert all(f"{count} of 20 items" in one.reason for one in found)


def test_90_is_neither_below_nor_above_90():
    assert screen(ratings(reference=first(20, 90), mid=first(20, 90))) == []


@pytest.mark.parametrize(("others", "out"), [(6, False), (5, True)])
def test_items_that_the_anchor_does_not_impair(others, out):
    """Four items with the mid anchor above 90: by 6 of 20 listeners they do not count, by 5 (25 %) they do."""
    marks = {(who, item): 95 for who in range(others) for item in range(4)}
    found = screen(ratings(mid=marks))
    assert [one.listener for one in found] == list(range(others)) * out
    assert all((one.count, one.items) == (4, 20) for one in found)


def test_items_that_do_not_count_are_not_among_the_items():
    """Ten of 20 items do not count; two of the ten others are then 20 %, and too many."""
    marks = {(who, item): 95 for who in range(10) for item in range(10)} | {(15, 10): 95, (15, 11): 95}
    [found] = screen(ratings(mid=marks))
    assert (found.listener, found.count, found.items) == (15, 2, 10)


def test_the_order_of_mpeg():
    """One item out of order is enough; equal ratings are in order."""
    rows = ratings(low={(2, 7): 51, (4, 1): 50}, mid={(5, 0): 100, (6, 3): 100}, reference={(6, 3): 99})
    assert screen(rows) == []
    found = screen(rows, "mpeg")
    assert [(one.listener, one.rule, one.count) for one in found] == [(2, "order", 1), (6, "order", 1)]
    both = screen(ratings(reference=first(5, 10)), "mpeg")
    assert [one.rule for one in both] == ["reference", "order"]


def test_a_test_without_a_mid_anchor():
    rows = [row for row in ratings(reference=first(4, 80)) if row[2] != "mid"]
    assert [one.rule for one in screen(rows, mid=None)] == ["reference"]
    with pytest.raises(ValueError, match="mid is one of"):
        screen(rows)
    with pytest.raises(ValueError, match="mid is one of"):
        screen(rows, "mpeg", mid=None)


@given(st.lists(st.integers(80, 100), min_size=1, max_size=40))
def test_any_ratings_of_the_reference(given_ratings):
    """Written out for one listener."""
    rows = [("x", item, "HR", rating) for item, rating in enumerate(given_ratings)]
    below = sum(rating < 90 for rating in given_ratings)
    found = screen(rows, reference="HR", mid=None)
    assert bool(found) == (below * 20 > 3 * len(given_ratings))


def test_what_is_no_rating_is_named():
    rows = ratings(listeners=2, items=2)
    for wrong, word in (
        ([], "empty"),
        ([*rows, rows[0]], "twice"),
        ([*rows[1:], (0, 0, "reference", 101)], "between 0 and 100"),
        ([*rows[1:], (0, 0, "reference", np.nan)], "no finite"),
    ):
        with pytest.raises(ValueError, match=word):
            screen(wrong)
    with pytest.raises(ValueError, match="rule"):
        screen(rows, "book")
    with pytest.raises(ValueError, match="reference is one of"):
        screen(rows, reference="HR")
