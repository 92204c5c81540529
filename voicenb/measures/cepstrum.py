"""Mel-frequency cepstra, which two voices are aligned and compared by."""

from __future__ import annotations

from functools import cache
from math import pi

import numpy as np
import numpy.typing as npt

from voicenb.measures.frames import HOP, at_analysis_rate, frames_of

__all__ = ["COEFFICIENTS", "MEL_BANDS", "cepstra"]

MEL_BANDS = 80
COEFFICIENTS = 13
_WINDOW = 0.025
# Above it the filters of rate converters differ, and with them the logarithms of next to nothing.
_TOP = 7000.0
# Zeros after the window put several points of the spectrum into the narrowest mel band, which is 21 Hz wide.
_SIZE = 2048
# Of power: 80 dB below the loudest band of the sound, where rounding and digital silence begin to differ between files.
_FLOOR = 1e-8


@cache
def _mel_filters(rate: int) -> npt.NDArray[np.float64]:
    """Triangles of equal width in mel from 0 Hz to 7 kHz, shape ``(bands, size // 2 + 1)``."""
    top = 2595 * np.log10(1 + _TOP / 700)
    corners = 700 * (10 ** (np.linspace(0, top, MEL_BANDS + 2) / 2595) - 1)
    frequencies = np.fft.rfftfreq(_SIZE, 1 / rate)
    rising = (frequencies - corners[:-2, None]) / np.diff(corners)[:-1, None]
    falling = (corners[2:, None] - frequencies) / np.diff(corners)[1:, None]
    return np.maximum(0.0, np.minimum(rising, falling))


@cache
def _cosines() -> npt.NDArray[np.float64]:
    """Shape ``(bands, coefficients)``, without the zeroth, which is the level."""
    order = np.arange(1, COEFFICIENTS + 1)
    return np.cos(pi * order * (np.arange(MEL_BANDS)[:, None] + 0.5) / MEL_BANDS) / MEL_BANDS


def cepstra(samples: npt.ArrayLike, rate: int) -> npt.NDArray[np.float64]:
    """The mel-frequency cepstral coefficients 1 to 13 of every 10 ms, shape ``(frames, 13)``, at 16 kHz.

    80 mel bands (O'Shaughnessy's formula) from 0 Hz to 7 kHz of a Hann window of 25 ms. The coefficients are those of
    ``ln amplitude = c₀ + Σ cₙ cos(n π m)`` over the mel axis: they do not grow with the number of bands, and 10 √2 / ln 10
    times the distance of two frames is the root mean square distance of their smoothed spectra in dB. c₀ is left out, so
    that gain does not count.

    Args:
        samples: Sound of shape ``(n,)`` or ``(n, channels)``.
        rate: Its rate in Hz; other than 16 kHz is resampled.

    Source: S. B. Davis and P. Mermelstein, "Comparison of parametric representations …", IEEE Trans. Acoustics, Speech and
    Signal Processing 28 (1980), 357–366, with another count of bands and another scale.
    """
    sound, rate = at_analysis_rate(samples, rate)
    length = round(_WINDOW * rate)
    window = np.hanning(length + 2)[1:-1].astype(np.float32)
    frames = frames_of(sound, length, round(HOP * rate))
    filters = _mel_filters(rate).T
    powers = np.empty((len(frames), MEL_BANDS))
    for start in range(0, len(frames), 512):
        spectrum = np.fft.rfft(frames[start : start + 512] * window, _SIZE, axis=1)
        powers[start : start + 512] = (spectrum.real.astype(np.float64) ** 2 + spectrum.imag**2) @ filters
    floor = max(float(powers.max(initial=0.0)) * _FLOOR, 1e-30)
    # The logarithm of power is twice that of amplitude, and a cosine series has the factor two: they cancel.
    return np.asarray(np.log(np.maximum(powers, floor)) @ _cosines())
