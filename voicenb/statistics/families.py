"""p-values of several questions, adjusted for each other.

An adjusted p-value is compared with the same 1 − level as a single one. NaN (a question that could not be asked) stays
NaN and does not count. Each function takes p-values of shape ``(n,)`` and gives the same shape, in the same order; each
raises ValueError for another shape or a value outside 0 to 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from voicenb.statistics.blocks import Floats

__all__ = ["benjamini_hochberg", "bonferroni", "hochberg", "holm"]


def bonferroni(p: npt.ArrayLike) -> Floats:
    """Each p-value times their number: holds the chance of any false finding; never better than `holm`.

    Source: Dunn, J. American Statistical Association 56, 1961.
    """
    return _adjusted(p, lambda ascending: ascending * len(ascending))


def holm(p: npt.ArrayLike) -> Floats:
    """Holm's step-down: holds the chance of any false finding, however the questions depend on each other.

    Source: Holm, Scandinavian J. of Statistics 6, 1979.
    """
    return _adjusted(p, lambda ascending: np.maximum.accumulate(ascending * np.arange(len(ascending), 0, -1)))


def hochberg(p: npt.ArrayLike) -> Floats:
    """Hochberg's step-up: never above `holm`, and valid for independent or positively dependent questions.

    Source: Hochberg, Biometrika 75, 1988.
    """
    return _adjusted(p, lambda ascending: _from_the_largest(ascending * np.arange(len(ascending), 0, -1)))


def benjamini_hochberg(p: npt.ArrayLike) -> Floats:
    """Holds the expected share of false findings among the findings, not the chance of any: for screening.

    Source: Benjamini & Hochberg, J. Royal Statistical Society B 57, 1995.
    """
    return _adjusted(
        p, lambda ascending: _from_the_largest(ascending * len(ascending) / np.arange(1, len(ascending) + 1))
    )


def _from_the_largest(raised: Floats) -> Floats:
    """None is larger than one that follows it."""
    return np.minimum.accumulate(raised[::-1])[::-1]


def _adjusted(p: npt.ArrayLike, rule: Callable[[Floats], Floats]) -> Floats:
    """The rule, which knows p-values in ascending order, applied to those that are there."""
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"p-values of shape (n,) are needed; given was shape {values.shape}")
    there = np.flatnonzero(~np.isnan(values))
    if ((values[there] < 0) | (values[there] > 1)).any():
        raise ValueError(
            f"a p-value lies between 0 and 1; given were {values[there].min():g} to {values[there].max():g}"
        )
    order = there[np.argsort(values[there], kind="stable")]
    result = np.full(values.shape, np.nan)
    result[order] = np.minimum(rule(values[order]), 1)
    return result
