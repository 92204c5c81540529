"""The queue: takes tasks from the books, has their twin perform them, and enters how it ended.

The queue itself is the books' table of tasks, so it outlives this process: what an orderly end interrupted goes back as
it was, what a kill interrupted is queued again at the next start. Either way a task is charged once: when it was submitted,
or when it is completed, as its service has it.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from typing import TYPE_CHECKING

from voicenb.sandbox.bookkeeping.books import OverdrawnError
from voicenb.sandbox.recordings.fetch import FetchError
from voicenb.sandbox.recordings.references import RecordingError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from voicenb.sandbox.bookkeeping.books import Books
    from voicenb.sandbox.bookkeeping.records import Task
    from voicenb.sandbox.engine.workers.loading import Voice

    Perform = Callable[[Task], Awaitable[None]]

__all__ = ["Jobs"]

_log = logging.getLogger("voicenb.sandbox")

_MAX_ATTEMPTS = 5
"""After so many starts that ended with the sandbox killed, a task counts as its cause, fails and is refunded."""

_PATIENCE_SECONDS = 5.0


class Jobs:
    """Runs queued tasks, several at a time, oldest first.

    Args:
        books: Where the tasks are.
        voice: The engine.
        performers: For each service, what performs one of its tasks: it completes the task in the books, or
            raises what makes it fail.
    """

    def __init__(self, books: Books, voice: Voice, performers: Mapping[str, Perform]) -> None:
        self._books = books
        self._voice = voice
        self._performers = performers
        self._wake = asyncio.Event()
        self._runners: list[asyncio.Task[None]] = []

    @property
    def runners(self) -> int:
        """How many tasks run at a time."""
        return len(self._runners)

    def start(self, runners: int) -> None:
        """Queue again what a killed sandbox left behind, and begin."""
        again = self._books.requeue()
        if again:
            _log.info("%d unfinished tasks run again", again)
        self._runners = [asyncio.create_task(self._run()) for _ in range(runners)]

    def wake(self) -> None:
        """A task was queued."""
        self._wake.set()

    async def stop(self) -> None:
        """Interrupt what runs and put it back."""
        for runner in self._runners:
            runner.cancel()
        await asyncio.gather(*self._runners, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                task = self._books.take()
                if task is None:
                    self._wake.clear()
                    await self._wake.wait()
                else:
                    await self._perform(task)
            except sqlite3.Error:
                # A full disk, most likely. What could not be entered stays in processing until the next start.
                _log.exception("the books cannot be written")
                await asyncio.sleep(_PATIENCE_SECONDS)

    async def _perform(self, task: Task) -> None:
        if task.attempts > _MAX_ATTEMPTS:
            self._books.fail(task.id, f"server error: the sandbox ended {_MAX_ATTEMPTS} times during this task")
            return
        try:
            await self._performers[task.service](task)
        except asyncio.CancelledError:
            self._books.put_back(task.id)
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, the task must end and its charge go back
            self.fail(task.id, error)

    def fail(self, task: str, error: Exception) -> str:
        """Enter a task's failure; gives its message, fit for a client."""
        fault, message = self._cause(error)
        if fault == "server":
            _log.error("%s failed", task, exc_info=error)
        else:
            _log.info("%s failed: %s", task, error)
        self._books.fail(task, message, fault)
        return message

    def _cause(self, error: Exception) -> tuple[str, str]:
        if isinstance(error, (FetchError, RecordingError)):
            return "reference", str(error)
        if isinstance(error, self._voice.errors):
            return "voice", str(error)
        if isinstance(error, OverdrawnError):
            return "balance", f"insufficient balance: this task {error}"
        return "server", f"server error: {type(error).__name__}"
