"""Pauses, and characters as the services count them."""

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from voicenb.services.text import (
    duration_of_pauses,
    finer_pauses,
    malformed_pauses,
    misplaced_pauses,
    runes,
    without_pauses,
)


@given(st.text(alphabet=st.characters(exclude_characters="<>#", exclude_categories=["Cs"])))
def test_text_without_marks_counts_every_code_point(text):
    assert runes(text) == len(text)
    assert not list(malformed_pauses(text))
    assert not list(misplaced_pauses(text))


@given(st.integers(1, 9999))
def test_every_pause_of_the_range_is_one_and_is_not_counted(hundredths):
    mark = f"<#{Decimal(hundredths) / 100}#>"
    assert without_pauses(f"a{mark}b") == "ab"
    assert duration_of_pauses(f"a{mark}b") == Decimal(hundredths) / 100
    assert not list(malformed_pauses(f"a{mark}b"))
    assert not list(misplaced_pauses(f"a{mark}b"))


@pytest.mark.parametrize(
    "mark", ["<#0#>", "<#0.009#>", "<#100#>", "<#99.995#>", "<#-1#>", "<#x#>", "<##>", "<#1e1#>", "<#٣#>"]
)
def test_a_mark_outside_the_range_is_malformed_and_counts_as_text(mark):
    assert list(malformed_pauses(f"a{mark}b")) == [mark]
    assert runes(f"a{mark}b") == len(mark) + 2


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("<#1#> a", "speakable text must stand before a pause"),
        ("a <#1#>", "speakable text must stand after a pause"),
        ("a <#1#> <#2#> b", "two pauses may not touch"),
        ("a <#1#>, <#2#> b", "two pauses may not touch"),
    ],
)
def test_the_learned_grammar_names_the_rule_that_is_broken(text, rule):
    assert [said for _, said in misplaced_pauses(text)] == [rule]


def test_the_documented_default_line_has_44_runes():
    line = "在森林的深处,阳光透过树梢洒落,鸟儿的歌声交织成一曲美妙的乐章,诉说着大自然无尽的美丽。"
    assert runes(line) == 44


def test_a_pause_has_at_most_two_decimals():
    assert list(finer_pauses("a<#0.125#>b<#0.12#>c<#x#>d")) == ["<#0.125#>"]
