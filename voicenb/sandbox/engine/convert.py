"""One voice into another: the front end's envelopes become the reference's, on the front end's own waveform.

Two estimates of what the reference's envelope would be are mixed. The first moves the source's cepstra: formants by the
ratio of the vocal tracts, then mean and deviation, voiced and unvoiced apart. The second takes frames of the
reference itself: those that lie near in the phonetic space (see `phonetic`), chosen so that they also follow each other well.
The first keeps words clear, the second sounds like the speaker. The difference from the source's envelope becomes a gain on
its short-time spectrum.

Sources: frame selection after T. Dutoit et al., Towards a voice conversion system based on frame selection, ICASSP 2007;
vocal-tract ratio after L. Lee & R. Rose, A frequency warping approach to speaker normalization, IEEE Trans. SAP 1998.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicenb.sandbox.engine.phonetic import discriminant, features, moments
from voicenb.sandbox.engine.prosody import Prosody
from voicenb.sandbox.engine.source import SENTENCES, Source
from voicenb.sandbox.engine.spectrum import (
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

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from voicenb.sandbox.engine.profile import Profile
    from voicenb.sandbox.engine.utterance import FrontEnd, Utterance

__all__ = ["Converter"]

_COEFFICIENTS = 30
_BLEND = 0.55
"""Share of the reference's own frames. Above 0.6 the voice is nearer, and words begin to suffer."""
_CANDIDATES = 24
_JOIN = 3.0
"""Weight of following well against lying near."""
_MOST = 3.0
"""Nepers of gain at most."""
_REHEARSED = SENTENCES[:6]
_ROUNDS = 1
_RATIOS = np.arange(0.84, 1.121, 0.02)
_FEWEST = 8
"""Unvoiced frames below which a reference has none to speak of."""
_NARROW, _WIDE = 0.75, 1.35
"""Bounds of the factor on the cepstra's deviation."""


class Converter:
    """From one front end's voice at one pitch to one profile."""

    def __init__(self, front: FrontEnd, profile: Profile, cache: Path) -> None:
        higher = profile.register.median - front.register().median
        source = Source.of(front, cache)
        bands = _filled(profile, source)
        self._matrix = discriminant(source, front.name, cache)
        self._norm = moments(source.bands[source.voiced | source.unvoiced])
        self.ratio = _ratio(source.bands[source.voiced], bands[profile.voiced], higher)
        unvoiced = profile.loud & ~profile.voiced
        if unvoiced.sum() < _FEWEST:
            unvoiced = profile.loud
        self._frames = cepstra(bands, _COEFFICIENTS)
        warped = cepstra(warp(source.bands, self.ratio), _COEFFICIENTS)
        self._voiced = _Moments(warped[source.voiced], self._frames[profile.voiced])
        self._unvoiced = _Moments(warped[source.unvoiced], self._frames[unvoiced])
        self._choice = np.flatnonzero(profile.voiced)
        self._places = (features(bands, moments(bands[profile.loud])) @ self._matrix)[self._choice]
        self._join = _JOIN / (2 * self._frames[self._choice].var(0).sum())
        # Two estimates averaged vary less than a voice does: what that takes away is given back.
        mixed = self._mixed(source.bands, warped)[source.voiced]
        self._restored = _Moments(mixed, self._frames[profile.voiced])
        self._settle(front, profile)

    def __call__(self, utterance: Utterance) -> npt.NDArray[np.float32]:
        """The utterance's wave in the reference's voice, as long as before."""
        from scipy.ndimage import gaussian_filter1d

        bands = envelopes(utterance.wave, utterance.f0)
        length = min(len(bands), len(utterance.f0), len(utterance.wave) // HOP)
        bands, voiced = bands[:length], utterance.voiced[:length]
        warped = cepstra(warp(bands, self.ratio), _COEFFICIENTS)
        wanted = self._unvoiced.moved(warped)
        if voiced.any():
            soft = gaussian_filter1d(voiced.astype(np.float64), 1)[:, None]
            wanted = soft * self._restored.moved(self._mixed(bands, warped)) + (1 - soft) * wanted
        difference = gaussian_filter1d(wanted - cepstra(bands, _COEFFICIENTS), 1.0, axis=0)
        gain = np.clip(difference @ cosine()[1 : _COEFFICIENTS + 1], -_MOST, _MOST)
        return shape(utterance.wave[: length * HOP], bands_to_bins(gain))

    def _settle(self, front: FrontEnd, profile: Profile) -> None:
        """Convert some sentences, and take what their mean still misses into what is aimed at.

        A gain on the waveform is smeared over its window, and clear and breathy voices do not take it alike.
        """
        wanted = self._frames[profile.voiced].mean(0)
        for _ in range(_ROUNDS):
            found = []
            for number, sentence in enumerate(_REHEARSED):
                utterance = front.speak(sentence, Prosody(), profile.register, number)
                voiced = pitch(utterance.wave, lowest=50) > 0
                bands = envelopes(self(utterance), utterance.f0)
                length = min(len(bands), len(voiced))
                found.append(bands[:length][voiced[:length] & active(bands[:length])])
            self._restored.to += wanted - cepstra(np.concatenate(found), _COEFFICIENTS).mean(0)

    def _mixed(self, bands: FloatArray, warped: FloatArray) -> FloatArray:
        """What voiced frames become: (frames, 30) cepstra."""
        return np.asarray((1 - _BLEND) * self._voiced.moved(warped) + _BLEND * self._frames[self._path(bands)])

    def _path(self, bands: FloatArray) -> npt.NDArray[np.int64]:
        """The reference frames that are near each frame and follow each other best (Viterbi)."""
        wanted = features(bands, self._norm) @ self._matrix
        near, distance = _nearest(wanted, self._places, min(_CANDIDATES, len(self._places)))
        distance = distance / np.median(distance)
        frames = self._choice[near]
        after = self._frames[np.minimum(frames + 1, len(self._frames) - 1)][:-1]
        here = self._frames[frames][1:]
        joins = self._join * (
            (after**2).sum(2)[:, :, None] + (here**2).sum(2)[:, None, :] - 2 * after @ here.transpose(0, 2, 1)
        )
        cost, back = distance[0], np.zeros(near.shape, np.int64)
        for at, join in enumerate(joins, 1):
            total = cost[:, None] + join
            back[at] = total.argmin(0)
            cost = total.min(0) + distance[at]
        path = np.zeros(len(near), np.int64)
        path[-1] = cost.argmin()
        for at in range(len(near) - 1, 0, -1):
            path[at - 1] = back[at, path[at]]
        return np.asarray(frames[np.arange(len(near)), path])


class _Moments:
    """Moves cepstra to the reference's mean and deviation."""

    def __init__(self, before: FloatArray, after: FloatArray) -> None:
        self._from, self.to = before.mean(0), after.mean(0)
        self._factor = np.clip(after.std(0) / before.std(0), _NARROW, _WIDE)

    def moved(self, frames: FloatArray) -> FloatArray:
        return np.asarray((frames - self._from) * self._factor + self.to)


def _nearest(rows: FloatArray, among: FloatArray, count: int) -> tuple[npt.NDArray[np.int64], FloatArray]:
    distance = (rows**2).sum(1)[:, None] + (among**2).sum(1)[None] - 2 * rows @ among.T
    near = np.argpartition(distance, count - 1, axis=1)[:, :count]
    return near, np.take_along_axis(distance, near, 1)


def _ratio(source: FloatArray, reference: FloatArray, pitch: float) -> float:
    """How much higher the reference's formants stand: where warped source frames find the nearest reference frames.

    Left alone, the distance now and then prefers a ratio that makes speech unintelligible, so half the answer is what the
    difference in pitch (`pitch`, of log F0) leads to expect.
    """
    picked = source[np.random.default_rng(0).permutation(len(source))[:600]]
    target = cepstra(reference, 25)
    target = target - target.mean(0)
    best, least = 1.0, np.inf
    for ratio in _RATIOS:
        moved = cepstra(warp(picked, ratio), 25)
        _, distance = _nearest(moved - moved.mean(0), target, 1)
        mean = float(distance.mean())
        if mean < least:
            best, least = float(ratio), mean
    expected = float(np.clip(np.exp(0.25 * pitch), _RATIOS[0], _RATIOS[-1]))
    return float(np.sqrt(best * expected))


def _filled(profile: Profile, source: Source) -> FloatArray:
    """The profile's envelopes; above what its recording holds they go on as the source's do."""
    held = int(np.searchsorted(frequencies(), profile.highest))
    if held >= BANDS:
        return profile.bands
    mean = source.bands[source.voiced].mean(0)
    bands = profile.bands.copy()
    bands[:, held:] = bands[:, held - 1 : held] + (mean[held:] - mean[held - 1])
    return bands
