"""Loudness, its range, and peaks, by ITU-R BS.1770 and EBU Tech 3342."""

from __future__ import annotations

from math import ceil, inf, nan, pi, tan
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from voicenb.audio.resampling import resample
from voicenb.measures.frames import decibels

__all__ = [
    "COMPARED_AT",
    "clipped_share",
    "flat_tops",
    "loudness",
    "loudness_curve",
    "loudness_range",
    "sample_peak",
    "true_peak",
]

COMPARED_AT = -23.0
"""The loudness in LUFS at which sounds are compared by ear (EBU R 128): low enough that no voice has to be limited to reach it."""

Floats: TypeAlias = npt.NDArray[np.floating]

_STRETCH = 2**20


def _k_weighting(frequencies: Floats, rate: int) -> npt.NDArray[np.complex128]:
    """The response of BS.1770's two filters, whose 48 kHz coefficients are restated for any rate.

    The analogue parameters behind the standard's tables are those that libebur128 uses.
    """
    z = np.exp(-2j * pi * frequencies / rate)
    # Below 4 kHz of rate the shelf's corner would lie beyond the Nyquist frequency.
    k = tan(pi * min(1681.974450955533, 0.45 * rate) / rate)
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    damping = k / 0.7071752369554196
    shelf = ((high + band * damping + k * k) + 2 * (k * k - high) * z + (high - band * damping + k * k) * z * z) / (
        (1 + damping + k * k) + 2 * (k * k - 1) * z + (1 - damping + k * k) * z * z
    )
    k = tan(pi * 38.13547087602444 / rate)
    damping = k / 0.5003270373238773
    rumble = (1 - z) ** 2 / (1 + (2 * (k * k - 1) * z + (1 - damping + k * k) * z * z) / (1 + damping + k * k))
    return np.asarray(shelf * rumble)


def _k_weighted(sound: npt.NDArray[np.float32], rate: int) -> npt.NDArray[np.float32]:
    """One channel through the filters, by overlap-add; their impulse response has died away after 0.25 s."""
    tail = ceil(0.25 * rate)
    size = 1 << (8 * tail - 1).bit_length()
    step = size - tail
    response = _k_weighting(np.fft.rfftfreq(size, 1 / rate), rate)
    result = np.zeros(len(sound) + size, dtype=np.float32)
    for start in range(0, len(sound), step):
        block = np.fft.irfft(np.fft.rfft(sound[start : start + step], size) * response, size)
        result[start : start + size] += block.astype(np.float32)
    return result[: len(sound)]


def _block_powers(samples: npt.ArrayLike, rate: int, window: float, hop: float) -> npt.NDArray[np.float64]:
    """K-weighted mean squares of overlapping blocks, summed over the channels with their weights."""
    sound = np.asarray(samples, dtype=np.float32)
    sound = sound[:, None] if sound.ndim == 1 else sound
    # Left, right, centre count once, the surround channels 1.41 times; a fourth channel of six is the LFE, which does not count.
    weights = [1.0, 1.0, 1.0, 0.0, 1.41, 1.41] if sound.shape[1] == 6 else [1.0, 1.0, 1.0, 1.41, 1.41]
    length, step = max(1, round(window * rate)), max(1, round(hop * rate))
    # Sound shorter than a block is one block of its own length; the standard leaves it open.
    length = min(length, max(1, len(sound)))
    starts = np.arange(0, max(1, len(sound) - length + 1), step)
    powers = np.zeros(len(starts))
    # A few minutes at a time, each with what the filters still hear of the time before.
    before, some = ceil(0.25 * rate), max(1, round(120 / hop))
    for channel, weight in zip(sound.T, weights, strict=False):
        for part in range(0, len(starts), some) if weight else ():
            here = starts[part : part + some]
            begin = max(0, int(here[0]) - before)
            heard = _k_weighted(channel[begin : int(here[-1]) + length], rate)
            sums = np.zeros(len(heard) + 1)
            np.cumsum(np.square(heard, dtype=np.float64), out=sums[1:])
            powers[part : part + some] += (
                weight * np.maximum(sums[here - begin + length] - sums[here - begin], 0) / length
            )
    return powers


def loudness(samples: npt.ArrayLike, rate: int) -> float:
    """Integrated loudness in LUFS; −inf for silence or no sound at all.

    K-weighting, blocks of 400 ms that overlap by three quarters, the absolute gate at −70 LUFS and the relative one at
    −10 LU. Sound shorter than 400 ms is measured as one block.

    Source: Recommendation ITU-R BS.1770-4, annex 1.
    """
    sound = np.asarray(samples)
    if not len(sound):
        return -inf
    powers = _block_powers(sound, rate, 0.4, 0.1)
    levels = -0.691 + decibels(powers)
    loud = levels > -70
    if not loud.any():
        return -inf
    gate = -0.691 + decibels(powers[loud].mean()) - 10
    return float(-0.691 + decibels(powers[loud & (levels > gate)].mean()))


def loudness_curve(
    samples: npt.ArrayLike, rate: int, *, window: float = 0.4, hop: float = 0.05
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Loudness over time: the blocks' middles in seconds and their levels in LUFS.

    With a window of 0.4 s this is EBU R 128's *momentary* loudness, with 3 s its *short-term* loudness.
    """
    sound = np.asarray(samples)
    if not len(sound):
        return np.zeros(0), np.zeros(0)
    powers = _block_powers(sound, rate, window, hop)
    width = min(window, len(sound) / rate)
    return np.arange(len(powers)) * round(hop * rate) / rate + width / 2, -0.691 + decibels(powers)


def loudness_range(samples: npt.ArrayLike, rate: int) -> float:
    """How far quiet and loud passages lie apart (LRA), in LU, from 0; NaN where that is not defined.

    The distance between the 10th and the 95th percentile of short-term loudness (blocks of 3 s, one each 0.1 s), of the blocks
    above the absolute gate at −70 LUFS and the relative one 20 LU below their mean. Sound shorter than 3 s has no short-term
    loudness; the standard advises against reading much into the range of less than a minute.

    Source: EBU Tech 3342 (2016), section 3.
    """
    sound = np.asarray(samples)
    if len(sound) < round(3 * rate):
        return nan
    powers = _block_powers(sound, rate, 3.0, 0.1)
    levels = -0.691 + decibels(powers)
    loud = levels > -70
    if not loud.any():
        return nan
    gate = -0.691 + decibels(powers[loud].mean()) - 20
    quiet_end, loud_end = np.percentile(levels[loud & (levels > gate)], [10, 95])
    return float(loud_end - quiet_end)


def sample_peak(samples: npt.ArrayLike) -> float:
    """The largest sample in dBFS; −inf for silence."""
    sound = np.asarray(samples)
    return float(2 * decibels(max(float(sound.max()), -float(sound.min())))) if sound.size else -inf


def true_peak(samples: npt.ArrayLike, rate: int) -> float:
    """The peak between the samples, by four-fold oversampling, in dBTP; −inf for silence.

    Source: Recommendation ITU-R BS.1770-4, annex 2.
    """
    sound = np.asarray(samples, dtype=np.float32)
    if not sound.size:
        return -inf
    return max(sample_peak(sound), sample_peak(resample(sound, rate, 4 * rate)))


def clipped_share(samples: npt.ArrayLike) -> float:
    """The share (0–1) of samples that lie in flat tops: see `flat_tops`."""
    sound = np.asarray(samples, dtype=np.float32)
    if not sound.size:
        return 0.0
    channels = sound[:, None] if sound.ndim == 1 else sound
    return sum(int(flat_tops(channel).sum()) for channel in channels.T) / sound.size


def flat_tops(channel: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Which samples lie in a flat top: three or more in a row at full scale, or at the sound's own peak; shape ``(n,)``.

    The second kind is clipping that was turned down later; it counts from −12 dBFS, below which a coarse quantisation
    makes flat tops of its own.

    Args:
        channel: One channel, shape ``(n,)``, full scale ±1.
    """
    sound = np.asarray(channel, dtype=np.float32)
    flat_top = np.zeros(len(sound), dtype=bool)
    if not len(sound):
        return flat_top
    peak = max(float(sound.max()), -float(sound.min()))
    top = peak - 2**-16 if 0.25 <= peak < 0.999 else 0.999
    for start in range(0, len(sound), _STRETCH):
        # A run of three is where a sample and both its neighbours are flat; spreading that finds the whole run, which
        # takes two samples on either side.
        first = max(0, start - 2)
        near = sound[first : start + _STRETCH + 2]
        flat = np.abs(near) >= top
        core = flat.copy()
        core[0] = core[-1] = False
        core[1:-1] &= flat[:-2] & flat[2:] & (np.sign(near[:-2]) == np.sign(near[2:]))
        run = core.copy()
        run[:-1] |= core[1:]
        run[1:] |= core[:-1]
        flat_top[start : start + _STRETCH] = run[start - first : start - first + _STRETCH]
    return flat_top
