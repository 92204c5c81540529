"""How one take differs from the plain reading: in pace, melody and effort, from sound to sound."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from voicenb.sandbox.engine.acoustics.spectrum import FloatArray

__all__ = ["Variation"]

_PACE, _MELODY, _EFFORT = 0, 1, 2
_OFFSETS = {_PACE: 0.025, _MELODY: 0.3, _EFFORT: 0.1}
"""How far a whole take lies from the plain reading: log of durations, semitones, energy."""
_SPREAD = 0.3
"""By what share that may be more or less."""
_WAVES = {_PACE: 0.09, _MELODY: 0.4, _EFFORT: 0.15}
"""Root mean square, in the same units, of what changes within a breath."""
_WAVELENGTHS = (6.0, 20.0)
"""Sounds."""
_COUNT = 3
"""Waves that are added up: their sum never exceeds 2.5 times its root mean square, so no draw makes a take a caricature."""


@dataclass(frozen=True)
class Variation:
    """The difference of one take in one breath.

    It depends on the take and the breath's words only, so two readings at other settings that are the same take differ by
    their settings alone. Takes 2k - 1 and 2k are mirror images: what they differ in cancels in their mean.

    Args:
        take: 1 or greater.
        text: What the breath says.
        amount: 0-1, the share of the whole difference.
    """

    take: int
    text: str
    amount: float = 1.0

    def durations(self, sounds: int) -> FloatArray:
        """(sounds,) factors on their durations."""
        return np.asarray(np.exp(self._curve(_PACE, sounds)))

    def semitones(self, sounds: int) -> FloatArray:
        """(sounds,) semitones added to F0."""
        return self._curve(_MELODY, sounds)

    def efforts(self, sounds: int) -> FloatArray:
        """(sounds,) vocal effort added to a model's energy track."""
        return self._curve(_EFFORT, sounds)

    def _curve(self, kind: int, sounds: int) -> FloatArray:
        pair, mirrored = divmod(self.take - 1, 2)
        whole = np.random.default_rng([pair, kind])
        offset = _OFFSETS[kind] * whole.choice([-1.0, 1.0]) * whole.uniform(1 - _SPREAD, 1 + _SPREAD)
        dice = np.random.default_rng([pair, kind, zlib.crc32(self.text.encode())])
        lengths, phases = dice.uniform(*_WAVELENGTHS, _COUNT), dice.uniform(0, 2 * np.pi, _COUNT)
        waves = np.cos(2 * np.pi * np.arange(sounds)[:, None] / lengths + phases).sum(1) * np.sqrt(2 / _COUNT)
        return np.asarray(self.amount * (-1 if mirrored else 1) * (offset + _WAVES[kind] * waves))
