"""`TaskContext`: what every step of a task's life shares: the service, the ledger, the limits, and the writing of rows."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

from voicenb import errors
from voicenb.base.money import counted
from voicenb.errors import StorageError, VoicenbError
from voicenb.ledger.ledger import Ledger
from voicenb.ledger.records import FINAL, TaskRecord, now
from voicenb.services.base import Answer, Service
from voicenb.tasks.active import ActiveTask
from voicenb.tasks.concurrency import ConcurrencyLimit
from voicenb.tasks.timing import back_off, poll_delay

__all__ = ["TaskContext", "amount_text"]

T = TypeVar("T")

# All tasks together ask at most a hundred times a second: the sandbox's voice needs the processor, too.
_POLL_SHARE = 0.01
_SAME_DAY = timedelta(days=1)


class TaskContext:
    """One service's tasks in this process.

    Attributes:
        poll_seconds: How often a live task is asked for: shortest and longest interval in seconds; None is the documented one.
            Tests shorten it.
        back_off: Seconds to wait before a request that was not taken is sent again. Tests shorten it.
        active: The tasks that are followed here, by the ledger's id.
        following: How many of them are polled now.
        limit: How many may be at the service at a time.

    Args:
        service: The service.
        ledger: The ledger.
        endpoint: ``"sandbox"``, or the base URL.
        sandbox: True for the sandbox of this home.
        loopback: True where the service's address is on this machine.
        ready: Makes sure that the service can be reached, where that is in our hands.
        concurrency: How many tasks may be at the service at a time; None learns it from refusals.
    """

    poll_seconds: ClassVar[tuple[float, float] | None] = None

    def __init__(
        self,
        service: Service,
        ledger: Ledger,
        endpoint: str,
        *,
        sandbox: bool,
        loopback: bool,
        ready: Callable[[], None],
        concurrency: int | None = None,
    ) -> None:
        self.service = service
        self.ledger = ledger
        self.endpoint = endpoint
        self.sandbox = sandbox
        self.loopback = loopback
        self.ready = ready
        self.jitter = random.Random()  # noqa: S311 - jitter
        self.back_off = back_off
        self.active: dict[str, ActiveTask] = {}
        self.following = 0
        self.limit = ConcurrencyLimit(concurrency)
        self._activated: set[str] = set()

    def after_fork(self) -> None:
        """In a forked child: no follower of the parent works here; a task that is waited for is watched."""
        for task in self.active.values():
            task.future = task.waiting_on = None
        self.active = {}
        self.following = 0
        self.limit = self.limit.reset()

    def poll_delay(self, answer: Answer | None) -> float:
        """Seconds until a task is asked for again."""
        span = self.poll_seconds or self.service.profile.poll_seconds
        return max(self.following * _POLL_SHARE, poll_delay(answer, span, sandbox=self.sandbox, jitter=self.jitter))

    def accepted_columns(self, task: ActiveTask, answer: Answer, *, made: bool) -> dict[str, Any]:
        """The columns of a task that the service has: its status, and what it has cost so far."""
        return {
            "status": "downloading" if made else "processing" if answer.status == "processing" else "queued",
            "remote_id": answer.remote_id,
            # Where it is charged at once, a failure gives it back.
            "cost": task.record.estimate if self.service.profile.charged == "submission" else None,
        }

    async def write(self, task: ActiveTask, **changes: Any) -> None:
        """Write columns of the task's row."""
        # Half a character, which UTF-8 has no bytes for, would keep the row from being written.
        changes = {
            name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
            for name, value in changes.items()
        }
        task.record = await asyncio.wrap_future(self.ledger.tasks.update(task.record.id, **changes))

    async def write_with_retry(
        self, task: ActiveTask, write: Callable[[], Awaitable[T]], remote: str | None = None
    ) -> T:
        """Write what would otherwise be lost; retried until the disk takes it or this process ends.

        Args:
            task: The task.
            write: Does the writing.
            remote: The service's id of the task, which the error names meanwhile.
        """
        times = 0
        while True:
            try:
                done = await write()
            except StorageError as error:
                times += 1
                task.error = StorageError(
                    f"task {task.short_id} was accepted{f' as {remote}' if remote else ''} and "
                    f"cannot be written down: {error} It is tried again as long as this kernel lives.",
                    service=task.record.service,
                    task=task.record.id,
                )
                await asyncio.sleep(self.back_off(times, self.jitter))
            else:
                if times:
                    task.error = None
                return done

    async def fail(self, task: ActiveTask, error: VoicenbError, *, status: str = "failed", **changes: Any) -> None:
        """Write down that the task ended with `error`, and fail the voice that it was to make."""
        error.task = task.record.id
        task.error = error
        known = next(kind for kind in type(error).__mro__ if hasattr(errors, kind.__name__))
        row = {"completed": now(), "error_kind": known.__name__, "error": str(error)} | changes
        await self.write(task, status=status, **row)
        if task.record.kind in {"preview", "voice"} and status == "failed":
            await self.settle_voice(task, None)

    async def settle_voice(
        self,
        task: ActiveTask,
        remote: str | None,
        details: Mapping[str, Any] | None = None,
        created: datetime | None = None,
    ) -> None:
        """Write down the voice that the task made; `remote` None: it made none.

        Args:
            task: The task.
            remote: The service's id of the voice.
            details: What the service says of it.
            created: When the service began to count its days.
        """
        voice = task.record.voice
        if voice is None:
            return
        changes: dict[str, Any] = {"state": "failed"}
        if remote is not None:
            changes = {
                "state": "ready",
                "remote": remote,
                "expires": self.service.ends(remote, _counted_from(task.record, created)),
            }
            if details is not None:
                changes["details"] = dict(details)
        await asyncio.wrap_future(self.ledger.voices.update(voice, **changes))

    async def activate(self, voice: str) -> None:
        """Write down the first production use of a voice, after which it is kept for good."""
        if voice in self._activated:
            return
        record = await asyncio.to_thread(self.ledger.voices.get, voice)
        if record is not None and record.activated is None and self.service.profile.voice_life is not None:
            await asyncio.wrap_future(self.ledger.voices.update(voice, activated=now(), expires=None))
            for other in await asyncio.to_thread(self.ledger.voices.select, record.service, record.endpoint):
                # The same voice under another name.
                if other.remote == record.remote and other.activated is None:
                    await asyncio.wrap_future(self.ledger.voices.update(other.id, activated=now(), expires=None))
        self._activated.add(voice)

    def cost(self, task: ActiveTask, answer: Answer) -> Decimal | None:
        """What a task was charged: as the service says, else as written down when it was sent."""
        if answer.cost is not None:
            return answer.cost
        return task.record.cost if task.record.cost is not None else task.record.estimate

    def makes_voice(self, task: ActiveTask) -> bool:
        """True for a task whose result is a voice."""
        return task.record.kind == ("preview" if self.service.profile.cloning != "voice" else "voice")

    async def pause(self, task: ActiveTask, seconds: float) -> None:
        """Wait; `ActiveTask.interrupt` ends it early."""
        loop = asyncio.get_running_loop()
        over: asyncio.Future[bool] = loop.create_future()
        timer = loop.call_later(seconds, _finish, over)
        task.wait_on(over)
        try:
            await over
        finally:
            timer.cancel()
            task.waiting_on = None

    def release(self, task: ActiveTask) -> None:
        """Forget a task that has ended."""
        if task.record.status in FINAL:
            self.active.pop(task.record.id, None)


def amount_text(amount: Decimal | None, unit: str) -> str:
    """An amount in a sentence."""
    return "an amount that is not known" if amount is None else f"{counted(amount, unit)}"


def _counted_from(record: TaskRecord, created: datetime | None) -> datetime:
    """From when a voice's days count: the service's word, unless that is a day and more away from when it was asked."""
    asked = record.submitted or record.created
    # A clock that is ahead gives no longer task.
    return min(created, now()) if created is not None and abs(created - asked) <= _SAME_DAY else asked


def _finish(waited: asyncio.Future[bool]) -> None:
    if not waited.done():
        waited.set_result(True)
