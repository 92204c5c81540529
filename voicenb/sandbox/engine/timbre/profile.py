"""A recording's voice as a profile: pitch, envelopes and what is wrong with it; never the recording itself."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from voicenb.sandbox.engine.acoustics.periodicity import robust_pitch
from voicenb.sandbox.engine.acoustics.spectrum import (
    BANDS,
    FRAME,
    HOP,
    NEPER,
    RATE,
    FloatArray,
    active,
    envelopes,
    frequencies,
)
from voicenb.sandbox.engine.errors import EngineError
from voicenb.sandbox.engine.media.decoding import Recording, decode
from voicenb.sandbox.engine.prosody.melody import register
from voicenb.sandbox.engine.prosody.utterance import Register
from voicenb.sandbox.engine.timbre.array_files import read, write

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

__all__ = ["Profile", "enrol"]

_FORMAT = 2
_FRAMES = 2400
"""Kept at most: 30 s of speech. More is not heard, but costs time in every sentence."""
_NOISY = 22.0
"""dB from the background to the speech, below which a clone takes the background's colour."""
_TONAL = 0.6
"""Share of the quietest frames that have a pitch, above which it is not the speaker's."""
_NARROW = 4500.0
"""Hz."""
_SECOND = 80
"""Frames."""
_APART = 5.0
"""Semitones between two speakers; one person's sentences lie closer."""
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
    f0 = robust_pitch(wave)
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
        "warnings": _warnings(recording, wave, f0, loud, highest),
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


def _warnings(
    recording: Recording, wave: FloatArray, f0: FloatArray, loud: npt.NDArray[np.bool_], highest: float
) -> list[str]:
    """What is wrong with a recording, a line each."""
    found = []
    if recording.clipped > 0.001:
        found.append(f"clipping: {recording.clipped:.1%} of the samples are at full scale; record at a lower level")
    levels = _levels(wave)
    distance = float(np.percentile(levels, 85) - np.percentile(levels, 5))
    if distance < _NOISY:
        found.append(f"noise: the background is only {distance:.0f} dB below the speech; record in a quieter room")
    quiet = levels <= np.percentile(levels, 15)
    if (f0[: len(levels)][quiet] > 0).mean() > _TONAL:
        found.append("music or another voice: something with a pitch goes on in the pauses")
    if highest < _NARROW:
        found.append(f"narrow band: nothing is above {highest:.0f} Hz; the clone's brightness is a guess")
    if gap := _two_speakers(f0, loud):
        found.append(
            f"two speakers: the pitch lies around two heights, {gap:.0f} semitones apart; use one person's speech"
        )
    return found


def _two_speakers(f0: FloatArray, loud: npt.NDArray[np.bool_]) -> float:
    """How many semitones lie between two heights that seconds of speech gather around; 0 where they gather around one."""
    medians = []
    for start in range(0, len(f0) - _SECOND + 1, _SECOND):
        inside = f0[start : start + _SECOND]
        inside = inside[(inside > 0) & loud[start : start + _SECOND]]
        if len(inside) >= _SECOND // 4:
            medians.append(12 * np.log2(np.median(inside)))
    heights = np.sort(medians)
    if len(heights) < 6:
        return 0.0
    splits = range(len(heights) // 5 + 1, len(heights) - len(heights) // 5)
    spreads = [heights[:at].var() * at + heights[at:].var() * (len(heights) - at) for at in splits]
    at = splits[int(np.argmin(spreads))]
    low, high = heights[:at], heights[at:]
    gap = float(high.mean() - low.mean())
    within = float(np.sqrt(min(spreads) / len(heights)))
    return gap if gap > _APART and gap > 4.5 * within else 0.0
