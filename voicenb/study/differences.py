"""What tells two studies apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from voicenb.ledger.records import TaskRecord
from voicenb.study.design import level_text
from voicenb.study.stages import Stage

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["differences_table"]

_Side: TypeAlias = tuple[str, Stage, Mapping[str, TaskRecord]]
_OPTIONS = ("takes", "kind", "sample", "order", "seed", "question")


def differences_table(this: _Side, other: _Side) -> pd.DataFrame:
    """See `Study.diff`; each side is a study's name, stage and tasks."""
    import pandas as pd

    rows: list[tuple[str, Any, Any]] = [("name", this[0], other[0])] if this[0] != other[0] else []
    sides = (this[1], other[1])
    factors = [{one.name: one for one in side.design.factors} for side in sides]
    for name in dict.fromkeys((*factors[0], *factors[1])):
        both = [side.get(name) for side in factors]
        levels = ["" if one is None else ", ".join(map(level_text, one.levels)) for one in both]
        bases = ["" if one is None else level_text(one.levels[one.baseline]) for one in both]
        if levels[0] != levels[1]:
            rows.append((name, levels[0], levels[1]))
        if bases[0] != bases[1] and None not in both:
            rows.append((f"baseline of {name}", bases[0], bases[1]))
    for name in _OPTIONS:
        values = [getattr(side.design, name) for side in sides]
        if values[0] != values[1]:
            rows.append((name, values[0], values[1]))
    for level, voice in sides[0].voices.items():
        if sides[1].voices.get(level, voice) != voice:
            rows.append((f"the voice {level}", voice, sides[1].voices[level]))
    mine, others = ({cell.key for cell in side.design.cells} for side in sides)
    rows.append(("cells", len(mine), len(others)))
    rows.append(("cells of both", len(mine & others), len(mine & others)))
    done = [
        sum(key in keys and one.status == "completed" for key, one in tasks.items())
        for keys, tasks in ((mine, this[2]), (others, other[2]))
    ]
    rows.append(("made", done[0], done[1]))
    return pd.DataFrame(rows, columns=["what", "this", "other"], dtype=object)
