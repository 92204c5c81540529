"""Low-pass filters of linear phase: the anchors of MUSHRA, at any rate.

ITU-R BS.1534-3 states the low anchor as a mask: within ±0.1 dB up to 3.5 kHz, at least 25 dB down at 4 kHz and 50 dB from
4.5 kHz on. The mid anchor has the same widths above 7 kHz.
"""

from __future__ import annotations

from functools import cache
from math import ceil

import numpy as np
import numpy.typing as npt

__all__ = ["LOW_ANCHOR", "MID_ANCHOR", "low_pass"]

LOW_ANCHOR = 3_500
"""The edge of the low anchor's band, in Hz."""

MID_ANCHOR = 7_000
"""The edge of the mid anchor's band, in Hz."""

# Of a Kaiser window: the attenuation of the stop band in dB, and where the middle of the slope lies above the edge, in Hz.
_ATTENUATION = 70.0
_SLOPE = 570.0
_MIDDLE = 330.0


@cache
def _taps(edge: int, rate: int) -> npt.NDArray[np.float64]:
    """The filter's impulse response, of an odd number of taps, so that its delay is a whole number of samples."""
    half = ceil((_ATTENUATION - 7.95) / (14.36 * _SLOPE / rate) / 2)
    at = np.arange(-half, half + 1)
    cut = min(edge + _MIDDLE, rate / 2) / rate
    taps = 2 * cut * np.sinc(2 * cut * at) * np.kaiser(2 * half + 1, 0.1102 * (_ATTENUATION - 8.7))
    return np.asarray(taps / taps.sum())


def low_pass(samples: npt.ArrayLike, rate: int, edge: int) -> npt.NDArray[np.float32]:
    """A sound without what lies above a frequency, without delay.

    Args:
        samples: One channel, shape ``(n,)``.
        rate: In Hz.
        edge: Up to where it stays as it is, in Hz.

    Returns:
        float32 of shape ``(n,)``; the sound itself where the rate holds nothing above the edge.

    Source: ITU-R BS.1534-3 (10/2015), annex 1, for the mask; J. F. Kaiser, *Nonrecursive digital filter design using the I0-sinh
    window function*, 1974, for the window.
    """
    sound = np.asarray(samples, dtype=np.float32)
    if rate <= 2 * edge or not len(sound):
        return sound
    taps = _taps(edge, rate)
    size = 1 << (len(sound) + len(taps) - 2).bit_length()
    whole = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(taps, size), size)
    half = len(taps) // 2
    return whole[half : half + len(sound)].astype(np.float32)
