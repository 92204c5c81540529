"""The anchors meet the recommendation's mask at every rate."""

import numpy as np
import pytest

from voicenb.listening.filters import LOW_ANCHOR, MID_ANCHOR, low_pass

RATES = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


def response(rate, edge):
    """Decibels by frequency, of what the filter does to an impulse."""
    size = 1 << 16
    impulse = np.zeros(size, dtype=np.float32)
    impulse[size // 2] = 1
    heard = np.abs(np.fft.rfft(low_pass(impulse, rate, edge).astype(np.float64)))
    return np.fft.rfftfreq(size, 1 / rate), 20 * np.log10(np.maximum(heard, 1e-9))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("edge", [LOW_ANCHOR, MID_ANCHOR])
def test_the_mask_is_met(rate, edge):
    """±0.1 dB up to the edge, 25 dB down 0.5 kHz above it, 50 dB from 1 kHz above it on."""
    frequency, level = response(rate, edge)
    assert np.abs(level[frequency <= edge]).max() < 0.1
    assert level[frequency >= edge + 500].max() < -25
    assert level[frequency >= edge + 1000].max() < -50


def test_nothing_is_delayed():
    """A click stays where it is, and a low tone is unchanged."""
    sound = np.zeros(24_000, dtype=np.float32)
    sound[5_000] = 1
    assert int(np.argmax(low_pass(sound, 24_000, LOW_ANCHOR))) == 5_000
    tone = np.sin(2 * np.pi * 1000 * np.arange(24_000) / 24_000).astype(np.float32)
    assert low_pass(tone, 24_000, LOW_ANCHOR)[1000:-1000] == pytest.approx(tone[1000:-1000], abs=0.002)


def test_what_a_rate_does_not_hold_is_left_alone():
    sound = np.ones(100, dtype=np.float32)
    assert low_pass(sound, 7_000, LOW_ANCHOR).tolist() == sound.tolist()
    assert low_pass(np.zeros(0, dtype=np.float32), 24_000, LOW_ANCHOR).shape == (0,)
