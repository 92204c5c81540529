"""The three words, and what goes with them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from voicenb.statistics import Verdict, blocks_needed, blocks_to_detect, contrast, holm, tost, verdict

CLEAR = [1.0, 1.2, 0.9, 1.1, 1.0, 0.8]
NOTHING = [0.02, -0.01, 0.03, -0.02, 0.0, -0.02]
NOISE = [1.0, -2.0, 3.0, -1.5, 0.5, 0.2]


def said(differences, margin=None, p=None, **more):
    """The verdict on differences that are a family of their own, or with a p-value that was adjusted."""
    of = contrast(differences, level=more.pop("level", 0.95), method=more.pop("method", "t"))
    return verdict(of, of.p if p is None else p, margin, differences, **more)


def test_the_words():
    """They are plain text, for a table."""
    assert [str(word) for word in Verdict] == ["changes", "no change", "cannot tell"]
    assert isinstance(said(CLEAR).verdict, str)


def test_a_difference_is_a_change():
    found = said(CLEAR, 0.5)
    assert (found.verdict, found.within_margin, found.blocks_to_decide) == ("changes", False, None)
    assert found.p_equivalence == tost(CLEAR, 0.5) > 0.99


def test_a_difference_that_is_smaller_than_the_margin_says_so():
    """Both are shown: there is one, and it is too small to matter."""
    found = said(CLEAR, 2)
    assert (found.verdict, found.within_margin) == ("changes", True)


def test_no_change_has_to_be_shown():
    """It takes a margin; without one nothing shows it, however small the differences are."""
    found = said(NOTHING, 0.1)
    assert (found.verdict, found.within_margin, found.blocks_to_decide) == ("no change", True, None)
    alone = said(NOTHING)
    assert (alone.verdict, alone.within_margin, alone.p_equivalence) == ("cannot tell", False, None)


def test_not_significant_is_not_no_change():
    """Noise is neither; the number of blocks that would tell is given."""
    found = said(NOISE, 1)
    assert (found.verdict, found.within_margin) == ("cannot tell", False)
    sd = contrast(NOISE).sd
    assert found.blocks_to_decide == max(blocks_needed(sd, 1), blocks_to_detect(sd, 1)) > len(NOISE)
    assert said(NOISE).blocks_to_decide == blocks_to_detect(sd, np.mean(NOISE))


def test_only_the_adjusted_p_value_makes_a_change():
    """What one question alone would find, ten together may not; and the number of blocks allows for that."""
    alone = contrast(CLEAR).p
    assert alone < 0.05
    assert said(CLEAR, p=0.06).verdict == "cannot tell"
    assert said(NOTHING, p=0.04).verdict == "changes"
    assert said(NOISE, 1, family=10).blocks_to_decide > said(NOISE, 1).blocks_to_decide
    assert said(NOISE, family=10).blocks_to_decide > said(NOISE).blocks_to_decide


def test_the_level_is_the_contrasts():
    differences = np.array(CLEAR) - 0.85
    assert 0.01 < contrast(differences).p < 0.05
    assert said(differences).verdict == "changes"
    assert said(differences, level=0.99).verdict == "cannot tell"
    assert said(NOTHING, 0.025).verdict == "no change"
    assert said(NOTHING, 0.025, level=0.99).verdict == "cannot tell"


def test_with_too_few_blocks_nothing_is_told():
    """And nothing is known to reckon a number of blocks from."""
    for differences in ([], [1.0], [np.nan, 1.0]):
        found = said(differences, 1)
        assert (found.verdict, found.within_margin, found.blocks_to_decide) == ("cannot tell", False, None)
    assert said([0.0] * 5).blocks_to_decide is None
    assert said([0.0] * 5, 0.1).verdict == "no change"
    assert said([1.0, -1.0]).blocks_to_decide is None


def test_the_nearer_end_of_a_margin_decides_how_many_blocks():
    """A change as large as the smaller end has to be found."""
    sd = contrast(NOISE).sd
    assert said(NOISE, (-0.5, 4)).blocks_to_decide == max(blocks_needed(sd, (-0.5, 4)), blocks_to_detect(sd, 0.5))


def test_the_bootstraps_verdict():
    """Its own p-value decides over a change; NaN blocks count for neither."""
    values = [*np.random.default_rng(1).exponential(size=25), np.nan]
    assert said(values, 0.1, method="bootstrap").verdict == "changes"


@pytest.mark.parametrize(
    ("differences", "margin", "family", "message"),
    [
        pytest.param(CLEAR[:-1], None, 1, "6 blocks, and 5 differences", id="other differences"),
        pytest.param(CLEAR, (1, 2), 1, "low < 0 < high", id="margin beside 0"),
        pytest.param(CLEAR, -1, 1, "margin", id="margin"),
        pytest.param(CLEAR, None, 0, "family", id="family"),
    ],
)
def test_what_is_wrong_is_said(differences, margin, family, message):
    with pytest.raises(ValueError, match=message):
        verdict(contrast(CLEAR), 0.001, margin, differences, family=family)


@given(
    st.lists(st.floats(-5, 5).map(lambda value: round(value, 2)), min_size=2, max_size=12),
    st.floats(0.1, 5),
    st.randoms(use_true_random=False),
)
def test_sign_unit_and_order_make_no_difference(differences, margin, random):
    plain = said(differences, margin)
    shuffled = list(differences)
    random.shuffle(shuffled)
    assert said(shuffled, margin) == plain
    turned = said(-2 * np.array(differences), 2 * margin)
    assert (turned.verdict, turned.within_margin) == (plain.verdict, plain.within_margin)


def test_the_promise_of_blocks_is_kept():
    """With as many blocks as were said, four of five studies without an effect end in "no change", four of five with an
    effect of the margin in "changes", and hardly one says the opposite.
    """
    random = np.random.default_rng(2)
    n = max(blocks_needed(1, 0.8), blocks_to_detect(1, 0.8))
    for effect, right, wrong in ((0.0, "no change", "changes"), (0.8, "changes", "no change")):
        words = [said(sample, 0.8).verdict for sample in random.normal(effect, 1, (1500, n))]
        assert np.mean([word == right for word in words]) > 0.77, effect
        assert np.mean([word == wrong for word in words]) < 0.065, effect


@pytest.mark.slow
def test_ten_measures_without_effect_change_in_one_study_of_twenty():
    """Holm's p-values keep "changes" at 5 % for a study; each p-value for itself would give 40 %."""
    random = np.random.default_rng(3)
    wrong = naive = 0
    for _ in range(600):
        measures = random.normal(0, 1, (10, 8))
        contrasts = [contrast(one) for one in measures]
        adjusted = holm([one.p for one in contrasts])
        told = [verdict(*row, None, x).verdict for *row, x in zip(contrasts, adjusted, measures, strict=True)]
        wrong += "changes" in told
        naive += any(one.p < 0.05 for one in contrasts)
    assert wrong / 600 < 0.075
    assert naive / 600 > 0.33
