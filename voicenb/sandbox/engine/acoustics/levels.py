"""Loudness, and peaks kept below full scale."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from voicenb.sandbox.engine.acoustics.spectrum import RATE, FloatArray

__all__ = ["LOUDNESS", "Meter", "limited"]

LOUDNESS = -23.0
"""LUFS of a neutral take at volume 1 (EBU R 128), which leaves volume 2 and an angry voice room below full scale."""
CEILING = 10 ** (-1 / 20)
"""True peak at most: −1 dBTP."""

_STEP = RATE // 10
_OVERSAMPLING = 4
_REACH = RATE // 200
"""Samples (5 ms) over which the limiter closes before a peak and opens after it."""


@cache
def _weighting() -> FloatArray:
    """ITU-R BS.1770-4's K-weighting at 24 kHz as second-order sections.

    Source: the analogue prototypes of B. De Man, Evaluation of implementations of the EBU R128 loudness measurement, AES 145.
    """
    sections = []
    for kind, gain, quality, corner in (("shelf", 4.0, 0.7071752, 1681.9745), ("pass", 0.0, 0.5003270, 38.1355)):
        k = np.tan(np.pi * corner / RATE)
        norm = 1 + k / quality + k * k
        if kind == "shelf":
            high = 10 ** (gain / 20)
            band = high**0.4996667
            top = [
                (high + band * k / quality + k * k) / norm,
                2 * (k * k - high) / norm,
                (high - band * k / quality + k * k) / norm,
            ]
        else:
            top = [1.0, -2.0, 1.0]
        sections.append([*top, 1.0, 2 * (k * k - 1) / norm, (1 - k / quality + k * k) / norm])
    return np.asarray(sections)


class Meter:
    """Integrated loudness of a signal that comes in parts (ITU-R BS.1770-4, gated)."""

    def __init__(self) -> None:
        self._state: FloatArray = np.zeros((2, 2))
        self._rest: FloatArray = np.zeros(0)
        self._powers: list[float] = []

    def add(self, wave: npt.NDArray[np.floating[Any]]) -> None:
        """Go on with the signal's next part."""
        from scipy.signal import sosfilt

        weighted, self._state = sosfilt(_weighting(), wave, zi=self._state)
        squares = np.concatenate([self._rest, weighted**2])
        whole = len(squares) // _STEP
        self._powers += squares[: whole * _STEP].reshape(whole, _STEP).mean(1).tolist()
        self._rest = squares[whole * _STEP :]

    def loudness(self) -> float:
        """LUFS so far; −70 for silence. What is shorter than a block of 400 ms counts as one."""
        powers = np.asarray(self._powers)
        if len(powers) < 4:
            everything = [*self._powers, *([float(self._rest.mean())] if len(self._rest) else [])]
            blocks = np.asarray([np.mean(everything)] if everything else [0.0])
        else:
            blocks = np.convolve(powers, np.ones(4) / 4, "valid")
        blocks = blocks[_lufs(blocks) > -70]
        if not len(blocks):
            return -70.0
        blocks = blocks[_lufs(blocks) > _lufs(blocks.mean()) - 10]
        return float(_lufs(blocks.mean()))


def _lufs(power: Any) -> Any:
    return -0.691 + 10 * np.log10(np.asarray(power) + 1e-12)


def limited(wave: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
    """The wave with its true peaks at −1 dBTP at most; where it is lower it stays as it is, sample by sample.

    The gain falls ahead of a peak and returns after it along a smooth curve, so that nothing is cut off and nothing clicks.
    """
    from scipy.ndimage import minimum_filter1d
    from scipy.signal import resample_poly

    wave = np.asarray(wave, np.float32)
    if not len(wave):
        return wave
    fine = np.abs(resample_poly(wave, _OVERSAMPLING, 1))[: len(wave) * _OVERSAMPLING]
    peaks = np.maximum(fine.reshape(-1, _OVERSAMPLING).max(1), np.abs(wave))
    if peaks.max() <= CEILING:
        return wave
    needed = np.minimum(1.0, CEILING / np.maximum(peaks, 1e-9))
    held = minimum_filter1d(needed, 2 * _REACH + 1)
    window = np.hanning(2 * _REACH + 3)[1:-1]
    smooth = np.convolve(np.pad(held, _REACH, mode="edge"), window / window.sum(), "valid")
    return np.asarray(wave * smooth, np.float32)
