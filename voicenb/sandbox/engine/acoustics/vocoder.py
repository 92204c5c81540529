"""Pitch and time of finished speech, by the WORLD vocoder: where a front end cannot go.

Source: M. Morise et al., WORLD: a vocoder-based high-quality speech synthesis system, IEICE Trans. 2016.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicenb.sandbox.engine.acoustics.spectrum import FRAME, HOP, RATE, FloatArray, world

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Clock", "revoiced"]

_FFT = 1024
_PERIOD = 0.005
"""Seconds between the frames that are synthesised; they are analysed at the engine's own."""


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
    wave: FloatArray, f0: FloatArray, wanted: FloatArray, clock: Clock | None = None
) -> npt.NDArray[np.float32]:
    """Speech at another pitch and pace, its formants where they were.

    Args:
        wave: Mono, 24 kHz.
        f0: Hz of each of its frames, 0 where unvoiced.
        wanted: Hz of each frame of the result, 0 where unvoiced.
        clock: What happens when; None leaves time alone.

    Returns:
        (frames × 300,) samples, as many frames as are wanted.
    """
    samples, hertz = (np.ascontiguousarray(array, np.float64) for array in (wave, f0))
    times = np.arange(len(hertz)) * FRAME
    spectrum = np.log(world().cheaptrick(samples, hertz, times, RATE, fft_size=_FFT))
    noise = world().d4c(samples, hertz, times, RATE, fft_size=_FFT)
    frames = len(wanted)
    now = np.arange(int(frames * FRAME / _PERIOD)) * _PERIOD
    at = np.clip((clock.before(now) if clock else now) / FRAME, 0, len(times) - 1)
    low = np.minimum(at.astype(int), len(times) - 2)
    part = (at - low)[:, None]
    envelope = np.exp((1 - part) * spectrum[low] + part * spectrum[low + 1])
    spread = noise[np.round(at).astype(int)]
    frame = np.minimum(np.round(now / FRAME).astype(int), frames - 1)
    pulses = np.where(wanted[frame] > 0, np.interp(now / FRAME, np.arange(frames), _bridged(wanted)), 0.0)
    made = world().synthesize(
        pulses, np.ascontiguousarray(envelope), np.ascontiguousarray(spread), RATE, _PERIOD * 1000
    )
    return np.pad(made, (0, max(0, frames * HOP - len(made))))[: frames * HOP].astype(np.float32)


def _bridged(f0: FloatArray) -> FloatArray:
    """F0 carried across unvoiced stretches, so that interpolating at their edges does not pull it down."""
    voiced = np.flatnonzero(f0 > 0)
    return np.interp(np.arange(len(f0)), voiced, f0[voiced]) if len(voiced) else f0
