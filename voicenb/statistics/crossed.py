"""The mean of a crossing of two random factors, its standard error and its degrees of freedom.

A value is the mean, plus something of its level of the first factor, something of its level of the second, and a rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from voicenb.statistics.blocks import Floats
from voicenb.statistics.votes import Codes

__all__ = ["CrossedMean", "crossed_mean"]

# Relative to the variance of all values.
_ROUNDING = 1e-10


@dataclass(frozen=True)
class CrossedMean:
    """A mean of crossed values.

    Attributes:
        mean: The mean.
        se: Its standard error; NaN with fewer than two levels of a factor.
        df: Satterthwaite's degrees of freedom; NaN where the error is.
        first: The variance of the first factor; NaN where it cannot be told from the rest.
        second: The variance of the second; NaN as before.
        residual: The variance of the rest.
        first_below: Whether the first variance was estimated below 0 and is given as 0.
        second_below: The same of the second.
    """

    mean: float
    se: float
    df: float
    first: float
    second: float
    residual: float
    first_below: bool
    second_below: bool


def crossed_mean(first: Codes, second: Codes, values: Floats) -> CrossedMean:
    """The mean of values with one level of each of two factors, one value a cell at most.

    A factor whose variance is estimated below 0 is left out, and the others are estimated anew without it.

    Args:
        first: The level of each value, from 0 and each with a value, shape ``(values,)``.
        second: The same of the second factor.
        values: Shape ``(values,)``, one at least.
    """
    mean = float(values.mean())
    sizes = [np.bincount(codes).astype(np.float64) for codes in (first, second)]
    if min(map(len, sizes)) < 2:
        return CrossedMean(mean, nan, nan, nan, nan, nan, first_below=False, second_below=False)
    if values.min() == values.max():
        return CrossedMean(float(values[0]), 0.0, min(map(len, sizes)) - 1.0, 0.0, 0.0, 0.0, False, False)
    away = values - mean
    incidence = _incidence(first, second, sizes)
    # With one value a level, a factor is the rest.
    kept = [at for at in (0, 1) if len(sizes[at]) < len(values)]
    below = [False, False]
    while True:
        equations = _Equations.of(kept, sizes, incidence, len(values))
        variances = equations.solved([first, second], away)
        lowest = min(kept, key=lambda at: variances[at], default=None)
        if lowest is None or variances[lowest] >= 0:
            break
        below[lowest] = variances[lowest] < -_ROUNDING * float(values.var())
        kept.remove(lowest)
    variance = float(equations.of_mean @ [*(variances[at] for at in kept), variances[2]])
    one, other = (variances[at] if at in kept else nan if len(sizes[at]) == len(values) else 0.0 for at in (0, 1))
    if variance <= 0:
        # Nothing but rounding is left.
        return CrossedMean(mean, 0.0, min(map(len, sizes)) - 1.0, one, other, variances[2], *below)
    spread = _variance_of(equations, sizes, incidence, variances)
    fewest = min((len(sizes[at]) for at in kept), default=len(values)) - 1.0
    df = float(min(max(2 * variance**2 / spread, fewest), len(values) - 1.0))
    return CrossedMean(mean, sqrt(variance), df, one, other, variances[2], *below)


def _incidence(first: Codes, second: Codes, sizes: list[Floats]) -> Floats:
    """1 where a cell has a value, shape ``(first levels, second levels)``."""
    table = np.zeros((len(sizes[0]), len(sizes[1])))
    table[first, second] = 1
    return table


@dataclass(frozen=True)
class _Equations:
    """Sums of squares about the mean of the kept factors' levels, then of all values, and what they are expected to be.

    Attributes:
        kept: The factors that count, 0 or 1.
        matrix: How often each variance (of the kept factors, then the rest) is expected in each sum.
        of_mean: How often each variance counts in that of the mean.
    """

    kept: tuple[int, ...]
    matrix: Floats
    of_mean: Floats

    @classmethod
    def of(cls, kept: list[int], sizes: list[Floats], incidence: Floats, count: int) -> _Equations:
        """For incidences of 0 and 1."""
        squares = [float(size @ size) / count for size in sizes]
        # How often a level of the one meets a level of the other, over the size of the one.
        met = [float((incidence.sum(axis=1 - at) / sizes[at]).sum()) for at in (0, 1)]
        rows = []
        for at in kept:
            row = [count - squares[at] if other == at else met[at] - squares[other] for other in kept]
            rows.append([*row, len(sizes[at]) - 1.0])
        rows.append([*(count - squares[at] for at in kept), count - 1.0])
        return cls(tuple(kept), np.array(rows), np.array([*(squares[at] / count for at in kept), 1 / count]))

    def solved(self, codes: list[Codes], away: Floats) -> dict[int, float]:
        """The variances by factor, that of the rest by 2."""
        sums = []
        for at in self.kept:
            totals = np.bincount(codes[at], away)
            sums.append(float(np.square(totals) @ (1 / np.bincount(codes[at]))))
        found = np.linalg.solve(self.matrix, [*sums, float(away @ away)])
        variances = dict(zip((*self.kept, 2), found.tolist(), strict=True))
        return variances | {2: max(0.0, variances[2])}

    def weights(self) -> Floats:
        """How often each sum of squares counts in the estimated variance of the mean."""
        return np.asarray(np.linalg.solve(self.matrix.T, self.of_mean))


def _variance_of(equations: _Equations, sizes: list[Floats], incidence: Floats, variances: dict[int, float]) -> float:
    """The variance of the estimated variance of the mean, for normal values with these variances.

    The estimate is a quadratic form y'Ay and y has the covariance V: its variance is twice the trace of AVAV. Both are
    U diag(·) U' and a multiple of the identity, with the columns of U for the levels and for the mean, each of length 1;
    the trace is then one over levels. The factor with more levels is kept apart (`_c`), for no two of its columns meet.
    """
    small, large = (0, 1) if len(sizes[0]) <= len(sizes[1]) else (1, 0)
    count = float(sizes[0].sum())
    meets = incidence if small == 0 else incidence.T
    columns = np.vstack(
        [meets / np.sqrt(sizes[small])[:, None], np.full(meets.shape[1], 1 / sqrt(count)) * sizes[large]]
    )
    gram_sc = columns / np.sqrt(sizes[large])
    gram_ss = np.eye(len(sizes[small]) + 1)
    gram_ss[-1, :-1] = gram_ss[:-1, -1] = np.sqrt(sizes[small] / count)

    *by_factor, of_all = equations.weights()
    weight = dict(zip(equations.kept, by_factor, strict=True))
    rest = variances[2]
    alpha_s = np.append(np.full(len(sizes[small]), weight.get(small, 0.0)), -of_all - sum(by_factor))
    alpha_c = np.full(len(sizes[large]), weight.get(large, 0.0))
    beta_s = np.append((variances[small] if small in weight else 0.0) * sizes[small], 0.0)
    beta_c = (variances[large] if large in weight else 0.0) * sizes[large]
    delta_s, delta_c = rest * alpha_s + of_all * beta_s, rest * alpha_c + of_all * beta_c

    ss = alpha_s[:, None] * (gram_ss * beta_s @ gram_ss + gram_sc * beta_c @ gram_sc.T) + delta_s[:, None] * gram_ss
    sc = alpha_s[:, None] * (gram_ss * beta_s @ gram_sc + gram_sc * beta_c) + delta_s[:, None] * gram_sc
    cs = alpha_c * (gram_ss * beta_s @ gram_sc + gram_sc * beta_c) + delta_c * gram_sc
    diagonal = alpha_c * beta_c + delta_c
    low_rank = (gram_sc * alpha_c) @ gram_sc.T * beta_s
    crossing = alpha_c * (np.square(gram_sc).T @ beta_s)

    trace = float(np.trace(ss) + diagonal.sum() + crossing.sum())
    of_square = float(
        (ss * ss.T).sum()
        + 2 * (sc * cs).sum()
        + diagonal @ diagonal
        + 2 * diagonal @ crossing
        + (low_rank * low_rank.T).sum()
    )
    scalar = of_all * rest
    return float(2 * (of_square + 2 * scalar * trace + scalar**2 * count))
