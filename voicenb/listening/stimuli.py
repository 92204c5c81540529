"""Sounds as listeners hear them: equally loud, equally long, at one rate, each with noise of its own.

What a listener gets is never a service's file: every sound is decoded, mixed to one channel, brought to the test's rate and
level, padded to the length of its trial and quantised to 16 bits with dither of its own. The silence before and after holds dither,
too, so that neither lengths nor runs of zeros tell sounds apart. The same sound in two places is not the same bytes: its samples differ by
the dither, a step or two.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from math import inf, isfinite

import numpy as np
import numpy.typing as npt

from voicenb.audio.channels import mono
from voicenb.audio.reading import read
from voicenb.audio.resampling import resample
from voicenb.listening.filters import LOW_ANCHOR, MID_ANCHOR, low_pass
from voicenb.measures.loudness import COMPARED_AT, loudness, sample_peak

__all__ = ["RATES", "common_gains", "common_rate", "prepared", "rendered", "wav"]

RATES = (16_000, 48_000)
"""The lowest and the highest rate of a test, in Hz: the low one holds the mid anchor of MUSHRA."""

# The highest sample in dBFS, which leaves room for dither.
_CEILING = -0.3
_CATCH_EDGE = 1_000
_CATCH_NOISE = 0.5


def common_rate(rates: Iterable[int]) -> int:
    """The rate of a test: the highest of its sounds', within `RATES`."""
    return min(max([RATES[0], *rates]), RATES[1])


def prepared(data: bytes, rate: int, treatment: str = "plain") -> npt.NDArray[np.float32]:
    """A source at the test's rate, one channel, as loud as it came.

    Args:
        data: The file's bytes.
        rate: The test's rate in Hz.
        treatment: ``plain``; ``low`` or ``mid``, the anchors of MUSHRA; or ``catch``: without what lies above 1 kHz, and with noise 6 dB below it,
            so that nobody who listens takes it for the sound itself.

    Returns:
        float32 of shape ``(n,)``.

    Raises:
        AudioError: It cannot be read.
    """
    sound = read(data)
    found = resample(mono(sound.samples), sound.rate, rate)
    if treatment in {"low", "mid"}:
        return low_pass(found, rate, LOW_ANCHOR if treatment == "low" else MID_ANCHOR)
    if treatment == "catch":
        dull = low_pass(found, rate, _CATCH_EDGE)
        power = float(np.sqrt(np.mean(np.square(dull, dtype=np.float64)))) if len(dull) else 0.0
        seed = int.from_bytes(hashlib.sha256(data).digest()[:8], "big")
        noise = np.random.default_rng(seed).standard_normal(len(dull)) * _CATCH_NOISE * power
        return np.asarray(dull + noise, dtype=np.float32)
    return found


def common_gains(
    sounds: Iterable[tuple[str, npt.NDArray[np.float32]]], rate: int, *, matched: bool
) -> dict[str, float]:
    """The gain of each sound of a test.

    Args:
        sounds: A name of each, and the sound.
        rate: In Hz.
        matched: Whether all are to be equally loud; else all get the same gain, which keeps their differences.

    Returns:
        Factors by name. Matched, every sound has `COMPARED_AT`, or the highest loudness below it at which none clips; silence has 1.
    """
    levels = {name: (loudness(sound, rate), sample_peak(sound)) for name, sound in sounds}
    if not matched:
        highest = max((peak for _, peak in levels.values()), default=-inf)
        loudest = max((level for level, _ in levels.values()), default=-inf)
        gain = COMPARED_AT - loudest if isfinite(loudest) else 0.0
        return dict.fromkeys(levels, _factor(min(gain, _CEILING - highest)))
    # As loud as each can be without clipping.
    reachable = [level + _CEILING - peak for level, peak in levels.values() if isfinite(level)]
    target = min([COMPARED_AT, *reachable])
    return {name: _factor(target - level) if isfinite(level) else 1.0 for name, (level, _) in levels.items()}


def _factor(decibels: float) -> float:
    return float(10 ** (decibels / 20))


def rendered(
    sound: npt.NDArray[np.float32], *, gain: float, lead: int, frames: int, rng: np.random.Generator
) -> npt.NDArray[np.int16]:
    """A sound as it is heard in one place of one trial.

    Args:
        sound: What `prepared` gave.
        gain: Its factor.
        lead: Silent frames before it.
        frames: The length of every sound of the trial.
        rng: Where this place's dither comes from.

    Returns:
        16-bit samples of shape ``(frames,)``, with triangular dither of ±1 step throughout.
    """
    whole = np.zeros(frames)
    part = sound[: max(frames - lead, 0)]
    whole[lead : lead + len(part)] = gain * np.asarray(part, dtype=np.float64)
    dither = rng.random(frames) - rng.random(frames)
    return np.clip(np.rint(whole * 32_767 + dither), -32_768, 32_767).astype(np.int16)


def wav(samples: npt.NDArray[np.int16], rate: int) -> bytes:
    """16-bit samples of one channel as WAV: a header of 44 bytes, and nothing that depends on what they are."""
    body = samples.astype("<i2").tobytes()
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(body),
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        rate,
        2 * rate,
        2,
        16,
        b"data",
        len(body),
    )
    return head + body
