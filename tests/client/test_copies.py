"""What can be copied and sent to another process, and what says what to send instead."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal

import pytest

import voicenb as vn
from voicenb.audio.subtitles import Segment, Subtitles, Word
from voicenb.base.money import Price
from voicenb.panels import ClipPlayer, ComparePlayer, SayPanel


def test_a_clip_goes_anywhere_and_what_belongs_to_a_studio_says_what_to_pass(blank_home):
    with vn.connect(home=blank_home) as studio:
        voice = studio.clone(
            vn.Reference(vn.sandbox.sample_speaker("ada", blank_home), consent="a sample"), name="ada", quiet=True
        )
        clip = voice.say("Hello there.", subtitles="word", quiet=True)
        for same in (copy.copy(clip), copy.deepcopy(clip), pickle.loads(pickle.dumps(clip))):
            assert (same.data, same.path, same.duration) == (clip.data, clip.path, clip.duration)
            assert same.subtitles == clip.subtitles or same.subtitles.srt() == clip.subtitles.srt()
        assert copy.copy(clip).task is clip.task
        assert pickle.loads(pickle.dumps(clip)).task is None
        told = {clip.task: "task.id", voice: "studio.voice", studio: "connect again"}
        for one, what in told.items():
            for act in (copy.copy, copy.deepcopy, pickle.dumps):
                with pytest.raises(TypeError, match=what):
                    act(one)


def test_prices_and_subtitles_go_anywhere():
    """They are plain values, equal to what they were made of."""
    price = Price(Decimal("0.013"), "credits", "13 characters", cached=True)
    words = Subtitles((Segment("Hello there.", 0.0, 1.0, (Word("Hello", 0.0, 0.4), Word("there.", 0.5, 1.0))),))
    for one in (price, words):
        for same in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
            assert same == one
            assert type(same) is type(one)


def test_what_holds_connections_or_a_page_says_what_to_pass(blank_home):
    """A session, a stream, panels and players."""
    with vn.connect("faseeh", sandbox=True, home=blank_home) as studio:
        stream = studio.voice("en-male-1").stream("Heard as it comes.")
        clip = stream.task.wait(quiet=True)
        told = {
            studio.session: "connect again",
            stream: "stream.task.id",
            SayPanel(studio): r"SayPanel\(studio\)",
            ClipPlayer(clip): r"pass what it plays.*ClipPlayer\(…\)",
            ComparePlayer([clip]): r"ComparePlayer\(…\)",
        }
        for one, what in told.items():
            for act in (copy.copy, copy.deepcopy, pickle.dumps):
                with pytest.raises(TypeError, match=what):
                    act(one)
