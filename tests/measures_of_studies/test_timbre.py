"""Centroid, tilt, bandwidth and the long-term spectrum, of sound whose spectrum is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from made_speech import noise, phrase

from voicenb.audio.resampling import resample
from voicenb.measures.speech import VoiceActivity
from voicenb.measures.timbre import bandwidth, centroid, ltas, ltas_distance, tilt

RATE = 16_000
ALL = VoiceActivity(np.array([[0.0, 1000.0]]))


def spectrum(sound, rate=RATE):
    from voicenb.measures.timbre import long_term_spectrum

    return long_term_spectrum(sound, rate, ALL)


def sine(frequency, level=0.5, rate=RATE, seconds=2):
    return (level * np.sin(2 * np.pi * frequency * np.arange(seconds * rate) / rate)).astype(np.float32)


def coloured(slope, rate=RATE, seconds=8, seed=1):
    """Noise whose power density falls by so many dB per octave."""
    white = np.fft.rfft(np.random.default_rng(seed).normal(0, 1, seconds * rate))
    frequencies = np.maximum(np.fft.rfftfreq(seconds * rate, 1 / rate), 20)
    shaped = np.fft.irfft(white * (frequencies / 1000) ** (slope / 20 / np.log10(2)))
    return (0.1 * shaped / shaped.std()).astype(np.float32)


@pytest.mark.parametrize("frequency", [300, 1000, 5000])
def test_centroid_of_a_sine_is_its_frequency(frequency):
    assert centroid(sine(frequency), RATE, spectrum(sine(frequency))) == pytest.approx(frequency, rel=0.01)


def test_centroid_is_weighted_by_power():
    """500 Hz with four times the power of 3000 Hz: 500·0.8 + 3000·0.2."""
    sound = sine(500, 0.4) + sine(3000, 0.2)
    assert centroid(sound, RATE, spectrum(sound)) == pytest.approx(1000, rel=0.01)


def test_only_speech_counts():
    """Hiss in the pauses, 30 dB under the vowels, changes neither centroid nor bandwidth by a per cent; the gaps are long."""
    quiet = phrase(gap=1.5)
    hissing = quiet.copy()
    hissing[np.abs(quiet) < 1e-3] += noise(len(quiet) / RATE, level=0.003)[np.abs(quiet) < 1e-3]
    assert centroid(hissing, RATE) == pytest.approx(centroid(quiet, RATE), rel=0.01)
    assert centroid(quiet, RATE) != pytest.approx(centroid(quiet, RATE, spectrum(hissing)), rel=1e-6)


@pytest.mark.parametrize("slope", [-12, -6, -3.01, 0, 3])
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_tilt_of_coloured_noise_is_its_slope(slope, rate):
    """Within 0.3 dB per octave, at any rate."""
    sound = coloured(slope, rate)
    assert tilt(sound, rate, spectrum(sound, rate)) == pytest.approx(slope, abs=0.3)


@pytest.mark.parametrize("edge", [1000, 3000, 6000])
def test_bandwidth_of_noise_up_to_an_edge(edge):
    """99 % of the way to where white noise ends."""
    white = np.fft.rfft(np.random.default_rng(3).normal(0, 0.1, 8 * RATE))
    white[np.fft.rfftfreq(8 * RATE, 1 / RATE) > edge] = 0
    sound = np.fft.irfft(white).astype(np.float32)
    assert bandwidth(sound, RATE, spectrum(sound)) == pytest.approx(50 + 0.99 * (edge - 50), rel=0.02)


def test_bands_hold_the_power_of_a_sine():
    """A sine of amplitude 0.5 in the middle of a band reads −9.03 dB there, and 40 dB less two bands on."""
    bands = ltas(sine(1000), RATE, spectrum(sine(1000)))
    at = int(np.abs(bands.frequencies - 1000).argmin())
    assert bands.levels[at] == pytest.approx(-9.03, abs=0.1)
    assert bands.levels[at + 2] < bands.levels[at] - 40
    assert bands.frequencies[0] == pytest.approx(100)
    assert bands.frequencies[-1] * 10**0.05 <= RATE / 2


@given(st.integers(0, 50), st.floats(0.02, 3), st.sampled_from(["aiu", "iiu", "uaa"]))
@settings(max_examples=10, deadline=None)
def test_distance_is_zero_for_the_same_symmetric_and_without_gain(seed, gain, which):
    one, other = phrase(seed=seed), phrase(seed=seed + 1, which=which, f0=(150, 120, 180))
    a, b = ltas(one, RATE), ltas(other, RATE)
    louder = ltas(other * np.float32(gain), RATE)
    assert ltas_distance(a, a) == 0
    assert ltas_distance(a, b) == ltas_distance(b, a) > 0
    assert ltas_distance(a, louder) == pytest.approx(ltas_distance(a, b), rel=0.05)


def test_distance_of_a_known_tilt():
    """3 dB more per octave over b third-octave bands: the standard deviation of b equal steps of 1 dB."""
    a, b = coloured(-6), coloured(-3)
    x, y = ltas(a, RATE, spectrum(a)), ltas(b, RATE, spectrum(b))
    assert ltas_distance(x, y) == pytest.approx(np.arange(len(x.levels)).std() * 3 / 3.01, rel=0.05)


def test_distance_between_rates_is_of_what_both_have():
    """The same sound at 16 and 44.1 kHz lies within a fraction of a dB."""
    sound = phrase()
    assert ltas_distance(ltas(sound, RATE), ltas(resample(sound, RATE, 44_100), 44_100)) < 0.5


def test_without_speech_there_is_no_timbre():
    """Silence, hiss and nothing at all give NaN without a warning."""
    for sound in (np.zeros(RATE), np.zeros(0), noise(2, level=0.1)):
        assert np.isnan([centroid(sound, RATE), bandwidth(sound, RATE), tilt(sound, RATE)]).all()
        assert np.isnan(ltas_distance(ltas(sound, RATE), ltas(phrase(), RATE)))
