"""16-bit PCM: out of WAV files, into them, and from 24 to 48 kHz piece by piece."""

from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

__all__ = ["RATE", "Doubler", "read_wav", "to_wav"]

RATE = 24_000
"""Hz of what the engine writes: mono, 16 bit."""

_TAPS = 32
"""Neighbours on either side that an interpolated sample is made of."""


def read_wav(path: Path) -> bytes:
    """The samples of a mono 16-bit WAV."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        return file.readframes(file.getnframes())


def to_wav(samples: bytes, rate: int) -> bytes:
    """Mono 16-bit samples as a WAV file."""
    whole = io.BytesIO()
    with wave.open(whole, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples)
    return whole.getvalue()


class Doubler:
    """Doubles the sampling rate of 16-bit PCM that comes in pieces; the pieces' bounds do not show in the result.

    A half-band filter: the samples stay, and between each two comes one interpolated by a Kaiser-windowed sinc.
    """

    def __init__(self) -> None:
        import numpy as np

        distance = np.arange(_TAPS) + 0.5
        half = np.sinc(distance) * np.kaiser(2 * _TAPS, 8.0)[_TAPS:]
        self._filter = np.concatenate([half[::-1], half]) / (2 * half.sum())
        self._held = np.zeros(_TAPS - 1, np.int16)

    def feed(self, samples: bytes) -> bytes:
        """The doubled samples as far as they are known; the last few wait for what follows."""
        import numpy as np

        return self._doubled(np.frombuffer(samples, "<i2"))

    def rest(self) -> bytes:
        """What is still held, as if silence followed."""
        import numpy as np

        return self._doubled(np.zeros(_TAPS, np.int16))

    def _doubled(self, new: npt.NDArray[np.int16]) -> bytes:
        import numpy as np

        held = np.concatenate([self._held, new])
        ready = len(held) - (2 * _TAPS - 1)
        if ready <= 0:
            self._held = held
            return b""
        between = np.convolve(held.astype(np.float64), self._filter, "valid")[:ready]
        doubled = np.empty(2 * ready, "<i2")
        doubled[0::2] = held[_TAPS - 1 : _TAPS - 1 + ready]
        doubled[1::2] = np.clip(np.rint(between), -32_768, 32_767)
        self._held = held[ready:]
        return doubled.tobytes()
