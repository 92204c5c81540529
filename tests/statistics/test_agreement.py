"""Agreement of raters, against the published examples."""

from __future__ import annotations

from itertools import permutations
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given, strategies as st

from voicenb.statistics import intraclass_correlations, krippendorff_alpha

TABLE = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]

# Krippendorff's examples: three observers and 15 units; four and 12 units (Computing Krippendorff's α-reliability, 2011).
THREE = [
    [nan, nan, nan, nan, nan, 3, 4, 1, 2, 1, 1, 3, 3, nan, 3],
    [1, nan, 2, 1, 3, 3, 4, 3, nan, nan, nan, nan, nan, nan, nan],
    [nan, nan, 2, 1, 3, 4, 4, nan, 2, 1, 1, 3, 3, nan, 4],
]
FOUR = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, nan, nan, nan],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, nan, 3],
    [nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, nan],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, nan],
]

ratings = st.lists(st.lists(st.sampled_from([1.0, 2.0, 3.0, 5.0, nan]), min_size=4, max_size=4), min_size=1, max_size=5)


def test_shrout_and_fleiss():
    """Mean squares and all six forms, as published."""
    found = intraclass_correlations(TABLE)
    squares = (found.between_targets, found.between_raters, found.within_targets, found.residual)
    assert squares == pytest.approx((11.2417, 32.4861, 6.2639, 1.01944), abs=5e-5)
    single = (found.one_way, found.agreement, found.consistency)
    assert single == pytest.approx((0.17, 0.29, 0.71), abs=0.006)
    mean = (found.one_way_mean, found.agreement_mean, found.consistency_mean)
    assert mean == pytest.approx((0.44, 0.62, 0.91), abs=0.006)
    assert (found.targets, found.raters) == (6, 4)


def test_levels_of_raters_count_for_agreement_alone():
    table = np.array(TABLE)
    moved = intraclass_correlations(table + np.array([0, 0, 0, 5]))
    plain = intraclass_correlations(table)
    assert moved.consistency == pytest.approx(plain.consistency)
    assert moved.agreement < plain.agreement
    same = intraclass_correlations(table[:, [0, 0, 0]])
    assert (same.one_way, same.agreement, same.consistency, same.agreement_mean) == pytest.approx((1, 1, 1, 1))
    assert isnan(intraclass_correlations(np.full((3, 7), 0.1)).agreement)


@pytest.mark.parametrize(
    ("table", "metric", "alpha"),
    [
        (THREE, "nominal", 0.691),
        (THREE, "interval", 0.811),
        (THREE, "ordinal", 0.807),
        (FOUR, "nominal", 0.743),
        (FOUR, "ordinal", 0.815),
        (FOUR, "interval", 0.849),
    ],
)
def test_krippendorffs_examples(table, metric, alpha):
    assert krippendorff_alpha(table, metric) == pytest.approx(alpha, abs=1e-3)


def pair_by_pair(table, metric):
    """α written out: over pairs within units, and over all pairs."""
    units = [[value for value in column if not isnan(value)] for column in zip(*table, strict=True)]
    units = [unit for unit in units if len(unit) > 1]
    all_values = sorted(value for unit in units for value in unit)

    def apart(a, b):
        if metric == "nominal":
            return float(a != b)
        if metric == "interval":
            return (a - b) ** 2
        low, high = sorted((a, b))
        between = sum(low <= value <= high for value in all_values)
        return (between - (all_values.count(a) + all_values.count(b)) / 2) ** 2 if a != b else 0.0

    seen = sum(sum(apart(*pair) for pair in permutations(unit, 2)) / (len(unit) - 1) for unit in units)
    chance = sum(apart(*pair) for pair in permutations(all_values, 2))
    return 1 - (len(all_values) - 1) * seen / chance if chance else nan


@given(ratings, st.sampled_from(["nominal", "ordinal", "interval"]))
def test_any_table(table, metric):
    expected = pair_by_pair(table, metric)
    assert krippendorff_alpha(table, metric) == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_what_is_no_table_is_named():
    for wrong in ([[1, 2]], [1, 2], [[1, nan], [1, 2]]):
        with pytest.raises(ValueError, match="ratings"):
            intraclass_correlations(wrong)
    for wrong in ([1, 2], [[np.inf, 1]]):
        with pytest.raises(ValueError, match="ratings"):
            krippendorff_alpha(wrong)
    with pytest.raises(ValueError, match="metric"):
        krippendorff_alpha([[1, 2]], "ratio")
    assert isnan(krippendorff_alpha([[1, nan], [nan, 2]]))
