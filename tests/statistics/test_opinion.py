"""Mean opinions over listeners and clips, against published mean squares and against the same sums with whole matrices."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

from voicenb.statistics import mean_opinion, opinion_difference

# Shrout & Fleiss 1979: six targets (clips), four judges (listeners).
TABLE = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
CLIPS, LISTENERS = (codes.ravel() for codes in np.indices(TABLE.shape))

cells = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 6)), min_size=12, max_size=40, unique=True)


def test_shrout_and_fleiss():
    """The variance of the mean and its degrees of freedom, of the published mean squares 11.24, 32.49 and 1.02."""
    found = mean_opinion(LISTENERS, CLIPS, TABLE.ravel())
    assert found.mean == pytest.approx(5.29167, abs=1e-5)
    assert found.se**2 == pytest.approx(1.779514, abs=1e-6)
    assert found.df == pytest.approx(4.8366, abs=1e-4)
    reach = stats.t.ppf(0.975, found.df) * found.se
    assert (found.low, found.high) == pytest.approx((found.mean - reach, found.mean + reach))
    clips, listeners, rest = (11.2417 - 1.01944) / 4, (32.4861 - 1.01944) / 6, 1.01944
    assert (found.clip, found.listener, found.residual) == pytest.approx((clips, listeners, rest), abs=2e-5)
    assert (found.listeners, found.clips, found.votes, found.truncated) == (4, 6, 24, ())


def test_crowdmos_takes_fewer_degrees_of_freedom_and_smaller_variances():
    """CrowdMOS (`mean-opinion-score` 0.0.2): the same two kinds of chance, variances with ddof 0, and t of one less than the fewer.

    Its interval of the same table is ±3.80841; of votes as if they were independent it is ±1.06152. Ours lies between.
    """
    scores = TABLE.astype(float)
    within, across, whole = scores.var(axis=0).mean(), scores.var(axis=1).mean(), scores.var()
    clips, listeners = scores.shape
    variance = (whole - across) / clips + (whole - within) / listeners + (within + across - whole) / scores.size
    crowd = stats.t.ppf(0.975, min(scores.shape) - 1) * np.sqrt(variance)
    assert crowd == pytest.approx(3.80841, abs=1e-5)
    clip, listener = np.indices(scores.shape)
    ours = mean_opinion(listener.ravel(), clip.ravel(), scores.ravel())
    assert 1.06152 < (ours.high - ours.low) / 2 < crowd


def whole_matrices(first, second, values):
    """Variances by Henderson's first method, and the error and the degrees of freedom of the mean, written out."""
    count = len(values)
    one, other = np.eye(first.max() + 1)[first], np.eye(second.max() + 1)[second]
    mean = np.full((count, count), 1 / count)
    forms = [part / part.sum(axis=0) @ part.T - mean for part in (one, other)] + [np.eye(count) - mean]
    kinds = [one @ one.T, other @ other.T, np.eye(count)]
    expected = np.array([[np.trace(form @ kind) for kind in kinds] for form in forms])
    if abs(np.linalg.det(expected)) < 1e-6:
        return None
    variances = np.linalg.solve(expected, [values @ form @ values for form in forms])
    of_mean = np.array([kind.sum() / count**2 for kind in kinds])
    form = np.tensordot(np.linalg.solve(expected.T, of_mean), forms, 1)
    both = form @ np.tensordot(variances, kinds, 1)
    variance = of_mean @ variances
    return variances, variance, variance**2 / np.trace(both @ both)


@settings(max_examples=60, deadline=None)
@given(cells, st.integers(0, 2**32 - 1))
def test_incomplete_crossings(pairs, seed):
    """Any votes that were given: as with whole matrices where no variance comes out below 0."""
    random = np.random.default_rng(seed)
    pairs.sort()
    first, second = (np.unique(codes, return_inverse=True)[1] for codes in np.array(pairs).T)
    values = random.normal(0, 2, 6)[first] + random.normal(0, 2, 7)[second] + random.normal(0, 1, len(pairs))
    found = mean_opinion(first, second, values)
    assert found.mean == pytest.approx(values.mean())
    fewest = min(found.listeners, found.clips)
    if fewest < 2:
        assert isnan(found.low)
        return
    assert found.low <= found.mean <= found.high
    expected = None if max(found.listeners, found.clips) == len(values) else whole_matrices(first, second, values)
    if expected is not None and (expected[0] > 1e-6).all():
        variances, variance, df = expected
        assert (found.listener, found.clip, found.residual) == pytest.approx(tuple(variances), rel=1e-6)
        assert found.se == pytest.approx(np.sqrt(variance))
        assert found.df == pytest.approx(min(max(df, fewest - 1), len(values) - 1), rel=1e-6)
    # Listeners and clips are treated alike.
    turned = mean_opinion(second, first, values)
    assert (turned.low, turned.high) == pytest.approx((found.low, found.high), rel=1e-6, abs=1e-9)


def test_a_variance_below_0_is_left_out():
    """Listeners who differ less than chance: the interval is Student's of the clips' means."""
    random = np.random.default_rng(3)
    table = random.normal(0, 1, (6, 5)) + random.normal(0, 2, (6, 1))
    table -= table.mean(axis=0)
    found = mean_opinion(
        LISTENERS.max() + 1 + np.indices((6, 5))[1].ravel(), np.indices((6, 5))[0].ravel(), table.ravel()
    )
    assert found.truncated == ("listener",)
    assert found.listener == 0
    theirs = stats.ttest_1samp(table.mean(axis=1), 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))
    assert found.df == pytest.approx(5)


def test_one_vote_a_listener():
    """Listeners with one vote each are part of the rest; clips are then a one-way layout."""
    random = np.random.default_rng(4)
    clips = np.repeat(np.arange(8), 6)
    scores = random.normal(0, 1, 8)[clips] + random.normal(0, 1, 48)
    found = mean_opinion(range(48), clips, scores)
    assert isnan(found.listener)
    theirs = stats.ttest_1samp(scores.reshape(8, 6).mean(axis=1), 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))


def test_too_few():
    """Of one listener or one clip no interval can be given."""
    for found in (mean_opinion(["a"] * 3, [1, 2, 3], [4, 5, 3]), mean_opinion([1, 2, 3], ["x"] * 3, [4, 5, 3])):
        assert found.mean == 4
        assert all(map(isnan, (found.low, found.high, found.se, found.df)))
    same = mean_opinion([1, 1, 2, 2], [1, 2, 1, 2], [0.1] * 4)
    assert (same.low, same.mean, same.high) == (0.1, 0.1, 0.1)


def test_a_vote_given_twice_counts_once():
    once = mean_opinion(LISTENERS, CLIPS, TABLE.ravel())
    again = mean_opinion([*LISTENERS, 0, 0], [*CLIPS, 0, 0], [*TABLE.ravel(), 10, 8])
    assert again.votes == 26
    assert (again.mean, again.low) == pytest.approx((once.mean, once.low))


def long(table):
    """Rows of a table (listeners, clips, systems)."""
    return [codes.ravel() for codes in np.indices(table.shape)], table.ravel()


def test_two_systems_on_matched_clips():
    """The difference is a mean opinion of differences; a listener who heard one of the two only does not count."""
    random = np.random.default_rng(5)
    table = random.normal(0, 1, (10, 8, 3)) + random.normal(0, 2, (10, 1, 1)) + random.normal(0, 2, (1, 8, 1))
    table[:, :, 1] += 0.9
    (listeners, clips, systems), scores = long(table)
    found = opinion_difference(listeners, clips, systems, scores, a=1, b=0)
    (who, what), differences = long(table[:, :, 1] - table[:, :, 0])
    plain = mean_opinion(who, what, differences)
    assert (found.difference, found.low, found.high, found.df) == pytest.approx(
        (plain.mean, plain.low, plain.high, plain.df)
    )
    assert (found.pairs, found.unmatched, found.listeners, found.clips) == (80, 0, 10, 8)
    # Kind listeners and easy clips cancel out.
    assert found.se < 0.5 * mean_opinion(listeners, clips, scores).se
    assert found.p == pytest.approx(2 * stats.t.sf(found.difference / found.se, found.df))
    turned = opinion_difference(listeners, clips, systems, scores, a=0, b=1)
    assert (turned.low, turned.p) == pytest.approx((-found.high, found.p))
    more = opinion_difference([*listeners, 99, 99], [*clips, 0, 1], [*systems, 0, 1], [*scores, 50, -50], a=1, b=0)
    assert (more.difference, more.unmatched, more.pairs) == (pytest.approx(found.difference), 2, 80)


def test_no_difference_at_all():
    rows = [(listener, clip, system) for listener in range(3) for clip in range(3) for system in "ab"]
    found = opinion_difference(*zip(*rows, strict=True), [3] * 18, a="a", b="b")
    assert (found.difference, found.low, found.high, found.p) == (0, 0, 0, 1)
    moved = opinion_difference(*zip(*rows, strict=True), [4, 3] * 9, a="a", b="b")
    assert (moved.difference, moved.low, moved.high, moved.p) == (1, 1, 1, 0)


def test_ten_thousand_votes():
    """Of an incomplete crossing: the variances that they were made with are found again."""
    random = np.random.default_rng(6)
    who, what = random.integers(0, 300, 10_000), random.integers(0, 400, 10_000)
    scores = random.normal(0, 1, 300)[who] + random.normal(0, 0.7, 400)[what] + random.normal(0, 1.5, 10_000)
    found = mean_opinion(who, what, scores)
    assert (found.listener, found.clip, found.residual) == pytest.approx((1, 0.49, 2.25), rel=0.25)
    assert found.se == pytest.approx(np.sqrt(1 / 300 + 0.49 / 400 + 2.25 / 10_000), rel=0.1)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: mean_opinion([], [], []), "listeners"),
        (lambda: mean_opinion([1, 2], [1], [1, 2]), "clips"),
        (lambda: mean_opinion([1, 2], [1, 2], [1]), "scores"),
        (lambda: mean_opinion([1, 2], [1, 2], [1, np.nan]), "scores"),
        (lambda: mean_opinion([1, 2], [1, 2], [1, 2], 95), "level"),
        (lambda: opinion_difference([1], [1], ["a"], [1], a="a", b="b"), "b is one of"),
        (lambda: opinion_difference([1, 1], [1, 1], ["a", "b"], [1, 1], a="a", b="a"), "twice"),
        (lambda: opinion_difference([1, 2], [1, 1], ["a", "b"], [1, 1], a="a", b="b"), "no listener"),
    ],
)
def test_what_is_out_of_range_is_named(call, word):
    with pytest.raises(ValueError, match=word):
        call()
