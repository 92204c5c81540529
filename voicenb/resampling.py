"""Changing the sampling rate, with numpy alone."""

from __future__ import annotations

from math import ceil, gcd

import numpy as np
import numpy.typing as npt

__all__ = ["resample"]

_BETA = 9.0
# The transition band ends at the new Nyquist frequency, so that nothing folds back into the band.
_ROLLOFF = 0.94


def resample(samples: npt.ArrayLike, rate: int, target: int, *, crossings: int = 32) -> npt.NDArray[np.float32]:
    """The same sound at another sampling rate, by a polyphase windowed sinc.

    Args:
        samples: Sound of shape ``(n,)`` or ``(n, channels)``.
        rate: Its rate in Hz.
        target: The wanted rate in Hz.
        crossings: Zero crossings of the sinc on either side. Under a Kaiser window of β = 9, 32 keep images and aliases about
            90 dB down, below 16-bit noise; 10 do for measuring and take a third of the time.

    Returns:
        float32 of ``ceil(n · target / rate)`` samples; a copy even where the rates are equal.

    Raises:
        ValueError: A rate is not positive.

    Source: J. O. Smith, *Digital Audio Resampling*, https://ccrma.stanford.edu/~jos/resample/
    """
    if rate <= 0 or target <= 0:
        raise ValueError(f"Rates are positive numbers of Hz; {rate} and {target} were given.")
    sound = np.array(samples, dtype=np.float32)
    if rate == target or not len(sound):
        return sound
    if sound.ndim > 1:
        return np.stack([resample(channel, rate, target, crossings=crossings) for channel in sound.T], axis=1)
    divisor = gcd(rate, target)
    up, down = target // divisor, rate // divisor
    cutoff = _ROLLOFF * min(1.0, up / down)
    half = ceil(crossings / cutoff)
    padded = np.pad(sound, (half, half + 1))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    length = ceil(len(sound) * up / down)
    result = np.empty(length, dtype=np.float32)
    taps = np.arange(-half, half + 1)
    for phase in range(min(up, length)):
        first, fraction = divmod(phase * down, up)
        distance = taps - fraction / up
        window = np.i0(_BETA * np.sqrt(np.clip(1 - (distance / (half + 1)) ** 2, 0, None))) / np.i0(_BETA)
        kernel = (cutoff * np.sinc(cutoff * distance) * window).astype(np.float32)
        # The sum of the taps is the gain at 0 Hz; without this the phases differ by parts in 10⁵.
        kernel /= kernel.sum()
        count = len(range(phase, length, up))
        result[phase::up] = windows[first::down][:count] @ kernel
    return result
