"""Several conditions on one scale, from comparisons of two at a time: Davidson's model, with ties and an order effect.

Without ties it is that of Bradley and Terry.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from math import exp, inf, log, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np

from voicenb.statistics.blocks import Floats, alpha_of
from voicenb.statistics.choices import Fit, Votes, expected, fitted, separated
from voicenb.statistics.votes import Codes, coded, scored

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Advantage", "Ranking", "davidson"]


@dataclass(frozen=True)
class Advantage:
    """How far one condition is preferred to another.

    Attributes:
        log_odds: The difference of their log-worths; above 0 where the first is preferred.
        se: Its standard error.
        low: The lower end of its interval.
        high: The upper end.
        level: The interval's level (0–1).
        p: Two-sided p-value (0–1) of "no difference"; not adjusted for other pairs.
        share: How often the first is preferred where they are heard again and one of them is (0–1).
        share_low: The lower end of its interval.
        share_high: The upper end.
    """

    log_odds: float
    se: float
    low: float
    high: float
    level: float
    p: float
    share: float
    share_low: float
    share_high: float


@dataclass(frozen=True)
class Ranking:
    """What comparisons say of the conditions. Tuples are in the order of `names`.

    Attributes:
        names: The conditions.
        worths: Their worths, which add up to 1. Where one of two is preferred, it is the first in the share of its worth
            in the worths of both.
        log_worths: Their logarithms, that of the first condition set to 0.
        se: Standard errors of the log-worths as differences from the first condition, whose own is 0.
        quasi_se: Quasi-standard errors: the root of the sum of two squares is the error of their difference, nearly
            (with two conditions exactly). They are what a plot shows, and depend on no first condition.
        low: The lower ends of intervals of the log-worths by quasi-standard errors, for a plot; two conditions are
            compared by `compare`.
        high: The upper ends.
        level: The intervals' level (0–1).
        ties: Davidson's ν: the chance of a tie over the geometric mean of the chances of either preference; 0 without
            ties.
        ties_se: The standard error of its logarithm; NaN without ties.
        order: The logarithm of the odds of the first presented over the second where both have one worth; NaN where it
            was not asked for.
        order_se: Its standard error; NaN where it was not asked for.
        deviance: Twice the log likelihood that is missing to shares of each ordered pair of its own.
        df: The number of outcomes that are free, less that of parameters.
        ratio: The likelihood ratio statistic of "all worths are equal", the votes taken as independent.
        ratio_df: Its degrees of freedom, one less than there are conditions.
        p: The p-value (0–1) of "all worths are equal": by `ratio`, or with listeners by Wald's statistic of their
            clusters (NaN where there are no more listeners than conditions).
        log_likelihood: At the estimates, without constants.
        penalised: Whether the estimates are Firth's, because those of the highest likelihood are infinite: a condition,
            or a group of them, always or never wins (or nothing but ties was voted for).
        votes: The number of votes.
        listeners: The number of listeners that the errors are clustered by; None where votes were taken as independent.
        covariance: Of the log-worths, one row a condition.
    """

    names: tuple[Hashable, ...]
    worths: tuple[float, ...]
    log_worths: tuple[float, ...]
    se: tuple[float, ...]
    quasi_se: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    level: float
    ties: float
    ties_se: float
    order: float
    order_se: float
    deviance: float
    df: int
    ratio: float
    ratio_df: int
    p: float
    log_likelihood: float
    penalised: bool
    votes: int
    listeners: int | None
    covariance: tuple[tuple[float, ...], ...] = field(repr=False)

    def compare(self, a: Hashable, b: Hashable) -> Advantage:
        """How far `a` is preferred to `b`, both entries of `names`.

        Raises:
            ValueError: One of them is not among the names, or both are one.
        """
        for name, given in (("a", a), ("b", b)):
            if given not in self.names:
                raise ValueError(f"{name} is one of {list(self.names)}; given was {given!r}")
        i, j = self.names.index(a), self.names.index(b)
        if i == j:
            raise ValueError(f"a and b are two different names; given was {a!r} twice")
        odds = self.log_worths[i] - self.log_worths[j]
        error = sqrt(max(0.0, self.covariance[i][i] + self.covariance[j][j] - 2 * self.covariance[i][j]))
        reach = _quantile(self.level, self.listeners) * error
        p = 2 * _lower_tail(-abs(odds) / error if error else -inf, self.listeners) if odds else 1.0
        low, high = odds - reach, odds + reach
        return Advantage(odds, error, low, high, self.level, p, *map(_logistic, (odds, low, high)))


def davidson(
    i: npt.ArrayLike,
    j: npt.ArrayLike,
    outcome: npt.ArrayLike,
    names: Sequence[Hashable] | None = None,
    *,
    order_effect: bool = False,
    listeners: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Ranking:
    """The worths of conditions that were compared two at a time, by maximum likelihood.

    Args:
        i: The condition that was presented first, one a vote, as in `names`; shape ``(votes,)``.
        j: The one that was presented second.
        outcome: 1 where the first was preferred, −1 where the second was, 0 for a tie.
        names: All conditions, two at least. The first is what the log-worths are differences from. None: those that occur,
            in ascending order.
        order_effect: Whether to estimate an advantage of the first presented; with it each pair is best presented in both
            orders.
        listeners: Who voted, one name a vote: the errors and intervals then hold for new listeners, each of whom may have
            voted often. Where the estimates are penalised, the variances of independent votes are added. None: each vote is
            of another listener.
        level: The level of the intervals (0–1).

    Raises:
        ValueError: Shapes do not match, a value is none of the allowed, the conditions fall into groups that were not
            compared with each other, the order effect cannot be told from the worths, or there is one listener only.

    Source: Davidson, J. American Statistical Association 65, 1970; Davidson & Beaver, Biometrics 33, 1977, for the order
        effect, with ν here that of a pair whose order makes no difference; Firth, Biometrika 80, 1993, for the penalty;
        Firth & de Menezes, Biometrika 91, 2004, for quasi-standard errors; Liang & Zeger, Biometrika 73, 1986, for the
        clusters, with Student's t of one degree of freedom less than there are listeners.
    """
    alpha_of(level)
    conditions, first, second = _conditions(i, j, names)
    chosen = scored("outcome", outcome, len(first))
    if wrong := chosen[~np.isin(chosen, (-1, 0, 1))].tolist():
        raise ValueError(f"outcome holds 1 (first), 0 (tie) or -1 (second); given was {wrong[0]:g}")
    if (first == second).any():
        raise ValueError(f"i and j are the same in a vote ({conditions[int(first[first == second][0])]!r})")
    _check_connected(conditions, first, second)
    count = len(conditions)
    votes = _votes(first, second, chosen, count, order_effect=order_effect)
    if order_effect and votes.rank() < votes.design.shape[2]:
        raise ValueError(
            "order_effect cannot be told from the worths: each pair was presented in one order only; leave it out, or"
            " present pairs in both orders"
        )
    penalised = separated(votes)
    fit = fitted(votes, penalised=penalised)
    covariance, clusters = fit.covariance, None
    if listeners is not None:
        who, codes = coded("listeners", listeners, len(first))
        if (clusters := len(who)) < 2:
            raise ValueError("listeners names one listener only, and clusters need two at least; leave it out")
        covariance = _clustered(votes, fit, codes, clusters)
        if penalised:
            # Where all listeners agree their scores hardly differ, which says little of listeners to come.
            covariance = covariance + fit.covariance
    return _ranking(
        conditions, votes, fit, covariance, clusters, level=level, penalised=penalised, order_effect=order_effect
    )


def _conditions(
    i: npt.ArrayLike, j: npt.ArrayLike, names: Sequence[Hashable] | None
) -> tuple[tuple[Hashable, ...], Codes, Codes]:
    """The conditions, and which of them was presented first and second in each vote."""
    first_names, first = coded("i", i)
    second_names, second = coded("j", j, len(first))
    conditions = (
        tuple(names) if names is not None else coded("names", np.concatenate([np.asarray(i), np.asarray(j)]))[0]
    )
    place = {name: at for at, name in enumerate(conditions)}
    if len(place) != len(conditions) or len(conditions) < 2:
        raise ValueError(f"names holds two different conditions at least, each once; given was {list(conditions)}")
    if strange := [name for name in (*first_names, *second_names) if name not in place]:
        raise ValueError(f"names is {list(conditions)}, and a vote has {strange[0]!r}, which is not among them")
    return (
        conditions,
        np.array([place[name] for name in first_names])[first],
        np.array([place[name] for name in second_names])[second],
    )


def _check_connected(conditions: tuple[Hashable, ...], first: Codes, second: Codes) -> None:
    """Refuse conditions that fall into groups."""
    group = np.arange(len(conditions))
    for one, other in {*zip(first.tolist(), second.tolist(), strict=True)}:
        group[group == group[one]] = group[other]
    if (group == group[0]).all():
        return
    groups = [[conditions[at] for at in np.flatnonzero(group == one)] for one in dict.fromkeys(group.tolist())]
    raise ValueError(
        f"the conditions fall into groups that were not compared with each other: {'; '.join(map(str, groups))}; compare"
        " one of each group with one of another, or rank the groups apart"
    )


def _votes(first: Codes, second: Codes, chosen: Floats, count: int, *, order_effect: bool) -> Votes:
    """The votes by ordered pair, with what each outcome depends on."""
    ties = bool((chosen == 0).any())
    pairs, pair = np.unique(first * count + second, return_inverse=True)
    one, other = np.divmod(pairs, count)
    # Outcomes: the first, the second, and, where there is any, the tie.
    outcome = np.select([chosen > 0, chosen < 0], [0, 1], 2)
    outcomes = 3 if ties else 2
    counts = np.bincount(pair.reshape(-1) * outcomes + outcome, minlength=len(pairs) * outcomes)
    design = np.zeros((len(pairs), outcomes, count + 2))
    row = np.arange(len(pairs))
    design[row, 0, one] = design[row, 1, other] = 1
    design[:, :2, count + 1] = 0.5, -0.5
    if ties:
        design[row, 2, one] = design[row, 2, other] = 0.5
        design[:, 2, count] = 1
    kept = [*range(1, count), *([count] if ties else []), *([count + 1] if order_effect else [])]
    return Votes(counts.reshape(len(pairs), outcomes).astype(np.float64), design[:, :, kept], pair.reshape(-1), outcome)


def _clustered(votes: Votes, fit: Fit, codes: Codes, clusters: int) -> Floats:
    """The covariance of the estimates for new listeners."""
    chances = expected(votes, fit.estimate)
    away = votes.design - np.einsum("pc,pcq->pq", chances, votes.design)[:, None]
    scores = np.zeros((clusters, len(fit.estimate)))
    np.add.at(scores, codes, away[votes.pair, votes.outcome])
    half = scores @ fit.covariance
    return np.asarray(clusters / (clusters - 1) * half.T @ half)


def _ranking(
    conditions: tuple[Hashable, ...],
    votes: Votes,
    fit: Fit,
    covariance: Floats,
    clusters: int | None,
    *,
    level: float,
    penalised: bool,
    order_effect: bool,
) -> Ranking:
    from scipy.special import chdtrc, fdtrc

    count = len(conditions)
    ties = votes.counts.shape[1] == 3
    logs = np.append(0.0, fit.estimate[: count - 1])
    among = np.zeros((count, count))
    among[1:, 1:] = covariance[: count - 1, : count - 1]
    quasi = _quasi_errors(among)
    reach = _quantile(level, clusters) * quasi
    worths = np.exp(logs - logs.max())
    errors = np.sqrt(np.diag(covariance))

    equal = Votes(votes.counts, votes.design[:, :, count - 1 :], votes.pair, votes.outcome)
    ratio = max(0.0, 2 * (fit.log_likelihood - fitted(equal, penalised=separated(equal)).log_likelihood))
    freedom = count - 1
    p = float(chdtrc(freedom, ratio))
    if clusters is not None:
        p = nan
        if clusters > count:
            wald = float(logs[1:] @ np.linalg.lstsq(among[1:, 1:], logs[1:])[0])
            left = clusters - freedom
            p = float(fdtrc(freedom, left, max(0.0, wald) * left / freedom / (clusters - 1)))
    there = votes.counts > 0
    shares = votes.counts / votes.counts.sum(axis=1, keepdims=True)
    best = float(votes.counts[there] @ np.log(shares[there]))
    return Ranking(
        names=conditions,
        worths=tuple((worths / worths.sum()).tolist()),
        log_worths=tuple(logs.tolist()),
        se=tuple(np.sqrt(np.diag(among)).tolist()),
        quasi_se=tuple(quasi.tolist()),
        low=tuple((logs - reach).tolist()),
        high=tuple((logs + reach).tolist()),
        level=level,
        ties=exp(fit.estimate[count - 1]) if ties else 0.0,
        ties_se=float(errors[count - 1]) if ties else nan,
        order=float(fit.estimate[-1]) if order_effect else nan,
        order_se=float(errors[-1]) if order_effect else nan,
        deviance=max(0.0, 2 * (best - fit.log_likelihood)),
        df=votes.counts.shape[0] * (votes.counts.shape[1] - 1) - len(fit.estimate),
        ratio=ratio,
        ratio_df=freedom,
        p=p,
        log_likelihood=fit.log_likelihood,
        penalised=penalised,
        votes=len(votes.pair),
        listeners=clusters,
        covariance=tuple(map(tuple, among.tolist())),
    )


def _quasi_errors(covariance: Floats) -> Floats:
    """The standard errors whose sums of squares come nearest to the variances of all differences, on a log scale."""
    from scipy.optimize import least_squares

    count = len(covariance)
    one, other = np.triu_indices(count, 1)
    diagonal = np.diag(covariance)
    wanted = diagonal[one] + diagonal[other] - 2 * covariance[one, other]
    if count == 2 or not (wanted > 0).all():
        return np.full(count, sqrt(max(0.0, float(wanted.mean()) / 2)))
    rows = np.arange(len(one))

    def missing(squares: Floats) -> Floats:
        return np.asarray(np.log(squares[one] + squares[other]) - np.log(wanted))

    def slopes(squares: Floats) -> Floats:
        table = np.zeros((len(one), count))
        table[rows, one] = table[rows, other] = 1 / (squares[one] + squares[other])
        return table

    smallest = 1e-6 * float(wanted.min())
    start = np.full(count, float(np.exp(np.log(wanted).mean())) / 2)
    found = least_squares(missing, start, slopes, bounds=(smallest, inf), x_scale=start, xtol=1e-12, ftol=1e-12)
    return np.asarray(np.sqrt(found.x))


def _quantile(level: float, clusters: int | None) -> float:
    from scipy.special import ndtri, stdtrit

    upper = 1 - alpha_of(level) / 2
    return float(ndtri(upper) if clusters is None else stdtrit(clusters - 1, upper))


def _lower_tail(at: float, clusters: int | None) -> float:
    from scipy.special import ndtr, stdtr

    return float(ndtr(at) if clusters is None else stdtr(clusters - 1, at))


def _logistic(odds: float) -> float:
    return 1 / (1 + exp(-odds)) if odds > -log(1e300) else 0.0
