"""The envelope and the short-time spectrum, for pictures."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt

from voicenb.audio.channels import mono
from voicenb.measures.frames import decibels, frames_of

__all__ = ["Spectrogram", "envelope", "spectrogram"]


def envelope(samples: npt.ArrayLike, count: int) -> npt.NDArray[np.float32]:
    """The largest absolute sample in each of `count` equal stretches, shape ``(count,)``; zeros where there is no sound."""
    sound = np.asarray(samples, dtype=np.float32)
    if not len(sound):
        return np.zeros(count, dtype=np.float32)
    edges = np.minimum(np.linspace(0, len(sound), count + 1).astype(int)[:-1], len(sound) - 1)
    # Without the absolute samples, which would be the whole sound a second time.
    peaks = np.maximum(np.maximum.reduceat(sound, edges), -np.minimum.reduceat(sound, edges))
    return peaks if peaks.ndim == 1 else np.asarray(peaks.max(axis=1))


@dataclass(frozen=True)
class Spectrogram:
    """A short-time spectrum.

    Attributes:
        times: The frames' middles in seconds, shape ``(t,)``.
        frequencies: In Hz, shape ``(f,)``.
        levels: In dB re full scale, shape ``(f, t)``.
    """

    times: npt.NDArray[np.float64]
    frequencies: npt.NDArray[np.float64]
    levels: npt.NDArray[np.float32]


def spectrogram(samples: npt.ArrayLike, rate: int, *, window: float = 0.025, frames: int = 1200) -> Spectrogram:
    """The short-time spectrum of the mean of the channels under a Hann window.

    Args:
        samples: Sound of shape ``(n,)`` or ``(n, channels)``.
        rate: Its rate in Hz.
        window: The window's length in seconds; 25 ms shows formants, 5 ms shows the glottal pulses.
        frames: The largest number of frames; the hop is 5 ms, or more for longer sound.
    """
    sound = mono(samples)
    length = max(16, round(window * rate))
    hop = max(round(0.005 * rate), ceil(len(sound) / max(1, frames)), 1)
    size = 1 << (length - 1).bit_length()
    shape = np.hanning(length + 2)[1:-1].astype(np.float32)
    blocks = frames_of(sound, length, hop)
    levels = np.empty((size // 2 + 1, len(blocks)), dtype=np.float32)
    for start in range(0, len(blocks), 512):
        power = np.abs(np.fft.rfft(blocks[start : start + 512] * shape, size)) ** 2
        levels[:, start : start + 512] = decibels(np.maximum(4 * power / float(shape.sum()) ** 2, 1e-14)).T
    return Spectrogram(
        np.arange(len(blocks), dtype=np.float64) * hop / rate,
        np.arange(size // 2 + 1, dtype=np.float64) * (rate / size),
        levels,
    )
