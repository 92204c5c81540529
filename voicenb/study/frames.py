"""The columns of a study's frame, and the frame that rows make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from voicenb.base.arguments import did_you_mean
from voicenb.errors import InvalidRequest
from voicenb.ledger.dataframes import with_numbers
from voicenb.measures.definition import Measure
from voicenb.study.design import Design

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TASK_COLUMNS", "all_columns", "frame_of", "measures_among"]

TASK_COLUMNS = (
    "task", "status", "cost", "cost_exact", "unit", "degraded", "provider", "cached", "seconds", "error", "file",
)  # fmt: skip
"""What a row says of the task that made its clip; ``cost`` is float64, and ``cost_exact`` the same as Decimal."""


def all_columns(design: Design, known: Iterable[str]) -> list[str]:
    """The names of every column.

    Args:
        design: The design.
        known: The measures' names.
    """
    return ["cell", *(one.name for one in design.factors), "take", "service", *TASK_COLUMNS, "not_measured", *known]


def measures_among(columns: Sequence[str] | None, design: Design, known: Mapping[str, Measure]) -> dict[str, Measure]:
    """The measures among the columns that were asked for; all of them where none was.

    Raises:
        InvalidRequest: There is no such column.
    """
    if columns is None:
        return dict(known)
    every = all_columns(design, known)
    if isinstance(columns, str) or not (asked := list(columns)):
        raise InvalidRequest(f"columns={columns!r}: give a list of columns, such as ['speed', 'duration']")
    for name in asked:
        if name not in every:
            hint = did_you_mean(name, every)
            raise InvalidRequest(f"columns: no column is named {name!r}; {hint}frame() has them all")
    return {name: known[name] for name in asked if name in known}


def frame_of(
    rows: list[dict[str, Any]], columns: Sequence[str] | None, design: Design, chosen: Iterable[str]
) -> pd.DataFrame:
    """The rows as a frame; what a row lacks is missing, and measures and costs are float64.

    Args:
        rows: One a cell; its ``cost`` is a Decimal, or missing.
        columns: Only these; None gives all.
        design: The design.
        chosen: The measures among the columns.
    """
    import pandas as pd

    names = all_columns(design, chosen) if columns is None else list(columns)
    inner = [name for name in names if name != "cost_exact"]
    if "cost" not in inner and "cost_exact" in names:
        inner.append("cost")
    frame = pd.DataFrame(rows, columns=inner).astype(dict.fromkeys(chosen, np.float64))
    return with_numbers(frame, ("cost",))[names] if "cost" in inner else frame
