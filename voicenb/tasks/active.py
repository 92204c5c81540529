"""`ActiveTask`: the in-memory state of a task that this process follows."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass

from voicenb.errors import VoicenbError
from voicenb.ledger.records import TaskRecord

__all__ = ["ActiveTask"]


@dataclass(eq=False)
class ActiveTask:
    """The in-memory state of a task that this process follows.

    Attributes:
        record: The row, as last read or written here.
        future: The follower at work, or the last one.
        error: Why the task failed, or why its follower stopped.
        cancelled: True asks the follower to end.
        waiting_on: What the follower waits for while it only waits; None while it works.
        warned: True once a warning of its remarks was given.
    """

    record: TaskRecord
    future: Future[None] | None = None
    error: VoicenbError | None = None
    cancelled: bool = False
    waiting_on: asyncio.Future[bool] | None = None
    warned: bool = False

    def wait_on(self, place: asyncio.Future[bool]) -> None:
        """Let the follower wait for `place`; `interrupt` ends the wait."""
        self.waiting_on = place
        if self.cancelled:
            self.interrupt()

    def interrupt(self) -> None:
        """End a wait of the follower; on the background loop only."""
        if self.waiting_on is not None and not self.waiting_on.done():
            self.waiting_on.set_result(False)

    @property
    def short_id(self) -> str:
        """The first eight characters of the ledger's id, as messages name the task."""
        return self.record.id[:8]

    @property
    def followed(self) -> bool:
        """True while a follower of this process is at work."""
        return self.future is not None and not self.future.done()
