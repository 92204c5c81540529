"""What is said of an effect rests on the levels that decided it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from voicenb.measures.builtin import BUILT_IN
from voicenb.study.design import Design, Factor
from voicenb.study.effects import effect_of, effects_table

DURATION = next(one for one in BUILT_IN if one.name == "duration")


def test_the_level_that_is_shown_is_one_that_the_verdict_rests_on():
    """A level of large and scattered differences is not what a small and sure one is told by."""
    texts = [f"text {number}" for number in range(6)]
    design = Design(
        (Factor("voice", ("v",)), Factor("text", tuple(texts)), Factor("emotion", ("calm", "sure", "scattered"))),
        takes=1,
    )
    scatter = np.random.default_rng(0).permutation([0.4, 3.0, 0.5, 2.5, 0.6, 4.0])
    frame = design.cells.frame().assign(status="completed")
    lengths = {"calm": np.ones(6), "sure": np.full(6, 1.1) + np.arange(6) / 1000, "scattered": scatter}
    frame["duration"] = [lengths[row.emotion][texts.index(row.text)] for row in frame.itertuples()]
    row = effects_table(frame, design, {"duration": DURATION}, level=0.95).set_index("factor").loc["emotion"]
    assert (row["verdict"], row["level"]) == ("changes", "sure")
    assert row["p_holm"] < 0.05
    assert 9 < row["estimate"] < 12
    effect = effect_of(frame, design, design.factor("emotion"), DURATION, margin="audible", level=0.95, method="t")
    assert abs(effect.table.set_index("level").loc["scattered", "estimate"]) > row["estimate"]
    assert "changes; sure is" in effect.sentence
    assert isinstance(effect.table, pd.DataFrame)
