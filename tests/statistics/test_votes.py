"""Votes as columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voicenb.statistics import mean_opinion, preference


def test_columns_of_a_frame_are_columns():
    """Text, categories and whole numbers, as a DataFrame has them."""
    frame = pd.DataFrame({"who": ["b", "a", "b", "a"], "clip": [1, 1, 2, 2], "score": [3, 4, 5, 4]})
    plain = mean_opinion(*(frame[name].tolist() for name in frame))
    assert mean_opinion(*(frame[name] for name in frame)) == plain
    frame = frame.astype({"who": "category"}).sample(frac=1, random_state=1)
    again = mean_opinion(*(frame[name] for name in frame))
    assert (again.low, again.high) == pytest.approx((plain.low, plain.high))
    assert preference(frame["who"], np.sign(frame["score"] - 4)).names == ("a", "b")


def test_names_without_an_order_are_refused():
    with pytest.raises(ValueError, match="listeners holds names of several kinds"):
        preference(np.array(["a", None, "b"], dtype=object), [1, 1, 1])
