"""Whether a measure follows the order of a factor's levels, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Literal

import numpy as np
import numpy.typing as npt

from voicenb.statistics.blocks import complete_rows
from voicenb.statistics.contrasts import Contrast, Method, contrast

__all__ = ["Direction", "PageTrend", "linear_slope", "loglog_slope", "page_trend"]

Direction = Literal["two-sided", "increasing", "decreasing"]


@dataclass(frozen=True)
class PageTrend:
    """The result of Page's test.

    Attributes:
        statistic: Page's L for the increasing order; NaN with fewer than two blocks, as are the next two.
        p: The p-value (0–1) of "the order of the levels makes no difference".
        correlation: The mean over the blocks of the rank correlation between level and value: 1 where each block
            increases throughout, −1 where each decreases.
        blocks: The number of blocks that counted.
        levels: The number of levels.
        dropped: The number of blocks with a NaN, which did not count.
        exact: Whether the p-value is exact; for many blocks or levels it comes from the normal distribution.
    """

    statistic: float
    p: float
    correlation: float
    blocks: int
    levels: int
    dropped: int
    exact: bool


def page_trend(values: npt.ArrayLike, *, alternative: Direction = "two-sided") -> PageTrend:
    """Page's test for a trend over ordered levels within blocks.

    What it refutes is that the order makes no difference in any block. Blocks whose own trends differ and cancel out refute
    that, too: for the mean trend over texts and voices take `linear_slope`, of the values or of their ranks within blocks.

    Args:
        values: One number per block and level with the takes averaged, shape ``(blocks, levels)``, the levels in their
            order. Blocks with a NaN do not count.
        alternative: The trend that was expected before looking; ``"two-sided"`` doubles the smaller p-value.

    Raises:
        ValueError: Fewer than three levels (use `contrast`), an unknown alternative, infinite values or a wrong shape.

    Source: Page, J. American Statistical Association 58, 1963. Equal values share their mean rank; the exact p-value is
        then a little too large.
    """
    from scipy.stats import page_trend_test

    kept, dropped = complete_rows(values)
    blocks, levels = kept.shape
    if levels < 3:
        raise ValueError(f"{levels} levels were given, and a trend test needs 3 at least; use a contrast")
    if alternative not in {"two-sided", "increasing", "decreasing"}:
        raise ValueError(f'the alternative is "two-sided", "increasing" or "decreasing"; given was {alternative!r}')
    if blocks < 2:
        return PageTrend(nan, nan, nan, blocks, levels, dropped, exact=True)
    up = page_trend_test(kept)
    down = up if alternative == "increasing" else page_trend_test(-kept)
    p = {"increasing": up.pvalue, "decreasing": down.pvalue}.get(alternative, 2 * min(up.pvalue, down.pvalue))
    statistic = float(up.statistic)
    # L is the sum of products of ranks; it lies between two values that the numbers of blocks and levels alone give.
    middle = blocks * levels * (levels + 1) ** 2 / 4
    correlation = (statistic - middle) / (blocks * levels * (levels**2 - 1) / 12)
    return PageTrend(statistic, min(1.0, float(p)), correlation, blocks, levels, dropped, up.method == "exact")


def linear_slope(
    levels: npt.ArrayLike, values_by_block: npt.ArrayLike, *, level: float = 0.95, method: Method = "t", seed: int = 0
) -> Contrast:
    """The mean slope of the values over the levels: each block's least-squares slope, then their mean as a contrast.

    Args:
        levels: The factor's levels as numbers, shape ``(levels,)``, two different ones at least.
        values_by_block: One number per block and level with the takes averaged, shape ``(blocks, levels)``. Blocks with
            a NaN do not count: their slopes would rest on other levels than the rest.
        level: The interval's level (0–1).
        method: As of `contrast`.
        seed: As of `contrast`.

    Returns:
        A contrast whose unit is the values' per unit of the levels.

    Raises:
        ValueError: As of `contrast`; or the levels are equal, not finite, or not as many as the table has columns.
    """
    kept, dropped = complete_rows(values_by_block)
    at = np.asarray(levels, dtype=np.float64)
    if at.shape != (kept.shape[1],) or not np.isfinite(at).all() or at.min() == at.max():
        raise ValueError(
            f"{kept.shape[1]} finite levels, not all equal, are needed: one per column of the values; given were {levels!r}"
        )
    away = at - at.mean()
    # Differences from a block's first value keep a slope of exactly 0 where nothing changes.
    slopes = (kept - kept[:, :1]) @ away / (away @ away)
    # Blocks that did not count are NaN for the contrast, too, so that it tells of them.
    return contrast(np.append(slopes, np.full(dropped, nan)), level=level, method=method, seed=seed)


def loglog_slope(
    levels: npt.ArrayLike, values_by_block: npt.ArrayLike, *, level: float = 0.95, method: Method = "t", seed: int = 0
) -> Contrast:
    """The mean slope of the values' logarithm over the levels' logarithm: for measures that multiply.

    A slope of 1 means: twice the level, twice the value; −1: twice the level, half the value (as of duration over
    speed); 0: no change. Arguments as of `linear_slope`.

    Raises:
        ValueError: As of `linear_slope`; or a level or a value is not above 0.
    """
    at = np.asarray(levels, dtype=np.float64)
    table = np.asarray(values_by_block, dtype=np.float64)
    for name, numbers in (("level", at), ("value", table)):
        if (numbers <= 0).any():
            raise ValueError(f"the smallest {name} is {np.nanmin(numbers):g}, and a logarithm needs more than 0")
    return linear_slope(np.log(at), np.log(table), level=level, method=method, seed=seed)
