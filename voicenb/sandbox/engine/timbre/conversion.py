"""One voice into another: the front end's envelopes become the reference's, on the front end's own waveform.

Formants move by the ratio of the vocal tracts; then the frames are moved so that they are distributed as the
reference's, voiced and unvoiced apart (see `voicenb.sandbox.engine.timbre.transport`). The difference from the front end's envelope becomes a gain on its
short-time spectrum.

Source: vocal-tract ratio after L. Lee & R. Rose, A frequency warping approach to speaker normalization, IEEE Trans. SAP 1998.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicenb.sandbox.engine.acoustics.spectrum import (
    BANDS,
    HOP,
    FloatArray,
    active,
    bands_to_bins,
    cepstra,
    cosine,
    envelopes,
    frequencies,
    pitch,
    shape,
    warp,
)
from voicenb.sandbox.engine.prosody.prosody import Prosody
from voicenb.sandbox.engine.timbre.source import SENTENCES, Source
from voicenb.sandbox.engine.timbre.transport import Transport, between

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from voicenb.sandbox.engine.prosody.utterance import FrontEnd, Utterance
    from voicenb.sandbox.engine.timbre.profile import Profile

__all__ = ["Converter"]

_COEFFICIENTS = 30
_REACH = 4
"""Frames (50 ms) before and after each, with which it is moved."""
_SMOOTH = 0.5
"""Deviation, in frames, of the curve that the gain is smoothed by."""
_MOST = 3.0
"""Nepers of gain at most."""
_LOUDER = 1.0
"""Nepers at most by which a frame's level changes."""
_REHEARSED = SENTENCES[:6]
_RATIOS = np.arange(0.8, 1.121, 0.04)
_SHAPE = 25
"""Cepstra that voices are compared by."""
_UNLIKELY = 1.25
"""Factor at most between the ratio and that which the pitch leads to expect."""
_FEWEST = 40
"""Unvoiced frames below which a reference has none to speak of."""
_DEEPEST = 4.0
"""Nepers below the loudest frames, under which an unvoiced frame is a pause …"""
_CLEAR = 1.0
"""… or nepers above the quietest ones."""


class Converter:
    """From one front end's voice at one pitch to one profile."""

    def __init__(self, front: FrontEnd, profile: Profile, cache: Path) -> None:
        higher = profile.register.median - front.register().median
        source = Source.of(front, cache)
        bands = _filled(profile, source)
        self.ratio = _ratio(source.bands[source.voiced], bands[profile.voiced], higher)
        self._level = source.bands[source.voiced].mean()
        frames = _frames(bands + (self._level - bands[profile.voiced].mean()))
        warped = _frames(warp(source.bands, self.ratio))
        self._voiced = Transport(warped, source.voiced, frames, profile.voiced, _REACH)
        self._unvoiced = Transport(warped, source.unvoiced, frames, _consonants(profile))
        self._settle(front, profile, frames[profile.voiced])

    def __call__(self, utterance: Utterance) -> npt.NDArray[np.float32]:
        """The utterance's wave in the reference's voice, as long as before."""
        from scipy.ndimage import gaussian_filter1d

        bands = envelopes(utterance.wave, utterance.f0)
        length = min(len(bands), len(utterance.f0), len(utterance.wave) // HOP)
        bands, voiced = bands[:length], utterance.voiced[:length]
        if voiced.any():
            # What a frame becomes depends on its level within what is said, not on how loudly that is said.
            bands = bands + (self._level - bands[voiced].mean())
        warped = _frames(warp(bands, self.ratio))
        soft = gaussian_filter1d(voiced.astype(np.float64), 1)[:, None]
        wanted = soft * self._voiced.moved(warped) + (1 - soft) * self._unvoiced.moved(warped)
        difference = wanted - _frames(bands)
        difference[:, 0] = np.clip(difference[:, 0], -_LOUDER * np.sqrt(BANDS), _LOUDER * np.sqrt(BANDS))
        difference = gaussian_filter1d(difference, _SMOOTH, axis=0)
        gain = np.clip(difference @ cosine()[: _COEFFICIENTS + 1], -_MOST, _MOST)
        return shape(utterance.wave[: length * HOP], bands_to_bins(gain))

    def _settle(self, front: FrontEnd, profile: Profile, wanted: FloatArray) -> None:
        """Convert some sentences, and take what their frames still miss into the map.

        A gain on the waveform is smeared over its window, and clear and breathy voices do not take it alike.
        """
        found = []
        for number, sentence in enumerate(_REHEARSED):
            utterance = front.speak(sentence, Prosody(), profile.register, number)
            voiced = pitch(utterance.wave, lowest=50) > 0
            bands = envelopes(self(utterance), utterance.f0)
            length = min(len(bands), len(voiced))
            found.append(bands[:length][voiced[:length] & active(bands[:length])])
        made = np.concatenate(found)
        self._voiced.corrected(_frames(made + (self._level - made.mean())), wanted)


def _frames(bands: FloatArray) -> FloatArray:
    """Level and shape of envelopes: their first 31 cepstra."""
    return np.asarray(bands @ cosine()[: _COEFFICIENTS + 1].T)


def _consonants(profile: Profile) -> npt.NDArray[np.bool_]:
    """The profile's unvoiced frames that are speech; where there are too few, all that are active."""
    level = profile.bands.mean(1)
    loudest, quietest = np.percentile(level, [95, 5])
    spoken = level > max(loudest - _DEEPEST, quietest + _CLEAR)
    for found in (spoken & ~profile.voiced, profile.loud & ~profile.voiced):
        if found.sum() >= _FEWEST:
            return np.asarray(found)
    return profile.loud


def _ratio(source: FloatArray, reference: FloatArray, pitch: float) -> float:
    """How much higher the reference's formants stand: where its frames lie nearest to the source's, warped and moved.

    Left alone, the distance may prefer a ratio that makes speech unintelligible, so it stays near what the difference
    in pitch (`pitch`, of log F0) leads to expect.
    """
    wanted = cepstra(reference, _SHAPE)
    wanted = wanted - wanted.mean(0)
    distances = []
    for ratio in _RATIOS:
        made = cepstra(warp(source, ratio), _SHAPE)
        made = (made - made.mean(0)) @ between(made, wanted).T
        squared = (wanted**2).sum(1)[:, None] + (made**2).sum(1)[None] - 2 * wanted @ made.T
        distances.append(squared.min(1).mean())
    expected = np.exp(0.25 * pitch)
    return float(np.clip(_RATIOS[int(np.argmin(distances))], expected / _UNLIKELY, expected * _UNLIKELY))


def _filled(profile: Profile, source: Source) -> FloatArray:
    """The profile's envelopes; above what its recording holds they go on as the source's do."""
    held = int(np.searchsorted(frequencies(), profile.highest))
    if held >= BANDS:
        return profile.bands
    mean = source.bands[source.voiced].mean(0)
    bands = profile.bands.copy()
    bands[:, held:] = bands[:, held - 1 : held] + (mean[held:] - mean[held - 1])
    return bands
