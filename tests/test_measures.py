"""Loudness, peaks, pitch, speech and noise, against other measurements and known signals."""

from __future__ import annotations

import numpy as np
import pyloudnorm
import pytest
import soundfile
from hypothesis import given, settings, strategies as st

from voicenb.audio.resampling import resample
from voicenb.measures import (
    clipped_share,
    envelope,
    f0_track,
    loudness,
    loudness_curve,
    sample_peak,
    signal_to_noise,
    spectrogram,
    true_peak,
    voice_activity,
)

# Median F0 in Hz of the recordings, as their description states it.
SPEAKERS = {"2414": 117, "3005": 104, "2033": 147, "1998": 190, "367": 241}


def tone(frequency, seconds=1.0, rate=16_000, level=0.5):
    return (level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def test_loudness_of_the_standard_tone():
    """A 997 Hz sine at 0 dBFS in one channel measures −3.01 LUFS (BS.1770-4, annex 1)."""
    assert loudness(tone(997, 5, 48_000, 1.0), 48_000) == pytest.approx(-3.01, abs=0.02)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_loudness_agrees_with_pyloudnorm(rate, channels):
    """Any rate, one channel or two, with silence that the gate has to leave out."""
    chance = np.random.default_rng(rate)
    sound = chance.normal(0, 0.1, (6 * rate, channels)) * np.repeat([1, 0.3, 0, 0.02, 0.6, 1], rate)[:, None]
    sound = np.cumsum(sound, axis=0) * 0.2  # towards speech's own slope
    sound -= sound.mean(axis=0)
    sound /= 2 * np.abs(sound).max()
    # pyloudnorm's default filters differ a little from the standard's; "DeMan" is the standard at any rate.
    expected = pyloudnorm.Meter(rate, "DeMan").integrated_loudness(sound)
    assert loudness(sound.squeeze(), rate) == pytest.approx(expected, abs=0.1)


def test_loudness_of_real_speech_agrees_with_pyloudnorm(speech):
    """Within 0.1 LU on people's recordings."""
    for path in sorted(speech.glob("*.flac")):
        sound, rate = soundfile.read(path)
        expected = pyloudnorm.Meter(rate, "DeMan").integrated_loudness(sound)
        assert loudness(sound, rate) == pytest.approx(expected, abs=0.1), path.name


def test_silence_and_nothing_have_no_loudness():
    """No sound is −inf, not an error and not a warning."""
    for sound in (np.zeros(16_000), np.zeros(0), np.zeros((100, 2))):
        assert loudness(sound, 16_000) == -np.inf
        assert sample_peak(sound) == true_peak(sound, 16_000) == -np.inf
    assert loudness_curve(np.zeros(0), 16_000)[0].shape == (0,)


def test_short_sound_has_a_loudness():
    """Less than one gating block is one block."""
    assert loudness(tone(997, 0.1, 48_000, 1.0), 48_000) == pytest.approx(-3.0, abs=0.5)


def test_loudness_curve_follows_a_step():
    """Six decibels less sound are six LU less."""
    sound = np.concatenate([tone(997, 2, 48_000, 0.5), tone(997, 2, 48_000, 0.25)])
    times, levels = loudness_curve(sound, 48_000)
    assert levels[times < 1.5].mean() - levels[times > 2.5].mean() == pytest.approx(6.02, abs=0.05)
    assert 0 < times[0] < times[-1] < 4


def test_true_peak_lies_between_the_samples():
    """A sine at a quarter of the rate, sampled 45° off its crests, is 3 dB higher than its samples."""
    sound = np.sin(np.pi / 2 * np.arange(4800) + np.pi / 4).astype(np.float32) * 0.5
    sound *= np.hanning(4800).astype(np.float32)
    assert sample_peak(sound) == pytest.approx(-9.03, abs=0.05)
    assert true_peak(sound, 48_000) == pytest.approx(-6.02, abs=0.1)


@pytest.mark.parametrize("frequency", [70, 110, 165, 220, 330, 480])
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_f0_of_sines_and_pulses(frequency, rate):
    """A pure tone and a rich one, at any rate, within half a per cent and without octave errors."""
    rich = sum(tone(frequency * k, 1, rate, 0.4 / k) for k in range(1, 9) if frequency * k < rate / 2)
    for sound in (tone(frequency, 1, rate), rich):
        times, pitch = f0_track(sound, rate)
        inner = pitch[(times > 0.1) & (times < 0.9)]
        assert np.isfinite(inner).all()
        assert np.abs(inner / frequency - 1).max() < 0.005


def test_f0_follows_a_glide():
    """An octave up within two seconds is followed within two per cent."""
    rate, seconds = 16_000, 2.0
    times = np.arange(round(rate * seconds)) / rate
    true = 120 * 2 ** (times / seconds)
    phase = 2 * np.pi * np.cumsum(true) / rate
    sound = sum(np.sin(k * phase) / k for k in range(1, 6)) * 0.3
    at, pitch = f0_track(sound, rate)
    inner = (at > 0.1) & (at < 1.9)
    assert np.abs(pitch[inner] / np.interp(at[inner], times, true) - 1).max() < 0.02


def test_noise_and_silence_have_no_f0():
    """Hiss is not a voice."""
    noise = np.random.default_rng(1).normal(0, 0.1, 32_000)
    assert np.isnan(f0_track(noise, 16_000)[1]).mean() > 0.98
    assert np.isnan(f0_track(np.zeros(16_000), 16_000)[1]).all()
    assert f0_track(np.zeros(0), 16_000)[1].shape == (0,)


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_median_f0_of_real_speakers(speech, speaker):
    """Within 5 % of what is known of each speaker."""
    sound, rate = soundfile.read(speech / f"librispeech-{speaker}-reference.flac")
    # DIO, from which 147 Hz stems, calls a tenth of this recording's digital silence voiced; without it, it says 155 Hz.
    tolerance = 0.08 if speaker == "2033" else 0.05
    assert np.nanmedian(f0_track(sound, rate)[1]) == pytest.approx(SPEAKERS[speaker], rel=tolerance)


@pytest.fixture(scope="module")
def sentence(speech):
    """Nine seconds of a man's speech in a quiet room, cut to its speech, with digital silence nowhere."""
    sound, rate = soundfile.read(speech / "librispeech-3005-reference.flac", dtype="float32")
    sound = sound[: 9 * rate]
    found = voice_activity(sound, rate)
    return sound[round(found.start * rate) : round(found.end * rate)], rate


@pytest.mark.parametrize("noise", [50, 30, 20])
def test_span_of_speech_between_silences(sentence, noise):
    """2 s of background before and after, a click in it and a hum under all: the span is right within 0.15 s."""
    sound, rate = sentence
    chance = np.random.default_rng(noise)
    power = float(np.sqrt((sound**2).mean()))
    padded = np.concatenate([np.zeros(2 * rate), sound, np.zeros(2 * rate)])
    padded += chance.normal(0, power * 10 ** (-noise / 20), len(padded)) + tone(
        50, len(padded) / rate, rate, 0.05 * power
    )
    padded[round(0.7 * rate) : round(0.7 * rate) + 60] += 0.3
    found = voice_activity(padded, rate)
    assert found.start == pytest.approx(2.0, abs=0.15)
    assert found.end == pytest.approx(2.0 + len(sound) / rate, abs=0.15)
    assert 0.5 * found.span < found.active <= found.span
    assert signal_to_noise(padded, rate, found) == pytest.approx(noise, abs=3)


def test_span_does_not_depend_on_level_or_rate(sentence):
    """The same recording at −40 dB and at other rates has the same span."""
    sound, rate = sentence
    padded = np.concatenate([np.zeros(rate), sound, np.zeros(rate)]) + np.random.default_rng(0).normal(
        0, 1e-4, len(sound) + 2 * rate
    )
    known = voice_activity(padded, rate)
    for other in (padded * 0.01, padded * 2):
        assert voice_activity(other, rate).span == pytest.approx(known.span, abs=0.1)
    for other_rate in (22_050, 48_000):
        assert voice_activity(resample(padded, rate, other_rate), other_rate).span == pytest.approx(
            known.span, abs=0.05
        )


def test_pauses_are_part_of_the_span(sentence):
    """Two stretches of speech 3 s apart: one span, two segments more or less, one pause of 3 s."""
    sound, rate = sentence
    gap = np.random.default_rng(2).normal(0, 1e-4, 3 * rate)
    found = voice_activity(np.concatenate([sound, gap, sound]), rate)
    assert found.span == pytest.approx(2 * len(sound) / rate + 3, abs=0.2)
    longest = found.pauses[np.argmax(found.pauses[:, 1] - found.pauses[:, 0])]
    assert longest == pytest.approx([len(sound) / rate, len(sound) / rate + 3], abs=0.15)


def test_noise_is_not_speech():
    """Hiss, silence and nothing at all contain no speech and have no signal-to-noise ratio."""
    for sound in (np.random.default_rng(3).normal(0, 0.1, 80_000), np.zeros(16_000), np.zeros(0)):
        found = voice_activity(sound, 16_000)
        assert found.span == found.active == 0
        assert np.isnan(signal_to_noise(sound, 16_000, found))


def test_digital_silence_between_words_is_no_noise(sentence):
    """Zeros around speech read as no background at all."""
    sound, rate = sentence
    assert (
        signal_to_noise(
            np.concatenate([np.zeros(rate), sound * 0 + tone(150, len(sound) / rate, rate), np.zeros(rate)]), rate
        )
        > 60
    )


def test_clipping():
    """Flat tops count, at full scale or turned down; a clean tone, even at full scale, has none."""
    loud = np.clip(tone(220, 1, 16_000, 2.0), -1, 1)
    # A sine of twice full scale is clipped for 2/3 of its time.
    assert clipped_share(loud) == pytest.approx(2 / 3, abs=0.03)
    assert clipped_share(loud * 0.5) == pytest.approx(2 / 3, abs=0.03)
    assert clipped_share(np.stack([loud, tone(220)], axis=1)) == pytest.approx(1 / 3, abs=0.02)
    assert clipped_share(tone(997, 1, 16_000, 0.98)) == 0
    assert clipped_share(np.rint(tone(60, 1, 48_000, 0.02) * 128) / 128) == 0
    assert clipped_share(np.zeros(0)) == clipped_share(np.zeros(100)) == 0


@given(st.integers(0, 5000), st.integers(1, 400), st.integers(1, 3))
@settings(max_examples=50, deadline=None)
def test_envelope_keeps_the_largest_sample(length, count, channels):
    """However long the sound and however wide the picture: that many values, the peak among them."""
    sound = np.random.default_rng(length).normal(0, 1, (length, channels))
    found = envelope(sound, count)
    assert found.shape == (count,)
    assert (found >= 0).all()
    if length:
        assert found.max() == pytest.approx(np.abs(sound).max(), rel=1e-6)


def test_spectrogram_has_its_peak_at_the_tone():
    """A full-scale sine reads 0 dB at its own frequency."""
    picture = spectrogram(tone(1000, 1, 16_000, 1.0), 16_000)
    middle = picture.levels[:, len(picture.times) // 2]
    assert picture.frequencies[middle.argmax()] == pytest.approx(1000, abs=20)
    assert middle.max() == pytest.approx(0, abs=1.5)
    assert picture.levels.shape == (len(picture.frequencies), len(picture.times))


@given(
    st.sampled_from([8_000, 11_127, 16_000, 22_050, 44_100, 48_000, 96_000]),
    st.sampled_from([16_000, 24_000, 44_100, 48_000]),
)
@settings(max_examples=28, deadline=None)
def test_resampling_keeps_the_sound(rate, target):
    """Length, level and frequency of a tone below both Nyquist frequencies stay, whatever the ratio."""
    sound = tone(1000, 0.5, rate)
    other = resample(sound, rate, target)
    assert len(other) == -(-len(sound) * target // rate)
    assert other.dtype == np.float32
    inner = slice(len(other) // 4, len(other) // 2)
    expected = tone(1000, 0.6, target)[: len(other)]
    assert np.abs(other[inner] - expected[inner]).max() < 2e-4


def test_resampling_leaves_out_what_does_not_fit():
    """A tone above the new Nyquist frequency is gone rather than folded back."""
    assert np.abs(resample(tone(11_000, 1, 48_000, 1.0), 48_000, 16_000)[2000:-2000]).max() < 1e-4
    with pytest.raises(ValueError, match="positive"):
        resample(np.zeros(3), 0, 8_000)
