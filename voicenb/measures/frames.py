"""Short frames of sound, which pitch, speech and spectra are measured in."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil

import numpy as np
import numpy.typing as npt

from voicenb.audio.channels import mono
from voicenb.audio.resampling import resample

__all__ = ["HOP", "at_analysis_rate", "autocorrelation_blocks", "autocorrelations", "decibels", "frames_of", "runs_of"]

# Speech's pitch and most of its energy lie below 8 kHz; more would only cost time.
_ANALYSIS_RATE = 16_000
HOP = 0.01
"""Seconds between two frames."""


def decibels(power: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """A power in dB; −inf for none."""
    with np.errstate(divide="ignore"):
        return np.asarray(10 * np.log10(np.asarray(power, dtype=np.float64)))


def at_analysis_rate(samples: npt.ArrayLike, rate: int) -> tuple[npt.NDArray[np.float32], int]:
    """The sound as one channel at 16 kHz, and that rate."""
    sound = mono(samples)
    if rate == _ANALYSIS_RATE:
        return sound, rate
    # A ratio of small numbers that is off by 6 in 10⁵ at most: no measure sees it, and odd rates would take ten times as long.
    ratio = Fraction(rate, _ANALYSIS_RATE).limit_denominator(1000)
    return resample(sound, ratio.numerator, ratio.denominator, crossings=10), _ANALYSIS_RATE


def frames_of(sound: npt.NDArray[np.float32], length: int, hop: int) -> npt.NDArray[np.float32]:
    """Views of `length` samples around 0, hop, 2·hop, …; the ends are padded with zeros."""
    count = 1 + len(sound) // hop
    padded = np.pad(sound, (length // 2, length + hop))
    return np.lib.stride_tricks.sliding_window_view(padded, length)[::hop][:count]


def autocorrelation_blocks(
    sound: npt.NDArray[np.float32], rate: int, lowest: float
) -> Iterator[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]:
    """Normalised autocorrelation of each frame up to the lag of `lowest` Hz, and the frames' peaks, for 512 frames at a time.

    Dividing by the window's own autocorrelation takes its taper out, so that a perfect period gives 1 at any lag.
    """
    length = 2 * round(1.5 * rate / lowest)
    longest = ceil(rate / lowest) + 2
    size = 1 << (length + longest).bit_length()
    window = np.hanning(length + 2)[1:-1].astype(np.float32)
    own = np.fft.irfft(np.abs(np.fft.rfft(window, size)) ** 2, size)[: longest + 1]
    frames = frames_of(sound, length, round(HOP * rate))
    for start in range(0, len(frames), 512):
        block = frames[start : start + 512]
        block = block - block.mean(axis=1, keepdims=True)
        power = np.abs(np.fft.rfft(block * window, size)) ** 2
        correlation = np.fft.irfft(power, size)[:, : longest + 1]
        energy = np.maximum(correlation[:, :1], 1e-12)
        yield (correlation / energy * (own[0] / own)).astype(np.float32), np.abs(block).max(axis=1)


def autocorrelations(
    sound: npt.NDArray[np.float32], rate: int, lowest: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """`autocorrelation_blocks` of the whole sound, which must have a frame at least."""
    blocks = list(autocorrelation_blocks(sound, rate, lowest))
    return np.concatenate([one for one, _ in blocks]), np.concatenate([peaks for _, peaks in blocks])


def runs_of(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Start and end (exclusive) of each run of True, shape ``(k, 2)``."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return edges.reshape(-1, 2).astype(np.int64)
