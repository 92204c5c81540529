"""Pauses, rate and melody, of activities and tracks that are given."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from made_speech import phrase

from voicenb.measures import VoiceActivity, voice_activity
from voicenb.measures.speaking import f0_median, f0_range, pause_seconds, pauses, speech_rate, spoken_characters

NONE = VoiceActivity(np.zeros((0, 2)))


def activity(*segments):
    return VoiceActivity(np.array(segments, dtype=float))


def test_pauses_of_0_2_seconds_count():
    """One of exactly 0.2 s counts, one of 0.19 s does not; silence at the ends is none."""
    some = activity((1.0, 2.0), (2.2, 3.0), (3.19, 4.0), (5.0, 6.0))
    assert pauses(some) == 2
    assert pause_seconds(some) == pytest.approx(1.2)
    assert pauses(activity((1.0, 2.0))) == pause_seconds(activity((1.0, 2.0))) == 0
    assert np.isnan([pauses(NONE), pause_seconds(NONE)]).all()


def test_pauses_of_sound():
    """Three vowels with two gaps of 0.5 s, fades included."""
    found = voice_activity(phrase(gap=0.5), 16_000)
    assert pauses(found) == 2
    assert pause_seconds(found) == pytest.approx(1.0, abs=0.12)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Hello, world 42!", 12),
        ("Wait <#1.25#> here", 8),
        ("你好，世界。", 4),
        ("コーヒー", 4),
        ("안녕", 2),
        (unicodedata.normalize("NFD", "안녕 é"), 3),
        ("٤ مرحبا", 6),
        ("… — !", 0),
    ],
)
def test_characters_of_any_script(text, count):
    assert spoken_characters(text) == count


@given(st.text(max_size=30), st.text(max_size=30))
@settings(max_examples=50, deadline=None)
def test_characters_add_up(one, other):
    """A pause between two texts changes nothing but where it stands."""
    assert spoken_characters(f"{one.replace('<', '')} <#0.5#> {other.replace('>', '')}") == spoken_characters(
        f"{one.replace('<', '')} {other.replace('>', '')}"
    )


def test_rate_counts_speech_alone():
    """10 letters in 2 s of speech, however long the pause."""
    assert speech_rate("ten letter", activity((0, 1), (4, 5))) == pytest.approx(4.5)
    assert speech_rate("abcdefghij", activity((0, 1), (9, 10))) == 5
    assert np.isnan([speech_rate("abc", NONE), speech_rate("…", activity((0, 1)))]).all()


def test_median_and_range():
    """An octave from the 5th to the 95th percentile is 12 semitones; fewer than 10 frames tell nothing."""
    track = np.concatenate([np.full(50, np.nan), 100 * 2 ** np.linspace(-0.05 / 0.9, 1 + 0.05 / 0.9, 1001)])
    assert f0_range(track) == pytest.approx(12, abs=0.05)
    assert f0_median(track) == pytest.approx(100 * 2**0.5)
    assert f0_range(np.full(20, 180.0)) == 0
    for short in (np.full(9, 100.0), np.full(40, np.nan), np.zeros(0)):
        assert np.isnan([f0_median(short), f0_range(short)]).all()
    assert f0_median(np.full(10, 100.0)) == 100
