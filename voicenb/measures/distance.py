"""How far one utterance lies from another of the same text, after dynamic time warping."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, nan, sqrt

import numpy as np
import numpy.typing as npt

from voicenb.measures.alignment import align
from voicenb.measures.cepstrum import cepstra
from voicenb.measures.frames import HOP
from voicenb.measures.pitch import f0_track
from voicenb.measures.speech import VoiceActivity, voice_activity

__all__ = ["DECIBELS", "Spoken", "aligned", "f0_correlation", "mcd", "spoken"]

DECIBELS = 10 * sqrt(2) / log(10)
"""dB for a distance of 1 between two cepstra: 6.14185146."""
_LEAST_PAIRS = 10


@dataclass(frozen=True, eq=False)
class Spoken:
    """What is compared of an utterance: its speech, every 10 ms, without the pauses.

    Attributes:
        cepstra: Mel-frequency cepstra, shape ``(n, 13)``.
        f0: Fundamental frequency in Hz, NaN where the voice does not sound, shape ``(n,)``.
    """

    cepstra: npt.NDArray[np.float64]
    f0: npt.NDArray[np.float64]


def spoken(
    samples: npt.ArrayLike,
    rate: int,
    activity: VoiceActivity | None = None,
    f0: npt.NDArray[np.float64] | None = None,
) -> Spoken:
    """What is compared of a sound.

    Args:
        samples: Shape ``(n,)`` or ``(n, channels)``.
        rate: Its rate in Hz; whatever it is, 16 kHz is compared.
        activity: Where somebody speaks, where that is known already.
        f0: The second part of `f0_track`, where that is known already.
    """
    activity = activity or voice_activity(samples, rate)
    f0 = f0_track(samples, rate)[1] if f0 is None else f0
    coefficients = cepstra(samples, rate)
    count = min(len(coefficients), len(f0))
    chosen = activity.during(np.arange(count) * HOP)
    return Spoken(coefficients[:count][chosen], f0[:count][chosen])


def aligned(a: Spoken, b: Spoken) -> npt.NDArray[np.int64]:
    """Which frames of the two belong together: see `align`. Of use where more than one distance is taken."""
    return align(a.cepstra, b.cepstra)


def mcd(a: Spoken, b: Spoken, path: npt.NDArray[np.int64] | None = None) -> float:
    """Mel-cepstral distance in dB, from 0, as ``mcd_mfcc13_80mel_dtw``; NaN where either holds no speech.

    The mean over the path of dynamic time warping of ``10 √2 / ln 10 · √Σ (cₙ − c′ₙ)²``, n = 1 … 13, of 80 mel bands. Exactly
    0 for the same sound, and the same in either order; gain does not count. Other analyses give other numbers: compare
    values of this one alone, and those within one study.

    Source: R. Kubichek, "Mel-cepstral distance measure for objective speech quality assessment", IEEE Pacific Rim Conf.
    on Communications, Computers and Signal Processing (1993), 125–128.
    """
    path = aligned(a, b) if path is None else path
    if not len(path):
        return nan
    difference = a.cepstra[path[:, 0]] - b.cepstra[path[:, 1]]
    return float(DECIBELS * np.sqrt((difference**2).sum(axis=1)).mean())


def f0_correlation(a: Spoken, b: Spoken, path: npt.NDArray[np.int64] | None = None) -> float:
    """How alike two utterances' melodies go: Pearson's correlation of log F0, −1 to 1, over the aligned voiced frames.

    The pairs are those of dynamic time warping in which both are voiced. Level and size of the melody in semitones do not
    count. NaN with fewer than 10 such pairs, or where either melody is constant.
    """
    path = aligned(a, b) if path is None else path
    first, second = a.f0[path[:, 0]], b.f0[path[:, 1]]
    both = np.isfinite(first) & np.isfinite(second)
    if both.sum() < _LEAST_PAIRS:
        return nan
    x, y = np.log2(first[both]), np.log2(second[both])
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x**2).sum() * (y**2).sum()))
    # Rounding alone leaves some 10⁻¹⁵ of a constant melody.
    if size < 1e-12 * len(x):
        return nan
    return float(np.clip((x * y).sum() / size, -1, 1))
