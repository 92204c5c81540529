"""Variance components: takes in groups, and crossed factors."""

from __future__ import annotations

from math import inf, isnan, sqrt

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from voicenb.statistics import components, takes_variance

# Yield of dyestuff in g: 5 samples of each of 6 batches (Davies 1947; lme4's Dyestuff).
DYESTUFF = [
    [1545, 1440, 1440, 1520, 1580],
    [1540, 1555, 1490, 1560, 1495],
    [1595, 1550, 1605, 1510, 1560],
    [1445, 1440, 1595, 1465, 1545],
    [1595, 1630, 1515, 1635, 1625],
    [1520, 1455, 1450, 1480, 1445],
]
# Six targets, each rated once by each of four judges (Shrout & Fleiss 1979).
RATINGS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def long(table):
    """A table's values and the codes of its axes, as rows."""
    table = np.asarray(table, dtype=float)
    return table.ravel(), [axis.ravel() for axis in np.indices(table.shape)]


def crossed(random, sizes, takes, deviations, rest):
    """A simulated crossed table: main effects with their deviations, an interaction, takes."""
    interaction, take = rest
    table = random.normal(0, take, (*sizes, takes)) + random.normal(0, interaction, sizes)[..., None]
    for axis, deviation in enumerate(deviations):
        shape = [1] * (len(sizes) + 1)
        shape[axis] = sizes[axis]
        table = table + random.normal(0, deviation, shape)
    return table


def test_dyestuff():
    """The published components, which REML gives for groups of one size."""
    found = takes_variance(DYESTUFF)
    assert (found.between, found.residual) == pytest.approx((1764.05, 2451.25), abs=5e-3)
    assert (found.mean, found.se) == pytest.approx((1527.5, 19.3834), abs=5e-5)
    assert found.f == pytest.approx(4.5983, abs=5e-5)
    assert (found.groups, found.takes, found.truncated, found.told_apart) == (6, 30, False, True)
    one_way = stats.f_oneway(*DYESTUFF)
    assert (found.f, found.p) == pytest.approx((one_way.statistic, one_way.pvalue))


def test_dyestuff_as_a_long_table():
    """One factor and its takes: the same components, as shares."""
    values, (batch, _) = long(DYESTUFF)
    found = components(values, {"batch": batch})
    assert found.variances == pytest.approx({"batch": 1764.05, "take": 2451.25})
    assert found.shares == pytest.approx({"batch": 1764.05 / 4215.3, "take": 2451.25 / 4215.3})
    assert (found.truncated, found.told_apart, found.rows, found.dropped) == ((), True, 30, 0)


def test_statsmodels_gives_the_same():
    formula = pytest.importorskip("statsmodels.formula.api")
    pandas = pytest.importorskip("pandas")
    values, (batch, _) = long(DYESTUFF)
    fitted = formula.mixedlm("y ~ 1", pandas.DataFrame({"y": values, "b": batch}), groups="b").fit()
    found = takes_variance(DYESTUFF)
    assert found.between == pytest.approx(float(fitted.cov_re.iloc[0, 0]), rel=1e-3)
    assert found.residual == pytest.approx(float(fitted.scale), rel=1e-3)


def test_the_ratings_of_shrout_and_fleiss():
    """Mean squares 11.2417, 32.4861 and 1.01944; the targets' share is their ICC(2,1), .29."""
    values, (target, judge) = long(RATINGS)
    found = components(values, {"target": target, "judge": judge})
    assert found.variances == pytest.approx(
        {"target": (11.2417 - 1.01944) / 4, "judge": (32.4861 - 1.01944) / 6, "take and interaction": 1.01944}, rel=2e-5
    )
    assert found.shares["target"] == pytest.approx(0.29, abs=5e-3)
    assert found.shares["target"] / (1 - found.shares["judge"]) == pytest.approx(0.71, abs=0.005)


def test_one_take_a_cell_cannot_be_told_from_the_interaction():
    """It is named so; a single cell with a second take is enough to tell them apart."""
    values, (target, judge) = long(RATINGS)
    found = components(values, {"target": target, "judge": judge})
    assert not found.told_apart
    assert list(found.variances) == list(found.shares) == ["target", "judge", "take and interaction"]
    again = components([*values, 8.0], {"target": [*target, 0], "judge": [*judge, 0]})
    assert again.told_apart
    assert list(again.variances) == ["target", "judge", "interaction", "take"]
    assert again.variances["take"] == pytest.approx(0.5)  # 9 and 8


def test_groups_with_one_take_each_tell_nothing_apart():
    """The mean and its error are there all the same."""
    found = takes_variance([[1.0], [2.0], [4.0]])
    assert not found.told_apart
    assert all(map(isnan, (found.between, found.residual, found.f, found.p)))
    assert (found.mean, found.se) == pytest.approx((7 / 3, np.std([1, 2, 4], ddof=1) / sqrt(3)))


def test_one_group_has_takes_and_nothing_between():
    found = takes_variance([[1.0, 2.0, 4.0]])
    assert found.residual == pytest.approx(7 / 3)
    assert found.told_apart
    assert all(map(isnan, (found.between, found.se, found.f, found.p)))


def test_a_negative_component_is_none_and_said():
    """Groups that differ less than their takes do."""
    found = takes_variance([[0, 10], [1, 9], [2, 8]])
    assert (found.between, found.truncated) == (0, True)
    assert found.se == pytest.approx(sqrt(found.residual / 6))
    values, (group, _) = long([[0, 10], [1, 9], [2, 8]])
    shares = components(values, {"group": group})
    assert shares.truncated == ("group",)
    assert shares.shares == pytest.approx({"group": 0, "take": 1})


def test_takes_that_are_all_equal():
    """A generator with a working seed: nothing varies from take to take."""
    found = takes_variance([[0.1] * 3, [0.3] * 3])
    assert (found.residual, found.f, found.p) == (0, inf, 0)
    assert found.between == pytest.approx(0.02)
    nothing = takes_variance([[0.1] * 3, [0.1] * 3])
    assert (nothing.between, nothing.residual, nothing.se, nothing.truncated) == (0, 0, 0, False)
    assert isnan(nothing.f)
    flat = components([0.1] * 6, {"text": [0, 0, 0, 1, 1, 1]})
    assert flat.variances == {"text": 0, "take": 0}
    assert all(map(isnan, flat.shares.values()))


def test_takes_that_are_missing_do_not_count():
    found = takes_variance([[*DYESTUFF[0], np.nan], *DYESTUFF[1:], [], [np.nan]])
    assert found == takes_variance(DYESTUFF)
    values, (batch, _) = long(DYESTUFF)
    table = components([*values, np.nan], {"batch": [*batch, 99]})
    assert (table.rows, table.dropped) == (30, 1)
    assert table.variances == components(values, {"batch": batch}).variances


def test_groups_of_different_sizes_by_hand():
    """Sizes 1, 2, 3: n₀ = (6 − 14/6)/2."""
    groups = [[1.0], [2.0, 4.0], [6.0, 7.0, 8.0]]
    residual = (2 + 2) / 3
    mean = 28 / 6
    square = ((1 - mean) ** 2 + 2 * (3 - mean) ** 2 + 3 * (7 - mean) ** 2) / 2
    between = (square - residual) / ((6 - 14 / 6) / 2)
    found = takes_variance(groups)
    assert (found.residual, found.between, found.f) == pytest.approx((residual, between, square / residual))
    assert found.se == pytest.approx(sqrt(between * 14 / 36 + residual / 6))
    rows = components(np.concatenate(groups), {"group": np.repeat([0, 1, 2], [1, 2, 3])})
    assert rows.variances == pytest.approx({"group": between, "take": residual})


def test_unbalanced_groups_are_unbiased():
    """Over many studies of uneven groups the estimates are the truth: 4 and 1; the standard error is the mean's own."""
    random = np.random.default_rng(1)
    sizes = [2, 3, 3, 4, 5, 7, 2, 6]
    found = [takes_variance([random.normal(random.normal(10, 2), 1, n) for n in sizes]) for _ in range(1500)]
    assert np.mean([one.residual for one in found]) == pytest.approx(1, abs=0.03)
    assert np.mean([one.between for one in found]) == pytest.approx(4, abs=0.2)
    assert np.mean([one.se**2 for one in found]) == pytest.approx(np.var([one.mean for one in found]), rel=0.1)


def test_a_balanced_crossed_table_by_its_mean_squares():
    """Two crossed factors with takes, by the textbook's formulas."""
    table = crossed(np.random.default_rng(2), (4, 5), 3, (3, 2), (1.5, 1))
    grand, rows, columns, cells = table.mean(), table.mean(axis=(1, 2)), table.mean(axis=(0, 2)), table.mean(axis=2)
    first = 15 * np.square(rows - grand).sum() / 3
    second = 12 * np.square(columns - grand).sum() / 4
    both = 3 * np.square(cells - rows[:, None] - columns + grand).sum() / 12
    take = np.square(table - cells[..., None]).sum() / 40
    values, (a, b, _) = long(table)
    found = components(values, {"a": a, "b": b})
    expected = {"a": (first - both) / 15, "b": (second - both) / 12, "interaction": (both - take) / 3, "take": take}
    assert found.variances == pytest.approx(expected)
    assert found.truncated == ()
    turned = components(values, {"b": b, "a": a})
    assert turned.variances == pytest.approx(expected)
    assert list(turned.variances) == ["b", "a", "interaction", "take"]


def test_factor_text_voice_and_take_are_found_again():
    """Over many studies the components are those that were put in, with rows missing at random."""
    random = np.random.default_rng(3)
    truth = {"speed": 4.0, "text": 2.25, "voice": 1.0, "interaction": 0.64, "take": 0.25}
    sums = dict.fromkeys(truth, 0.0)
    for _ in range(300):
        table = crossed(random, (5, 6, 4), 2, (2, 1.5, 1), (0.8, 0.5))
        values, (speed, text, voice, _) = long(table)
        values[random.uniform(size=len(values)) < 0.2] = np.nan
        found = components(values, {"speed": speed, "text": text, "voice": voice})
        assert found.told_apart
        for name in truth:
            sums[name] += found.variances[name] / 300
    assert sums["take"] == pytest.approx(0.25, abs=0.01)
    assert sums["interaction"] == pytest.approx(0.64, abs=0.03)
    assert sums["speed"] == pytest.approx(4, abs=0.6)
    assert sums["text"] == pytest.approx(2.25, abs=0.3)
    assert sums["voice"] == pytest.approx(1, abs=0.2)


def test_rounding_is_no_negative_component():
    """A table that is a sum of its factors' levels, with equal takes, has two components and no others."""
    table = np.array([0.1, 0.3, 0.7])[:, None, None] + np.array([1 / 3, 1.1, 2.7, 0.9])[:, None] + np.zeros(3)
    values, (text, voice, _) = long(table)
    found = components(values, {"text": text, "voice": voice})
    assert found.truncated == ()
    assert (found.variances["interaction"], found.variances["take"]) == (0, 0)
    assert found.variances["text"] == pytest.approx(np.var([0.1, 0.3, 0.7], ddof=1))


def test_what_the_table_cannot_show_is_nan():
    """A factor of one level, and one that goes along with another; the rest is as without it."""
    values, (target, judge) = long(RATINGS)
    plain = components(values, {"target": target, "judge": judge})
    found = components(values, {"voice": np.zeros(24), "target": target, "same": target + 7, "judge": judge})
    assert isnan(found.variances["voice"])
    assert isnan(found.shares["same"])
    assert {name: found.variances[name] for name in plain.variances} == pytest.approx(plain.variances)
    lone = components([1.0, 2.0], {"text": ["a", "b"]})
    assert all(map(isnan, [*lone.variances.values(), *lone.shares.values()]))
    assert not lone.told_apart


def test_codes_may_be_anything_that_sorts():
    values, (target, judge) = long(RATINGS)
    names = np.array(["anna", "béla", "carl", "dora"])[judge]
    found = components(values, {"target": target * 2.5 - 1, "judge": names})
    assert found.variances == pytest.approx(components(values, {"target": target, "judge": judge}).variances)


@pytest.mark.slow
def test_a_large_table_takes_no_long_time():
    """10,000 rows of 400 texts, 5 levels, 5 voices: the texts' share is found."""
    random = np.random.default_rng(4)
    table = crossed(random, (5, 400, 5), 1, (0.3, 2, 0.3), (0.6, 0.8))
    values, (speed, text, voice, _) = long(table)
    found = components(values, {"speed": speed, "text": text, "voice": voice})
    assert found.variances["text"] == pytest.approx(4, rel=0.2)
    assert found.variances["take and interaction"] == pytest.approx(1, rel=0.05)


@given(st.integers(0, 10_000), st.sampled_from([1e-3, 2.0, 1e3]), st.sampled_from([-50.0, 0.0, 7.0]))
def test_units_and_order_make_no_difference(seed, factor, constant):
    """Shares stay when values are scaled and moved and rows are shuffled; variances scale with the square."""
    random = np.random.default_rng(seed)
    values, (a, b, _) = long(crossed(random, (3, 4), 2, (1, 2), (0.5, 0.5)))
    order = random.permutation(len(values))
    plain = components(values, {"a": a, "b": b})
    other = components((values * factor + constant)[order], {"a": a[order], "b": b[order]})
    assert other.truncated == plain.truncated
    assert other.shares == pytest.approx(plain.shares, abs=1e-6)
    assert other.variances["take"] == pytest.approx(plain.variances["take"] * factor**2, rel=1e-5)
    groups = list(values.reshape(3, -1))
    one, two = takes_variance(groups), takes_variance([group[::-1] * factor for group in groups[::-1]])
    assert (two.f, two.p) == pytest.approx((one.f, one.p))
    assert (two.between, two.se) == pytest.approx((one.between * factor**2, one.se * factor))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(lambda: takes_variance([[], [np.nan]]), "no take", id="no take"),
        pytest.param(lambda: takes_variance([[1.0, np.inf]]), "infinite", id="infinite take"),
        pytest.param(lambda: components([1.0, 2.0], {}), "a factor at least", id="no factor"),
        pytest.param(lambda: components([1.0, 2.0], {"a": [1]}), "factor 'a' has shape", id="shape"),
        pytest.param(lambda: components([1.0, 2.0], {"take": [1, 2]}), "call the factor otherwise", id="name"),
        pytest.param(lambda: components([np.nan], {"a": [1]}), "no row", id="no row"),
        pytest.param(lambda: components([np.inf], {"a": [1]}), "infinite", id="infinite"),
    ],
)
def test_what_is_wrong_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()
