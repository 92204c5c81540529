"""Votes as columns: one row a vote, who gave it, for what, and what it was."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from voicenb.statistics.blocks import Floats

__all__ = ["Codes", "coded", "means_by", "scored"]

Codes: TypeAlias = npt.NDArray[np.int64]


def coded(
    name: str, column: npt.ArrayLike | Sequence[Hashable], rows: int | None = None
) -> tuple[tuple[Hashable, ...], Codes]:
    """The different names of a column in ascending order, and per row which of them it has.

    Args:
        name: What the column is called in a message.
        column: Any names, shape ``(rows,)``.
        rows: How long the column has to be; None for any length from 1.

    Raises:
        ValueError: The column is empty, has another shape, or holds names of several kinds (such as text and None).
    """
    given: npt.NDArray[Any] = np.asarray(column)
    if given.ndim != 1 or not len(given) or (rows is not None and len(given) != rows):
        wanted = "one row a vote, one at least" if rows is None else f"{rows} rows as the others have"
        raise ValueError(f"{name} needs {wanted}; given was shape {given.shape}")
    try:
        names, codes = np.unique(given, return_inverse=True)
    except TypeError as error:
        raise ValueError(
            f"{name} holds names of several kinds, which have no order ({error}); give all as text"
        ) from error
    return tuple(names.tolist()), np.asarray(codes.reshape(-1), dtype=np.int64)


def scored(name: str, column: npt.ArrayLike, rows: int) -> Floats:
    """A column of numbers.

    Raises:
        ValueError: It has another length, or a number is not finite: a vote that was not given is no row.
    """
    values = np.asarray(column, dtype=np.float64)
    if values.shape != (rows,):
        raise ValueError(f"{name} needs {rows} rows as the others have; given was shape {values.shape}")
    if wrong := int((~np.isfinite(values)).sum()):
        raise ValueError(f"{name} holds {wrong} values that are no finite number; leave out the rows without a vote")
    return values


def means_by(codes: Codes, values: Floats, count: int) -> Floats:
    """The mean of the values with each code, shape ``(count,)``; each code has a row at least."""
    return np.asarray(np.bincount(codes, values, count) / np.bincount(codes, minlength=count))
