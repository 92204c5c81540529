"""What a front end gives and the converter takes: a wave with everything known about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from voicenb.sandbox.engine.acoustics.spectrum import FloatArray
    from voicenb.sandbox.engine.prosody.prosody import Prosody

__all__ = ["FrontEnd", "Register", "Utterance", "Word"]


@dataclass(frozen=True)
class Word:
    """A word of the breath it was spoken in: `begin` and `end` are offsets, `start` and `stop` seconds in the wave."""

    begin: int
    end: int
    start: float
    stop: float


@dataclass(frozen=True)
class Register:
    """A speaker's pitch, as the logarithm of Hz: its median, and how far its 10th percentile lies below and its 90th above."""

    median: float
    below: float
    above: float


@dataclass
class Utterance:
    """One breath, spoken.

    Attributes:
        wave: (frames × 300,) float32 at 24 kHz.
        f0: (frames,) Hz, 0 where there is no pulse: where unvoiced, and everywhere in a whisper.
        voiced: (frames,) which frames are voiced, or would be but for the whisper.
        start: Seconds where speech begins in the wave.
        length: Seconds the breath lasts from there; speech ends at or shortly before it.
        words: When its words are spoken.
    """

    wave: npt.NDArray[np.float32]
    f0: FloatArray
    voiced: npt.NDArray[np.bool_]
    start: float
    length: float
    words: list[Word] = field(default_factory=list)


class FrontEnd(Protocol):
    """Text to speech in the front end's own voice, at a pitch of the caller's choice."""

    @property
    def name(self) -> str:
        """What its caches are filed under."""
        ...

    def register(self) -> Register:
        """The front end's own pitch."""
        ...

    def speak(self, text: str, prosody: Prosody, target: Register | None, seed: int) -> Utterance:
        """A breath of at most 240 characters.

        Args:
            text: What is spoken; holds a letter or digit.
            prosody: How.
            target: The register it is moved to before `prosody` moves it further; None leaves the front end's own.
            seed: Of the noise in the voice.

        Raises:
            EngineError: Words that cannot be spoken, named.
        """
        ...
