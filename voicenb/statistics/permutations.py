"""p-values by rearranging what was observed: signs within pairs, or the two samples that values belong to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Literal

import numpy as np

from voicenb.statistics.blocks import Floats

__all__ = ["PERMUTATIONS", "Alternative", "Permutation", "check_alternative", "flipped_signs", "regrouped"]

Alternative = Literal["two-sided", "greater"]

PERMUTATIONS = 10_000
"""Drawn where there are too many to go through all, the observed one not counted; as many as BS.1534-3 asks for."""

_MOST_SIGNS = 16
_AT_ONCE = 2**20
# Sums of the same numbers in another order differ by their rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Permutation:
    """A p-value by permutation.

    Attributes:
        p: The p-value (0–1). Where permutations are drawn, the observed one counts as one more.
        exceedances: How many permutations gave as much as was observed or more.
        permutations: How many there were.
        exact: Whether these were all.
    """

    p: float
    exceedances: int
    permutations: int
    exact: bool


def flipped_signs(values: Floats, *, alternative: Alternative = "two-sided", seed: int = 0) -> Permutation:
    """Whether the mean of the values is 0, by turning their signs: all ways up to 16 values, else 10,000 drawn ones.

    The values, shape ``(n,)``, are taken in ascending order, so that their own order makes no difference.

    Raises:
        ValueError: There is no value.
    """
    kept = np.sort(values)
    if not len(kept):
        raise ValueError("values are needed, one a listener; none was given")
    exact = len(kept) <= _MOST_SIGNS
    if exact:
        sums = np.zeros(1)
        for value in kept:
            sums = np.concatenate([sums - value, sums + value])
    else:
        random = np.random.default_rng(seed)
        sums = np.concatenate(
            [
                2.0 * random.integers(0, 2, (size, len(kept)), dtype=np.int8) @ kept - kept.sum()
                for size in _blocks(PERMUTATIONS, len(kept))
            ]
        )
    return _counted(sums, float(kept.sum()), float(np.abs(kept).sum()), alternative, exact=exact)


def regrouped(
    a: Floats,
    b: Floats,
    middle: Callable[[Floats], Floats],
    *,
    alternative: Alternative = "two-sided",
    seed: int = 0,
    exact: bool | None = None,
) -> Permutation:
    """Whether two samples have the same middle, by dealing their values out anew.

    Args:
        a: Shape ``(n,)``.
        b: Shape ``(m,)``.
        middle: From a table of shape ``(permutations, values)`` the middle of each row, such as their medians.
        alternative: ``"greater"``: only a larger middle of `a` counts.
        seed: Of the permutations that are drawn.
        exact: Whether to go through all ways; None: if these are 10,000 at most.

    Raises:
        ValueError: A sample is empty, or there are more than a million ways to go through.
    """
    if not len(a) or not len(b):
        raise ValueError(f"both samples need a value; given were {len(a)} and {len(b)}")
    ways = comb(len(a) + len(b), len(a))
    exact = ways <= PERMUTATIONS if exact is None else exact
    if exact and ways > 100 * PERMUTATIONS:
        raise ValueError(f"exact goes through {ways:,} ways, and at most {100 * PERMUTATIONS:,} are allowed; use False")
    kept = np.sort(np.concatenate([a, b]))
    count, size = len(kept), len(a)
    found: list[Floats] = []
    if exact:
        chosen = np.array(list(combinations(range(count), size)))
        for part in np.array_split(chosen, -(-len(chosen) * count // _AT_ONCE)):
            away = np.ones((len(part), count), dtype=bool)
            np.put_along_axis(away, part, values=False, axis=1)
            rest = np.nonzero(away)[1].reshape(len(part), count - size)
            found.append(middle(kept[part]) - middle(kept[rest]))
    else:
        random = np.random.default_rng(seed)
        for rows in _blocks(PERMUTATIONS, count):
            dealt = random.permuted(np.broadcast_to(kept, (rows, count)), axis=1)
            found.append(middle(dealt[:, :size]) - middle(dealt[:, size:]))
    observed = float(middle(a[None])[0] - middle(b[None])[0])
    return _counted(np.concatenate(found), observed, float(np.abs(kept).max()), alternative, exact=exact)


def check_alternative(alternative: str) -> None:
    """Refuse an unknown alternative.

    Raises:
        ValueError: It is neither.
    """
    if alternative not in {"two-sided", "greater"}:
        raise ValueError(f'alternative is "two-sided" or "greater"; given was {alternative!r}')


def _blocks(rows: int, columns: int) -> list[int]:
    """Row counts that hold a bounded number of values each, and `rows` in all."""
    some = max(1, _AT_ONCE // columns)
    return [min(some, rows - start) for start in range(0, rows, some)]


def _counted(found: Floats, observed: float, scale: float, alternative: Alternative, *, exact: bool) -> Permutation:
    check_alternative(alternative)
    if alternative == "two-sided":
        found, observed = np.abs(found), abs(observed)
    beyond = int((found >= observed - _ROUNDING * scale).sum())
    p = beyond / len(found) if exact else (beyond + 1) / (len(found) + 1)
    return Permutation(p, beyond, len(found), exact)
