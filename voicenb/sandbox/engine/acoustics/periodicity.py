"""F0 where the fundamental itself is missing, as in telephone speech: from what repeats, not from the lowest partial.

Source: P. Boersma, Accurate short-term analysis of the fundamental frequency …, IFA Proceedings 17, 1993: autocorrelation
divided by the window's, then the cheapest path through its peaks.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from voicenb.sandbox.engine.acoustics.spectrum import HOP, RATE, FloatArray, pitch

__all__ = ["robust_pitch"]

_LOWEST, _HIGHEST = 60.0, 500.0
_CANDIDATES = 8
_VOICED = 0.45
"""Correlation from which a frame is voiced."""
_SILENT = 0.03
"""Peak, relative to the recording's, below which a frame rather is not."""
_OCTAVE = 0.01
"""Advantage of a candidate an octave lower; without it, every multiple of the period is as good."""
_JUMP, _SWITCH = 0.4, 0.11
"""Costs of an octave's leap, and of voice setting in or out, from one frame to the next."""
_DISAGREE = 0.2
"""Share of frames more than a semitone apart from which the fundamental counts as missing."""


def robust_pitch(wave: FloatArray) -> FloatArray:
    """F0 in Hz of each frame, 0 where unvoiced: by DIO, or by periodicity where DIO is misled."""
    usual = pitch(wave)
    other = _periodic(wave)
    length = min(len(usual), len(other))
    both = (usual[:length] > 0) & (other[:length] > 0)
    apart = np.abs(np.log2(usual[:length][both] / other[:length][both])) > 1 / 12
    if not both.any() or apart.mean() < _DISAGREE:
        return usual
    return np.pad(other, (0, max(0, len(usual) - len(other))))[: len(usual)]


def _periodic(wave: FloatArray) -> FloatArray:
    correlation = _autocorrelation(wave)
    shortest = int(RATE / _HIGHEST)
    inner = correlation[:, shortest : int(RATE / _LOWEST) + 1]
    before, after = (
        correlation[:, shortest - 1 : inner.shape[1] + shortest - 1],
        correlation[:, shortest + 1 :][:, : inner.shape[1]],
    )
    lags = np.arange(shortest, shortest + inner.shape[1])
    score = np.where((inner > before) & (inner >= after), inner + _OCTAVE * np.log2(lags / shortest), -1.0)
    picked = np.argpartition(-score, _CANDIDATES, axis=1)[:, :_CANDIDATES]

    def at(values: FloatArray) -> FloatArray:
        return np.asarray(np.take_along_axis(values, picked, 1))

    bend = at(before) - 2 * at(inner) + at(after)
    refined = lags[picked] + 0.5 * (at(before) - at(after)) / np.where(bend < -1e-9, bend, -1.0)
    hertz = RATE / np.maximum(refined, 1.0)
    path = _cheapest(np.log2(hertz), at(score), _unvoiced(wave, len(picked)))
    found = np.take_along_axis(hertz, np.minimum(path, _CANDIDATES - 1)[:, None], 1)[:, 0]
    return np.where(path < _CANDIDATES, found, 0.0)


def _autocorrelation(wave: FloatArray) -> FloatArray:
    size, fft = int(3 * RATE / _LOWEST), 4096
    window = np.hanning(size)
    padded = np.pad(wave, (size // 2, size))
    pieces = np.lib.stride_tricks.sliding_window_view(padded, size)[::HOP][: len(wave) // HOP]
    reach = int(RATE / _LOWEST) + 3
    own = np.fft.irfft(np.abs(np.fft.rfft(window, fft)) ** 2)[:reach]
    found = np.empty((len(pieces), reach))
    for start in range(0, len(pieces), 512):
        block = (pieces[start : start + 512] - pieces[start : start + 512].mean(1, keepdims=True)) * window
        found[start : start + 512] = np.fft.irfft(np.abs(np.fft.rfft(block, fft)) ** 2)[:, :reach]
    return np.asarray(found / (found[:, :1] + 1e-12) / (own / own[0]))


def _unvoiced(wave: FloatArray, frames: int) -> FloatArray:
    """How good it is for each frame to be unvoiced."""
    peaks = np.abs(np.reshape(wave[: frames * HOP], (frames, HOP))).max(1)
    return np.asarray(_VOICED + np.maximum(0.0, 2 - peaks / np.percentile(peaks, 99) * (1 + _VOICED) / _SILENT))


def _cheapest(octaves: FloatArray, score: FloatArray, unvoiced: FloatArray) -> npt.NDArray[np.int64]:
    """Each frame's candidate on the best path (Viterbi); the index after the last one is unvoiced."""
    frames = len(score)
    gains = np.column_stack([score, unvoiced])
    leaps = np.full((frames, _CANDIDATES + 1, _CANDIDATES + 1), _SWITCH)
    leaps[:, -1, -1] = 0.0
    leaps[1:, :-1, :-1] = _JUMP * np.abs(octaves[:-1, :, None] - octaves[1:, None, :])
    cost, back = -gains[0], np.zeros(gains.shape, np.int64)
    for frame in range(1, frames):
        total = cost[:, None] + leaps[frame]
        back[frame] = total.argmin(0)
        cost = total.min(0) - gains[frame]
    path = np.zeros(frames, np.int64)
    path[-1] = cost.argmin()
    for frame in range(frames - 1, 0, -1):
        path[frame - 1] = back[frame, path[frame]]
    return path
