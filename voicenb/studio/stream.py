"""Speech as it comes: pieces of sound while a task is still at work, and the whole of it in the ledger afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, Self

from voicenb.base import portal
from voicenb.base.notebook import takes_widgets
from voicenb.base.views import view
from voicenb.tasks.chunks import Chunk, ChunkBuffer

if TYPE_CHECKING:
    from voicenb.studio.clip import Clip
    from voicenb.studio.task import Task

__all__ = ["Chunk", "Stream"]


class Stream:
    """The pieces of one task's speech, in a plain loop or in an asynchronous one.

    Shown at the end of a notebook's cell, it is heard as it comes, and leaves the whole clip in the notebook.

    Nothing depends on whoever listens: the request is on its way before the first piece is asked for, and a loop that
    stops early loses nothing, the rest arrives and is kept. Once the loop has run to its end, `clip` is on disk.

    Attributes:
        task: The task, as `voicenb.Voice.submit` gives it.
        live: What has come of it so far.
    """

    def __init__(self, live: ChunkBuffer, task: Task) -> None:
        self.task = task
        self._player: Any = None
        self.live = live
        self._next = 0

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a stream cannot be copied or pickled, for it is heard as it comes: pass stream.task.id ({self.task.id!r}), and ask "
            "studio.history.clip(id) for the whole clip there"
        )

    def __repr__(self) -> str:
        received = sum(piece.duration for piece in self.live.pieces)
        return f"<Stream {self.task.id[:8]} {self.task.status} · {received:.2f} s received>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """A player in a notebook; elsewhere the clip once it is there, and until then a line of text."""
        if takes_widgets():
            # A stream that is shown again is one more view of the same player, so that nothing is heard twice.
            self._player = self._player or view("stream")(self)
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
        piece = await portal.await_future(portal.start(self.live.piece, self._next))
        if piece is None:
            await self.task.finished()
            raise StopAsyncIteration
        self._next += 1
        return piece
