"""How well a difference is heard: d′ of right answers, the distance of two sounds in standard deviations of hearing.

Unlike a share of right answers, d′ does not depend on the kind of test: 76 % in a 2-AFC are 1, and so are 58 % in an ABX.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan, pi, sqrt
from typing import Literal

import numpy as np

from voicenb.statistics.binomial import binomial_test

__all__ = ["Dprime", "ListeningTask", "dprime", "percent_correct"]

ListeningTask = Literal["abx", "2afc", "abx_independent"]

_ROOTS: dict[str, tuple[float, float]] = {
    # Both decisions have to be right, or both wrong: on which side X lies, and which of A and B is which.
    "abx": (1 / sqrt(2), 1 / sqrt(6)),
    "abx_independent": (1 / sqrt(2), 1 / 2),
}
# No share of wrong answers that a number can hold is reached further out.
_FARTHEST = 100.0


@dataclass(frozen=True)
class Dprime:
    """How well a difference was heard.

    Attributes:
        dprime: The estimate, 0 or more; 0 where the right answers are no more than half, infinite where all are right.
        se: Its standard error; NaN where the estimate is 0 or infinite.
        low: The lower end of the interval: that of the share of right answers by Clopper and Pearson, as d′.
        high: The upper end; infinite where all answers are right.
        level: The interval's level (0–1).
        p: Exact one-sided p-value (0–1) of "they guessed".
        share: The share of right answers (0–1).
        method: What the listeners are taken to have done, as given.
    """

    dprime: float
    se: float
    low: float
    high: float
    level: float
    p: float
    share: float
    method: ListeningTask


def dprime(correct: int, trials: int, method: ListeningTask = "abx", *, level: float = 0.95) -> Dprime:
    """d′ of a number of right answers, by listeners without a bias.

    Args:
        correct: The number of right answers, 0 to `trials`.
        trials: The number of answers, 1 at least.
        method: ``"abx"``: X is compared with A and with B, by differences, as listeners do where trials vary (the same
            as in a duo-trio test). ``"abx_independent"``: X is judged by itself, which takes listeners who know A and B
            well. ``"2afc"``: which of two is the one.
        level: The interval's level (0–1).

    Raises:
        ValueError: A number is not in its range, or the method is unknown.

    Source: Macmillan & Creelman, Detection Theory, 2nd ed. 2005, chapter 9; Brockhoff & Christensen, Food Quality and
        Preference 21, 2010, for the standard error and the interval.
    """
    _check_method(method)
    counted = binomial_test(correct, trials, level=level)
    estimate = _distance(correct / trials, method)
    se = nan
    if 0 < estimate < inf:
        se = sqrt(counted.share * (1 - counted.share) / trials) / _slope(estimate, method)
    low, high = _distance(counted.low, method), _distance(counted.high, method)
    return Dprime(estimate, se, low, high, level, counted.p, counted.share, method)


def percent_correct(dprime: float, method: ListeningTask = "abx") -> float:
    """The share of right answers (0.5–1) that a d′ gives.

    Args:
        dprime: 0 or more.
        method: As of `dprime`.

    Raises:
        ValueError: d′ is below 0 or NaN, or the method is unknown.
    """
    _check_method(method)
    if not dprime >= 0:
        raise ValueError(f"dprime is 0 or more; given was {dprime!r}")
    return 1 - _wrong(dprime, method)


def _wrong(distance: float, method: str) -> float:
    """The share of wrong answers, which stays a number where that of right answers rounds to 1."""
    from scipy.special import ndtr

    if method == "2afc":
        return float(ndtr(-distance / sqrt(2)))
    one, other = (distance * root for root in _ROOTS[method])
    return float(ndtr(one) * ndtr(-other) + ndtr(-one) * ndtr(other))


def _slope(distance: float, method: str) -> float:
    """The derivative of the share of right answers."""
    from scipy.special import ndtr

    def density(at: float) -> float:
        return float(np.exp(-at * at / 2) / sqrt(2 * pi))

    if method == "2afc":
        return density(distance / sqrt(2)) / sqrt(2)
    first, second = _ROOTS[method]
    one, other = distance * first, distance * second
    return float(first * density(one) * (2 * ndtr(other) - 1) + second * density(other) * (2 * ndtr(one) - 1))


def _distance(share: float, method: str) -> float:
    """d′ of a share of right answers."""
    if share <= 0.5:
        return 0.0
    if share >= 1:
        return inf
    from scipy.optimize import brentq

    return float(brentq(lambda at: _wrong(at, method) - (1 - share), 0, _FARTHEST, xtol=1e-13, rtol=1e-14))


def _check_method(method: str) -> None:
    if method != "2afc" and method not in _ROOTS:
        raise ValueError(f'method is "abx", "2afc" or "abx_independent"; given was {method!r}')
