"""Speech as it comes: pieces of sound while a task is still at work, and the whole of it in the ledger afterwards."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

from voicenb import portal
from voicenb.notebook import takes_widgets

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from voicenb.audio import Clip
    from voicenb.panels.stream import StreamPlayer
    from voicenb.tasks import Task

__all__ = ["Chunk", "Live", "Stream"]


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


class Live:
    """What has come of a stream. Written on the background loop, read from anywhere by `piece`."""

    def __init__(self) -> None:
        self.pieces: list[Chunk] = []
        self._over = False
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


class Stream:
    """The pieces of one task's speech, in a plain loop or in an asynchronous one.

    Shown at the end of a notebook's cell, it is heard as it comes, and leaves the whole clip in the notebook.

    Nothing depends on whoever listens: the request is on its way before the first piece is asked for, and a loop that
    stops early loses nothing, the rest arrives and is kept. Once the loop has run to its end, `clip` is on disk.

    Attributes:
        task: The task, as `voicenb.Voice.submit` gives it.
        live: What has come of it so far.
    """

    def __init__(self, live: Live, task: Task) -> None:
        self.task = task
        self._player: StreamPlayer | None = None
        self.live = live
        self._next = 0

    def __repr__(self) -> str:
        received = sum(piece.duration for piece in self.live.pieces)
        return f"<Stream {self.task.id[:8]} {self.task.status} · {received:.2f} s received>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """A player in a notebook; elsewhere the clip once it is there, and until then a line of text."""
        if takes_widgets():
            from voicenb.panels.stream import StreamPlayer

            # A stream that is shown again is one more view of the same player, so that nothing is heard twice.
            self._player = self._player or StreamPlayer(self)
            return self._player._repr_mimebundle_(**options)
        clip = self.clip
        return {"text/plain": repr(self)} if clip is None else clip._repr_mimebundle_(**options)

    @property
    def clip(self) -> Clip | None:
        """The whole, once the task is completed."""
        return self.task.clip

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Chunk:
        piece = portal.call(self.live.piece, self._next)
        if piece is None:
            portal.call(self.task.finished)
            raise StopIteration
        self._next += 1
        return piece

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Chunk:
        piece = await portal.wait_here(portal.start(self.live.piece, self._next))
        if piece is None:
            await self.task.finished()
            raise StopAsyncIteration
        self._next += 1
        return piece
