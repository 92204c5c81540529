"""A recording's voice as a profile: pitch, envelopes and what is wrong with it; never the recording itself."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from voicenb.sandbox.engine.errors import EngineError
from voicenb.sandbox.engine.media import Recording, decode
from voicenb.sandbox.engine.melody import register
from voicenb.sandbox.engine.spectrum import (
    BANDS,
    FRAME,
    HOP,
    NEPER,
    RATE,
    FloatArray,
    active,
    envelopes,
    frequencies,
    pitch,
)
from voicenb.sandbox.engine.store import read, write
from voicenb.sandbox.engine.utterance import Register

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

__all__ = ["Profile", "enrol"]

_FORMAT = 1
_FRAMES = 2400
"""Kept at most: 30 s of speech. More is not heard, but costs time in every sentence."""
_CLIFF = 65.0
"""dB below the strongest band, where no voice is."""
_LEAST = 0.5
"""Seconds of voiced speech below which there is no voice to follow."""


@dataclass(frozen=True)
class Profile:
    """A voice.

    Attributes:
        bands: (frames, 80) consecutive envelopes of speech.
        voiced: (frames,) whether they are voiced.
        loud: (frames,) whether they are active.
        register: Its pitch.
        highest: Hz above which the recording holds nothing.
    """

    bands: FloatArray
    voiced: npt.NDArray[np.bool_]
    loud: npt.NDArray[np.bool_]
    register: Register
    highest: float

    @classmethod
    def load(cls, path: Path) -> Profile:
        """Read a profile.

        Raises:
            EngineError: The file is no profile.
        """
        try:
            arrays = read(path)
            assert int(arrays["format"]) == _FORMAT
            return cls(
                arrays["bands"].astype(np.float64),
                arrays["voiced"],
                arrays["loud"],
                Register(*(float(number) for number in arrays["register"])),
                float(arrays["highest"]),
            )
        except (OSError, ValueError, KeyError, AssertionError, zipfile.BadZipFile):
            raise EngineError("the voice's profile is missing or damaged: clone it again") from None

    def save(self, path: Path) -> None:
        """Write the profile."""
        write(path, {
            "format": np.int64(_FORMAT),
            "bands": self.bands.astype(np.float16),
            "voiced": self.voiced,
            "loud": self.loud,
            "register": np.asarray([self.register.median, self.register.below, self.register.above]),
            "highest": np.float64(self.highest),
        })  # fmt: skip


def enrol(source: Path, target: Path) -> dict[str, Any]:
    """Read a recording and write its profile.

    Returns:
        `seconds` of the file, `spoken_seconds` from its first to its last speech, `f0` (median, Hz) and `warnings`.

    Raises:
        EngineError: There is no voice in it.
    """
    recording = decode(source)
    speech = _speech(recording.wave)
    if speech is None:
        raise EngineError("the recording holds no speech: it is silent")
    first, last = speech
    wave = recording.wave[first:last]
    wave = wave / np.sqrt(np.mean(wave**2)) * 0.08
    wave = _densest(wave)
    f0 = pitch(wave)
    bands = envelopes(wave, f0)
    loud = active(bands)
    voiced = (f0 > 0) & loud
    if voiced.sum() * FRAME < _LEAST:
        raise EngineError(
            f"the recording holds no voice: {voiced.sum() * FRAME:.1f} s of it are voiced, {_LEAST} s are needed"
        )
    own = register(f0[voiced])
    highest = _highest(bands[voiced], recording.rate)
    Profile(bands, voiced, loud, own, highest).save(target)
    return {
        "seconds": recording.seconds,
        "spoken_seconds": (last - first) / RATE,
        "f0": float(np.exp(own.median)),
        "warnings": _warnings(recording, bands, loud),
    }


def _levels(wave: FloatArray) -> FloatArray:
    """The level of each frame in dB."""
    frames = len(wave) // HOP
    power = np.mean(np.reshape(wave[: frames * HOP], (frames, HOP)) ** 2, axis=1)
    return np.asarray(10 * np.log10(power + 1e-12))


def _speech(wave: FloatArray) -> tuple[int, int] | None:
    """First and last sample of speech: stretches of 100 ms well above the noise."""
    levels = _levels(np.pad(wave, (0, max(0, 20 * HOP - len(wave)))))
    if levels.max() < -70:
        return None
    loud, floor = np.percentile(levels, 95), np.percentile(levels, 10)
    threshold = max(loud - 35, min(floor + 6, loud - 10))
    run = np.convolve(levels > threshold, np.ones(8), "same") >= 6
    if not run.any():
        return None
    inside = np.flatnonzero(run & (levels > threshold))
    return int(inside[0] * HOP), int(min(len(wave), (inside[-1] + 1) * HOP))


def _densest(wave: FloatArray) -> FloatArray:
    """The stretch of at most 30 s with most speech in it."""
    if len(wave) <= _FRAMES * HOP:
        return wave
    levels = _levels(wave)
    busy = np.concatenate([[0], np.cumsum(levels > np.percentile(levels, 95) - 25)])
    start = int(np.argmax(busy[_FRAMES:] - busy[:-_FRAMES]))
    return wave[start * HOP : (start + _FRAMES) * HOP]


def _highest(bands: FloatArray, rate: int) -> float:
    """Hz above which the recording holds nothing: half its rate, or where its spectrum falls off a cliff."""
    mean = bands.mean(0) * NEPER
    floor = mean < np.max(mean) - _CLIFF
    held = BANDS - int(np.argmin(floor[::-1])) if floor[-1] else BANDS
    edge = frequencies()[min(held, BANDS) - 1] if held < BANDS else np.inf
    return float(min(0.95 * rate / 2, 0.9 * edge))


def _warnings(recording: Recording, bands: FloatArray, loud: npt.NDArray[np.bool_]) -> list[str]:
    found = []
    if recording.clipped > 0.001:
        found.append(f"clipping: {recording.clipped:.1%} of the samples are at full scale")
    if (~loud).sum() > 20:
        distance = NEPER * float(np.median(bands[loud].mean(1)) - np.median(bands[~loud].mean(1)))
        if distance < 20:
            found.append(f"noise: the pauses are only {distance:.0f} dB below the speech")
    return found
