"""Changing the sampling rate, with numpy alone."""

from __future__ import annotations

from functools import lru_cache
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
    sound = np.asarray(samples, dtype=np.float32)
    if rate == target or not len(sound):
        return sound.copy()
    if sound.ndim > 1:
        return np.stack([resample(channel, rate, target, crossings=crossings) for channel in sound.T], axis=1)
    divisor = gcd(rate, target)
    up, down = target // divisor, rate // divisor
    cutoff = _ROLLOFF * min(1.0, up / down)
    half = ceil(crossings / cutoff)
    result = np.empty(ceil(len(sound) * up / down), dtype=np.float32)
    # In stretches that hold whole periods of the ratio, or the padding would hold a long sound a second time.
    periods = max(1, _STRETCH // down)
    for number, start in enumerate(range(0, len(sound), periods * down)):
        before, after = min(start, half), start + periods * down + half + 1
        stretch = np.pad(sound[start - before : after], (half - before, max(0, after - len(sound))))
        windows = np.lib.stride_tricks.sliding_window_view(stretch, 2 * half + 1)
        _resample_stretch(windows, up, down, cutoff, result[number * periods * up :][: periods * up])
    return result


def _resample_stretch(
    windows: npt.NDArray[np.float32], up: int, down: int, cutoff: float, result: npt.NDArray[np.float32]
) -> None:
    """Fills `result` with the resampled sound, from the windows around each sample of it."""
    half = windows.shape[1] // 2
    if up > _PHASES:
        _between_phases(windows, up, down, _kernels(_PHASES, half, cutoff), result)
        return
    kernels = _kernels(up, half, cutoff)
    for phase in range(min(up, len(result))):
        first, fraction = divmod(phase * down, up)
        kernel = kernels[fraction]
        count = len(range(phase, len(result), up))
        rows = windows[first::down][:count]
        place = result[phase::up]
        # Copied piece by piece: BLAS takes no rows that overlap, and numpy's own product is ten times slower.
        step = max(1, _BLOCK // len(kernel))
        for start in range(0, count, step):
            place[start : start + step] = np.ascontiguousarray(rows[start : start + step]) @ kernel


# Between two of so many phases the kernel is as good as straight: the error of that is about 100 dB down.
_PHASES = 512
_BLOCK = 2**18
_STRETCH = 2**22


# At most some 270 kB each; a pair of rates has one, which every sound of those rates takes.
@lru_cache(maxsize=16)
def _kernels(phases: int, half: int, cutoff: float) -> npt.NDArray[np.float32]:
    """The windowed sinc around each of so many fractions of a sample and around 1, shape ``(phases + 1, 2 · half + 1)``."""
    fractions = np.arange(phases + 1) / phases
    distance = np.arange(-half, half + 1) - fractions[:, None]
    window = np.i0(_BETA * np.sqrt(np.clip(1 - (distance / (half + 1)) ** 2, 0, None))) / np.i0(_BETA)
    kernels = (cutoff * np.sinc(cutoff * distance) * window).astype(np.float32)
    # The sum of the taps is the gain at 0 Hz; without this the phases differ by parts in 10⁵.
    return np.asarray(kernels / kernels.sum(axis=1, keepdims=True))


def _between_phases(
    windows: npt.NDArray[np.float32],
    up: int,
    down: int,
    kernels: npt.NDArray[np.float32],
    result: npt.NDArray[np.float32],
) -> None:
    """Resampling by a ratio of large numbers: each sample's kernel lies on the line between two of a fixed number.

    A kernel for each of the ratio's own phases would take time that grows with the rate and not with the sound.
    """
    block = max(1, _BLOCK // kernels.shape[1])
    for start in range(0, len(result), block):
        first, rest = np.divmod(np.arange(start, min(start + block, len(result)), dtype=np.int64) * down, up)
        phase, share = np.divmod(rest * _PHASES, up)
        weight = (share / up).astype(np.float32)[:, None]
        taps = kernels[phase] * (1 - weight) + kernels[phase + 1] * weight
        result[start : start + len(taps)] = np.einsum("ij,ij->i", windows[first], taps)
