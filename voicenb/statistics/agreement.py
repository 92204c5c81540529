"""How far raters agree: intraclass correlations and Krippendorff's α."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Literal

import numpy as np

from voicenb.statistics.blocks import Floats

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["IntraclassCorrelations", "Metric", "intraclass_correlations", "krippendorff_alpha"]

Metric = Literal["nominal", "ordinal", "interval"]


@dataclass(frozen=True)
class IntraclassCorrelations:
    """The six forms of Shrout and Fleiss, 1 at most; below 0 where raters agree less than by chance, NaN where nothing differs.

    Attributes:
        one_way: ICC(1,1): one rating, each target rated by raters of its own.
        agreement: ICC(2,1), also ICC(A,1): one rating, the same raters, whose own levels count as disagreement. The usual
            form for opinion scores.
        consistency: ICC(3,1), also ICC(C,1): one rating, just these raters, whose own levels do not count.
        one_way_mean: ICC(1,k): the same of the mean of all raters.
        agreement_mean: ICC(2,k).
        consistency_mean: ICC(3,k), which is Cronbach's α.
        between_targets: The mean square between targets (BMS), in the ratings' unit squared, as are the next three.
        within_targets: The mean square within targets (WMS).
        between_raters: The mean square between raters (JMS).
        residual: The mean square of what is left (EMS).
        targets: The number of targets.
        raters: The number of raters.
    """

    one_way: float
    agreement: float
    consistency: float
    one_way_mean: float
    agreement_mean: float
    consistency_mean: float
    between_targets: float
    within_targets: float
    between_raters: float
    residual: float
    targets: int
    raters: int


def intraclass_correlations(ratings: npt.ArrayLike) -> IntraclassCorrelations:
    """The intraclass correlations of a complete table.

    Args:
        ratings: A row a target (such as a clip) and a column a rater, shape ``(targets, raters)``, two of each at least.

    Raises:
        ValueError: The table has another shape, or a value is not finite.

    Source: Shrout & Fleiss, Psychological Bulletin 86, 1979.
    """
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2 or min(table.shape) < 2:
        raise ValueError(f"ratings needs shape (targets, raters), two of each at least; given was shape {table.shape}")
    if wrong := int((~np.isfinite(table)).sum()):
        raise ValueError(f"ratings holds {wrong} values that are no finite number; leave out targets not rated by all")
    n, k = table.shape
    # Equal numbers differ from their mean by its rounding.
    away = table - (table.mean() if table.min() != table.max() else table[0, 0])
    targets, raters = away.mean(axis=1), away.mean(axis=0)
    bms = k * float(targets @ targets) / (n - 1)
    jms = n * float(raters @ raters) / (k - 1)
    ems = float(np.square(away - targets[:, None] - raters).sum()) / (n - 1) / (k - 1)
    wms = float(np.square(away - targets[:, None]).sum()) / n / (k - 1)
    return IntraclassCorrelations(
        one_way=_ratio(bms - wms, bms + (k - 1) * wms),
        agreement=_ratio(bms - ems, bms + (k - 1) * ems + k * (jms - ems) / n),
        consistency=_ratio(bms - ems, bms + (k - 1) * ems),
        one_way_mean=_ratio(bms - wms, bms),
        agreement_mean=_ratio(bms - ems, bms + (jms - ems) / n),
        consistency_mean=_ratio(bms - ems, bms),
        between_targets=bms,
        within_targets=wms,
        between_raters=jms,
        residual=ems,
        targets=n,
        raters=k,
    )


def krippendorff_alpha(ratings: npt.ArrayLike, metric: Metric = "interval") -> float:
    """Krippendorff's α: 1 where raters agree, 0 where they agree as by chance, below 0 where less. Ratings may be missing.

    Args:
        ratings: A row a rater and a column a unit (such as a clip), shape ``(raters, units)``; NaN where there is none.
            Units with one rating do not count.
        metric: How far apart two ratings are: ``"nominal"``: equal or not. ``"ordinal"``: by the ratings between them.
            ``"interval"``: by the square of their difference.

    Returns:
        α; NaN where no unit has two ratings, or all ratings are equal.

    Raises:
        ValueError: The table has another shape, a value is infinite, or the metric is unknown.

    Source: Krippendorff, Content Analysis, 4th ed. 2019, chapter 12.
    """
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"ratings needs shape (raters, units); given was shape {table.shape}")
    if np.isinf(table).any():
        raise ValueError("ratings holds infinite values; give NaN where there is no rating")
    if metric not in {"nominal", "ordinal", "interval"}:
        raise ValueError(f'metric is "nominal", "ordinal" or "interval"; given was {metric!r}')
    there = ~np.isnan(table)
    there &= there.sum(axis=0) >= 2
    if not there.any():
        return nan
    values, which = np.unique(table[there], return_inverse=True)
    unit = np.nonzero(there)[1]
    # How often each unit was given each value; pairs of a unit count together as often as it has ratings.
    given = np.zeros((table.shape[1], len(values)))
    np.add.at(given, (unit, which.reshape(-1)), 1)
    given = given[given.any(axis=1)]
    weighted = given / (given.sum(axis=1, keepdims=True) - 1)
    total = given.sum(axis=0)
    pairs = weighted.T @ given - np.diag(weighted.sum(axis=0))
    apart = _distances(values, total, metric)
    expected = float(total @ apart @ total) / (total.sum() - 1)
    return _ratio(expected - float((pairs * apart).sum()), expected)


def _distances(values: Floats, total: Floats, metric: Metric) -> Floats:
    """How far apart any two values are."""
    if metric == "nominal":
        return 1 - np.eye(len(values))
    # Of an order, a value stands at the middle of the ranks of its ratings.
    at = np.cumsum(total) - total / 2 if metric == "ordinal" else values
    return np.asarray(np.square(at[:, None] - at))


def _ratio(above: float, below: float) -> float:
    return above / below if below else nan
