"""The mean difference within blocks, with an interval.

A block is one text in one voice (and one level of every other factor); its difference is the mean of its takes at one
level minus the mean of its takes at the other. Takes of one block are no independent observations of the difference
between levels: only blocks count.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, inf, nan, sqrt
from typing import Literal

import numpy as np
import numpy.typing as npt

from voicenb.statistics.blocks import Floats, alpha_of, finite_values, mean_and_sd

__all__ = ["FEWEST_FOR_BOOTSTRAP", "RESAMPLES", "Contrast", "Method", "contrast"]

Method = Literal["t", "bootstrap"]

FEWEST_FOR_BOOTSTRAP = 20
"""Blocks below which a bootstrap is refused: so few values hold too little of the shape of their distribution."""

RESAMPLES = 4_999
"""With the sample itself 5,000, of which 2.5 % is a whole number."""

_AT_ONCE = 2**20

# In standard deviations.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Contrast:
    """A mean difference between two levels (or a mean slope), over blocks.

    Attributes:
        estimate: The mean of the blocks' differences, in their unit; NaN without a block.
        low: The lower end of the interval; NaN with fewer than two blocks.
        high: The upper end.
        level: The interval's level (0–1), such as 0.95.
        p: Two-sided p-value of "the mean difference is 0" (0–1), by the same method as the interval; not adjusted for
            other questions. NaN with fewer than two blocks.
        df: Degrees of freedom, one less than `blocks`.
        blocks: The number of blocks that counted.
        method: ``"t"`` or ``"bootstrap"``.
        sd: The standard deviation of the blocks' differences (with n − 1); NaN with fewer than two blocks.
        dropped: The number of blocks that were NaN and did not count.
    """

    estimate: float
    low: float
    high: float
    level: float
    p: float
    df: int
    blocks: int
    method: Method
    sd: float
    dropped: int


def contrast(differences: npt.ArrayLike, *, level: float = 0.95, method: Method = "t", seed: int = 0) -> Contrast:
    """The mean of the blocks' differences, its interval and its p-value.

    Args:
        differences: One number per block, shape ``(blocks,)``; takes are averaged before. NaN blocks do not count.
        level: The interval's level (0–1).
        method: ``"t"``: Student's interval; exact for normal differences, and good for fewer than 20 blocks of nearly
            any. ``"bootstrap"``: the studentised bootstrap, which follows the skew of the differences; its p-value is
            never below 1/2,500. Where most differences are equal, an end of its interval may be infinite.
        seed: Of the bootstrap's resamples; the same blocks and seed give the same interval, whatever the blocks' order.

    Raises:
        ValueError: Fewer than 20 blocks for a bootstrap, a level that is not between 0 and 1 (or so high that 4,999
            resamples cannot show it), an unknown method, infinite differences or a wrong shape.

    Source: Student, Biometrika 6, 1908; Efron & Tibshirani, An Introduction to the Bootstrap, 1993, section 12.5; the
        p-value with the sample itself counted: Davison & Hinkley, Bootstrap Methods and their Application, 1997,
        section 4.2.
    """
    alpha = alpha_of(level)
    values, dropped = finite_values(differences)
    blocks = len(values)
    if method not in {"t", "bootstrap"}:
        raise ValueError(f'the method is "t" or "bootstrap"; given was {method!r}')
    if method == "bootstrap" and blocks < FEWEST_FOR_BOOTSTRAP:
        raise ValueError(
            f"{blocks} blocks were given, and a bootstrap needs {FEWEST_FOR_BOOTSTRAP} at least; use method='t', or add"
            " texts or voices (more takes add no blocks)"
        )
    if method == "bootstrap" and floor((RESAMPLES + 1) * alpha / 2) < 1:
        raise ValueError(f"{RESAMPLES:,} resamples cannot show a level of {level}; use method='t'")
    mean, sd = mean_and_sd(values)
    if blocks < 2:
        low = high = p = nan
    elif sd == 0:
        low = high = mean
        p = 0.0 if mean else 1.0
    elif method == "t":
        low, high, p = _student(mean, sd, blocks, alpha)
    else:
        low, high, p = _bootstrap(values, mean, sd, alpha, seed)
    return Contrast(mean, low, high, level, p, max(0, blocks - 1), blocks, method, sd, dropped)


def _student(mean: float, sd: float, blocks: int, alpha: float) -> tuple[float, float, float]:
    """The interval's ends and the p-value by Student's t."""
    from scipy.special import stdtr, stdtrit

    error = sd / sqrt(blocks)
    reach = float(stdtrit(blocks - 1, 1 - alpha / 2)) * error
    return mean - reach, mean + reach, 2 * float(stdtr(blocks - 1, -abs(mean) / error))


def _bootstrap(values: Floats, mean: float, sd: float, alpha: float, seed: int) -> tuple[float, float, float]:
    """The interval's ends and the p-value by the studentised bootstrap."""
    root = sqrt(len(values))
    ratios = np.sort(_resampled_ratios((values - mean) / sd, seed))
    # The k-th smallest of B ratios is the k/(B + 1) quantile; a part of a rank widens the interval.
    rank = floor((RESAMPLES + 1) * alpha / 2)
    low = mean - float(ratios[-rank]) * sd / root
    high = mean - float(ratios[rank - 1]) * sd / root
    ours = mean / sd * root
    beyond = min(int((ratios >= ours).sum()), int((ratios <= ours).sum()))
    return low, high, min(1.0, 2 * (1 + beyond) / (RESAMPLES + 1))


def _resampled_ratios(away: Floats, seed: int) -> Floats:
    """The t ratio of each resample of deviations from the mean, shape ``(RESAMPLES,)``."""
    random = np.random.default_rng(seed)
    count = len(away)
    ratios = np.empty(RESAMPLES)
    some = max(1, _AT_ONCE // count)
    for start in range(0, RESAMPLES, some):
        drawn = away[random.integers(0, count, (min(some, RESAMPLES - start), count))]
        means = drawn.mean(axis=1)
        errors = drawn.std(axis=1, ddof=1) / sqrt(count)
        # A resample of one value again and again has no error of its own: it lies infinitely far off, unless it is the mean.
        alike = drawn.min(axis=1) == drawn.max(axis=1)
        errors[alike] = 1
        means[alike] = np.where(np.abs(means[alike]) < _ROUNDING, 0, np.copysign(inf, means[alike]))
        ratios[start : start + some] = means / errors
    return ratios
