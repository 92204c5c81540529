"""What can be copied and sent to another process, and what says what to send instead."""

from __future__ import annotations

import copy
import pickle

import pytest

import voicenb as vn


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
