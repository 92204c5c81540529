"""`Reconciler`: finds out what became of a request whose outcome is unknown; it sends nothing again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from voicenb.errors import InvalidRequest
from voicenb.services.base import Answer, Reconciliation, Reconciling
from voicenb.tasks.active import ActiveTask
from voicenb.tasks.balances import explain_balance
from voicenb.tasks.context import TaskContext
from voicenb.tasks.requests import recorded_request
from voicenb.tasks.results import ResultKeeper

__all__ = ["Reconciler"]


class Reconciler:
    """Looks for the unknown tasks of one service."""

    def __init__(self, context: TaskContext, results: ResultKeeper, follow: Callable[[ActiveTask], object]) -> None:
        self._context = context
        self._service = context.service
        self._ledger = context.ledger
        self._results = results
        self._follow = follow

    async def reconcile(self, task: ActiveTask, named: str | None) -> str:
        """Looks for a task whose fate is not known, and takes it up where it is surely there; what was found, in words.

        Args:
            task: The task.
            named: The service's id of it, by the user's word.

        Raises:
            InvalidRequest: The id is another task's.
            ServiceError: The service does not know it, or is out of reach.
        """
        await asyncio.to_thread(self._context.ready)
        record = task.record
        known = await asyncio.to_thread(self._ledger.remote_ids, record.service, record.endpoint)
        if named in known:
            raise InvalidRequest(f"{named} is another task or voice in the ledger already", service=record.service)
        if isinstance(self._service, Reconciling):
            found = await self._service.reconcile(
                recorded_request(self._service, record), task=record.id, known=known, named=named
            )
        elif named is not None:
            found = Reconciliation(
                f"You named {named}, and {self._service.profile.label} has it.", await self._service.query(named)
            )
        else:
            said = await explain_balance(self._service, self._ledger, record)
            found = None if said is None else Reconciliation(said)
        if found is None:
            found = Reconciliation(
                f"{self._service.profile.label} shows nothing that would tell whether it was accepted."
            )
        if found.answer is None:
            await self._context.write(task, findings=found.said)
            return found.said
        if found.answer.task not in {None, record.id}:
            raise InvalidRequest(
                f"{named} is not this task: what it carries names another one, {found.answer.task}",
                service=record.service,
            )
        await self._adopt(task, found.answer, named)
        return found.said

    async def _adopt(self, task: ActiveTask, answer: Answer, named: str | None) -> None:
        """Goes on with a task that was found at the service."""
        if task.record.owner != self._ledger.owners.own_id:
            taken = await asyncio.wrap_future(self._ledger.take_over(task.record.id, task.record.owner))
            if taken is None:
                raise InvalidRequest(f"another kernel is settling task {task.short_id}", service=task.record.service)
            task.record = taken
        made = answer.status == "completed" and answer.audio_url is None and answer.voice is not None
        taken_up = self._context.accepted_columns(task, answer, made=made) | {"remote_id": answer.remote_id or named}
        await self._context.write(task, **taken_up, findings=None, error=None, error_kind=None)
        task.error = None
        self._context.active[task.record.id] = task
        if made and self._service.profile.cloning == "voice":
            await self._results.keep(task, answer, None)
            self._context.release(task)
        else:
            self._follow(task)
