"""Mel-cepstral distance and the correlation of melodies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from made_speech import noise, phrase, vowel
from scipy.fft import dct

from voicenb.audio.resampling import resample
from voicenb.measures.cepstrum import cepstra
from voicenb.measures.distance import DECIBELS, Spoken, f0_correlation, mcd, spoken

RATE = 16_000


def of(sound, rate=RATE):
    return spoken(sound, rate)


def test_constant():
    """10 √2 / ln 10."""
    assert pytest.approx(6.14185146, abs=1e-8) == DECIBELS


@given(st.integers(0, 100), st.sampled_from(["aiu", "uia"]), st.floats(0.1, 3))
@settings(max_examples=4, deadline=None)
def test_distance_is_zero_for_the_same_symmetric_and_without_gain(seed, which, gain):
    one, other = phrase(seed=seed), phrase(seed=seed + 1, which=which, f0=(170, 160, 200), gap=0.5)
    a, b = of(one), of(other)
    assert mcd(a, of(one.copy())) == 0
    assert mcd(a, b) == mcd(b, a) > 1
    assert mcd(of(one * np.float32(gain)), b) == pytest.approx(mcd(a, b), rel=0.02)


@pytest.mark.parametrize("which", ["a", "i", "u"])
def test_stretched_vowel_is_near(which):
    """Twice as long a vowel lies less than 0.5 dB away; another vowel more than ten times as far."""
    short, long = vowel(which, 0.7), vowel(which, 1.4)
    distance = mcd(of(short), of(long))
    assert distance < 0.5
    assert mcd(of(short), of(vowel("u" if which == "a" else "a", 1.4))) > max(4, 10 * distance)


def test_distance_grows_with_the_difference():
    """A vowel between two lies nearer to each than they to each other."""
    a, i = vowel("a"), vowel("i")
    between = a / 2 + i / 2
    assert mcd(of(a), of(between)) < mcd(of(a), of(i))


def test_distance_between_rates():
    """The same speech at 44.1 kHz and at 16 kHz lies within half a dB."""
    sound = phrase()
    assert mcd(of(sound), of(resample(sound, RATE, 44_100), 44_100)) < 0.5


def test_coefficients_are_those_of_a_cosine_series():
    """They are scipy's DCT of the log amplitudes, and a spectrum with a ripple of known size has that one."""
    from voicenb.measures import cepstrum

    sound = vowel("a", 0.5) + noise(0.5, level=0.01)
    found = cepstra(sound, RATE)
    assert found.shape == (51, 13)
    filters = cepstrum._mel_filters(RATE)
    frame = sound[25 * 160 - 200 : 25 * 160 + 200] * np.hanning(402)[1:-1]
    amplitude = np.sqrt(filters @ np.abs(np.fft.rfft(frame, 2048)) ** 2)
    assert found[25] == pytest.approx(dct(np.log(amplitude), type=2)[1:14] / 80, abs=1e-3)
    ripple = 0.3 * np.cos(np.pi * 5 * (np.arange(80) + 0.5) / 80)
    assert 2 * ripple @ cepstrum._cosines() == pytest.approx(np.eye(13)[4] * 0.3, abs=1e-12)


def test_distance_is_the_rms_of_the_smoothed_spectra_in_decibels():
    """Two frames whose cepstra differ by a ripple of 0.3 neper lie 20 / ln 10 · 0.3 / √2 dB apart."""
    a = Spoken(np.zeros((1, 13)), np.full(1, np.nan))
    b = Spoken(np.eye(13)[4:5] * 0.3, np.full(1, np.nan))
    assert mcd(a, b) == pytest.approx(20 / np.log(10) * 0.3 / np.sqrt(2))


def test_melodies():
    """The same melody an octave higher and slower correlates with 1, the same upside down with −1, a constant not at all."""
    rise = np.array([100, 130, 105, 150, 120, 110])

    def glide(f0, seconds=1.5):
        there = np.linspace(0, 1, round(seconds * RATE), dtype=np.float32)
        return of((1 - there) * vowel("a", seconds, f0) + there * vowel("i", seconds, f0))

    one = glide(rise)
    assert f0_correlation(one, glide(1.4 * rise, 2.0)) > 0.9
    assert f0_correlation(one, glide(1.4 * rise[::-1])) < 0.5
    assert f0_correlation(one, one) == pytest.approx(1)
    count = len(one.f0)
    path = np.stack([np.arange(count)] * 2, axis=1)
    turned = Spoken(one.cepstra, 15_000 / one.f0)
    assert f0_correlation(one, turned, path) == pytest.approx(-1)
    assert np.isnan(f0_correlation(one, Spoken(one.cepstra, np.full(count, 120.0)), path))


@pytest.mark.parametrize(("voiced", "known"), [(9, False), (10, True)])
def test_fewer_than_ten_voiced_pairs_tell_nothing(voiced, known):
    f0 = np.full(40, np.nan)
    f0[:voiced] = 100 + np.arange(voiced)
    some = Spoken(np.zeros((40, 13)), f0)
    path = np.stack([np.arange(40)] * 2, axis=1)
    assert np.isfinite(f0_correlation(some, some, path)) == known


def test_without_speech_there_is_no_distance():
    for sound in (np.zeros(RATE), np.zeros(0), noise(1, level=0.1)):
        assert np.isnan(mcd(of(sound), of(phrase())))
        assert np.isnan(f0_correlation(of(phrase()), of(sound)))


def test_people_are_farther_from_each_other_than_from_themselves(speech):
    """Real speech with a little noise stays near itself, and another person's is far."""
    import soundfile

    one, rate = soundfile.read(speech / "librispeech-3005-reference.flac", dtype="float32", frames=5 * RATE)
    other, _ = soundfile.read(speech / "librispeech-367-reference.flac", dtype="float32", frames=5 * RATE)
    near = mcd(of(one, rate), of(one + noise(5, level=1e-5), rate))
    assert 0 < 3 * near < mcd(of(one, rate), of(other, rate))
