"""Text becomes stretches that hold every word once, in order, where it stands."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from voicenb.sandbox.engine.text.segmentation import breaths, sentences, words


@given(st.text(alphabet="ab Z9.,!?\n¿。，—'’\"()<>#", max_size=600))
def test_breaths_keep_every_word_where_it_stands(text):
    """Breaths are slices of the text, in order, within the limit, and hold every letter and digit but pause marks'."""
    found = breaths(text)
    at = 0
    for breath in found:
        assert breath.begin >= at
        assert text[breath.begin : breath.begin + len(breath.text)] == breath.text
        assert len(breath.text) <= 240
        at = breath.begin + len(breath.text)
    spoken = "".join(breath.text for breath in found)
    assert sum(map(str.isalnum, spoken)) == sum(text[begin:end].count(c) for begin, end in words(text) for c in "abZ9")


@pytest.mark.parametrize("text", ["word " * 2000, "w" * 10_000, "说" * 10_000, "one, " * 2000])
def test_long_text_without_full_stops_is_cut(text):
    """Ten thousand characters without a sentence's end become many breaths."""
    found = breaths(text)
    assert max(len(breath.text) for breath in found) <= 240
    assert sum(len(breath.text) for breath in found) > 0.75 * len(text)
    assert [breath.last for breath in found].count(True) == 1


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param("Dr. Smith met J. K. Rowling. They talked.", 2, id="titles and initials"),
        pytest.param("It is I. You know.", 2, id="the pronoun is no initial"),
        pytest.param("Wait... what? Yes!", 3, id="marks"),
        pytest.param("你好。我很好！", 2, id="Chinese"),
        pytest.param("One\nTwo", 2, id="lines"),
        pytest.param("3.14 is pi.", 1, id="decimal point"),
        pytest.param("Well <#0.5#> then.", 1, id="a pause ends no sentence"),
    ],
)
def test_sentences(text, count):
    assert len(sentences(text)) == count


def test_pauses_belong_to_the_breath_after_them():
    """Marks between words, between sentences and several at once are summed where they stand."""
    found = breaths("A <#0.5#> b. <#1#> <#2#> C.")
    assert [(breath.text, breath.silence) for breath in found] == [("A", 0), ("b.", 0.5), ("C.", 3)]
