"""What is wrong with a generated sound, with its place: faults that a listener would notice."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from voicenb.audio.channels import mono
from voicenb.measures.breaks import dropouts, dying_level
from voicenb.measures.clicks import clicks
from voicenb.measures.frames import decibels, runs_of
from voicenb.measures.loudness import flat_tops
from voicenb.measures.repeats import repeats
from voicenb.measures.speaking import speech_rate
from voicenb.measures.speech import VoiceActivity, voice_activity

__all__ = ["KINDS", "Finding", "artefacts"]

KINDS = ("clipping", "dropout", "repeat", "truncation", "long silence", "click", "DC offset")
"""What is found."""

_LONG_SILENCE = 2.0
_PAUSE_MARK = re.compile(r"<#(\d+(?:\.\d+)?)#>", re.ASCII)
_OFFSET = 0.005
# Flat tops that lie nearer to each other are one place.
_CLIPPING_GAP = 0.1
# dB re the level of speech: the last sounds of a word that was spoken to its end are weaker.
_CUT = -20.0
_TO_THE_END = 0.03
_NO_NOISE = -6.0
# Letters per second that nobody speaks: text is missing. Half as many CJK characters, each of which is a syllable, would do.
_IMPOSSIBLE_RATE = 35.0
# A jump at the edge of another fault is part of that.
_SAME_PLACE = 0.01


class Finding(NamedTuple):
    """One fault.

    Attributes:
        start: Its beginning in seconds.
        end: Its end in seconds.
        what: One of `KINDS`.
    """

    start: float
    end: float
    what: str


def artefacts(
    samples: npt.ArrayLike, rate: int, *, expected: str | None = None, activity: VoiceActivity | None = None
) -> list[Finding]:
    """The faults of a sound, in order of time.

    - *clipping*: flat tops at full scale or at the sound's own peak; what was encoded with losses afterwards has none.
    - *dropout*: 4 to 600 ms missing in the midst of sound.
    - *repeat*: 0.2 s and more heard again within 1.6 s, as an exact copy.
    - *truncation*: the sound ends in the midst of speech, or it is too short for its text.
    - *long silence*: 2 s and more without speech, or 2 s more than the longest pause that the text asks for.
    - *click*: a bump of 0.3 ms or less.
    - *DC offset*: a mean of 0.005 of full scale or more.

    `benchmarks/artefacts.md` has how many of them are found, and how many are found that are none.

    Args:
        samples: Sound of shape ``(n,)`` or ``(n, channels)``, full scale ±1.
        rate: Its rate in Hz.
        expected: The text that should be heard, where it is known; ``<#3#>`` in it is a pause of 3 s.
        activity: Where somebody speaks, where that is known already.
    """
    sound = mono(samples)
    if not len(sound):
        return []
    duration = len(sound) / rate
    activity = activity or voice_activity(sound, rate)
    found = [Finding(start, end, "clipping") for start, end in _clipping(sound, rate)]
    offset = float(sound.mean(dtype=np.float64))
    if abs(offset) >= _OFFSET:
        found.append(Finding(0.0, duration, "DC offset"))
    found += [Finding(start, end, "long silence") for start, end in _long_silences(activity, duration, expected)]
    centred = sound - np.float32(offset)
    level = _speech_level(centred, rate, activity)
    if np.isfinite(level):
        found += [Finding(start, end, "dropout") for start, end in dropouts(centred, rate, level).tolist()]
        found += [Finding(start, end, "repeat") for start, end in repeats(centred, rate, level).tolist()]
        last, end = dying_level(centred, rate)
        # Where speech is over before the sound is, what is loud at its end is noise, unless it is louder than that can be.
        cut = last > level + (_CUT if activity.end > end - _TO_THE_END else _NO_NOISE)
        too_short = expected is not None and speech_rate(expected, activity) > _IMPOSSIBLE_RATE
        if cut or too_short:
            found.append(Finding(max(0.0, end - 0.02), end, "truncation"))
    edges = np.array([edge for one in found if one.what != "DC offset" for edge in one[:2]])
    for time in clicks(centred, rate).tolist():
        if not len(edges) or np.abs(edges - time).min() > _SAME_PLACE:
            found.append(Finding(time, time, "click"))
    return sorted(found)


def _speech_level(sound: npt.NDArray[np.float32], rate: int, activity: VoiceActivity) -> float:
    """The level of speech in dB re full scale; −inf without any."""
    total, count = 0.0, 0
    for start, end in activity.segments:
        part = sound[round(start * rate) : round(end * rate)]
        total += float(np.square(part, dtype=np.float64).sum())
        count += len(part)
    return float(decibels(total / count)) if count else -np.inf


def _clipping(sound: npt.NDArray[np.float32], rate: int) -> list[tuple[float, float]]:
    runs = runs_of(flat_tops(sound))
    if not len(runs):
        return []
    # One top of three equal samples is a chance.
    if len(runs) == 1 and runs[0, 1] - runs[0, 0] < 5:
        return []
    breaks = np.flatnonzero(runs[1:, 0] - runs[:-1, 1] > _CLIPPING_GAP * rate)
    starts, ends = runs[np.concatenate([[0], breaks + 1]), 0], runs[np.concatenate([breaks, [len(runs) - 1]]), 1]
    return [(start / rate, end / rate) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def _long_silences(activity: VoiceActivity, duration: float, expected: str | None) -> list[tuple[float, float]]:
    asked = max((float(seconds) for seconds in _PAUSE_MARK.findall(expected or "")), default=0.0)
    edges = np.concatenate([[0.0], activity.segments.ravel(), [duration]]).reshape(-1, 2)
    return [(start, end) for start, end in edges.tolist() if end - start >= _LONG_SILENCE + asked]
