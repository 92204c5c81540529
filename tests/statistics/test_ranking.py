"""Rankings from pairs, against published fits and a Poisson model of the same counts."""

from __future__ import annotations

from itertools import combinations
from math import isnan, log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

from voicenb.statistics import davidson

# Cited and citing: Biometrika, Communications in Statistics, JASA, JRSS-B.
CITED = [[714, 730, 498, 221], [33, 425, 68, 17], [320, 813, 1072, 142], [284, 276, 325, 188]]

# Davidson 1970, puddings: pair, votes for the one, votes for the other, ties.
PUDDINGS = """12 19 22 16, 13 16 19 12, 23 19 19 10, 14 18 23 13, 24 23 19 9, 34 19 20 15, 15 13 19 18, 25 16 20 12,
35 16 15 17, 45 17 14 16, 16 18 21 12, 26 22 20 12, 36 13 18 10, 46 14 19 18, 56 11 21 12"""

# Agresti 1987, the American League: games won at home and lost at home, against each of the others.
TEAMS = ["Baltimore", "Boston", "Cleveland", "Detroit", "Milwaukee", "New York", "Toronto"]
GAMES = {
    "Milwaukee": {"Detroit": (4, 3), "Toronto": (4, 2), "New York": (4, 3), "Boston": (6, 1), "Cleveland": (4, 2)},
    "Detroit": {"Milwaukee": (3, 3), "Toronto": (4, 2), "New York": (4, 3), "Boston": (6, 0), "Cleveland": (6, 1)},
    "Toronto": {"Milwaukee": (2, 5), "Detroit": (4, 3), "New York": (2, 4), "Boston": (4, 3), "Cleveland": (4, 2)},
    "New York": {"Milwaukee": (3, 3), "Detroit": (5, 1), "Toronto": (2, 5), "Boston": (4, 3), "Cleveland": (4, 2)},
    "Boston": {"Milwaukee": (5, 1), "Detroit": (2, 5), "Toronto": (3, 3), "New York": (4, 2), "Cleveland": (5, 2)},
    "Cleveland": {"Milwaukee": (2, 5), "Detroit": (3, 3), "Toronto": (3, 4), "New York": (4, 3), "Boston": (4, 2)},
    "Baltimore": {"Milwaukee": (2, 5), "Detroit": (1, 5), "Toronto": (1, 6), "New York": (2, 4), "Boston": (1, 6)},
}
GAMES["Baltimore"]["Cleveland"] = (3, 4)
for home, won in {"Milwaukee": (6, 0), "Detroit": (4, 3), "Toronto": (6, 0), "New York": (6, 1)}.items():
    GAMES[home]["Baltimore"] = won
GAMES["Boston"]["Baltimore"], GAMES["Cleveland"]["Baltimore"] = (6, 0), (2, 4)


def rows(counts):
    """Votes one by one, of ``(i, j, for i, for j, ties)``."""
    columns = [[], [], []]
    for i, j, *numbers in counts:
        for outcome, number in zip((1, -1, 0), numbers, strict=False):
            for column, value in zip(columns, (i, j, outcome), strict=True):
                column.extend([value] * number)
    return columns


def puddings():
    parts = [part.split() for part in PUDDINGS.split(",")]
    return [(int(pair[0]), int(pair[1]), *map(int, numbers)) for pair, *numbers in parts]


def baseball():
    return rows([(home, away, *won) for home, against in GAMES.items() for away, won in against.items()])


def test_citations():
    """Bradley and Terry's model of Stigler's citations."""
    found = davidson(*rows([(i, j, CITED[i][j], CITED[j][i]) for i, j in combinations(range(4), 2)]), range(4))
    assert found.log_worths == pytest.approx((0, -2.9490725, -0.4795698, 0.2689541), abs=1e-7)
    assert found.se == pytest.approx((0, 0.1025453, 0.0605887, 0.0708300), abs=1e-6)
    assert found.deviance == pytest.approx(4.29338, abs=1e-5)
    assert (found.df, found.ties, found.penalised) == (3, 0, False)


def test_baseball():
    """With and without the advantage of playing at home."""
    found = davidson(*baseball(), TEAMS)
    assert found.log_worths == pytest.approx((0, 1.1077, 0.6839, 1.4364, 1.5814, 1.2476, 1.2945), abs=1e-4)
    assert found.deviance == pytest.approx(44.05, abs=0.01)
    assert isnan(found.order)
    home = davidson(*baseball(), TEAMS, order_effect=True)
    assert home.log_worths == pytest.approx((0, 1.1438, 0.7047, 1.4754, 1.6196, 1.2813, 1.3271), abs=1e-4)
    assert (home.order, home.order_se) == pytest.approx((0.3023, 0.1309), abs=1e-4)
    published = [0.044, 0.088, 0.137, 0.157, 0.164, 0.190, 0.220]
    assert sorted(home.worths) == pytest.approx(published, abs=1e-3)
    assert home.deviance == pytest.approx(38.64, abs=0.01)


def test_puddings():
    """Davidson's own data, with ties."""
    found = davidson(*rows(puddings()), range(1, 7))
    assert found.log_worths == pytest.approx((0, 0.22024, 0.15298, 0.17514, 0.13387, 0.37713), abs=1e-5)
    assert found.se == pytest.approx((0, 0.18722, 0.19352, 0.18821, 0.19270, 0.19241), abs=1e-5)
    assert (log(found.ties), found.ties_se) == pytest.approx((-0.29193, 0.08250), abs=1e-5)
    assert found.worths == pytest.approx((0.138803, 0.173002, 0.161747, 0.165373, 0.158685, 0.202389), abs=1e-6)
    assert found.ties == pytest.approx(0.746823, abs=1e-6)
    # His own seven iterations stop a little earlier.
    assert found.worths == pytest.approx((0.1388005, 0.1729985, 0.1617420, 0.1653930, 0.1586805, 0.2023855), abs=3e-5)
    assert found.ties == pytest.approx(0.7468147, abs=2e-5)
    assert found.ratio == pytest.approx(4.0804, abs=1e-4)
    assert found.ratio_df == 5
    assert found.quasi_se == pytest.approx((0.13290, 0.13274, 0.13957, 0.13302, 0.13993, 0.13920), abs=1e-5)


def test_a_poisson_model_gives_the_same():
    """The counts of the puddings as 45 Poisson counts with a constant for each of the 15 pairs."""
    models = pytest.importorskip("statsmodels.api")
    counts, design = [], []
    for at, (i, j, *numbers) in enumerate(puddings()):
        for kind, number in enumerate(numbers):
            row = np.zeros(15 + 6 + 1)
            row[at] = 1
            for name, share in [((i, 1),), ((j, 1),), ((i, 0.5), (j, 0.5))][kind]:
                row[14 + name] += share
            row[21] = kind == 2
            counts.append(number)
            design.append(row)
    # The first pudding is the one that the others are differences from.
    table = np.delete(np.array(design), 15, axis=1)
    fit = models.GLM(counts, table, family=models.families.Poisson()).fit(tol=1e-12)
    found = davidson(*rows(puddings()), range(1, 7))
    assert found.log_worths[1:] == pytest.approx(fit.params[15:20], abs=1e-6)
    assert found.se[1:] == pytest.approx(fit.bse[15:20], abs=1e-6)
    assert found.deviance == pytest.approx(fit.deviance, abs=1e-6)
    assert found.df == fit.df_resid


def test_one_that_always_wins():
    """Firth's estimate of one proportion adds half a vote to each side; the order of the names makes no difference."""
    found = davidson(["a"] * 7, ["b"] * 7, [1] * 7, ["a", "b"])
    assert found.penalised
    assert found.log_worths[1] == pytest.approx(-log(7.5 / 0.5))
    assert found.compare("a", "b").share == pytest.approx(7.5 / 8)
    votes = rows([("a", "b", 9, 0, 0), ("b", "c", 4, 3, 2), ("a", "c", 8, 0, 0)])
    one, other = davidson(*votes, ["a", "b", "c"]), davidson(*votes, ["c", "b", "a"])
    assert one.penalised
    assert np.isfinite(one.log_worths).all()
    assert one.worths == pytest.approx(other.worths[::-1], rel=1e-6)
    assert one.worths[0] > 0.7
    assert one.p < 0.001


def test_clusters_by_hand():
    """Of two conditions with as many votes of each listener: the error of the mean share, over the slope of the logit."""
    won = np.array([3, 5, 2, 4, 5, 1, 4, 6])
    votes = np.concatenate([np.repeat([1, -1], [count, 6 - count]) for count in won])
    found = davidson(["a"] * 48, ["b"] * 48, votes, ["b", "a"], listeners=np.repeat(np.arange(8), 6))
    share = won.mean() / 6
    error = (won / 6).std(ddof=1) / sqrt(8) / (share * (1 - share))
    assert found.log_worths[1] == pytest.approx(log(share / (1 - share)))
    assert found.se[1] == pytest.approx(error)
    both = found.compare("a", "b")
    assert both.high - both.log_odds == pytest.approx(stats.t.ppf(0.975, 7) * error)
    assert both.p == pytest.approx(2 * stats.t.sf(both.log_odds / error, 7))
    assert found.p == pytest.approx(both.p)


def test_all_equal_by_clusters_is_hotellings():
    """Of three conditions: Wald's statistic as Hotelling's T² of nine listeners, and none for three listeners."""
    random = np.random.default_rng(4)
    i, j = random.permuted(np.tile(np.arange(3), (90, 1)), axis=1)[:, :2].T
    outcome = random.choice([-1, 0, 1], 90)
    found = davidson(i, j, outcome, listeners=np.repeat(np.arange(9), 10))
    logs, among = np.array(found.log_worths[1:]), np.array(found.covariance)[1:, 1:]
    squared = logs @ np.linalg.solve(among, logs)
    assert found.p == pytest.approx(stats.f.sf(squared * 7 / (2 * 8), 2, 7))
    assert isnan(davidson(i, j, outcome, listeners=np.repeat(np.arange(3), 30)).p)


def test_listeners_who_all_agree():
    """Clusters of one opinion differ in nothing; the interval is no narrower than that of independent votes for all that."""
    votes = ["a"] * 50, ["b"] * 50, [1] * 50
    independent = davidson(*votes).compare("a", "b")
    clustered = davidson(*votes, listeners=[*range(10)] * 5).compare("a", "b")
    assert clustered.log_odds == independent.log_odds
    assert clustered.low < independent.low < independent.high < clustered.high


def test_groups_that_were_not_compared():
    with pytest.raises(ValueError, match=r"\['a', 'b'\]; \['c', 'd'\]"):
        davidson(["a", "c"], ["b", "d"], [1, 0])
    with pytest.raises(ValueError, match=r"\['d'\]"):
        davidson(["a", "b", "c"], ["b", "c", "a"], [1, 1, 1], ["a", "b", "c", "d"])


def test_an_order_effect_that_cannot_be_told():
    """Each pair in one order: a, always first, may be better, or it may be its place."""
    votes = rows([("a", "b", 3, 2), ("a", "c", 3, 2)])
    with pytest.raises(ValueError, match="order_effect"):
        davidson(*votes, order_effect=True)
    assert davidson(*votes).votes == 10


def test_ties_and_order_are_found_again():
    """Simulated votes of known worths, a known ν and a known advantage of the first."""
    random = np.random.default_rng(1)
    worths, order, ties = np.array([0.0, 0.5, -0.4, 1.0]), 0.4, -0.3
    i, j = random.permuted(np.tile(np.arange(4), (60_000, 1)), axis=1)[:, :2].T
    logs = np.stack([worths[i] + order / 2, worths[j] - order / 2, ties + (worths[i] + worths[j]) / 2])
    outcome = np.array([1, -1, 0])[(logs + random.gumbel(size=logs.shape)).argmax(axis=0)]
    found = davidson(i, j, outcome, range(4), order_effect=True)
    assert found.log_worths == pytest.approx(worths, abs=0.06)
    assert (found.order, log(found.ties)) == pytest.approx((order, ties), abs=0.05)
    assert np.abs(np.array(found.log_worths[1:]) - worths[1:]).max() / max(found.se) < 4


def test_comparing_two():
    found = davidson(*rows(puddings()), range(1, 7))
    both = found.compare(6, 1)
    assert both.log_odds == pytest.approx(0.37713, abs=1e-5)
    assert both.se == pytest.approx(0.19241, abs=1e-5)
    assert both.share == pytest.approx(0.202389 / (0.202389 + 0.138803), abs=1e-5)
    assert both.p == pytest.approx(2 * stats.norm.sf(both.log_odds / both.se))
    assert both.share_low < both.share < both.share_high
    turned = found.compare(1, 6)
    assert (turned.low, turned.high, turned.share_low) == pytest.approx((-both.high, -both.low, 1 - both.share_high))
    # The quasi-errors stand for all differences.
    for a, b in combinations(range(6), 2):
        near = sqrt(found.quasi_se[a] ** 2 + found.quasi_se[b] ** 2)
        assert near == pytest.approx(found.compare(a + 1, b + 1).se, rel=0.01)
    for wrong in ((1, 7), (2, 2)):
        with pytest.raises(ValueError):
            found.compare(*wrong)


def test_clusters_of_one_vote_are_no_clusters():
    """A listener a vote: the errors are those of independent votes, but for chance. Each listener's votes ten times over:
    the estimates stay, the independent errors shrink by the root of ten, and the clustered ones stay.
    """
    random = np.random.default_rng(2)
    i, j = random.permuted(np.tile(np.arange(3), (3000, 1)), axis=1)[:, :2].T
    outcome = random.choice([-1, 0, 1], 3000)
    plain = davidson(i, j, outcome)
    single = davidson(i, j, outcome, listeners=range(3000))
    assert single.se == pytest.approx(plain.se, rel=0.05)
    often = [np.repeat(column, 10) for column in (i, j, outcome, range(3000))]
    assert davidson(*often[:3]).se == pytest.approx(np.array(plain.se) / sqrt(10), rel=1e-6)
    again = davidson(*often[:3], listeners=often[3])
    assert again.se == pytest.approx(single.se, rel=1e-6)
    assert again.log_worths == pytest.approx(plain.log_worths, abs=1e-8)
    assert (again.listeners, again.votes) == (3000, 30_000)


@pytest.mark.slow
def test_listeners_with_tastes_of_their_own():
    """No condition is preferred on average: clustered tests hold 5 %, those of pooled votes find something in a third."""
    random = np.random.default_rng(3)
    listeners, each = 24, 15
    clustered, pooled, all_equal = [], [], []
    for _ in range(150):
        taste = random.normal(0, 0.8, (listeners, 3))
        who = np.repeat(np.arange(listeners), each)
        pair = np.array([(0, 1), (0, 2), (1, 2)])[np.tile(np.arange(each) % 3, listeners)]
        ahead = taste[who, pair[:, 0]] - taste[who, pair[:, 1]]
        outcome = np.where(random.random(len(who)) < 1 / (1 + np.exp(-ahead)), 1, -1)
        found = davidson(*pair.T, outcome, range(3), listeners=who)
        clustered.append(found.compare(0, 1).p < 0.05)
        all_equal.append(found.p < 0.05)
        pooled.append(davidson(*pair.T, outcome, range(3)).p < 0.05)
    assert np.mean(clustered) < 0.11
    assert np.mean(all_equal) < 0.11
    assert np.mean(pooled) > 0.2


pairs = st.tuples(st.sampled_from("abc"), st.sampled_from("abc"), st.sampled_from([-1, 0, 1]))


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    st.lists(pairs.filter(lambda row: row[0] != row[1]), max_size=25), st.booleans(), st.randoms(use_true_random=False)
)
def test_any_votes_have_a_ranking(more, order_effect, random):
    """Whatever was voted for: everything is finite, and neither the votes' order nor who is named first matters."""
    votes = [("a", "b", 1), ("b", "c", 0), ("c", "a", -1), ("b", "a", -1), ("c", "b", 1), *more]
    found = davidson(*zip(*votes, strict=True), "abc", order_effect=order_effect)
    assert np.isfinite([*found.log_worths, *found.quasi_se, found.ties, found.deviance, found.p]).all()
    assert sum(found.worths) == pytest.approx(1)
    random.shuffle(votes)
    again = davidson(*zip(*votes, strict=True), "cab", order_effect=order_effect)
    assert again.penalised == found.penalised
    assert again.worths == pytest.approx([found.worths[at] for at in (2, 0, 1)], abs=1e-6)
    turned = davidson(
        *zip(*[(j, i, -outcome) for i, j, outcome in votes], strict=True), "abc", order_effect=order_effect
    )
    assert turned.worths == pytest.approx(found.worths, abs=1e-6)
    if order_effect:
        assert turned.order == pytest.approx(-found.order, abs=1e-5)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((["a", "a"], ["b", "a"], [1, 1]), "same"),
        ((["a"], ["b"], [2]), "outcome"),
        ((["a"], ["b", "c"], [1]), "j"),
        ((["a"], ["b"], [1], ["a"]), "names"),
        ((["a"], ["b"], [1], ["a", "c"]), "names"),
        (([], [], []), "i"),
    ],
)
def test_what_is_no_vote_is_named(arguments, word):
    with pytest.raises(ValueError, match=word):
        davidson(*arguments)
    with pytest.raises(ValueError, match="one listener"):
        davidson(["a"], ["b"], [1], listeners=["x"])
