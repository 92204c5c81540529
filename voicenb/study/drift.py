"""Whether a service still speaks as it did: the oldest cells of a study, made and paid once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from voicenb.errors import InvalidRequest
from voicenb.ledger.records import TaskRecord
from voicenb.measures.definition import Measure
from voicenb.statistics import contrast, holm
from voicenb.study.design import Cell, Design
from voicenb.study.effects import AUDIBLE, Comparison, decided, on_scale, shown_value, unit_of, within_margin
from voicenb.study.standing import made, repetition_key

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["drift_table", "oldest_cells", "repetition_of"]


def oldest_cells(design: Design, tasks: Mapping[str, TaskRecord], count: int) -> list[Cell]:
    """The cells that were made first, without those that a fallback made.

    Raises:
        InvalidRequest: None is made, or the count is no whole number from 1.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InvalidRequest(f"cells={count!r}: allowed is a whole number from 1")
    sound = {key: one for key, one in tasks.items() if one.status == "completed" and one.file and not one.degraded}
    kept = [design.cells[number] for number in design.numbers_of(sound).tolist()]
    if not kept:
        raise InvalidRequest("nothing of this study is made yet, so nothing can be repeated: run() makes it")
    return sorted(kept, key=lambda cell: (sound[cell.key].created, cell.number))[:count]


def repetition_of(cells: list[Cell], tasks: Mapping[str, TaskRecord]) -> int:
    """Which repetition is next, 1 and more: one that was interrupted goes on."""
    repetition = 1
    while all(made(tasks.get(repetition_key(cell.key, repetition))) for cell in cells):
        repetition += 1
    return repetition


def drift_table(then: pd.DataFrame, now: pd.DataFrame, known: Mapping[str, Measure], *, level: float) -> pd.DataFrame:
    """What has changed between two makings of the same cells.

    Args:
        then: One row a cell, one column a measure.
        now: The same of the repetition, in the same order.
        known: The measures.
        level: The intervals' level, 0–1.

    Returns:
        One row a measure: measure, verdict, estimate (now less then, the mean over cells), low, high, unit, p_holm, margin, cells,
        then, now (the means of the values).
    """
    import pandas as pd

    comparisons = []
    for name, measure in known.items():
        differences = on_scale(now[name], measure) - on_scale(then[name], measure)
        comparisons.append(Comparison(None, differences, contrast(differences, level=level, method="t")))
    adjusted = holm([one.contrast.p for one in comparisons]).tolist()
    rows: list[dict[str, Any]] = []
    for measure, one, p in zip(known.values(), comparisons, adjusted, strict=True):
        bounds, words = within_margin(measure, AUDIBLE)
        decision = decided([one], [p], bounds, len(comparisons))[0]
        both = np.isfinite(one.differences)
        rows.append(
            {
                "measure": measure.name,
                "verdict": str(decision.verdict),
                "estimate": shown_value(one.contrast.estimate, measure),
                "low": shown_value(one.contrast.low, measure),
                "high": shown_value(one.contrast.high, measure),
                "unit": unit_of(measure),
                "p_holm": p,
                "margin": words,
                "cells": one.contrast.blocks,
                "then": then[measure.name][both].mean(),
                "now": now[measure.name][both].mean(),
            }
        )
    return pd.DataFrame(rows)
