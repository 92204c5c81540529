"""Spectral envelopes on a mel grid, and the few things done to them.

Everywhere in the engine: audio is mono float, 24 kHz; a frame is 12.5 ms (300 samples); an envelope is the natural
logarithm of an amplitude on 80 mel-spaced points from 60 to 7,600 Hz; cepstra are its orthonormal cosine transform.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from types import ModuleType

__all__ = [
    "BANDS",
    "FRAME",
    "HIGHEST",
    "HOP",
    "LOWEST",
    "NEPER",
    "RATE",
    "FloatArray",
    "active",
    "bands_to_bins",
    "cepstra",
    "cosine",
    "envelopes",
    "frequencies",
    "pitch",
    "shape",
    "warp",
    "world",
]

FloatArray = npt.NDArray[np.floating[Any]]

RATE = 24_000
"""Hz."""
HOP = 300
"""Samples in a frame."""
FRAME = HOP / RATE
"""Seconds in a frame."""
WINDOW = 4 * HOP
"""Samples in the analysis window of `shape`; also the transform's length."""
BANDS = 80
LOWEST, HIGHEST = 60.0, 7_600.0
"""Hz, the ends of the mel grid."""
NEPER = 8.685889638
"""Decibels in a neper, the unit of a log amplitude."""

_FFT = 1024
_FLOOR = 1e-16


def _mel(frequency: FloatArray | float) -> FloatArray:
    return np.asarray(1127 * np.log1p(np.asarray(frequency) / 700.0))


@cache
def frequencies() -> FloatArray:
    """The 80 points of the grid in Hz."""
    return np.asarray(700 * np.expm1(np.linspace(_mel(LOWEST), _mel(HIGHEST), BANDS) / 1127))


@cache
def cosine() -> FloatArray:
    """The orthonormal cosine transform, (80, 80): row k is the k-th basis curve over the bands."""
    k = np.arange(BANDS)
    basis = np.cos(np.pi * np.outer(k, k + 0.5) / BANDS) * np.sqrt(2 / BANDS)
    basis[0] /= np.sqrt(2)
    return np.asarray(basis)


def cepstra(bands: FloatArray, count: int) -> FloatArray:
    """Coefficients 1 … `count` of each frame: its shape without its level. (frames, 80) → (frames, count)."""
    return np.asarray(bands @ cosine()[1 : count + 1].T)


def _resample(rows: FloatArray, positions: FloatArray) -> FloatArray:
    whole = np.minimum(positions.astype(int), rows.shape[1] - 2)
    part = positions - whole
    return np.asarray(rows[:, whole] * (1 - part) + rows[:, whole + 1] * part)


def _grid_positions(hertz: FloatArray) -> FloatArray:
    low, high = _mel(LOWEST), _mel(HIGHEST)
    return np.clip((_mel(np.clip(hertz, LOWEST, HIGHEST)) - low) / (high - low) * (BANDS - 1), 0, BANDS - 1)


def warp(bands: FloatArray, ratio: float) -> FloatArray:
    """Envelopes whose formants stand `ratio` times higher: a vocal tract as much shorter."""
    return _resample(bands, _grid_positions(frequencies() / ratio))


def bands_to_bins(bands: FloatArray) -> FloatArray:
    """Curves on the mel grid as curves over the bins of `shape`, held level outside the grid."""
    return _resample(bands, _grid_positions(np.arange(WINDOW // 2 + 1) * (RATE / WINDOW)))


@cache
def world() -> ModuleType:
    """The WORLD vocoder (`pyworld`), loaded on first use.

    Source: M. Morise et al., WORLD: a vocoder-based high-quality speech synthesis system, IEICE Trans. 2016.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyworld
    return pyworld


def pitch(wave: FloatArray, lowest: float = 60, highest: float = 500) -> FloatArray:
    """F0 in Hz of each frame, 0 where unvoiced: WORLD's DIO refined by StoneMask."""
    samples = np.ascontiguousarray(wave, np.float64)
    coarse, times = world().dio(samples, RATE, f0_floor=lowest, f0_ceil=highest, frame_period=FRAME * 1000)
    return np.asarray(world().stonemask(samples, coarse, times, RATE))


def envelopes(wave: FloatArray, f0: FloatArray) -> FloatArray:
    """The envelope of each frame, (frames, 80), by WORLD's CheapTrick at a known F0 (Hz, 0 where unvoiced)."""
    power = world().cheaptrick(
        np.ascontiguousarray(wave, np.float64),
        np.ascontiguousarray(f0, np.float64),
        np.arange(len(f0)) * FRAME,
        RATE,
        fft_size=_FFT,
    )
    return _resample(0.5 * np.log(power + _FLOOR), frequencies() / (RATE / _FFT))


def active(bands: FloatArray, range_: float = 5.0) -> npt.NDArray[np.bool_]:
    """Which frames are speech: those within `range_` nepers of the loudest (its 95th percentile)."""
    level = bands.mean(1)
    return np.asarray(level > np.percentile(level, 95) - range_)


def shape(wave: FloatArray, gain: FloatArray) -> npt.NDArray[np.float32]:
    """A wave whose short-time spectrum is multiplied by exp(`gain`).

    The phases stay, so nothing of a vocoder is heard. Windows of 50 ms (Hann) follow each other by 12.5 ms; the result
    is divided by the summed squares of the windows.

    Args:
        wave: (frames × 300,) samples.
        gain: (frames, 601) nepers.

    Returns:
        As many samples as there are frames × 300.
    """
    from scipy import fft

    frames = len(gain)
    window = _hann()
    padded = np.pad(np.asarray(wave, np.float32)[: frames * HOP], (WINDOW // 2, WINDOW))
    pieces = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:frames] * window
    spectrum = fft.rfft(pieces, axis=1) * np.exp(gain.astype(np.float32))
    pieces = fft.irfft(spectrum, WINDOW, axis=1) * window
    out = np.zeros((frames + 3, HOP), np.float32)
    weight = np.zeros((frames + 3, HOP), np.float32)
    for step in range(4):
        out[step : step + frames] += pieces[:, step * HOP : (step + 1) * HOP]
        weight[step : step + frames] += window[step * HOP : (step + 1) * HOP] ** 2
    out /= np.maximum(weight, 0.1)
    return np.ascontiguousarray(out.reshape(-1)[WINDOW // 2 :][: frames * HOP])


@cache
def _hann() -> npt.NDArray[np.float32]:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
