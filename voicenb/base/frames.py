"""Rows of DataFrames as plain Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["rows_of"]


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Every row as a dict, with None wherever the frame has no value: pandas tells that as NaN, NaT or NA, which are not false."""
    there = frame.notna().to_numpy()
    return [
        {str(name): value if known else None for (name, value), known in zip(row.items(), known_row, strict=True)}
        for row, known_row in zip(frame.to_dict("records"), there, strict=True)
    ]
