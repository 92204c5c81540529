"""Measures of packages that may be installed: what they say of real speech, and what is said without them."""

from __future__ import annotations

import importlib.util
import math

import numpy as np
import pytest
import soundfile
from made_speech import noise, phrase

from voicenb.errors import InvalidRequest
from voicenb.measures import extras, installed, quality, words
from voicenb.measures.registry import Sound
from voicenb.measures.words import spoken_words, word_error_rate

needs_mos = pytest.mark.skipif(quality.model_path() is None, reason="the extra mos is not installed")
needs_words = pytest.mark.skipif(
    importlib.util.find_spec("faster_whisper") is None or importlib.util.find_spec("jiwer") is None,
    reason="the extra words is not installed",
)
needs_model = pytest.mark.skipif(words.model_folder() is None, reason="no model of faster-whisper is here")
JFK = "And so, my fellow Americans: ask not what your country can do for you, ask what you can do for your country."


@pytest.fixture
def jfk(speech):
    return soundfile.read(speech / "jfk-1961-11s.flac", dtype="float32")


@pytest.fixture
def clean(speech):
    sound, rate = soundfile.read(speech / "librispeech-2414-reference.flac", dtype="float32")
    return sound[: 5 * rate], rate


@needs_mos
def test_scores_fall_with_noise_and_not_with_level(clean):
    """Clean speech is above 2.5; noise 5 dB below it takes 0.5 and more of the background; 20 dB less level takes nothing."""
    sound, rate = clean
    score = quality.mos(sound, rate)
    assert all(1 <= one <= 5 for one in score)
    assert score.overall > 2.5
    noisy = quality.mos(sound + noise(5, rate, level=float(sound.std()) * 0.56), rate)
    assert noisy.background < score.background - 0.5
    assert noisy.overall < score.overall - 0.3
    assert quality.mos(sound * 0.1, rate) == pytest.approx(score, abs=0.01)
    assert quality.mos(sound, rate) == score


@needs_mos
def test_windows_are_those_of_the_authors(clean):
    """Sound that is repeated by hand has the score of what is repeated here; silence has none."""
    sound, rate = clean
    assert quality.mos(np.concatenate([sound, sound]), rate) == pytest.approx(quality.mos(sound, rate), abs=0.02)
    assert all(map(math.isnan, quality.mos(np.zeros(rate), rate)))


@needs_mos
def test_scores_are_columns_beside_those_of_the_reference(clean):
    sound, rate = clean
    known = {one.name: one for one in extras.extras()}
    assert {
        f"mos_{part}{beside}" for part in ("signal", "background", "overall") for beside in ("", "_reference")
    } <= set(known)
    reference = Sound(sound * np.float32(0.5), rate)
    own = Sound(sound + noise(5, rate, level=0.02), rate, None, reference)
    assert known["mos_overall"].value(own) == own.mos.overall < reference.mos.overall
    assert known["mos_overall_reference"].value(own) == reference.mos.overall
    with pytest.raises(InvalidRequest, match="needs a reference"):
        known["mos_signal_reference"].value(reference)


def test_without_the_packages_there_are_no_columns_and_a_clear_error(monkeypatch):
    monkeypatch.setattr(quality, "find_spec", lambda name: None)
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    assert extras.extras() == ()
    with pytest.raises(InvalidRequest, match=r"pip install 'voicenb\[mos\]'"):
        quality.mos(phrase(), 16_000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Oh, I KNEW it!", ["oh", "i", "knew", "it"]),
        ("Wait <#1.5#> here", ["wait", "here"]),
        ("don’t – it's “well-known”", ["don't", "it's", "well", "known"]),
        ("…", []),
    ],
)
def test_words_of_a_text(text, expected):
    assert spoken_words(text) == expected


@needs_words
@needs_model
# A network is loaded and listens twice to 11 s.
@pytest.mark.slow
def test_words_that_are_heard(jfk):
    """It takes some seconds: a network listens twice. Of 22 words of a noisy recording no more than two are misheard; others are."""
    sound, rate = jfk
    assert word_error_rate(sound, rate, JFK) <= 2 / 22
    wrong = JFK.replace("country", "horse").replace("Americans", "Romans")
    assert 3 / 22 <= word_error_rate(sound, rate, wrong) <= 5 / 22


@needs_words
@needs_model
def test_column_has_the_models_name(monkeypatch, tmp_path):
    [column] = [one for one in extras.extras() if one.name.startswith("wer")]
    assert column.name == "wer_tiny_en"
    assert column.needs_text
    monkeypatch.setenv(words.MODEL, str(tmp_path / "small-v3"))
    [column] = [one for one in extras.extras() if one.name.startswith("wer")]
    assert column.name == "wer_small_v3"
    with pytest.raises(
        InvalidRequest, match=r"small-v3 has no model\.bin, and none is downloaded.*VOICENB_WHISPER_MODEL"
    ):
        column.value(Sound(phrase(), 16_000, "Oh."))


def test_no_model_is_a_clear_error(monkeypatch):
    monkeypatch.delenv(words.MODEL, raising=False)
    monkeypatch.setattr(installed, "find_spec", lambda name: None)
    with pytest.raises(
        InvalidRequest, match=r"no model of speech recognition is here, and none is downloaded.*VOICENB_WHISPER_MODEL"
    ):
        words.heard(phrase(), 16_000)
    with pytest.raises(InvalidRequest, match="has no words"):
        word_error_rate(phrase(), 16_000, "…")


def test_nothing_that_is_no_speaker_embedding_is_called_similarity():
    assert not [one for one in extras.extras() if "similar" in one.name + one.method]
