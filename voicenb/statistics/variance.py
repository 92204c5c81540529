"""How much of the differences between clips comes from what was varied, and how much from take to take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf, isnan, nan, sqrt
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from voicenb.statistics.blocks import Floats, finite_values

__all__ = ["TAKE", "TAKE_AND_INTERACTION", "Components", "TakesVariance", "components", "takes_variance"]

INTERACTION = "interaction"
TAKE = "take"
TAKE_AND_INTERACTION = "take and interaction"

Codes: TypeAlias = npt.NDArray[np.intp]

# Below this share of a factor's rows, what is left of its columns after the factors before it is rounding.
_NOTHING = 1e-9


@dataclass(frozen=True)
class TakesVariance:
    """The variance between groups of takes and within them.

    Attributes:
        between: The variance between the groups' true means, in the values' unit squared; 0 where the estimate was
            negative (`truncated`), NaN with fewer than two groups or where `told_apart` is false.
        residual: The variance from take to take; NaN where `told_apart` is false.
        mean: The mean of all takes.
        se: The standard error of that mean, with the groups as drawn at random; NaN with fewer than two groups.
        f: The ratio of the mean squares between and within; NaN where either is missing or both are 0.
        p: The p-value (0–1) of "the groups do not differ".
        groups: The number of groups with a take.
        takes: The number of takes.
        truncated: Whether `between` was negative and is given as 0.
        told_apart: Whether any group has a second take. Without one, groups and takes cannot be told apart.
    """

    between: float
    residual: float
    mean: float
    se: float
    f: float
    p: float
    groups: int
    takes: int
    truncated: bool
    told_apart: bool


def takes_variance(groups: Iterable[npt.ArrayLike]) -> TakesVariance:
    """The variance components of a one-way layout by its mean squares.

    Args:
        groups: One array of takes per group (such as a text in a voice), shape ``(takes,)`` each, of any lengths. NaN
            takes and groups without a take do not count.

    Raises:
        ValueError: There is no take at all, a take is infinite, or a group has a wrong shape.

    Source: Searle, Casella & McCulloch, Variance Components, 1992, sections 3.5 and 3.6; equal to REML for groups of one
        size where the estimate is not negative.
    """
    from scipy.special import fdtrc

    kept = [values for values, _ in map(finite_values, groups) if len(values)]
    if not kept:
        raise ValueError("no take was given")
    sizes = np.array([len(values) for values in kept], dtype=np.float64)
    means = np.array([values.mean() for values in kept])
    count, total = len(kept), int(sizes.sum())
    mean = float(sizes @ means / total)
    # Equal takes differ by exactly nothing, which the sum of their squares would not show.
    within = sum(
        float(np.square(values - average).sum())
        for values, average in zip(kept, means, strict=True)
        if values[0] != values[-1]
    )
    among = float(sizes @ np.square(means - mean)) if means.min() != means.max() else 0.0
    told_apart = total > count
    between = residual = se = f = p = nan
    truncated = False
    if told_apart:
        residual = within / (total - count)
    if count > 1 and told_apart:
        square = among / (count - 1)
        typical = (total - float(sizes @ sizes) / total) / (count - 1)
        estimate = (square - residual) / typical
        truncated, between = estimate < 0, max(0.0, estimate)
        se = sqrt(between * float(sizes @ sizes) / total**2 + residual / total)
        if residual:
            f = square / residual
            p = float(fdtrc(count - 1, total - count, f))
        elif square:
            f, p = inf, 0.0
    elif count > 1:
        se = sqrt(among / (count - 1) / total)
    return TakesVariance(between, residual, mean, se, f, p, count, total, truncated, told_apart)


@dataclass(frozen=True)
class Components:
    """Where the variance of a long table comes from.

    Attributes:
        variances: By name, in the values' unit squared: each factor in the order given, then ``"interaction"`` and
            ``"take"``, or ``"take and interaction"`` where `told_apart` is false. Negative estimates are 0. NaN where the
            table cannot show it: a factor of one level, or one that goes along with those before it (which then hold its part).
        shares: The same as shares (0–1) of their sum; NaN where the variance is, or where nothing varies.
        truncated: The names whose estimates were negative and are given as 0.
        told_apart: Whether any cell has a second take. Without one, what differs from take to take cannot be told from
            what only one combination of levels does.
        rows: The number of rows that counted.
        dropped: The number of rows that were NaN and did not count.
    """

    variances: dict[str, float]
    shares: dict[str, float]
    truncated: tuple[str, ...]
    told_apart: bool
    rows: int
    dropped: int


def components(values: npt.ArrayLike, factors: Mapping[str, npt.ArrayLike]) -> Components:
    """The variance components of crossed factors, all taken as random, by the method of moments.

    Sums of squares are taken one factor after the other, each after those before it, then for the combinations of levels
    beyond them (the interaction), then within combinations (the takes); the components are those for which these sums
    are what is expected. The estimates are unbiased before negative ones are set to 0. In a balanced table the order
    of the factors makes no difference.

    Args:
        values: One number per clip, shape ``(rows,)``; NaN rows do not count.
        factors: By name (such as ``"speed"``, ``"text"``, ``"voice"``) the level of each row as any codes, shape
            ``(rows,)``. Rows with the same level of every factor are takes of one cell.

    Raises:
        ValueError: No factor or no row, shapes that do not match, an infinite value, or a factor with the name of a rest.

    Source: Henderson, Biometrics 9, 1953, method 3.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or not factors:
        raise ValueError(f"values of shape (rows,) and a factor at least are needed; given was shape {numbers.shape}")
    if taken := {INTERACTION, TAKE, TAKE_AND_INTERACTION} & factors.keys():
        raise ValueError(f"the name {min(taken)!r} is that of a rest; call the factor otherwise")
    there = ~np.isnan(numbers)
    codes = {}
    for name, given in factors.items():
        if np.shape(given) != numbers.shape:
            raise ValueError(f"factor {name!r} has shape {np.shape(given)}, and the values {numbers.shape}")
        codes[name] = np.unique(np.asarray(given)[there], return_inverse=True)[1].reshape(-1)
    finite, dropped = numbers[there], int((~there).sum())
    if not len(finite) or np.isinf(finite).any():
        raise ValueError("no row has a value" if not len(finite) else "some values are infinite")
    found, told_apart = _moments(finite, codes)
    # A little below 0 is a component of 0 after rounding.
    rounding = 1e-12 * float(finite.var())
    truncated = tuple(name for name, value in found.items() if value < -rounding)
    variances = {name: 0.0 if value < rounding else value for name, value in found.items()}
    total = float(np.nansum(list(variances.values())))
    shares = {name: value / total if total else nan for name, value in variances.items()}
    return Components(variances, shares, truncated, told_apart, len(finite), dropped)


def _moments(values: Floats, codes: Mapping[str, Codes]) -> tuple[dict[str, float], bool]:
    """The components by name as they are estimated, and whether a cell has a second take."""
    _, first, cell, sizes = np.unique(
        np.stack(list(codes.values()), axis=1), axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    cells = len(sizes)
    # The factors are the same throughout a cell: its mean, with its size as weight, is all that they can explain.
    weight = np.sqrt(sizes)
    centred = values - values.mean() if values.min() != values.max() else np.zeros(len(values))
    sums = np.bincount(cell.reshape(-1), centred, cells)
    response = sums / weight
    within = float(np.square(centred - (sums / sizes)[cell.reshape(-1)]).sum())
    terms = {name: of_rows[first] for name, of_rows in codes.items()}

    basis = (weight / np.linalg.norm(weight))[:, None]
    parts: list[tuple[str, Floats]] = []
    for name, levels in terms.items():
        added = _beyond(basis, weight, levels)
        parts.append((name, added))
        basis = np.concatenate([basis, added], axis=1)

    terms[INTERACTION] = np.arange(cells)
    rank = basis.shape[1]
    squares = {name: float(np.square(added.T @ response).sum()) for name, added in parts}
    squares[INTERACTION] = max(0.0, float(response @ response) - float(np.square(basis.T @ response).sum()))
    freedom = {name: added.shape[1] for name, added in parts} | {INTERACTION: cells - rank}
    told_apart = len(values) > cells
    takes = len(values) - cells if told_apart else len(values) - rank
    take = (within if told_apart else squares[INTERACTION]) / takes if takes else nan

    # From the last to the first: the square of a term holds its own component, those of the terms after it, and the takes.
    found: dict[str, float] = {}
    later: list[str] = []
    if told_apart and len(codes) > 1:
        own = len(values) - _held(basis, weight, terms[INTERACTION])
        rest = squares[INTERACTION] - freedom[INTERACTION] * take
        found[INTERACTION] = rest / own if freedom[INTERACTION] else nan
        later.append(INTERACTION)
    for name, added in reversed(parts):
        rest = squares[name] - freedom[name] * take
        rest -= sum(_held(added, weight, terms[other]) * found[other] for other in later if not isnan(found[other]))
        found[name] = rest / _held(added, weight, terms[name]) if freedom[name] else nan
        later.append(name)
    ordered = {name: found[name] for name in [*codes, *([INTERACTION] if INTERACTION in found else [])]}
    return ordered | {TAKE if told_apart else TAKE_AND_INTERACTION: take}, told_apart


def _beyond(basis: Floats, weight: Floats, levels: Codes) -> Floats:
    """Orthonormal columns for what a factor's levels explain beyond the columns of `basis`."""
    columns = np.zeros((len(weight), int(levels.max()) + 1))
    columns[np.arange(len(weight)), levels] = weight
    most = float(np.square(columns).sum(axis=0).max())
    columns -= basis @ (basis.T @ columns)
    lengths, turned = np.linalg.eigh(columns.T @ columns)
    real = lengths > _NOTHING * most
    return np.asarray(columns @ turned[:, real] / np.sqrt(lengths[real]))


def _held(added: Floats, weight: Floats, levels: Codes) -> float:
    """How often a component with these levels counts in the sum of squares along the `added` columns."""
    sums = np.zeros((int(levels.max()) + 1, added.shape[1]))
    np.add.at(sums, levels, added * weight[:, None])
    return float(np.square(sums).sum())
