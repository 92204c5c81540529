"""What a take does to pitch, time and loudness, and the emotions as presets of it.

The presets are settings of a synthesiser that measurably change pitch, pace, level and brightness in the direction the
literature reports for each emotion; they are not proven to convey it.
Source: P. Juslin & P. Laukka, Communication of emotions in vocal expression and music performance, Psychol. Bull. 2003.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from voicenb.sandbox.engine.prosody.variation import Variation

__all__ = ["EMOTIONS", "Prosody", "emotional"]


@dataclass(frozen=True)
class Prosody:
    """How a take differs from the plain reading."""

    shift: float = 0.0
    """Semitones added to F0."""
    spread: float = 1.0
    """Factor on the range of F0 around its median."""
    rate: float = 1.0
    """Factor on the speed: 2 is half as long."""
    energy: float = 0.0
    """Added to the model's energy track: vocal effort."""
    slope: float = 0.0
    """Semitones that F0 rises from the middle of an utterance to its end (and lies lower at its start)."""
    pause: float = 1.0
    """Factor on punctuation's pauses."""
    tilt: float = 0.0
    """dB an octave, around 1 kHz."""
    level: float = 0.0
    """dB."""
    whisper: bool = False
    variation: Variation | None = None
    """What makes it another take of the same; None is the plain reading."""

    def blended(self, other: Prosody, weight: float) -> Prosody:
        """This with `weight` of another added: offsets add, factors multiply."""
        return Prosody(
            shift=self.shift + weight * other.shift,
            spread=self.spread * other.spread**weight,
            rate=self.rate * other.rate**weight,
            energy=self.energy + weight * other.energy,
            slope=self.slope + weight * other.slope,
            pause=self.pause * other.pause**weight,
            tilt=self.tilt + weight * other.tilt,
            level=self.level + weight * other.level,
            whisper=self.whisper or other.whisper,
            variation=self.variation or other.variation,
        )

    def varied(self, amount: float, dice: np.random.Generator) -> Prosody:
        """This as another take would have it, further away the greater `amount` (0–1) is."""
        shift, spread, rate, energy, slope = dice.standard_normal(5) * amount
        return replace(
            self,
            shift=self.shift + 0.6 * shift,
            spread=self.spread * float(np.exp(0.2 * spread)),
            rate=self.rate * float(np.exp(0.05 * rate)),
            energy=self.energy + 0.3 * energy,
            slope=self.slope + 0.8 * slope,
        )

    def at(self, *, speed: float = 1.0, pitch: float = 0.0) -> Prosody:
        """This at another speed (factor) and pitch (semitones)."""
        return replace(self, rate=self.rate * speed, shift=self.shift + pitch)


def _preset(  # noqa: PLR0917 - a table row
    shift: float, spread: float, rate: float, energy: float, slope: float, pause: float, tilt: float, level: float, /
) -> Prosody:
    return Prosody(shift, spread, rate, energy, slope, pause, tilt, level)


EMOTIONS: dict[str, Prosody] = {
    #                    shift spread rate energy slope pause tilt level
    "neutral": Prosody(),
    "happy": _preset(2.5, 1.45, 1.08, 0.6, 1.0, 0.9, 1.0, 1.5),
    "sad": _preset(-2.5, 0.55, 0.82, -0.8, -1.5, 1.4, -1.5, -4.0),
    "angry": _preset(1.5, 1.35, 1.12, 1.2, -2.0, 0.8, 2.0, 4.0),
    "fearful": _preset(3.5, 0.8, 1.15, -0.5, 1.5, 1.1, 0.5, -2.0),
    "disgusted": _preset(-1.5, 1.2, 0.9, 0.3, -2.0, 1.1, -0.8, -0.5),
    "surprised": _preset(4.0, 1.7, 1.05, 0.8, 2.5, 1.0, 1.2, 2.0),
    "excited": _preset(4.0, 1.7, 1.18, 1.0, 1.5, 0.75, 1.5, 3.0),
    "depressed": _preset(-3.0, 0.45, 0.78, -1.0, -1.5, 1.5, -1.8, -5.0),
    "calm": _preset(-1.0, 0.7, 0.9, -0.4, -0.5, 1.3, -0.8, -2.0),
}
"""Presets by name. The seven that SoundClone names come first; the others serve vectors and descriptions."""

_ALIASES = {
    "joy": "happy",
    "anger": "angry",
    "sorrow": "sad",
    "sadness": "sad",
    "fear": "fearful",
    "disgust": "disgusted",
    "surprise": "surprised",
    "excitement": "excited",
    "depression": "depressed",
}


def emotional(emotion: str | Mapping[str, float]) -> Prosody:
    """The prosody of an emotion, or of several at once.

    Args:
        emotion: A preset's name, or weights (0–1) by name; nouns (joy, anger, sorrow, fear, excitement, depression,
            surprise, calm) and adjectives both serve.

    Raises:
        KeyError: No preset has this name.
    """
    weights = {emotion: 1.0} if isinstance(emotion, str) else emotion
    total = Prosody()
    for name, weight in weights.items():
        total = total.blended(EMOTIONS[_ALIASES.get(name, name)], float(weight))
    return total
