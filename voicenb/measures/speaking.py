"""The way somebody speaks: pauses, rate, and the height and range of the voice."""

from __future__ import annotations

import re
import unicodedata
from math import nan

import numpy as np
import numpy.typing as npt

from voicenb.measures.speech import VoiceActivity

__all__ = ["f0_median", "f0_range", "pause_seconds", "pauses", "speech_rate", "spoken_characters"]

_SHORTEST_PAUSE = 0.2
# A pause that the text asks a service for; its digits are not spoken.
_PAUSE_MARK = re.compile(r"<#[^<>#]*#>")
_LEAST_VOICED = 10


def _long_pauses(activity: VoiceActivity) -> npt.NDArray[np.float64]:
    """The seconds of each pause; a rounding error is no reason to leave one out."""
    lengths = np.diff(activity.pauses, axis=1)[:, 0] if len(activity.segments) > 1 else np.zeros(0)
    return np.asarray(lengths[lengths >= _SHORTEST_PAUSE - 1e-9])


def pauses(activity: VoiceActivity) -> float:
    """How many pauses of 0.2 s or more lie between the first and the last speech; NaN without speech."""
    return float(len(_long_pauses(activity))) if len(activity.segments) else nan


def pause_seconds(activity: VoiceActivity) -> float:
    """The seconds of all pauses of 0.2 s or more between the first and the last speech; NaN without speech."""
    return float(_long_pauses(activity).sum()) if len(activity.segments) else nan


def spoken_characters(text: str) -> int:
    """The letters and digits of a text, in any script: each Chinese, Japanese or Korean character is one.

    Spaces, punctuation, combining marks and pauses such as ``<#0.5#>`` do not count; ``é`` is one letter, however it is encoded.
    """
    whole = unicodedata.normalize("NFC", _PAUSE_MARK.sub("", text))
    return sum(character.isalnum() for character in whole)


def speech_rate(text: str, activity: VoiceActivity) -> float:
    """Characters per second of speech, the pauses not counted (the rate of articulation); NaN without text or speech.

    Only rates of one language can be compared: a Chinese character takes as long as several letters.
    """
    characters = spoken_characters(text)
    return characters / activity.active if characters and activity.active else nan


def f0_median(f0: npt.NDArray[np.float64]) -> float:
    """The median fundamental frequency of the voiced frames in Hz; NaN with fewer than 10 of them (0.1 s)."""
    voiced = f0[np.isfinite(f0)]
    return float(np.median(voiced)) if len(voiced) >= _LEAST_VOICED else nan


def f0_range(f0: npt.NDArray[np.float64]) -> float:
    """Semitones between the 5th and the 95th percentile of the voiced frames; NaN with fewer than 10 of them (0.1 s)."""
    voiced = f0[np.isfinite(f0)]
    if len(voiced) < _LEAST_VOICED:
        return nan
    low, high = np.percentile(voiced, [5, 95])
    return float(12 * np.log2(high / low))
