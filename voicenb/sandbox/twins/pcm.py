"""16-bit PCM: out of WAV files, into them, and from 24 kHz to another rate piece by piece."""

from __future__ import annotations

import io
import math
import wave
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

__all__ = ["RATE", "Resampler", "read_wav", "to_wav"]

RATE = 24_000
"""Hz of what the engine writes: mono, 16 bit."""

_TAPS = 32
"""Neighbours on either side that an interpolated sample is made of, at rates above 24 kHz; below, as many more as it is lower."""
_BLOCK = 4096
"""Samples that are interpolated at a time."""


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


class Resampler:
    """Brings 16-bit PCM that comes in pieces from 24 kHz to another rate; the pieces' bounds do not show in the result.

    Each sample is interpolated by a Kaiser-windowed sinc, which lets nothing pass above half of the lower rate. A multiple
    of 24 kHz keeps the samples that there are.

    Args:
        rate: Hz, a whole number.
    """

    def __init__(self, rate: int) -> None:
        import numpy as np

        common = math.gcd(RATE, rate)
        self._up, self._down = rate // common, RATE // common
        self._narrow = min(1.0, rate / RATE)
        self._reach = math.ceil(_TAPS / self._narrow)
        self._held = np.zeros(self._reach, np.float64)
        self._first = -self._reach
        self._arrived = self._made = 0
        self._filters: npt.NDArray[np.float64] | None = None

    def feed(self, samples: bytes) -> bytes:
        """The samples at the other rate as far as they are known; the last few wait for what follows."""
        import numpy as np

        new = np.frombuffer(samples, "<i2")
        self._arrived += len(new)
        return self._interpolated(new, self._arrived)

    def rest(self) -> bytes:
        """What is still held, as if silence followed."""
        import numpy as np

        return self._interpolated(np.zeros(self._reach + 1, np.int16), self._arrived)

    def _interpolated(self, new: npt.NDArray[np.int16], arrived: int) -> bytes:
        import numpy as np

        self._held = np.concatenate([self._held, new])
        known = min(self._first + len(self._held) - self._reach, arrived)
        count = max(0, -(-known * self._up // self._down) - self._made)
        if not count:
            return b""
        out = np.empty(count, "<i2")
        windows = np.lib.stride_tricks.sliding_window_view(self._held, 2 * self._reach)
        for start in range(0, count, _BLOCK):
            at = (self._made + np.arange(start, min(start + _BLOCK, count))) * self._down
            whole = at // self._up - self._reach + 1 - self._first
            sound = np.einsum("ij,ij->i", windows[whole], self._phases()[at % self._up])
            out[start : start + _BLOCK] = np.clip(np.rint(sound), -32_768, 32_767)
        self._made += count
        # What the next sample reaches back to.
        used = max(0, self._made * self._down // self._up - self._reach + 1 - self._first)
        self._held, self._first = self._held[used:], self._first + used
        return out.tobytes()

    def _phases(self) -> npt.NDArray[np.float64]:
        """The weights of the neighbours, by how far past a sample an interpolated one lies."""
        import numpy as np

        if self._filters is None:
            neighbours = np.arange(-self._reach + 1, self._reach + 1)
            distance = np.arange(self._up)[:, None] / self._up - neighbours
            window = np.i0(8.0 * np.sqrt(np.clip(1 - (distance / self._reach) ** 2, 0, None)))
            weights = np.sinc(self._narrow * distance) * window
            self._filters = weights / weights.sum(axis=1, keepdims=True)
        return self._filters
