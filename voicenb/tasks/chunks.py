"""Pieces of sound while a task is still at work, and the buffer that holds them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from voicenb.base.after_fork import reset_after_fork

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Chunk", "ChunkBuffer"]


class Chunk(bytes):
    """A piece of sound: 16-bit PCM, little endian, channels interleaved, always whole samples.

    Attributes:
        rate: Samples a second, in Hz.
        channels: Their number.
    """

    rate: int
    channels: int

    def __new__(cls, data: bytes, rate: int, channels: int = 1) -> Self:
        """A piece of sound of these bytes."""
        self = super().__new__(cls, data)
        self.rate = rate
        self.channels = channels
        return self

    def __repr__(self) -> str:
        return f"<Chunk {self.duration:.3f} s · {self.rate / 1000:g} kHz>"

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self) / (2 * self.channels * self.rate)

    @property
    def samples(self) -> npt.NDArray[np.float32]:
        """The sound, float32 of shape ``(n,)`` or ``(n, channels)``, full scale ±1."""
        import numpy as np

        sound = np.frombuffer(self, dtype="<i2").astype(np.float32) / np.float32(32768)
        return sound if self.channels == 1 else sound.reshape(-1, self.channels)


class ChunkBuffer:
    """What has come of a stream. Written on the background loop, read from anywhere by `piece`."""

    def __init__(self) -> None:
        self.pieces: list[Chunk] = []
        self._over = False
        self._news = asyncio.Event()
        reset_after_fork(self)

    def after_fork(self) -> None:
        """In a forked child: the rest comes to the parent alone."""
        self._over = True
        self._news = asyncio.Event()

    def put(self, piece: Chunk) -> None:
        """One more piece."""
        self.pieces.append(piece)
        self._news.set()

    def end(self) -> None:
        """There is no more."""
        self._over = True
        self._news.set()

    async def piece(self, number: int) -> Chunk | None:
        """The piece with that number, from 0; None where the stream ended before it."""
        while number >= len(self.pieces):
            if self._over:
                return None
            self._news.clear()
            await self._news.wait()
        return self.pieces[number]
