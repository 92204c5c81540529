"""Ratings of several conditions beside a reference, as ITU-R BS.1534-3 has them described and compared."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from voicenb.statistics.blocks import Floats, alpha_of
from voicenb.statistics.contrasts import contrast
from voicenb.statistics.permutations import Alternative, Permutation, check_alternative, flipped_signs, regrouped
from voicenb.statistics.votes import coded, means_by, scored

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "Condition",
    "Difference",
    "Hinges",
    "bimodality",
    "describe_conditions",
    "hinges",
    "median_difference",
    "outliers",
    "paired_difference",
]

BIMODAL_ABOVE = 5 / 9
"""What `bimodality` is of evenly spread ratings."""


@dataclass(frozen=True)
class Hinges:
    """The quartiles that BS.1534-3 asks for: the medians of both halves, the middle value being in each of them.

    Attributes:
        low: The lower quartile.
        median: The median.
        high: The upper quartile.
    """

    low: float
    median: float
    high: float

    @property
    def iqr(self) -> float:
        """The distance of the quartiles."""
        return self.high - self.low


def hinges(values: npt.ArrayLike) -> Hinges:
    """Tukey's hinges and the median.

    Args:
        values: Shape ``(n,)``, one at least.

    Raises:
        ValueError: There is no value, one is not finite, or the shape is another.

    Source: ITU-R BS.1534-3, 2015; Tukey, Exploratory Data Analysis, 1977. They are no `numpy.quantile`.
    """
    kept = _ascending(values)
    half = (len(kept) + 1) // 2
    return Hinges(*(float(np.median(part)) for part in (kept[:half], kept, kept[len(kept) - half :])))


def outliers(values: npt.ArrayLike) -> tuple[float, ...]:
    """The values more than 1.5 interquartile ranges beyond the quartiles, in ascending order.

    They are to be reported, and to be left out only where they are shown to be an error.

    Args:
        values: Shape ``(n,)``, one at least.

    Raises:
        ValueError: As of `hinges`.

    Source: ITU-R BS.1534-3, 2015.
    """
    found = hinges(values)
    kept = _ascending(values)
    beyond = (kept < found.low - 1.5 * found.iqr) | (kept > found.high + 1.5 * found.iqr)
    return tuple(kept[beyond].tolist())


def bimodality(values: npt.ArrayLike) -> float:
    """The bimodality coefficient (0–1): above 5/9 listeners may be of two opinions, and a mean says little.

    Args:
        values: Shape ``(n,)``.

    Returns:
        The coefficient; NaN with fewer than four values, or where all are equal.

    Raises:
        ValueError: As of `hinges`.

    Source: ITU-R BS.1534-3, 2015, with skewness and kurtosis free of bias; SAS Institute, SAS/STAT User's Guide, 1990.
    """
    kept = _ascending(values)
    n = len(kept)
    if n < 4 or kept[0] == kept[-1]:
        return nan
    away = (kept - kept.mean()) / (kept[-1] - kept[0])
    second, third, fourth = (float(np.mean(away**power)) for power in (2, 3, 4))
    skewness = third / second**1.5 * np.sqrt(n * (n - 1)) / (n - 2)
    kurtosis = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (fourth / second**2 - 3) + 6)
    return float((skewness**2 + 1) / (kurtosis + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))))


@dataclass(frozen=True)
class Condition:
    """How one condition was rated.

    Attributes:
        name: The condition.
        votes: The number of its ratings.
        listeners: The number of listeners that rated it.
        median: The median of its ratings, in the unit of the scale, as are the next five.
        q1: The lower hinge.
        q3: The upper hinge.
        iqr: Their distance.
        mean: The mean over listeners of their mean ratings.
        low: The lower end of Student's interval of the mean, over listeners; NaN with fewer than two.
        high: The upper end.
        level: The interval's level (0–1).
        outliers: The ratings beyond 1.5 interquartile ranges, see `outliers`.
        bimodality: See `bimodality`; of the listeners' mean ratings.
        bimodal: Whether it is above 5/9.
    """

    name: Hashable
    votes: int
    listeners: int
    median: float
    q1: float
    q3: float
    iqr: float
    mean: float
    low: float
    high: float
    level: float
    outliers: tuple[float, ...]
    bimodality: float
    bimodal: bool


def describe_conditions(
    listeners: npt.ArrayLike, conditions: npt.ArrayLike, scores: npt.ArrayLike, *, level: float = 0.95
) -> tuple[Condition, ...]:
    """Each condition's median, quartiles and mean, the conditions in ascending order of their names.

    The intervals are for other listeners and the items at hand; `mean_opinion` gives one for other items, too.

    Args:
        listeners: Who rated, one name a rating, shape ``(ratings,)``.
        conditions: What was rated, one name a rating.
        scores: The ratings, such as 0 to 100.
        level: The interval's level (0–1).

    Raises:
        ValueError: Shapes do not match, there is no rating, one is not finite, or the level is none.

    Source: ITU-R BS.1534-3, 2015.
    """
    alpha_of(level)
    _, listener = coded("listeners", listeners)
    names, condition = coded("conditions", conditions, len(listener))
    values = scored("scores", scores, len(listener))
    found = []
    for at, name in enumerate(names):
        rows = condition == at
        who, codes = coded("listeners", listener[rows])
        means = means_by(codes, values[rows], len(who))
        mean = contrast(means, level=level)
        box, twice = hinges(values[rows]), bimodality(means)
        found.append(
            Condition(
                name=name,
                votes=int(rows.sum()),
                listeners=len(who),
                median=box.median,
                q1=box.low,
                q3=box.high,
                iqr=box.iqr,
                mean=mean.estimate,
                low=mean.low,
                high=mean.high,
                level=level,
                outliers=outliers(values[rows]),
                bimodality=twice,
                bimodal=twice > BIMODAL_ABOVE,
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class Difference:
    """A difference and its p-value by permutation.

    Attributes:
        difference: That of the first minus that of the second, in the ratings' unit.
        p: The p-value (0–1). Where permutations are drawn, the observed one counts as one more.
        exceedances: How many permutations differ as much or more. BS.1534-3 calls a difference significant where these are
            fewer than 500 of 10,000.
        permutations: How many there were.
        exact: Whether these were all.
        alternative: ``"two-sided"``, or ``"greater"``: only a higher first counts.
    """

    difference: float
    p: float
    exceedances: int
    permutations: int
    exact: bool
    alternative: Alternative


def median_difference(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    alternative: Alternative = "two-sided",
    exact: bool | None = None,
    seed: int = 0,
) -> Difference:
    """The difference of two medians, tested by dealing all ratings out anew, as BS.1534-3 does.

    It takes the ratings as independent. Where the same listeners rated both, `paired_difference` sees more.

    Args:
        a: The ratings of one condition, one a listener, shape ``(n,)``.
        b: Those of the other, shape ``(m,)``.
        alternative: ``"two-sided"``, or ``"greater"``: only a higher median of `a` counts.
        exact: Whether to go through all ways to deal (a million at most) or to draw 10,000; None: all of them if these are
            10,000 at most.
        seed: Of the permutations that are drawn; the order of the ratings makes no difference.

    Raises:
        ValueError: A condition has no rating, a value is not finite, a shape is another, the alternative is unknown, or
            there are too many ways.

    Source: ITU-R BS.1534-3, 2015, attachment 3.
    """
    check_alternative(alternative)
    first, second = _ascending(a), _ascending(b)
    found = regrouped(first, second, _medians, alternative=alternative, seed=seed, exact=exact)
    return _difference(float(np.median(first) - np.median(second)), found, alternative)


def paired_difference(
    a: npt.ArrayLike, b: npt.ArrayLike, *, alternative: Alternative = "two-sided", seed: int = 0
) -> Difference:
    """The mean difference of two conditions within listeners, tested by exchanging both within each of them.

    Args:
        a: The mean rating of one condition by each listener, shape ``(listeners,)``.
        b: That of the other by the same listeners in the same order.
        alternative: ``"two-sided"``, or ``"greater"``: only a higher mean of `a` counts.
        seed: Of the exchanges that are drawn, above 16 listeners.

    Raises:
        ValueError: Shapes do not match, there is no listener, a value is not finite, or the alternative is unknown.

    Source: Fisher, The Design of Experiments, 1935, section 21.
    """
    check_alternative(alternative)
    first = np.asarray(a, dtype=np.float64)
    second = np.asarray(b, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueError(
            f"a and b need one rating of each listener both; given were shapes {first.shape}, {second.shape}"
        )
    differences = _ascending(first - second)
    found = flipped_signs(differences, alternative=alternative, seed=seed)
    return _difference(float(differences.mean()), found, alternative)


def _difference(difference: float, found: Permutation, alternative: Alternative) -> Difference:
    return Difference(difference, found.p, found.exceedances, found.permutations, found.exact, alternative)


def _medians(rows: Floats) -> Floats:
    return np.asarray(np.median(rows, axis=1))


def _ascending(values: npt.ArrayLike) -> Floats:
    """The values in ascending order."""
    given = np.asarray(values, dtype=np.float64)
    if given.ndim != 1 or not len(given):
        raise ValueError(f"values of shape (n,) are needed, one at least; given was shape {given.shape}")
    if wrong := int((~np.isfinite(given)).sum()):
        raise ValueError(f"{wrong} of {len(given)} values are no finite number; leave them out")
    return np.sort(given)
