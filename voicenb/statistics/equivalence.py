"""Whether a difference is shown to be small, and how many blocks it takes to show it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import isfinite, nan, sqrt

import numpy as np
import numpy.typing as npt

from voicenb.statistics.blocks import Floats, alpha_of, bounds, finite_values, mean_and_sd

__all__ = ["MOST_BLOCKS", "Margin", "blocks_needed", "blocks_to_detect", "tost", "tost_independent"]

Margin = float | tuple[float, float]

MOST_BLOCKS = 100_000
"""The largest answer to "how many blocks"; it stands for "this many or more"."""


def tost(differences: npt.ArrayLike, margin: Margin) -> float:
    """The p-value of two one-sided t tests: small where the mean difference is shown to lie inside the margin.

    It is below 0.05 exactly where the 90 % t interval lies inside the margin. A large p-value of the usual test of
    "no difference" shows nothing of the kind.

    Args:
        differences: One number per block, shape ``(blocks,)``; NaN blocks do not count.
        margin: In the unit of the differences: a number above 0 for both sides, or ``(low, high)``.

    Returns:
        The larger of the two p-values (0–1); NaN with fewer than two blocks.

    Raises:
        ValueError: The margin is not one, or the differences are infinite or of a wrong shape.

    Source: Schuirmann, J. Pharmacokinetics and Biopharmaceutics 15, 1987.
    """
    low, high = bounds(margin)
    values, _ = finite_values(differences)
    mean, sd = mean_and_sd(values)
    return _two_one_sided(mean, sd / sqrt(max(1, len(values))), len(values) - 1, low, high)


def tost_independent(a: npt.ArrayLike, b: npt.ArrayLike, margin: Margin) -> float:
    """The same for the difference of two independent samples' means, a minus b, with their variance pooled.

    Args:
        a: One number per block, shape ``(n,)``; NaN does not count.
        b: As `a`, of other blocks, shape ``(m,)``.
        margin: As of `tost`.

    Returns:
        The larger of the two p-values (0–1); NaN with fewer than three values or an empty sample.

    Raises:
        ValueError: As of `tost`.
    """
    low, high = bounds(margin)
    first, _ = finite_values(a)
    second, _ = finite_values(b)
    n, m = len(first), len(second)
    if not n or not m or n + m < 3:
        return nan
    (mean_a, sd_a), (mean_b, sd_b) = mean_and_sd(first), mean_and_sd(second)
    # A sample of one has no deviation, and adds no degree of freedom.
    squares = sum((size - 1) * sd * sd for size, sd in ((n, sd_a), (m, sd_b)) if size > 1)
    return _two_one_sided(mean_a - mean_b, sqrt(squares / (n + m - 2) * (1 / n + 1 / m)), n + m - 2, low, high)


def _two_one_sided(mean: float, error: float, df: int, low: float, high: float) -> float:
    from scipy.special import stdtr

    if df < 1:
        return nan
    if error == 0:
        return 0.0 if low < mean < high else 1.0
    return max(float(stdtr(df, (low - mean) / error)), float(stdtr(df, (mean - high) / error)))


def blocks_needed(sd: float, margin: Margin, *, level: float = 0.95, power: float = 0.8) -> int:
    """The number of blocks at which "no change" would be declared with this power, if nothing changes.

    Args:
        sd: The standard deviation of the blocks' differences.
        margin: In the same unit: a number above 0, or ``(low, high)`` with 0 between them.
        level: 1 − level is what the p-value of `tost` must be below.
        power: The chance (0–1) that it is, when the true difference is 0 and the differences are normal.

    Returns:
        2 to 100,000; the latter stands for that many or more.

    Raises:
        ValueError: A level, power, margin or deviation that is none.

    Source: the exact power, Owen, Biometrika 52, 1965, integrated over the deviation's distribution.
    """
    alpha = alpha_of(level)
    low, high = bounds(margin, around_zero=True)
    _check(sd, power)
    if sd == 0:
        return 2
    return _fewest(lambda blocks: _power_of_tost(blocks, low / sd, high / sd, alpha), power)


def blocks_to_detect(sd: float, effect: float, *, level: float = 0.95, power: float = 0.8) -> int:
    """The number of blocks at which a mean difference as large as `effect` would be found with this power.

    Args:
        sd: The standard deviation of the blocks' differences.
        effect: The true mean difference in the same unit, other than 0.
        level: 1 − level is what the two-sided p-value of the t test must be below.
        power: The chance (0–1) that it is, for normal differences.

    Returns:
        2 to 100,000; the latter stands for that many or more.

    Raises:
        ValueError: A level, power or deviation that is none, or an effect of 0.

    Source: the noncentral t distribution, as in Cohen, Statistical Power Analysis, 1988, chapter 2.
    """
    alpha = alpha_of(level)
    _check(sd, power)
    if not (isfinite(effect) and effect):
        raise ValueError(f"an effect is a finite number other than 0; given was {effect!r}")
    if sd == 0:
        return 2
    return _fewest(lambda blocks: _power_of_t(blocks, abs(effect) / sd, alpha), power)


def _check(sd: float, power: float) -> None:
    if not (isfinite(sd) and sd >= 0):
        raise ValueError(f"a standard deviation is a finite number from 0; given was {sd!r}")
    if not 0 < power < 1:
        raise ValueError(f"a power lies between 0 and 1, such as 0.8; given was {power!r}")


def _power_of_t(blocks: int, effect: float, alpha: float) -> float:
    """The chance that the two-sided t test finds an effect, which is given in standard deviations."""
    from scipy.special import nctdtr, stdtrit

    far = float(stdtrit(blocks - 1, 1 - alpha / 2))
    shift = effect * sqrt(blocks)
    # Beyond this the test cannot fail, and the series behind the distribution does.
    if shift > far + 30:
        return 1.0
    return float(1 - nctdtr(blocks - 1, shift, far) + nctdtr(blocks - 1, shift, -far))


def _power_of_tost(blocks: int, low: float, high: float, alpha: float) -> float:
    """The chance that both one-sided tests succeed at a true mean of 0; the margin is given in standard deviations.

    Given the sample's deviation s, they succeed where the mean lies between low + t·s/√n and high − t·s/√n; that chance
    is averaged over the distribution of s, up to the s at which the two meet.
    """
    from scipy.special import chdtr, gammaincinv, ndtr, stdtrit

    root, df = sqrt(blocks), blocks - 1
    far = float(stdtrit(df, 1 - alpha))
    largest = float(chdtr(df, df * ((high - low) * root / (2 * far)) ** 2)) if far > 0 else 1.0
    nodes, weights = _nodes()
    spread = np.sqrt(2 * gammaincinv(df / 2, largest * (nodes + 1) / 2) / df)
    inside = ndtr(high * root - far * spread) - ndtr(low * root + far * spread)
    return float(largest * (weights / 2 * np.maximum(inside, 0)).sum())


@cache
def _nodes() -> tuple[Floats, Floats]:
    """Points and weights of a quadrature that is right to a millionth."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    return nodes, weights


def _fewest(power_of: Callable[[int], float], power: float) -> int:
    """The smallest number of blocks with this power, which grows with the blocks; by doubling, then halving."""
    enough = 2
    while power_of(enough) < power:
        if enough == MOST_BLOCKS:
            return MOST_BLOCKS
        enough = min(2 * enough, MOST_BLOCKS)
    too_few = enough // 2
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        if power_of(middle) < power:
            too_few = middle
        else:
            enough = middle
    return enough
