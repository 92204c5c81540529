"""p-values adjusted for each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from voicenb.statistics import benjamini_hochberg, bonferroni, hochberg, holm

PUBLISHED = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
PUBLISHED += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1]
ALL = [bonferroni, holm, hochberg, benjamini_hochberg]

p_values = st.lists(st.floats(0, 1), max_size=20)


@pytest.mark.parametrize(("function", "found"), [(bonferroni, 3), (holm, 3), (hochberg, 3), (benjamini_hochberg, 4)])
def test_the_example_of_benjamini_and_hochberg(function, found):
    """15 p-values of 1995: how many stay below .05."""
    assert (function(PUBLISHED) < 0.05).sum() == found


def test_by_hand():
    """Four p-values at which all four rules differ."""
    p = [0.02, 0.01, 0.04, 0.03]
    assert bonferroni(p) == pytest.approx([0.08, 0.04, 0.16, 0.12])
    assert holm(p) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert hochberg(p) == pytest.approx([0.04, 0.04, 0.04, 0.04])
    p = [0.01, 0.02, 0.03, 0.5]
    assert hochberg(p) == pytest.approx([0.04, 0.06, 0.06, 0.5])
    assert benjamini_hochberg(p) == pytest.approx([0.04, 0.04, 0.04, 0.5])


def test_statsmodels_gives_the_same():
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    names = {"bonferroni": bonferroni, "holm": holm, "simes-hochberg": hochberg, "fdr_bh": benjamini_hochberg}
    for name, function in names.items():
        assert function(PUBLISHED) == pytest.approx(multitest.multipletests(PUBLISHED, method=name)[1]), name


@given(p_values.filter(len))
def test_scipy_gives_the_same_share_of_false_findings(p):
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))


def test_ten_questions_at_once():
    """Of ten with no effect, 40.1 % have one p below .05; adjusted, no more than 5 % have."""
    p = np.random.default_rng(1).uniform(size=(4000, 10))
    expected = 1 - 0.95**10
    assert expected == pytest.approx(0.40126, abs=5e-6)
    assert (p.min(axis=1) < 0.05).mean() == pytest.approx(expected, abs=0.025)
    for function in ALL:
        assert np.mean([function(row).min() < 0.05 for row in p]) == pytest.approx(0.05, abs=0.011), function.__name__


def test_screening_holds_the_share_of_false_findings():
    """Half of 20 questions have an effect: of the findings 2.5 % are false (half of 5 %), though few studies have none."""
    random = np.random.default_rng(2)
    null, effect = random.normal(0, 1, (2000, 10)), random.normal(3, 1, (2000, 10))
    found = np.array([benjamini_hochberg(row) < 0.05 for row in 2 * stats.norm.sf(abs(np.hstack([null, effect])))])
    false = found[:, :10].sum(axis=1)
    assert (false / np.maximum(1, found.sum(axis=1))).mean() == pytest.approx(0.025, abs=0.005)
    assert (false > 0).mean() > 0.1


@pytest.mark.parametrize("function", ALL)
def test_what_could_not_be_asked_does_not_count(function):
    """NaN stays where it is, and the rest is as without it."""
    found = function([np.nan, 0.01, np.nan, 0.04, 0.03])
    assert np.isnan(found).tolist() == [True, False, True, False, False]
    assert found[[1, 3, 4]].tolist() == function([0.01, 0.04, 0.03]).tolist()
    assert function([]).shape == (0,)
    assert np.isnan(function([np.nan])).all()


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize("p", [[0.5, 1.1], [-0.1], [[0.5]], 0.5])
def test_what_is_no_list_of_p_values_is_refused(function, p):
    with pytest.raises(ValueError, match="p-value"):
        function(p)


@given(p_values)
def test_the_rules_are_in_order(p):
    """None is below the p-value itself, nor above 1; each is at most as strict as the one before it."""
    found = [function(p) for function in ALL]
    assert (found[0] <= 1).all()
    for strict, mild in zip(found, [*found[1:], np.asarray(p)], strict=True):
        assert (mild <= strict + 1e-15).all()


@pytest.mark.parametrize("function", ALL)
@given(p=p_values, random=st.randoms(use_true_random=False))
def test_a_smaller_p_value_stays_smaller_in_any_order(function, p, random):
    """Adjusted values rise with the p-values, and move with them when they are shuffled."""
    found = function(p)
    order = list(range(len(p)))
    random.shuffle(order)
    assert function([p[i] for i in order]).tolist() == found[order].tolist()
    assert (np.diff(found[np.argsort(p, kind="stable")]) >= 0).all()
