"""Ways of analysing a study that are in use and wrong, beside ours, on studies in which nothing changes.

Each false way must be seen to fail: a test that held it as well would show nothing of ours.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from voicenb.statistics import contrast, holm, linear_slope, page_trend, takes_variance, tost

STUDIES = 2000

# Thousands of made-up studies.
pytestmark = pytest.mark.slow


def found(samples, **arguments):
    """How often `contrast` finds a difference, over rows of blocks."""
    return np.mean([contrast(sample, **arguments).p < 0.05 for sample in samples])


def test_the_percentile_bootstrap_of_five_blocks_covers_too_little():
    """Its 95 % interval holds the mean in some 85 of 100 samples; Student's in 95, and ours refuses to bootstrap five."""
    random = np.random.default_rng(1)
    samples = random.normal(0, 1, (STUDIES, 5))
    draws = random.integers(0, 5, (999, 5))
    low, high = np.quantile(samples[:, draws].mean(axis=2), [0.025, 0.975], axis=1)
    assert ((low < 0) & (high > 0)).mean() == pytest.approx(0.848, abs=0.025)
    assert 1 - found(samples) == pytest.approx(0.95, abs=0.015)
    with pytest.raises(ValueError, match="5 blocks were given"):
        contrast(samples[0], method="bootstrap")


@pytest.fixture(scope="module")
def takes():
    """Studies of six blocks with eight takes at each of two levels: on average the level does nothing, and in each block
    (a text in a voice) it does something of its own. Shape ``(studies, blocks, levels, takes)``.
    """
    random = np.random.default_rng(2)
    size = random.normal(0, 2, (STUDIES, 6, 1, 1))
    own = random.normal(0, 0.5, (STUDIES, 6, 2, 1))
    return size + own + random.normal(0, 0.5, (STUDIES, 6, 2, 8))


def test_takes_are_no_blocks(takes):
    """Each pair of takes as a difference of its own finds something in 38 % of all studies; their means do in 5 %."""
    differences = takes[:, :, 1] - takes[:, :, 0]
    assert found(differences.reshape(STUDIES, -1)) > 0.33
    assert found(differences.mean(axis=2)) == pytest.approx(0.05, abs=0.015)


def test_takes_are_no_blocks_for_equivalence_either(takes):
    """At a true difference of the margin the pooled takes call it none in far more than 5 % of all studies."""
    differences = takes[:, :, 1] - takes[:, :, 0] + 1
    pooled = np.mean([tost(one, 1) < 0.05 for one in differences.reshape(STUDIES, -1)])
    averaged = np.mean([tost(one, 1) < 0.05 for one in differences.mean(axis=2)])
    assert pooled > 0.2
    assert averaged == pytest.approx(0.05, abs=0.015)


def test_takes_are_no_blocks_for_a_trend_either():
    """Four levels, each block with its own slope, 0 on average: takes as blocks find a trend in half of all studies.

    Page's test of the means finds one in 19 %, for a slope of its own in each block is an effect of the order to it. The
    slopes of values or of ranks as a contrast hold 5 %.
    """
    random = np.random.default_rng(3)
    slope = random.normal(0, 0.4, (600, 8, 1, 1))
    tables = slope * np.arange(4) + random.normal(0, 0.5, (600, 8, 8, 4))
    means = tables.mean(axis=2)
    assert np.mean([page_trend(table.reshape(-1, 4)).p < 0.05 for table in tables]) > 0.4
    assert np.mean([page_trend(table).p < 0.05 for table in means]) > 0.12
    for values in (means, stats.rankdata(means, axis=2)):
        wrong = np.mean([linear_slope(range(4), table).p < 0.05 for table in values])
        assert wrong == pytest.approx(0.05, abs=0.025)


def test_two_samples_miss_what_blocks_show():
    """Texts differ more than levels do: as two independent samples an effect of one deviation is hardly ever found."""
    random = np.random.default_rng(4)
    first = random.normal(0, 3, (1000, 12))
    second = first + random.normal(1, 1, (1000, 12))
    assert (stats.ttest_ind(first, second, axis=1).pvalue < 0.05).mean() < 0.2
    assert found(second - first) > 0.8


def test_pooled_votes_prefer_what_nobody_does():
    """20 listeners with 20 votes each, who differ in their taste and on average have none: a binomial test of all votes
    finds a preference in a quarter of all studies; each listener's share as a block does in 5 %.
    """
    random = np.random.default_rng(5)
    taste = random.beta(4, 4, (STUDIES, 20))
    votes = random.binomial(20, taste)
    total = votes.sum(axis=1)
    pooled = np.minimum(1, 2 * np.minimum(stats.binom.cdf(total, 400, 0.5), stats.binom.sf(total - 1, 400, 0.5)))
    assert (pooled < 0.05).mean() > 0.2
    assert found(votes / 20 - 0.5) == pytest.approx(0.05, abs=0.015)


def test_the_best_of_ten_measures_is_no_finding():
    """Picking the smallest of ten p-values finds something in 40 % of studies; Holm's in 5 %."""
    samples = np.random.default_rng(6).normal(0, 1, (1000, 10, 6))
    p = stats.ttest_1samp(samples, 0, axis=2).pvalue
    assert (p.min(axis=1) < 0.05).mean() > 0.35
    assert np.mean([holm(row).min() < 0.05 for row in p]) == pytest.approx(0.05, abs=0.02)


def test_not_significant_proves_nothing():
    """Four noisy blocks with a true change of one margin: "p > .05, so no change" says so nearly always; ours hardly ever."""
    samples = np.random.default_rng(7).normal(1, 2, (STUDIES, 4))
    assert 1 - found(samples) > 0.8
    assert np.mean([tost(sample, 1) < 0.05 for sample in samples]) <= 0.06


def test_the_error_of_the_mean_of_takes_is_not_that_of_single_clips():
    """Takes of six texts as independent clips: ± 1.96 errors hold the mean in far fewer than 95 of 100 studies."""
    random = np.random.default_rng(8)
    takes = random.normal(0, 1, (STUDIES, 6, 1)) + random.normal(0, 0.5, (STUDIES, 6, 8))
    clips = takes.reshape(STUDIES, -1)
    assert (abs(clips.mean(axis=1)) < 1.96 * clips.std(axis=1, ddof=1) / np.sqrt(48)).mean() < 0.65
    far = stats.t.ppf(0.975, 5)
    variances = [takes_variance(study) for study in takes[:1000]]
    assert np.mean([abs(one.mean) < far * one.se for one in variances]) == pytest.approx(0.95, abs=0.025)
