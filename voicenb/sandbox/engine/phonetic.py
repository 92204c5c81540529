"""A space in which frames of the same phoneme lie near each other, whoever speaks.

Linear discriminant analysis over the front end's own speech at several vocal-tract lengths, with its phonemes
as classes: what differs between voices is made small, what differs between phonemes large. It knows no speaker, so
it is worked out once and kept.

Source: R. Haeb-Umbach & H. Ney, Linear discriminant analysis for improved large vocabulary continuous speech recognition,
ICASSP 1992.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicenb.sandbox.engine.spectrum import BANDS, FloatArray, active, cepstra, warp
from voicenb.sandbox.engine.store import kept

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

    from voicenb.sandbox.engine.source import Source

__all__ = ["discriminant", "features", "moments"]

_VERSION = 4
_COEFFICIENTS = 20
_CONTEXT = (-4, -2, 0, 2, 4)
"""Frames around the one described."""
_DIMENSIONS = 24
_RATIOS = (0.84, 0.92, 1.0, 1.1, 1.2)
_RAREST = 40
"""Frames; a phoneme with fewer is no class."""


def moments(bands: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and deviation of the cepstra of active frames, by which `features` normalises."""
    found = cepstra(bands, _COEFFICIENTS)
    return found.mean(0), found.std(0)


def features(bands: FloatArray, norm: tuple[FloatArray, FloatArray]) -> FloatArray:
    """Normalised cepstra and level of each frame and its neighbours, (frames, 105).

    Args:
        bands: (frames, 80) consecutive envelopes.
        norm: The speaker's `moments`.
    """
    mean, deviation = norm
    level = bands.mean(1)
    level = np.clip((level - np.percentile(level, 95)) * 0.4, -2.5, 0.5)
    single = np.column_stack([(cepstra(bands, _COEFFICIENTS) - mean) / deviation, level])
    reach = max(_CONTEXT)
    padded = np.pad(single, ((reach, reach), (0, 0)), mode="edge")
    return np.concatenate([padded[reach + step : reach + step + len(single)] for step in _CONTEXT], 1)


def discriminant(source: Source, name: str, cache: Path) -> FloatArray:
    """The projection of `features` onto the 24 directions that tell phonemes apart, (105, 24).

    Args:
        source: The speech it is learnt from.
        name: Whose speech; what is learnt is kept under it.
        cache: Where.
    """
    return np.asarray(kept(cache / f"phonetic-{name}-v{_VERSION}.npz", lambda: {"matrix": _fit(source)})["matrix"])


def _fit(source: Source) -> FloatArray:
    pairs = list(_examples(source))
    return _project(np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs]))


def _examples(source: Source) -> Iterator[tuple[FloatArray, npt.NDArray[np.int64]]]:
    for ratio in _RATIOS:
        # A random channel on top, as a reference's microphone has one.
        colour = np.random.default_rng(int(ratio * 100)).normal(0, 0.3, BANDS).cumsum() * 0.15
        warped = warp(source.bands, ratio) + colour
        yield features(warped, moments(warped[active(warped)])), source.classes


def _project(rows: FloatArray, classes: npt.NDArray[np.int64]) -> FloatArray:
    centre, size = rows.mean(0), rows.shape[1]
    within, between, total = np.zeros((size, size)), np.zeros((size, size)), 0
    for one in np.unique(classes):
        members = rows[classes == one]
        if len(members) < _RAREST:
            continue
        mean = members.mean(0)
        within += (members - mean).T @ (members - mean)
        between += len(members) * np.outer(mean - centre, mean - centre)
        total += len(members)
    within = within / total + 0.02 * np.trace(within) / total / size * np.eye(size)
    values, vectors = np.linalg.eigh(within)
    whitening = vectors / np.sqrt(values)
    _, directions = np.linalg.eigh(whitening.T @ (between / total) @ whitening)
    return np.asarray(whitening @ directions[:, ::-1][:, :_DIMENSIONS])
