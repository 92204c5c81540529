"""Long texts in parts: where they are cut, and that nothing of them is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, strategies as st

from voicenb.services.sentences import text_parts

_BITS = st.sampled_from(
    ["Hello", "world", " ", ". ", "? ", ", ", "\n\n", "<#0.5#>", '<break time="500ms"/>', "3.14", "Dr. ", "。", "你好", "مرحبا", "؟ ", "، ", "e\u0301", "<", ">", "👩\u200d🚀", "ไทย"]
)  # fmt: skip


@given(st.lists(_BITS, max_size=40).map("".join) | st.text(max_size=200), st.integers(1, 60))
@example("", 1)
def test_the_parts_are_the_text_and_none_is_too_long(text, most):
    """Whatever the text and the limit are."""
    parts = text_parts(text, most)
    assert "".join(part.text for part in parts) == text
    assert all(len(part.text) <= most for part in parts)
    assert all(part.spoken in part.text and part.pause >= 0 for part in parts)


@given(
    st.lists(
        st.sampled_from(["One", "two", " ", ". ", "<#0.5#>", '<break time="500ms"/>', "3.14", "1,000"]), max_size=60
    ).map("".join)
)
def test_no_cut_is_within_a_pause_or_a_number(text):
    """Where the limit has room for them."""
    ends = set()
    at = 0
    for part in text_parts(text, 40):
        at += len(part.text)
        ends.add(at)
    for mark in re.finditer(r"<[^<>]*>", text):
        assert not ends & set(range(mark.start() + 1, mark.end()))
    for mark in re.finditer(r"(?<![\w.,])(3\.14|1,000)(?![\w.,])", text):
        assert not ends & set(range(mark.start() + 1, mark.end()))


def spoken(text, most):
    return [part.spoken for part in text_parts(text, most)]


@pytest.mark.parametrize(
    ("text", "most", "parts"),
    [
        ("One. Two. Three.", 10, ["One. Two.", "Three."]),
        ("Dr. Smith met J. R. Jones. They spoke.", 30, ["Dr. Smith met J. R. Jones.", "They spoke."]),
        ("Pi is 3.14 or so. Yes!", 18, ["Pi is 3.14 or so.", "Yes!"]),
        ("Am 3. Mai kam z. B. Anna. Dann ging sie.", 30, ["Am 3. Mai kam z. B. Anna.", "Dann ging sie."]),
        ("He said “Stop.” Then he left.", 20, ["He said “Stop.”", "Then he left."]),
        ("wait … for it. Now", 16, ["wait … for it.", "Now"]),
        ("第一句。第二句！第三句？", 8, ["第一句。第二句！", "第三句？"]),
        ("كيف حالك؟ أنا بخير، شكرا. إلى اللقاء.", 28, ["كيف حالك؟ أنا بخير، شكرا.", "إلى اللقاء."]),
        ("यह एक है। यह दो है।", 12, ["यह एक है।", "यह दो है।"]),
        ("a long clause, and another one here", 20, ["a long clause,", "and another one here"]),
        ("no marks at all here", 10, ["no marks", "at all", "here"]),
        ("مرحبا، يا صديقي العزيز", 12, ["مرحبا،", "يا صديقي", "العزيز"]),
        ("Title\n\nBody text.", 10, ["Title", "Body text."]),
        ("One of these is broken\nfor its width. Two.", 40, ["One of these is broken\nfor its width.", "Two."]),
        ("It ends here.\nThis is next, and on.", 20, ["It ends here.", "This is next,", "and on."]),
        ("A verse\nand another", 10, ["A verse", "and", "another"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("a" * 3 + " 1234567 b", 8, ["aaa", "1234567", "b"]),
        ("e\u0301e\u0301e\u0301", 3, ["e\u0301", "e\u0301", "e\u0301"]),
    ],
)  # fmt: skip
def test_a_text_is_cut_where_a_reader_would_breathe(text, most, parts):
    """Sentences first, by the rules of their writing; then clauses, words, and characters."""
    assert spoken(text, most) == parts


def test_a_pause_at_a_cut_is_silence_between_the_parts():
    """A service would refuse it at the edge of a text; what the author asks for goes before what is natural."""
    first, second = text_parts("First one. <#1.5#> Second one.", 19)
    assert (first.spoken, first.pause) == ("First one.", 1.5)
    assert second.spoken == "Second one."
    parts = text_parts("First one. <#1.5#> Second one.", 14)
    assert [part.spoken for part in parts] == ["First one.", "", "Second one."]
    assert sum(part.pause for part in parts) == 1.5


def test_silence_is_longer_between_paragraphs_than_between_sentences_and_clauses():
    pauses = [text_parts(text, 6)[0].pause for text in ("One.\n\nTwo.", "One. Two.", "One, two.", "One two")]
    assert pauses == sorted(pauses, reverse=True)
    assert len(set(pauses)) == 4
    assert text_parts("One. Two.", 6)[-1].pause == 0


def test_what_has_nothing_to_speak_is_not_sent():
    """Marks and space alone."""
    assert spoken("One." + " " * 20 + "…", 6)[-1] == ""


def test_a_part_has_room_for_a_character():
    with pytest.raises(ValueError, match="one character"):
        text_parts("a", 0)


@pytest.mark.parametrize(
    "again", [" ", ".", "\n", "\n ", ", ", "<", "a", "1.", "'", ".”", "<#1#>", "Dr. ", "\u0301", "。"]
)
def test_a_text_of_one_thing_over_and_over_is_cut_soon(again):
    """A hundred thousand times: what looked at each of them from each of them would not come to an end."""
    text = again * 100_000 + "a"
    parts = text_parts(text, 10_000)
    assert "".join(part.text for part in parts) == text
    assert all(len(part.spoken) <= 10_000 for part in parts)
