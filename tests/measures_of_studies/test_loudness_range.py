"""The loudness range, against the synthetic signals of EBU Tech 3342 and another meter."""

from __future__ import annotations

import numpy as np
import pyloudnorm
import pytest

from voicenb.measures import loudness_range

RATE = 48_000


def passages(*levels, seconds=20, rate=RATE):
    """A stereo sine of 1 kHz, so long at each of the levels in dBFS."""
    sine = np.sin(2 * np.pi * 1000 * np.arange(seconds * rate) / rate)
    mono = np.concatenate([10 ** (level / 20) * sine for level in levels])
    return np.stack([mono, mono], axis=1).astype(np.float32)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        pytest.param((-20, -30), 10, id="case 1"),
        pytest.param((-20, -15), 5, id="case 2"),
        pytest.param((-40, -20), 20, id="case 3"),
        pytest.param((-50, -35, -20, -35, -50), 15, id="case 4"),
    ],
)
def test_range_of_the_synthetic_signals(levels, expected):
    """Within 1 LU, as Tech 3342 asks; and the same 12 dB lower."""
    sound = passages(*levels, rate=16_000)
    assert loudness_range(sound, 16_000) == pytest.approx(expected, abs=1)
    if min(levels) > -50:
        assert loudness_range(sound / 4, 16_000) == pytest.approx(expected, abs=1)


def test_range_of_real_speech_agrees_with_pyloudnorm(speech):
    """Within 0.5 LU."""
    import soundfile

    meter = pyloudnorm.Meter(16_000, "DeMan")
    for path in sorted(speech.glob("librispeech-*-other.flac"))[:2]:
        sound, rate = soundfile.read(path)
        assert loudness_range(sound, rate) == pytest.approx(meter.loudness_range(sound), abs=0.5), path.name


def test_short_and_silent_sound_have_no_range():
    """Less than 3 s has no short-term loudness, and silence none above the gate."""
    assert np.isnan(loudness_range(passages(-20, seconds=2, rate=8_000), 8_000))
    assert np.isnan(loudness_range(np.zeros(40_000), 8_000))
    assert np.isnan(loudness_range(np.zeros(0), 8_000))
    assert loudness_range(passages(-20, seconds=4, rate=8_000), 8_000) == pytest.approx(0, abs=0.01)
