"""F0 from one speaker's register to another's, and as the prosody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from voicenb.sandbox.engine.acoustics.spectrum import FloatArray
from voicenb.sandbox.engine.prosody.utterance import Register

if TYPE_CHECKING:
    import numpy.typing as npt

    from voicenb.sandbox.engine.prosody.prosody import Prosody

__all__ = ["moved", "register"]

_LOWEST, _HIGHEST = 42.0, 700.0
"""Hz, the bounds of what F0 is moved to."""
_OWN = 0.85
"""How far a breath is centred on its own median: the rest of its height above or below the voice's stays in the clone."""
_LEAST, _MOST = 0.5, 1.6
"""Bounds of the factor on F0's range. Beyond, a monotone reading or a song would come out."""


def register(f0: FloatArray) -> Register:
    """The register of voiced frames (Hz)."""
    low, middle, high = np.percentile(np.log(f0), [10, 50, 90])
    return Register(float(middle), float(max(middle - low, 0.03)), float(max(high - middle, 0.03)))


def moved(
    f0: FloatArray,
    prosody: Prosody,
    source: Register,
    target: Register | None,
    sounds: npt.NDArray[np.integer[Any]],
) -> FloatArray:
    """F0 of a breath in another register.

    Args:
        f0: Hz a frame, 0 where unvoiced.
        prosody: Shifts and spreads it further.
        source: The register it is in.
        target: The register it is moved to; None leaves it.
        sounds: Number of the sound, from 0 and rising, that each frame belongs to.
    """
    voiced = f0 > 0
    if not voiced.any():
        return f0
    target = target or source
    log = np.log(np.maximum(f0, 1.0))
    offset = log - (_OWN * np.median(log[voiced]) + (1 - _OWN) * source.median)
    above, below = (
        prosody.spread * np.clip(ratio, _LEAST, _MOST)
        for ratio in (target.above / source.above, target.below / source.below)
    )
    slope = prosody.slope * np.linspace(-1, 1, len(f0))
    if prosody.variation is not None:
        slope = slope + prosody.variation.semitones(int(sounds[-1]) + 1)[sounds]
    log = target.median + np.where(offset > 0, above, below) * offset + (prosody.shift + slope) * np.log(2) / 12
    return np.where(voiced, np.clip(np.exp(log), _LOWEST, _HIGHEST), 0.0)
