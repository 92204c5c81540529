"""One sound, as measures get it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from voicenb.audio.channels import mono
from voicenb.audio.codec import decode
from voicenb.measures.artefacts import Finding, artefacts
from voicenb.measures.distance import Spoken, aligned, spoken
from voicenb.measures.pitch import f0_track
from voicenb.measures.quality import Mos, mos
from voicenb.measures.speech import VoiceActivity, voice_activity
from voicenb.measures.timbre import LongTermSpectrum, Ltas, long_term_spectrum, ltas

__all__ = ["F0Track", "Sound"]


class F0Track(NamedTuple):
    """A melody: see `f0_track`.

    Attributes:
        times: Seconds, shape ``(n,)``.
        f0: Hz, NaN where the voice does not sound, shape ``(n,)``.
    """

    times: npt.NDArray[np.float64]
    f0: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sound:
    """A sound with what belongs to it. What several measures need of it is worked out once, when it is first asked for.

    Attributes:
        samples: One channel, float32 of shape ``(n,)``, full scale ±1.
        rate: In Hz.
        text: What is said in it, where that is known.
        reference: The sound that it is compared with, where there is one.
    """

    samples: npt.NDArray[np.float32]
    rate: int
    text: str | None = None
    reference: Sound | None = None

    @classmethod
    def read(cls, data: bytes, *, text: str | None = None, reference: Sound | None = None) -> Sound:
        """The sound of a file's bytes, its channels made one.

        Raises:
            AudioError: The file cannot be read.
        """
        samples, rate = decode(data)
        return cls(mono(samples), rate, text, reference)

    @property
    def duration(self) -> float:
        """Its length in seconds."""
        return len(self.samples) / self.rate

    @cached_property
    def activity(self) -> VoiceActivity:
        """Where somebody speaks."""
        return voice_activity(self.samples, self.rate)

    @cached_property
    def pitch(self) -> F0Track:
        """The fundamental frequency every 10 ms."""
        return F0Track(*f0_track(self.samples, self.rate))

    @cached_property
    def spectrum(self) -> LongTermSpectrum:
        """The mean power spectrum of its speech."""
        return long_term_spectrum(self.samples, self.rate, self.activity)

    @cached_property
    def ltas(self) -> Ltas:
        """The same in third-octave bands."""
        return ltas(self.samples, self.rate, self.spectrum)

    @cached_property
    def spoken(self) -> Spoken:
        """The frames of its speech that are compared with another's."""
        return spoken(self.samples, self.rate, self.activity, self.pitch.f0)

    @cached_property
    def path(self) -> npt.NDArray[np.int64]:
        """Which frames of `spoken` belong to which of the reference's, shape ``(k, 2)``; none without a reference."""
        return (
            np.zeros((0, 2), dtype=np.int64) if self.reference is None else aligned(self.spoken, self.reference.spoken)
        )

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Its artefacts, in order of time."""
        return tuple(artefacts(self.samples, self.rate, expected=self.text, activity=self.activity))

    @cached_property
    def mos(self) -> Mos:
        """Its estimated mean opinion scores; `InvalidRequest` without the extra ``mos``."""
        return mos(self.samples, self.rate)
