"""The mean difference within blocks: its interval covers, its p-value holds, and equal input gives equal output."""

from __future__ import annotations

from dataclasses import asdict
from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

from voicenb.statistics import contrast

DIFFERENCES = [0.2, -0.1, 0.3, 0.0, -0.2, 0.1, 0.15, -0.05, 0.05, -0.15]

numbers = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda value: round(value, 6))
blocks = st.lists(numbers, min_size=2, max_size=30)
many_blocks = st.lists(numbers, min_size=20, max_size=40)


def same(one, other, tolerance=1e-6):
    """Two contrasts agree, with a tolerance relative to how much the blocks differ."""
    return asdict(one) == pytest.approx(asdict(other), rel=tolerance, abs=tolerance * (1 + abs(one.sd)), nan_ok=True)


def test_the_t_interval_of_a_known_example():
    """The published p .568; the 90 % interval is that of the equivalence example."""
    found = contrast(DIFFERENCES, level=0.9)
    assert (found.blocks, found.df, found.dropped, found.method) == (10, 9, 0, "t")
    assert found.p == pytest.approx(0.568, abs=5e-4)
    assert (found.low, found.high) == pytest.approx((-0.06287, 0.12287), abs=5e-6)


@pytest.mark.parametrize("count", [2, 3, 7, 40])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
def test_the_t_interval_is_scipys(count, level):
    """Estimate, interval and p-value against `scipy.stats.ttest_1samp`."""
    values = np.random.default_rng(count).normal(0.3, 2, count)
    found, expected = contrast(values, level=level), stats.ttest_1samp(values, 0)
    interval = expected.confidence_interval(level)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert found.sd == pytest.approx(values.std(ddof=1))


def test_blocks_that_are_nan_are_dropped_and_counted():
    """They change nothing but the count."""
    with_gaps = contrast([np.nan, *DIFFERENCES, np.nan])
    assert with_gaps.dropped == 2
    assert asdict(with_gaps) == {**asdict(contrast(DIFFERENCES)), "dropped": 2}


def test_too_few_blocks_give_an_estimate_and_no_interval():
    """One block has a mean and no spread; none has nothing."""
    one = contrast([1.5, np.nan])
    assert (one.estimate, one.blocks, one.df, one.dropped) == (1.5, 1, 0, 1)
    assert all(map(isnan, (one.low, one.high, one.p, one.sd)))
    none = contrast([])
    assert all(map(isnan, (none.estimate, none.low, none.high, none.p, none.sd)))
    assert (none.blocks, none.df) == (0, 0)


@pytest.mark.parametrize("method", ["t", "bootstrap"])
def test_equal_differences_have_no_spread(method):
    """The interval is the point. 0.1 is a number whose plain mean of 23 is not 0.1."""
    some = contrast([0.1] * 23, method=method)
    assert (some.estimate, some.low, some.high, some.sd, some.p) == (0.1, 0.1, 0.1, 0.0, 0.0)
    none = contrast([0.0] * 23, method=method)
    assert (none.estimate, none.low, none.high, none.sd, none.p) == (0.0, 0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize("scale", [1e-200, 1e150])
def test_very_small_and_very_large_differences_stay_numbers(scale):
    """Their squares would not be."""
    assert contrast(np.array(DIFFERENCES) * scale).p == pytest.approx(contrast(DIFFERENCES).p)


def test_a_bootstrap_of_few_blocks_is_refused():
    """The message says how many were given, and how many it takes."""
    with pytest.raises(ValueError, match=r"19 blocks were given.* 20 at least"):
        contrast([*np.arange(19.0), np.nan], method="bootstrap")
    assert contrast(np.arange(20.0), method="bootstrap").blocks == 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"differences": [[1.0, 2.0]]}, r"shape \(1, 2\)", id="shape"),
        pytest.param({"differences": [1.0, np.inf, -np.inf]}, "2 of 3 values are infinite", id="infinite"),
        pytest.param({"level": 95}, "given was 95", id="level"),
        pytest.param({"level": 1.0}, "between 0 and 1", id="level of 1"),
        pytest.param({"method": "bca"}, "given was 'bca'", id="method"),
        pytest.param(
            {"differences": np.arange(20.0), "method": "bootstrap", "level": 0.9999}, "resamples", id="resamples"
        ),
    ],
)
def test_what_is_wrong_is_said(arguments, message):
    with pytest.raises(ValueError, match=message):
        contrast(**{"differences": DIFFERENCES, **arguments})


def test_the_bootstrap_is_its_seed():
    """The same seed gives the same figures; another gives others, close by."""
    values = np.random.default_rng(5).exponential(size=30)
    one, again, other = (contrast(values, method="bootstrap", seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert one.low != other.low
    assert one.low == pytest.approx(other.low, abs=0.1 * one.sd)


def test_the_bootstraps_interval_and_p_value_agree():
    """0 lies outside the 95 % interval where p is at most 0.05, and nowhere else."""
    random = np.random.default_rng(6)
    found = [contrast(random.exponential(size=20) - 0.6, method="bootstrap") for _ in range(60)]
    outside = [not one.low < 0 < one.high for one in found]
    assert outside == [one.p <= 0.05 for one in found]
    assert 10 < sum(outside) < 60


def test_the_bootstraps_p_value_has_a_smallest_value():
    """The sample itself counts among the resamples on either side: 2/5,000 where none of them lies as far off."""
    assert contrast(np.linspace(99, 101, 30), method="bootstrap").p == 2 / 5000


def test_the_bootstrap_follows_the_skew():
    """Large values pull mean and spread up together: the mean of a right-skewed sample is more often too low."""
    values = np.random.default_rng(7).exponential(size=60)
    found = contrast(values, method="bootstrap")
    assert found.high - found.estimate > 1.15 * (found.estimate - found.low)


def test_many_blocks_are_resampled_piece_by_piece():
    """With more blocks than fit at once the interval approaches Student's."""
    values = np.random.default_rng(8).normal(1, 1, 3000)
    bootstrap, student = contrast(values, method="bootstrap"), contrast(values)
    assert (bootstrap.low, bootstrap.high) == pytest.approx((student.low, student.high), abs=0.1 / np.sqrt(3000))


def test_mostly_equal_differences_have_an_open_end():
    """19 zeros and a one: more than a third of all resamples hold no one, and nothing bounds the mean from above."""
    found = contrast([0.0] * 19 + [1.0], method="bootstrap")
    assert found.high == np.inf
    assert found.p > 0.05
    with_its_mean_in_it = contrast([-1.0, *[0.0] * 18, 1.0], method="bootstrap")
    assert np.isfinite([with_its_mean_in_it.low, with_its_mean_in_it.high]).all()


def test_student_covers_with_five_blocks():
    """The 95 % interval holds the true mean in 95 of 100 samples; and half of the misses are on either side."""
    samples = np.random.default_rng(9).normal(3, 2, (4000, 5))
    found = [contrast(sample) for sample in samples]
    below, above = np.mean([one.low > 3 for one in found]), np.mean([one.high < 3 for one in found])
    assert 1 - below - above == pytest.approx(0.95, abs=0.01)
    assert below == pytest.approx(above, abs=0.01)


def test_student_finds_what_is_not_there_in_five_of_hundred():
    """And with twice as many errors allowed, twice as often."""
    p = np.array([contrast(sample).p for sample in np.random.default_rng(10).normal(0, 1, (4000, 6))])
    assert (p < 0.05).mean() == pytest.approx(0.05, abs=0.01)
    assert (p < 0.1).mean() == pytest.approx(0.1, abs=0.015)


def test_the_studentised_bootstrap_covers_a_skewed_mean_better_than_student():
    """Log-normal differences (σ = 1), 20 blocks: 91 of 100, where Student's interval holds the mean in 87."""
    samples = np.random.default_rng(11).lognormal(0, 1, (600, 20))
    truth = np.exp(0.5)
    covered = {
        method: np.mean(
            [one.low <= truth <= one.high for one in (contrast(sample, method=method) for sample in samples)]
        )
        for method in ("t", "bootstrap")
    }
    assert covered["bootstrap"] > covered["t"] + 0.03
    assert covered["bootstrap"] > 0.9


@given(blocks, st.randoms(use_true_random=False))
def test_the_order_of_the_blocks_makes_no_difference(values, random):
    """Not even by rounding."""
    shuffled = list(values)
    random.shuffle(shuffled)
    assert contrast(shuffled) == contrast(values)


@settings(max_examples=20)
@given(many_blocks, st.randoms(use_true_random=False))
def test_the_order_of_the_blocks_makes_no_difference_to_the_bootstrap(values, random):
    shuffled = list(values)
    random.shuffle(shuffled)
    assert contrast(shuffled, method="bootstrap") == contrast(values, method="bootstrap")


@given(blocks, st.sampled_from([0.001, 0.5, 3.0, 1e4]), st.sampled_from([1, -1]))
def test_another_unit_is_another_unit(values, factor, sign):
    """The interval scales with the differences, and turns with their sign; the p-value stays."""
    plain, scaled = contrast(values), contrast(np.array(values) * factor * sign)
    assert scaled.p == pytest.approx(plain.p, abs=1e-9)
    assert scaled.estimate == pytest.approx(plain.estimate * factor * sign, abs=1e-9 * factor)
    ends = sorted([plain.low * factor * sign, plain.high * factor * sign])
    assert [scaled.low, scaled.high] == pytest.approx(ends, rel=1e-9, abs=1e-9 * factor)


@given(blocks, st.sampled_from([-1000.0, 0.25, 77.0]))
def test_a_constant_moves_the_interval_and_nothing_else(values, constant):
    plain, moved = contrast(values), contrast(np.array(values) + constant)
    assert [moved.low - constant, moved.high - constant, moved.sd] == pytest.approx(
        [plain.low, plain.high, plain.sd], rel=1e-6, abs=1e-6
    )


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from([0.001, 8.0, 1e4]), st.sampled_from([-10.0, 0.0, 3.0]))
def test_the_bootstrap_scales_and_moves_with_the_differences(seed, factor, constant):
    values = np.random.default_rng(seed).exponential(size=25)
    plain = contrast(values, method="bootstrap")
    other = contrast(values * factor + constant, method="bootstrap")
    expected = [plain.low * factor + constant, plain.high * factor + constant]
    assert [other.low, other.high] == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(blocks)
def test_a_higher_level_is_a_wider_interval(values):
    """Each holds the one below it, and the estimate."""
    narrow, wide = contrast(values, level=0.9), contrast(values, level=0.99)
    assert wide.low <= narrow.low <= narrow.estimate <= narrow.high <= wide.high


@given(blocks, st.sampled_from([0.8, 0.95, 0.99]))
def test_the_interval_and_the_p_value_say_the_same(values, level):
    """0 lies outside the interval where p is below 1 − level."""
    found = contrast(values, level=level)
    if abs(found.p - (1 - level)) > 1e-9:
        assert (found.p < 1 - level) == (not found.low <= 0 <= found.high)
