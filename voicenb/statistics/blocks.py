"""The blocks of a comparison: which of them count, their mean, and how much they differ."""

from __future__ import annotations

from math import isfinite, nan, sqrt
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Floats", "alpha_of", "bounds", "complete_rows", "finite_values", "mean_and_sd"]

Floats: TypeAlias = npt.NDArray[np.float64]


def finite_values(differences: npt.ArrayLike) -> tuple[Floats, int]:
    """The values that count, in ascending order, and the number of NaN that were left out.

    They are sorted so that no result depends on the order in which blocks were run, not even by its rounding.

    Raises:
        ValueError: The values are not one-dimensional, or one is infinite: to leave it out would hide the largest
            difference of all, so the caller has to decide.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"one value per block is needed, shape (blocks,); given was shape {values.shape}")
    kept = np.sort(values[~np.isnan(values)])
    if endless := int(np.isinf(kept).sum()):
        raise ValueError(f"{endless} of {len(values)} values are infinite; give NaN for blocks that shall not count")
    return kept, len(values) - len(kept)


def complete_rows(values: npt.ArrayLike) -> tuple[Floats, int]:
    """The blocks (rows) without NaN, and the number of blocks that were left out.

    Raises:
        ValueError: The values are not two-dimensional, or one is infinite.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"a table of shape (blocks, levels) is needed; given was shape {table.shape}")
    kept = table[~np.isnan(table).any(axis=1)]
    if np.isinf(kept).any():
        raise ValueError("some values are infinite; give NaN for blocks that shall not count")
    return kept, len(table) - len(kept)


def mean_and_sd(values: Floats) -> tuple[float, float]:
    """The mean, and the standard deviation with n − 1; NaN where there are too few values.

    Equal values have exactly their own mean and a deviation of exactly 0, which plain sums do not promise: the mean of
    ten times 0.1 is not 0.1.
    """
    if not len(values):
        return nan, nan
    mean = float(values[0]) if values.min() == values.max() else float(values.mean())
    if len(values) < 2:
        return mean, nan
    away = values - mean
    # Taken relative to the largest, the squares of very small or very large numbers stay numbers.
    largest = float(np.abs(away).max())
    return mean, largest * sqrt(float(np.square(away / largest).sum()) / (len(values) - 1)) if largest else 0.0


def alpha_of(level: float) -> float:
    """The chance of error, 1 − level.

    Raises:
        ValueError: The level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, such as 0.95; given was {level!r}")
    # 1 − 0.95 is a little more than 0.05.
    return round(1 - level, 12)


def bounds(margin: float | tuple[float, float], *, around_zero: bool = False) -> tuple[float, float]:
    """The lower and the upper end of a margin; a number stands for both sides of 0.

    Raises:
        ValueError: An end is no finite number, the ends are in the wrong order, or 0 is to lie between them and does not.
    """
    low, high = (-margin, margin) if isinstance(margin, int | float | np.number) else map(float, margin)
    if not (isfinite(low) and isfinite(high) and low < high) or (around_zero and not low < 0 < high):
        rule = "low < 0 < high" if around_zero else "low < high"
        raise ValueError(f"a margin is a number above 0, or (low, high) with {rule}; given was {margin!r}")
    return float(low), float(high)
