"""Pitch and time of finished speech, by the WORLD vocoder: for front ends that take neither.

Source: M. Morise et al., WORLD: a vocoder-based high-quality speech synthesis system, IEICE Trans. 2016.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicenb.sandbox.engine.spectrum import FRAME, HOP, RATE, FloatArray, world

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

__all__ = ["Clock", "revoiced"]

_PERIOD = 0.005
"""Seconds between the vocoder's frames."""


class Clock:
    """Time before and after: stretches of speech that each last some factor longer.

    Args:
        edges: (n + 1,) seconds before, rising.
        factors: (n,) by which each stretch lasts longer.
    """

    def __init__(self, edges: FloatArray, factors: FloatArray) -> None:
        self._before = np.asarray(edges, np.float64)
        self._after = np.concatenate([[0.0], np.cumsum(np.diff(self._before) * factors)])

    def after(self, times: FloatArray | float) -> FloatArray:
        """When something that was at `times` happens now."""
        return np.asarray(np.interp(times, self._before, self._after))

    def before(self, times: FloatArray | float) -> FloatArray:
        """When something that happens at `times` was before."""
        return np.asarray(np.interp(times, self._after, self._before))


def revoiced(
    wave: FloatArray, clock: Clock, length: float, move: Callable[[FloatArray], FloatArray], *, whisper: bool = False
) -> tuple[npt.NDArray[np.float32], FloatArray, npt.NDArray[np.bool_]]:
    """Speech at another pitch and pace, its formants where they were.

    Args:
        wave: Mono, 24 kHz.
        clock: What happens when.
        length: Seconds of the result.
        move: F0 (Hz, 0 where unvoiced) before to after.
        whisper: Without voice.

    Returns:
        The wave, (frames × 300,), its F0 and which frames are (or, but for the whisper, were) voiced, (frames,).
    """
    frames = int(np.ceil(length / FRAME))
    samples = np.ascontiguousarray(wave, np.float64)
    coarse, times = world().dio(samples, RATE, f0_floor=60, f0_ceil=400, frame_period=_PERIOD * 1000)
    f0 = world().stonemask(samples, coarse, times, RATE)
    spectrum = world().cheaptrick(samples, f0, times, RATE, fft_size=1024)
    noise = world().d4c(samples, f0, times, RATE, fft_size=1024)
    now = np.arange(int(frames * FRAME / _PERIOD) + 1) * _PERIOD
    at = np.clip(clock.before(now) / _PERIOD, 0, len(times) - 1)
    low = np.minimum(at.astype(int), len(times) - 2)
    part = (at - low)[:, None]
    mixed = np.exp((1 - part) * np.log(spectrum[low]) + part * np.log(spectrum[low + 1]))
    moved = move(np.where(f0[np.round(at).astype(int)] > 0, np.interp(at, np.arange(len(f0)), _bridged(f0)), 0.0))
    spread = noise[np.round(at).astype(int)]
    voiced = moved > 0
    if whisper:
        moved, spread = np.zeros_like(moved), np.ones_like(spread)
    made = world().synthesize(moved, np.ascontiguousarray(mixed), np.ascontiguousarray(spread), RATE, _PERIOD * 1000)
    made = np.pad(made, (0, max(0, frames * HOP - len(made))))[: frames * HOP]
    grid = np.minimum(np.round(np.arange(frames) * FRAME / _PERIOD).astype(int), len(moved) - 1)
    return made.astype(np.float32), moved[grid], voiced[grid]


def _bridged(f0: FloatArray) -> FloatArray:
    """F0 carried across unvoiced stretches, so that interpolating at their edges does not pull it down."""
    voiced = np.flatnonzero(f0 > 0)
    return np.interp(np.arange(len(f0)), voiced, f0[voiced]) if len(voiced) else f0
