"""A front end's own voice: what the converter starts from. Its envelopes do not depend on the pitch it is moved to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from voicenb.sandbox.engine.acoustics.spectrum import HOP, FloatArray, active, envelopes, pitch
from voicenb.sandbox.engine.prosody.prosody import Prosody
from voicenb.sandbox.engine.timbre.array_files import kept

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from voicenb.sandbox.engine.prosody.utterance import FrontEnd

__all__ = ["SENTENCES", "Source"]

SENTENCES = (
    "The quick brown fox jumps over the lazy dog near the river bank.",
    "She had your dark suit in greasy wash water all year.",
    "Don't ask me to carry an oily rag like that.",
    "How much wood would a woodchuck chuck, if he could choose?",
    "We were away a year ago, and nobody knew where to look.",
    "The beige hue on the waters of the loch impressed all, including the French queen.",
    "Five boys enjoyed voicing a song about the judge's garage.",
    "Are you going to the zoo with those measured little thoughts?",
    "The birds sang loudly above the old church tower.",
    "Nine thousand people watched the game on television last Friday night.",
    "His father would rather fish for trout than catch a shark.",
    "I thought the weather was very bad, though she liked it.",
    "You could put your book in the box by the window.",
    "Julia and George chose a huge yellow cheese for lunch.",
    "The ship's crew saw a strange shape under the ice.",
    "My uncle owns a small house with thirty windows and one door.",
    "Oh boy, that noise annoyed the royal employees.",
    "Take the path past the barn and park the car.",
    "Sing along with the young king in the evening.",
    "Usually the treasure is hidden in a garage or a mirage.",
    "Boil the soil, point at the coin, and enjoy the toy.",
    "A cow ran round the town house without a sound.",
    "Each teacher reached the beach with a cheap peach.",
)
"""Sentences that hold every English phoneme several times."""

_VERSION = 4
"""Of what is kept: to be raised with every change to the front ends or to what is measured."""


@dataclass(frozen=True)
class Source:
    """A front end's voice reading the sentences.

    Attributes:
        bands: (n, 80) envelopes.
        voiced: (n,) which frames are voiced and active.
        unvoiced: (n,) which are unvoiced and active.
    """

    bands: FloatArray
    voiced: npt.NDArray[np.bool_]
    unvoiced: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, front: FrontEnd, cache: Path) -> Source:
        """The front end's voice; measured once, then kept under `cache`."""

        def measure() -> dict[str, Any]:
            bands, voiced = _spoken(front)
            return {"bands": bands.astype(np.float16), "voiced": voiced}

        arrays = kept(cache / f"source-{front.name}-v{_VERSION}.npz", measure)
        bands, voiced = arrays["bands"].astype(np.float64), arrays["voiced"]
        loud = active(bands)
        return cls(bands, loud & voiced, loud & ~voiced)


def _spoken(front: FrontEnd) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """All sentences' frames: envelopes (n, 80), and which are voiced."""
    bands, voiced = [], []
    for sentence in SENTENCES:
        utterance = front.speak(sentence, Prosody(), None, 0)
        found = envelopes(utterance.wave, utterance.f0)
        length = min(len(found), len(utterance.f0), len(utterance.wave) // HOP)
        bands.append(found[:length])
        # As voiced counts what a pitch tracker finds voiced, since a reference's frames are told apart by one, too.
        voiced.append(pitch(utterance.wave, lowest=50)[:length] > 0)
    return np.concatenate(bands), np.concatenate(voiced)
