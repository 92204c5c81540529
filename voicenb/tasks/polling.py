"""`Poller`: asks a service for a task until it has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from decimal import Decimal

from voicenb.audio.containers import sniff
from voicenb.errors import AuthenticationError, RateLimited, ServiceError, StorageError, TaskFailed, VoicenbError
from voicenb.ledger.records import now
from voicenb.services.base import Answer
from voicenb.services.http import IncompleteError
from voicenb.tasks.active import ActiveTask
from voicenb.tasks.context import TaskContext
from voicenb.tasks.results import ResultKeeper, TextInsteadOfAudioError
from voicenb.tasks.timing import FETCHES, LONGEST_WAIT, TRIES_LIVE, TRIES_SANDBOX

__all__ = ["Poller"]


class Poller:
    """Follows the accepted tasks of one service."""

    def __init__(self, context: TaskContext, results: ResultKeeper) -> None:
        self._context = context
        self._service = context.service
        self._ledger = context.ledger
        self._results = results

    async def poll(self, task: ActiveTask, answer: Answer | None, written: Awaitable[object] | None = None) -> None:
        """Ask for a task until it has ended, and keep its result.

        Args:
            task: The task.
            answer: The service's last word on it, or None.
            written: The write of the service's id, awaited before the first poll.

        Raises:
            TaskFailed: The service could not finish it.
            ServiceError: It cannot be followed now; its row stays open.
        """
        self._context.following += 1
        try:
            await self._poll_on(task, answer, written)
        finally:
            self._context.following -= 1

    async def _poll_on(self, task: ActiveTask, answer: Answer | None, written: Awaitable[object] | None) -> None:
        failures = 0
        came: list[bytes] = []
        wait = 0.0 if answer is None else self._context.poll_delay(answer)
        while True:
            await self._context.pause(task, wait)
            if written is not None:
                # The disk had the pause to take the service's id: it has it before the first poll.
                await written
                written = None
            if task.cancelled:
                await self._context.write(task, status="cancelled", completed=now())
                if task.record.kind == "preview":
                    await self._context.settle_voice(task, None)
                return
            try:
                assert task.record.remote_id is not None
                answer = await self._service.query(task.record.remote_id)
                await self._require_ours(task, answer)
                if answer.status == "completed":
                    if await self._results.collect(task, answer, came):
                        return
                    wait = self._context.poll_delay(None)
                    continue
                failures = 0
            except RateLimited as error:
                wait = max(error.retry_after or 0.0, self._context.poll_delay(None))
                continue
            except StorageError as error:
                raise self._results.unreachable(task, error) from error
            except TaskFailed:
                raise
            except VoicenbError as error:
                failures += 1
                last = (
                    FETCHES
                    if isinstance(error, TextInsteadOfAudioError)
                    else TRIES_SANDBOX
                    if self._context.sandbox
                    else TRIES_LIVE
                )
                if isinstance(error, AuthenticationError) or failures >= last:
                    if isinstance(error, IncompleteError) and (longest := max(came, key=len, default=b"")):
                        file = await asyncio.to_thread(self._ledger.files.store, longest, sniff(longest) or "bin")
                        error.args = (f"{error}; the most that came is in {self._ledger.files.path(file)}",)
                    raise self._results.unreachable(task, error) from None
                wait = min(self._context.poll_delay(None) * failures, LONGEST_WAIT)
                continue
            except Exception as error:
                raise self._results.unreachable(task, error) from error
            if answer.status in {"failed", "cancelled"}:
                failed = TaskFailed(
                    f"{self._service.profile.label} could not finish task {task.short_id}: "
                    f"{answer.error or 'it gave no reason'}. Failed tasks cost nothing.{await self._results.keep_leftovers(task, answer)}",
                    service=task.record.service,
                )
                await self._context.fail(task, failed, cost=Decimal(0), refunded=task.record.cost)
                raise failed
            if answer.status in {"queued", "processing"} and answer.status != task.record.status != "downloading":
                await self._context.write(task, status=answer.status)
            wait = self._context.poll_delay(answer)

    async def _require_ours(self, task: ActiveTask, answer: Answer) -> None:
        """Makes sure that an answer is not about another task, as a proxy's cache may give it.

        Raises:
            ServiceError: It is.
        """
        record = task.record
        strange = answer.remote_id not in {None, record.remote_id} and answer.remote_id in await asyncio.to_thread(
            self._ledger.remote_ids, record.service, record.endpoint
        )
        if strange or answer.task not in {None, record.id}:
            raise ServiceError(
                f"{self._service.profile.label} answered about another task, {answer.remote_id or answer.task}",
                service=record.service,
            )
