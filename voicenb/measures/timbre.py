"""The timbre of a voice: where the energy of its long-term spectrum lies.

Every number here is of speech alone: frames outside of `voice_activity`'s segments do not count, so that pauses and the noise in
them change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
import numpy.typing as npt

from voicenb.audio.channels import mono
from voicenb.measures.frames import decibels, frames_of
from voicenb.measures.speech import VoiceActivity, voice_activity

__all__ = ["LongTermSpectrum", "Ltas", "bandwidth", "centroid", "long_term_spectrum", "ltas", "ltas_distance", "tilt"]

_WINDOW, _HOP = 0.064, 0.016
# Below it lie hum and rumble, which no voice makes.
_LOWEST = 50.0
_TILT_TOP = 8000.0
# What lies further below the loudest band is rounding and dither, and differs between files without being heard.
_BAND_FLOOR = 80.0


@dataclass(frozen=True, eq=False)
class LongTermSpectrum:
    """The mean power spectrum of the frames in which somebody speaks.

    Attributes:
        frequencies: In Hz, from 0 to half the rate, shape ``(f,)``.
        powers: Mean square in each bin (full scale 1), one-sided, shape ``(f,)``; no frames give zeros.
    """

    frequencies: npt.NDArray[np.float64]
    powers: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ltas:
    """The long-term average spectrum in third-octave bands.

    Attributes:
        frequencies: The bands' exact mid-band frequencies in Hz, from 100 Hz, shape ``(b,)``.
        levels: The power of each band in dB re full scale, shape ``(b,)``; −inf without speech.
        widths: The bands' widths in Hz, shape ``(b,)``.
    """

    frequencies: npt.NDArray[np.float64]
    levels: npt.NDArray[np.float64]
    widths: npt.NDArray[np.float64]


def long_term_spectrum(samples: npt.ArrayLike, rate: int, activity: VoiceActivity | None = None) -> LongTermSpectrum:
    """The mean power spectrum of speech under Hann windows of 64 ms, at the sound's own rate.

    Args:
        samples: Sound of shape ``(n,)`` or ``(n, channels)``.
        rate: Its rate in Hz.
        activity: Where somebody speaks, where that is known already.

    Source: P. D. Welch, "The use of fast Fourier transform for the estimation of power spectra", IEEE Trans. Audio and
    Electroacoustics 15 (1967), 70–73.
    """
    sound = mono(samples)
    activity = activity or voice_activity(sound, rate)
    length, hop = max(16, round(_WINDOW * rate)), max(1, round(_HOP * rate))
    window = np.hanning(length + 2)[1:-1].astype(np.float32)
    frames = frames_of(sound, length, hop)
    at = np.arange(len(frames)) * hop
    # A frame that reaches over an end of the sound would hold a step, whose spectrum hides the voice's.
    within = (at >= length // 2) & (at <= len(sound) - (length - length // 2))
    chosen = np.flatnonzero(activity.during(at / rate) & within)
    powers = np.zeros(length // 2 + 1)
    for start in range(0, len(chosen), 512):
        block = frames[chosen[start : start + 512]] * window
        powers += (np.abs(np.fft.rfft(block, axis=1)) ** 2).sum(axis=0, dtype=np.float64)
    powers *= 2 / (max(1, len(chosen)) * length * float((window.astype(np.float64) ** 2).sum()))
    return LongTermSpectrum(np.fft.rfftfreq(length, 1 / rate).astype(np.float64), powers)


def _voiced_band(spectrum: LongTermSpectrum) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
    kept = spectrum.frequencies >= _LOWEST
    return (spectrum.frequencies[kept], spectrum.powers[kept]) if spectrum.powers[kept].any() else None


def centroid(samples: npt.ArrayLike, rate: int, spectrum: LongTermSpectrum | None = None) -> float:
    """The mean frequency of speech in Hz, weighted by power, from 50 Hz to half the rate; NaN without speech.

    That is the mean of the frames' own centroids, each weighted by its frame's power: a loud vowel counts more than a weak
    consonant.

    Args:
        samples: Sound of shape ``(n,)`` or ``(n, channels)``.
        rate: Its rate in Hz.
        spectrum: Its long-term spectrum, where that is known already.
    """
    band = _voiced_band(spectrum or long_term_spectrum(samples, rate))
    return nan if band is None else float((band[0] * band[1]).sum() / band[1].sum())


def bandwidth(samples: npt.ArrayLike, rate: int, spectrum: LongTermSpectrum | None = None) -> float:
    """The frequency in Hz below which 99 % of the energy of speech lies, counted from 50 Hz; NaN without speech.

    It tells a telephone line or a codec of few bits, and dull speech too: the vowels hold most of the energy, so that clear
    speech of any rate reads some 3 to 5 kHz. It is no estimate of half the rate at which a file was once sampled.

    Args:
        samples: Sound of shape ``(n,)`` or ``(n, channels)``.
        rate: Its rate in Hz.
        spectrum: Its long-term spectrum, where that is known already.
    """
    band = _voiced_band(spectrum or long_term_spectrum(samples, rate))
    if band is None:
        return nan
    share = np.cumsum(band[1])
    return float(np.interp(0.99 * share[-1], share, band[0]))


def _levels(spectrum: LongTermSpectrum) -> Ltas:
    """The bands that lie whole within the spectrum."""
    frequencies = spectrum.frequencies
    half = (frequencies[1] - frequencies[0]) / 2
    centres = 1000 * 10 ** (np.arange(-10, 14) / 10)
    centres = centres[centres * 10**0.05 <= frequencies[-1]]
    lower, upper = centres * 10**-0.05, centres * 10**0.05
    # A bin's power is spread evenly over its width: the lowest bands are hardly wider than a bin.
    edges = np.concatenate([frequencies - half, [frequencies[-1] + half]])
    below = np.concatenate([[0.0], np.cumsum(spectrum.powers)])
    powers = np.interp(upper, edges, below) - np.interp(lower, edges, below)
    return Ltas(centres, decibels(np.maximum(powers, 0.0)), upper - lower)


def ltas(samples: npt.ArrayLike, rate: int, spectrum: LongTermSpectrum | None = None) -> Ltas:
    """The long-term average spectrum of speech in third-octave bands, from 100 Hz up to the last that the rate holds whole.

    Args:
        samples: Sound of shape ``(n,)`` or ``(n, channels)``.
        rate: Its rate in Hz.
        spectrum: Its long-term spectrum, where that is known already.

    Source: the bands are those of IEC 61260-1:2014, base ten, up to 20 kHz.
    """
    return _levels(spectrum or long_term_spectrum(samples, rate))


def tilt(samples: npt.ArrayLike, rate: int, spectrum: LongTermSpectrum | None = None) -> float:
    """The slope of the long-term average spectrum in dB per octave, from 100 Hz to 8 kHz or half the rate; NaN without speech.

    A straight line through the power density of the third-octave bands over the logarithm of frequency, so that each octave
    counts alike. White noise has 0, pink noise −3.01; speech some −6.

    Args:
        samples: Sound of shape ``(n,)`` or ``(n, channels)``.
        rate: Its rate in Hz.
        spectrum: Its long-term spectrum, where that is known already.
    """
    bands = ltas(samples, rate, spectrum)
    kept = bands.frequencies * 10**0.05 <= _TILT_TOP
    if kept.sum() < 2 or not np.isfinite(bands.levels[kept]).any():
        return nan
    levels = _above_floor(bands.levels[kept]) - decibels(bands.widths[kept])
    octaves = np.log2(bands.frequencies[kept])
    octaves -= octaves.mean()
    return float((octaves * levels).sum() / (octaves**2).sum())


def _above_floor(levels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.maximum(levels, levels.max() - _BAND_FLOOR))


def ltas_distance(a: Ltas, b: Ltas) -> float:
    """The root mean square difference of two long-term average spectra in dB, from 0; NaN where either holds no speech.

    Their levels are aligned first by the mean difference over the bands that both have, so that gain does not count. 0 for the
    same sound, and the same in either order.
    """
    count = min(len(a.levels), len(b.levels))
    if count < 2 or not (np.isfinite(a.levels[:count]).any() and np.isfinite(b.levels[:count]).any()):
        return nan
    difference = _above_floor(a.levels[:count]) - _above_floor(b.levels[:count])
    return float(np.sqrt(((difference - difference.mean()) ** 2).mean()))
