"""Which of two is preferred: by listener, since votes of one listener are no independent votes, and as a distance.

Pooled votes find a preference that nobody has: listeners differ in their taste, and each of them votes more than once.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from math import exp, inf, nan, pi, sqrt
from typing import TYPE_CHECKING

import numpy as np

from voicenb.statistics.blocks import Floats, alpha_of
from voicenb.statistics.contrasts import contrast
from voicenb.statistics.permutations import flipped_signs
from voicenb.statistics.votes import coded, means_by, scored

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Preference", "TwoAc", "preference", "two_ac"]

_FARTHEST = 40.0


@dataclass(frozen=True)
class Preference:
    """How far listeners prefer the first to the second.

    Attributes:
        mean: The mean over listeners of their net preference, −1 to 1: the share of their votes for the first minus
            that for the second.
        low: The lower end of Student's interval over listeners, cut at −1; NaN with fewer than two listeners. Where all
            listeners are of one opinion, it is that of Clopper and Pearson: as many as may have been missed are against.
        high: The upper end, cut at 1.
        level: The interval's level (0–1).
        p: Two-sided p-value (0–1) of "no preference on average", by turning the signs of the listeners' preferences.
        exact: Whether the p-value goes through all ways to turn them (up to 16 listeners); else 10,000 were drawn.
        listeners: The number of listeners.
        votes: The number of votes.
        ties: The number of votes for neither.
        names: The listeners in ascending order.
        nets: Their net preferences, in the same order.
    """

    mean: float
    low: float
    high: float
    level: float
    p: float
    exact: bool
    listeners: int
    votes: int
    ties: int
    names: tuple[Hashable, ...]
    nets: tuple[float, ...]


def preference(listeners: npt.ArrayLike, choices: npt.ArrayLike, *, level: float = 0.95, seed: int = 0) -> Preference:
    """Whether listeners prefer the first of two, each listener counting once.

    With n listeners the p-value is never below 2 / 2ⁿ: fewer than six cannot show a preference at 0.05.

    Args:
        listeners: Who voted, one name a vote, shape ``(votes,)``.
        choices: 1 for the first, −1 for the second, 0 for neither; shape ``(votes,)``.
        level: The interval's level (0–1).
        seed: Of the signs that are drawn above 16 listeners.

    Raises:
        ValueError: Shapes do not match, there is no vote, a choice is none of the three, or the level is none.

    Source: Fisher, The Design of Experiments, 1935, section 21, for the p-value.
    """
    names, codes = coded("listeners", listeners)
    votes = scored("choices", choices, len(codes))
    if wrong := votes[~np.isin(votes, (-1, 0, 1))].tolist():
        raise ValueError(f"choices holds 1 (first), 0 (neither) or -1 (second); given was {wrong[0]:g}")
    nets = means_by(codes, votes, len(names))
    mean = contrast(nets, level=level)
    turned = flipped_signs(nets, seed=seed)
    low, high = max(-1.0, mean.low), min(1.0, mean.high)
    if len(names) < 2:
        low = high = nan
    elif mean.sd == 0:
        missed = 1 - (alpha_of(level) / 2) ** (1 / len(names))
        low, high = mean.estimate - missed * (1 + mean.estimate), mean.estimate + missed * (1 - mean.estimate)
    return Preference(
        mean.estimate,
        low,
        high,
        level,
        turned.p,
        turned.exact,
        len(names),
        len(votes),
        int((votes == 0).sum()),
        names,
        tuple(nets.tolist()),
    )


@dataclass(frozen=True)
class TwoAc:
    """Two sounds and "no difference" as distances on one scale.

    Attributes:
        tau: How large a difference has to be before it is voted for, in standard deviations of hearing; infinite where
            all votes are ties or one side has none.
        tau_se: Its standard error; NaN where a kind of vote is missing.
        dprime: How far the second lies above the first in the same unit; infinite where one side has no vote (and the
            other has), NaN where all votes are ties.
        se: Its standard error; NaN where a kind of vote is missing.
        low: The lower end of its profile likelihood interval.
        high: The upper end.
        level: The interval's level (0–1).
        p: Two-sided p-value (0–1) of "no distance", by the likelihood ratio.
        log_likelihood: At the estimates, without the multinomial constant.
    """

    tau: float
    tau_se: float
    dprime: float
    se: float
    low: float
    high: float
    level: float
    p: float
    log_likelihood: float


def two_ac(first: int, tie: int, second: int, *, level: float = 0.95) -> TwoAc:
    """The Thurstonian model of a preference with ties, for votes that are independent: one a listener.

    For several votes a listener take `preference`; this interval would be too short.

    Args:
        first: The number of votes for the first.
        tie: The number of votes for neither.
        second: The number of votes for the second.
        level: The interval's level (0–1).

    Raises:
        ValueError: A number is no whole number from 0, there is no vote, or the level is none.

    Source: Christensen, Lee & Brockhoff, Food Quality and Preference 24, 2012.
    """
    for name, count in (("first", first), ("tie", tie), ("second", second)):
        if count < 0 or count != int(count):
            raise ValueError(f"{name} is a whole number from 0; given was {count!r}")
    if not (total := first + tie + second):
        raise ValueError("first, tie and second are all 0; one vote at least is needed")
    from scipy.special import chdtrc, ndtri

    counts = np.array([first, tie, second], dtype=np.float64)
    best = _log_likelihood(counts, counts / total)
    lower, upper = float(ndtri(first / total)), float(ndtri((first + tie) / total))
    tau = inf if -lower == upper == inf else (upper - lower) / sqrt(2)
    dprime = nan if -lower == upper == inf else -(upper + lower) / sqrt(2)
    tau_se = se = nan
    if counts.all():
        own, other, both = _variances(lower, upper, first / total, (first + tie) / total, total)
        tau_se, se = sqrt((own + other - 2 * both) / 2), sqrt((own + other + 2 * both) / 2)
    even = (first + second) / 2 / total
    ratio = 2 * (best - _log_likelihood(counts, np.array([even, tie / total, even])))
    low, high = _profile_interval(counts, best, dprime, alpha_of(level))
    return TwoAc(tau, tau_se, dprime, se, low, high, level, float(chdtrc(1, max(0.0, ratio))), best)


def _log_likelihood(counts: Floats, chances: Floats) -> float:
    there = counts > 0
    with np.errstate(divide="ignore"):
        return float(counts[there] @ np.log(chances[there]))


def _variances(lower: float, upper: float, first: float, up_to: float, total: int) -> tuple[float, float, float]:
    """Variances and covariance of the two cuts on the normal scale, by their slopes."""
    one, other = (exp(-at * at / 2) / sqrt(2 * pi) for at in (lower, upper))
    return (
        first * (1 - first) / total / one**2,
        up_to * (1 - up_to) / total / other**2,
        first * (1 - up_to) / total / one / other,
    )


def _profile_interval(counts: Floats, best: float, dprime: float, alpha: float) -> tuple[float, float]:
    """The distances whose best likelihood is not too far below the best of all."""
    from scipy.optimize import brentq
    from scipy.special import chdtri

    allowed = float(chdtri(1, alpha)) / 2

    def above(at: float) -> float:
        return float(_best_at(counts, at) - best + allowed)

    middle = 0.0 if np.isnan(dprime) else float(np.clip(dprime, -_FARTHEST, _FARTHEST))
    ends = []
    for side in (-1.0, 1.0):
        far = middle + side * _FARTHEST
        ends.append(side * inf if above(far) > 0 else float(brentq(above, middle, far, xtol=1e-11)))
    return ends[0], ends[1]


def _best_at(counts: Floats, distance: float) -> float:
    """The largest log likelihood at this distance."""
    from scipy.optimize import minimize_scalar
    from scipy.special import log_ndtr, ndtr

    first, tie, second = counts

    def negative(tau: float) -> float:
        low, high = (-tau - distance) / sqrt(2), (tau - distance) / sqrt(2)
        total = first * float(log_ndtr(low)) + second * float(log_ndtr(-high))
        if tie:
            between = float(ndtr(high) - ndtr(low))
            total += tie * float(np.log(max(between, 1e-300)))
        return float(-total)

    if not tie:
        return -negative(0.0)
    reach = abs(distance) + 10
    found = minimize_scalar(negative, bounds=(0, reach), method="bounded", options={"xatol": 1e-11})
    return -float(found.fun)
