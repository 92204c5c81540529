"""Subtitles: what is written can be read again, in order, whatever the service said."""

from __future__ import annotations

import itertools
import json
import math
import re

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from voicenb.audio.subtitles import Segment, Subtitles, Word
from voicenb.errors import InvalidRequest

HELLO = Subtitles(
    (
        Segment("Hello there.", 0.1, 0.9, (Word("Hello", 0.1, 0.5), Word("there.", 0.5, 0.9))),
        Segment("Mind <the> gap & more.", 1.2, 2.3456, (Word("Mind", 1.2, 1.5), Word("gap", 1.6, 2.3456))),
    )
)

# Anything printable, with the characters that mean something to SRT, VTT or HTML made common; never only blanks.
TEXTS = st.text(
    st.one_of(st.sampled_from("<>&->\"'\n 你ع"), st.characters(exclude_categories=("C", "Z"))), min_size=1
).filter(lambda text: text.strip() != "")
TIMES = st.floats(-1, 400_000, allow_nan=False)
SEGMENTS = st.lists(st.builds(Segment, TEXTS, TIMES, TIMES), max_size=8)
CUES = re.compile(r"^(\d{2,}):(\d\d):(\d\d)[.,](\d{3}) --> (\d{2,}):(\d\d):(\d\d)[.,](\d{3})$", re.MULTILINE)


def times(text):
    for found in CUES.finditer(text):
        a, b, c, d, e, f, g, h = map(int, found.groups())
        yield ((a * 60 + b) * 60 + c) * 1000 + d, ((e * 60 + f) * 60 + g) * 1000 + h


def said(text):
    """What a cue can carry of a text: lines without blanks at their ends, and no blank lines."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def test_srt_of_sentences_and_words():
    """The exact form that players read."""
    assert HELLO.srt() == (
        "1\n00:00:00,100 --> 00:00:00,900\nHello there.\n\n2\n00:00:01,200 --> 00:00:02,346\nMind <the> gap & more.\n"
    )
    assert HELLO.srt("word").startswith("1\n00:00:00,100 --> 00:00:00,500\nHello\n\n2\n00:00:00,500")


def test_vtt_escapes_what_would_be_markup():
    """WebVTT has its header, points in its times, and entities."""
    text = HELLO.vtt()
    assert text.startswith("WEBVTT\n\n00:00:00.100 --> 00:00:00.900\nHello there.\n\n")
    assert "Mind &lt;the&gt; gap &amp; more." in text


@pytest.mark.slow
@given(SEGMENTS)
def test_written_times_never_run_backwards(segments):
    """Whatever times a service gives: starts in order, from 0, and each cue lasts."""
    for text in (Subtitles(segments).srt(), Subtitles(segments).vtt()):
        found = list(times(text))
        assert len(found) == len(segments)
        assert all(start < end for start, end in found)
        assert all(earlier[0] <= later[0] for earlier, later in itertools.pairwise(found))
        assert all(start >= 0 for start, _ in found)


@pytest.mark.slow
@given(SEGMENTS)
def test_vtt_round_trip(segments):
    """Every text comes back, with every character."""
    back = Subtitles.parse(Subtitles(segments).vtt(), "vtt")
    assert [cue.text for cue in back] == [said(segment.text) for segment in segments]


@given(SEGMENTS)
def test_srt_round_trip(segments):
    """Every text comes back, but for the arrow that SRT cannot hold."""
    back = Subtitles.parse(Subtitles(segments).srt(), "srt")
    assert [cue.text for cue in back] == [said(segment.text).replace("-->", "→") for segment in segments]


@pytest.mark.slow
@given(
    st.lists(
        st.builds(Segment, TEXTS, TIMES, TIMES, st.lists(st.builds(Word, TEXTS, TIMES, TIMES), max_size=3)), max_size=5
    )
)
def test_json_round_trip_is_exact(segments):
    """JSON keeps everything as it is."""
    assert Subtitles.parse(Subtitles(segments).json(), "json") == Subtitles(segments)


def test_round_trip_of_times_is_good_to_a_millisecond():
    """Hours, too."""
    one = Subtitles((Segment("late", 4000.1234, 4001.9876),))
    for form in ("srt", "vtt"):
        (back,) = Subtitles.parse(getattr(one, form)(), form)
        assert (back.start, back.end) == (4000.123, 4001.988)


def test_frame_is_typed():
    """Words where there are any, else sentences; the same columns and types even when there is nothing."""
    kinds = {"segment": "int64", "start": "float64", "end": "float64", "duration": "float64"}
    for subtitles, count in ((HELLO, 4), (Subtitles(()), 0), (Subtitles((Segment("x", 0, 1),)), 1)):
        frame = subtitles.frame()
        assert list(frame.columns) == ["segment", "text", "start", "end", "duration"]
        assert {name: str(frame[name].dtype) for name in kinds} == kinds
        assert isinstance(frame["text"].dtype, pd.StringDtype)
        assert len(frame) == count
    assert HELLO.frame("segment")["text"].tolist() == ["Hello there.", "Mind <the> gap & more."]
    assert HELLO.frame()["segment"].tolist() == [0, 0, 1, 1]


def test_iteration_words_and_text():
    """The object reads like what it is."""
    assert [segment.text for segment in HELLO] == ["Hello there.", "Mind <the> gap & more."]
    assert [word.text for word in HELLO.words] == ["Hello", "there.", "Mind", "gap"]
    assert HELLO.text == "Hello there. Mind <the> gap & more."
    assert len(HELLO) == 2


@pytest.mark.parametrize("suffix", ["srt", "vtt", "json", "csv", "SRT"])
def test_save_by_suffix(tmp_path, suffix):
    """The suffix decides, folders are made, nothing else is left behind."""
    path = HELLO.save(tmp_path / "new" / f"words.{suffix}")
    assert [file.name for file in path.parent.iterdir()] == [f"words.{suffix}"]
    text = path.read_text("utf-8")
    assert "Hello" in text
    if suffix == "json":
        assert json.loads(text)["segments"][0]["words"][0]["text"] == "Hello"
    if suffix == "csv":
        assert text.splitlines()[0] == "segment,text,start,end,duration"


def test_what_cannot_be_written_says_what_can(tmp_path):
    """An unknown suffix, level, or words that were never timed."""
    with pytest.raises(InvalidRequest, match=r"\.srt, \.vtt, \.json or \.csv"):
        HELLO.save(tmp_path / "words.txt")
    with pytest.raises(InvalidRequest, match="'segment' and 'word'"):
        HELLO.srt("line")
    with pytest.raises(InvalidRequest, match="timed the sentences"):
        Subtitles((Segment("x", 0, 1),)).vtt("word")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_times_are_numbers(value):
    """A time that is none is refused where it is made, not where it is shown."""
    with pytest.raises(ValueError, match="finite"):
        Word("x", value, 1)


def test_reading_other_peoples_files():
    """Byte order marks, Windows line ends, cue settings, headers and markup are understood."""
    vtt = "\ufeffWEBVTT - a title\r\n\r\nNOTE hello\r\n\r\n7\r\n00:01.500 --> 00:02.000 align:start\r\n<v Ann>Hi &amp; bye\r\n"
    assert Subtitles.parse(vtt, "vtt") == Subtitles((Segment("Hi & bye", 1.5, 2.0),))
    with pytest.raises(ValueError, match="srt, vtt or json"):
        Subtitles.parse("", "txt")
