"""Voices made without a recording: another vocal tract, pitch and colour on the front end's speech."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicenb.sandbox.engine.acoustics.spectrum import (
    HOP,
    NEPER,
    FloatArray,
    bands_to_bins,
    cepstra,
    cosine,
    envelopes,
    frequencies,
    shape,
    warp,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from voicenb.sandbox.engine.prosody.utterance import Utterance

__all__ = ["Timbre"]


@dataclass(frozen=True)
class Timbre:
    """How a designed voice differs from the front end's own.

    Attributes:
        ratio: Formants stand this much higher: 1.15 a child's vocal tract, 0.85 a man's.
        tilt: dB an octave around 1 kHz.
        bumps: Resonances of its own, as (Hz, dB, width in octaves).
    """

    ratio: float = 1.0
    tilt: float = 0.0
    bumps: tuple[tuple[float, float, float], ...] = ()

    def __call__(self, utterance: Utterance) -> npt.NDArray[np.float32]:
        """The utterance's wave in this voice, as long as before."""
        bands = envelopes(utterance.wave, utterance.f0)
        length = min(len(bands), len(utterance.f0), len(utterance.wave) // HOP)
        difference = cepstra(warp(bands[:length], self.ratio) - bands[:length], 40) @ cosine()[1:41]
        gain = np.clip(difference + self._colour(), -3, 3)
        return shape(utterance.wave[: length * HOP], bands_to_bins(gain))

    def _colour(self) -> FloatArray:
        octaves = np.log2(frequencies() / 1000)
        decibels = self.tilt * octaves
        for centre, height, width in self.bumps:
            decibels = decibels + height * np.exp(-0.5 * ((octaves - np.log2(centre / 1000)) / width) ** 2)
        return np.asarray(decibels / NEPER)
