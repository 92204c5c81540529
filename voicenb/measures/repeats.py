"""Where the same sound is heard twice, as of a buffer that was played again."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from voicenb.audio.resampling import resample
from voicenb.measures.frames import runs_of

__all__ = ["repeats"]

# A copy is a copy in any band; at 8 kHz the search takes half the time.
_RATE = 8_000
_BLOCK, _HOP, _LONGEST = 0.12, 0.04, 1.6
# Of the bends of the waveform: speech that is spoken twice, or a vowel that is held, is not nearly as like itself.
_ALIKE = 0.85
# Samples: the period of the highest voice, 600 Hz.
_PERIOD = 13
_BATCH = 32


def repeats(sound: npt.NDArray[np.float32], rate: int, speech_level: float) -> npt.NDArray[np.float64]:
    """Start and end in seconds of stretches of 0.2 s and more that were heard less than 1.6 s before; shape ``(k, 2)``.

    Blocks of 120 ms are correlated with what follows them, after the tilt of speech has been taken out; only blocks of speech
    count. A tone that is held is no repeat. Words that are spoken twice are no copies, and are not found.

    Args:
        sound: One channel, shape ``(n,)``.
        rate: Its rate in Hz.
        speech_level: The level of its speech in dB re full scale.
    """
    low = resample(sound, rate, _RATE, crossings=10) if rate != _RATE else sound
    # Two differences take out what all vowels have in common, and make the correlation of two periods small.
    bends = np.diff(low.astype(np.float64), n=2)
    block, hop, reach = round(_BLOCK * _RATE), round(_HOP * _RATE), round(_LONGEST * _RATE)
    count = (len(bends) - 2 * block) // hop + 1
    if count < 1:
        return np.zeros((0, 2))
    power = np.concatenate([[0.0], np.cumsum(low.astype(np.float64) ** 2)])
    energies = np.concatenate([[0.0], np.cumsum(bends**2)])
    starts = np.arange(count) * hop
    loud = power[starts + block] - power[starts] > block * 10 ** ((speech_level - 30) / 10)
    size = 1 << (reach + 2 * block - 1).bit_length()
    padded = np.concatenate([bends, np.zeros(size)])
    follows = np.lib.stride_tricks.sliding_window_view(padded, reach + block)
    blocks = np.lib.stride_tricks.sliding_window_view(padded, block)
    total = np.concatenate([energies, np.full(size, energies[-1])])
    lags = np.arange(reach + 1)
    heard = np.zeros(count, dtype=np.int64)
    chosen = starts[loud]
    for first in range(0, len(chosen), _BATCH):
        here = chosen[first : first + _BATCH]
        spectrum = np.fft.rfft(follows[here], size, axis=1) * np.fft.rfft(blocks[here], size, axis=1).conj()
        # Zeros beyond the spectrum's end give the correlation at half samples, too: a copy need not be a whole number of samples
        # later, and in between another period of the voice would be taken for it.
        products = 2 * np.fft.irfft(spectrum, 2 * size, axis=1)[:, : 2 * reach + 1]
        whole = total[here[:, None] + lags + block] - total[here[:, None] + lags]
        own = whole[:, :1]
        energy = np.empty_like(products)
        energy[:, ::2] = whole
        energy[:, 1::2] = (whole[:, 1:] + whole[:, :-1]) / 2
        alike = products / np.sqrt(np.maximum(energy * own, 1e-30))
        # Without sound on either side there is nothing to be alike.
        alike[energy < 0.1 * own] = 0
        # A tone that is held is like itself after each of its periods: what comes again is not told from what goes on.
        held = alike[:, 2 * _PERIOD : 2 * block].max(axis=1) > _ALIKE
        alike[:, : 2 * block] = 0
        best = alike.argmax(axis=1)
        same = (alike[np.arange(len(here)), best] > _ALIKE) & ~held
        heard[here // hop] = np.where(same, best // 2, 0)
    found = list[tuple[float, float]]()
    for start, end in runs_of(heard > 0):
        lag = np.median(heard[start:end])
        agreeing = np.abs(heard[start:end] - lag) <= 2
        # Two blocks of the same lag are 160 ms of the same sound.
        if agreeing.sum() >= 2:
            found.append(((start * hop + lag) / _RATE, ((end - 1) * hop + block + lag) / _RATE))
    return np.array(found).reshape(-1, 2)
