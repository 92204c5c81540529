"""`TaskRunner`: takes tasks through their life on the background loop: record → submit → poll → download → settle.

Nothing here waits for a person or shows anything; `voicenb.studio.task` does. A follower that stops (a service out of
reach, a dead kernel) leaves a row from which anyone can go on without paying again.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from typing import Any

from voicenb.base import portal
from voicenb.base.after_fork import reset_after_fork
from voicenb.base.money import Price
from voicenb.errors import InvalidRequest, OutcomeUnknown, ServiceError, VoicenbError
from voicenb.ledger.budgets import OverBudget
from voicenb.ledger.records import FINAL, BudgetRecord, TaskRecord, now
from voicenb.services.base import ServiceRequest, Upload
from voicenb.tasks.active import ActiveTask
from voicenb.tasks.budget import budget_exceeded, price_unknown
from voicenb.tasks.cells import columns_of_cell, in_cell
from voicenb.tasks.chunks import ChunkBuffer
from voicenb.tasks.context import TaskContext, amount_text
from voicenb.tasks.polling import Poller
from voicenb.tasks.reconciliation import Reconciler
from voicenb.tasks.requests import recorded_request, request_hash
from voicenb.tasks.results import ResultKeeper
from voicenb.tasks.submission import Submitter

__all__ = ["TaskRunner"]

_WATCH_SECONDS = 0.5


class TaskRunner:
    """Takes the requests of one service through their life.

    Attributes:
        service, ledger: The service and the ledger.
        context: What the steps share: limits, intervals, the tasks followed here.
        budgets: The budgets that hold for every request from now on.

    Args:
        context: The service, the ledger, and the limits.
    """

    def __init__(self, context: TaskContext) -> None:
        self.context = context
        self.service = context.service
        self.ledger = context.ledger
        self.budgets: list[BudgetRecord] = []
        self._results = ResultKeeper(context)
        self._poller = Poller(context, self._results)
        self._submitter = Submitter(context, self._results, self._poller)
        self._reconciler = Reconciler(context, self._results, self.follow)
        reset_after_fork(context)

    def require_priced(self, request: ServiceRequest, kind: str, price: Price, **about: Any) -> None:
        """Refuses early what `plan` would refuse for want of a price: before an earlier step is paid for in vain.

        Raises:
            BudgetExceeded: A budget holds, and the price is not known.
        """
        if self.budgets and price.amount is None:
            raise price_unknown(price, self.budgets[0], self.ledger, self._record(request, kind, price, **about))

    def plan(self, request: ServiceRequest, kind: str, price: Price, **about: Any) -> ActiveTask:
        """Writes down what is about to be asked and what it will cost, and reserves that; nothing is sent yet.

        Args:
            request: The validated request.
            kind: ``preview``, ``voice`` or ``production``.
            price: What it will cost.
            about: More columns of the row.

        Raises:
            BudgetExceeded: A budget does not cover it, or its price is not known; nothing was written.
        """
        self.require_priced(request, kind, price, **about)
        record = self._record(request, kind, price, owner=self.ledger.owners.prove_alive(), **about)
        budgets = tuple(self.budgets)
        try:
            self.ledger.tasks.add(record, budgets).result()
        except OverBudget as over:
            raise budget_exceeded(over, self.ledger, record) from None
        task = self.context.active[record.id] = ActiveTask(record)
        return task

    def _record(self, request: ServiceRequest, kind: str, price: Price, **about: Any) -> TaskRecord:
        return TaskRecord(
            id=uuid.uuid4().hex,
            service=self.service.profile.id,
            endpoint=self.context.endpoint,
            kind=kind,
            status="planned",
            parameters=request.resolved(),
            request=request_hash(request),
            estimate=price.amount,
            unit=price.unit,
            rule=price.rule,
            created=now(),
            **columns_of_cell(),
            **about,
        )

    def record_cache_hit(self, found: TaskRecord, **about: Any) -> ActiveTask:
        """A row of its own for a request whose answer is on disk already: nothing is sent, nothing is charged."""
        moment = now()
        record = replace(
            found,
            id=uuid.uuid4().hex,
            cached=True,
            cost=Decimal(0),
            refunded=None,
            created=moment,
            submitted=None,
            completed=moment,
            label=None,
            note=None,
            owner=None,
            **columns_of_cell(),
            **about,
        )
        self.ledger.tasks.add(record).result()
        return ActiveTask(record)

    def record_own_preview(self, request: ServiceRequest, price: Price, digest: str, **about: Any) -> ActiveTask:
        """A row for a preview that was made elsewhere: nothing is sent, nothing is charged.

        Args:
            request: The request that will take it.
            price: Nothing, and why.
            digest: SHA-256 of the preview, by which it is no answer to any request of the ledger.
            about: More columns of the row: its file, its length.
        """
        record = self._record(request, "preview", price, **about)
        record = replace(
            record, status="completed", request=digest, cached=True, cost=Decimal(0), completed=record.created
        )
        self.ledger.tasks.add(record).result()
        return ActiveTask(record)

    def launch(
        self,
        task: ActiveTask,
        request: ServiceRequest,
        files: Mapping[str, Upload] | None = None,
        chunks: ChunkBuffer | None = None,
    ) -> None:
        """Sends a planned task in the background and follows it.

        Args:
            task: The planned task.
            request: What is sent.
            files: What goes with it.
            chunks: Gets the sound as it comes, from a service that streams.
        """
        task.future = portal.start(self._submitter.run, task, request, files, chunks)

    @property
    def busy(self) -> bool:
        """Whether this process follows a task."""
        return any(task.followed for task in list(self.context.active.values()))

    def task(self, record: TaskRecord) -> ActiveTask:
        """The task of a row; the same one while it is followed here."""
        return self.context.active.get(record.id) or ActiveTask(record)

    def refresh(self, task: ActiveTask) -> TaskRecord:
        """The row as it is now: a task that another process follows is read again."""
        if task.record.status not in FINAL and not task.followed:
            task.record = self.ledger.tasks.get(task.record.id) or task.record
        return task.record

    def follow(self, task: ActiveTask) -> Future[None]:
        """Starts following a task where nobody does; the future ends with it. It never submits."""
        if task.future is None or (task.future.done() and self.refresh(task).status not in FINAL):
            task.error = None
            task.future = portal.start(self._resume, task)
        return task.future

    def cancel(self, task: ActiveTask) -> None:
        """Stops following a task, and waits until its row says so."""
        task.cancelled = True
        if task.followed:
            portal.call(self._until_stopped, task)
        elif self.refresh(task).status not in FINAL:
            task.record = self.ledger.tasks.update(task.record.id, status="cancelled", completed=now()).result()

    async def _until_stopped(self, task: ActiveTask) -> None:
        task.interrupt()
        if task.future is not None:
            await portal.wait_until_done(task.future, _WATCH_SECONDS * 20)

    def settle(self, task: ActiveTask, *, charged: bool) -> None:
        """Closes a task whose fate is not known, by the user's word on whether it was charged."""
        outcome = "it was charged, and its result is lost" if charged else "it was not charged"
        task.record = self.ledger.tasks.update(
            task.record.id,
            status="failed",
            completed=now(),
            cost=task.record.estimate if charged else Decimal(0),
            error=f"{task.record.error or 'its fate was not known'} Settled by hand: {outcome}.",
        ).result()
        task.error = None
        if task.record.kind == "preview" and task.record.voice is not None:
            self.ledger.voices.update(task.record.voice, state="failed").result()

    def resend(self, task: ActiveTask) -> ActiveTask:
        """Sends the request of an earlier task once more, as a task of its own.

        Raises:
            InvalidRequest: It took files that are not kept.
            BudgetExceeded: A budget does not cover it.
        """
        record = task.record
        if record.kind != "production" and self.service.profile.cloning == "voice":
            raise InvalidRequest(
                f"task {task.short_id} sent a recording, which is not kept; clone the voice again: studio.clone(…)",
                service=record.service,
            )
        request = recorded_request(self.service, record)
        price = Price(record.estimate, record.unit, record.rule)
        names = ("voice", "voice_name", "text", "characters", "reference", "take", "seed", "cache_key", "label")
        cell = nullcontext() if record.study is None or record.cell is None else in_cell(record.study, record.cell)
        with cell:
            new = self.plan(request, record.kind, price, **{name: getattr(record, name) for name in names})
        if record.kind == "preview" and record.voice is not None:
            self.ledger.voices.update(record.voice, state="pending", preview=new.record.id).result()
        self.launch(new, request)
        return new

    async def _resume(self, task: ActiveTask) -> None:
        record = self.refresh(task)
        if record.status in FINAL:
            return
        if record.owner != self.ledger.owners.own_id:
            while await asyncio.to_thread(self.ledger.owners.is_alive, record.owner):
                await asyncio.sleep(_WATCH_SECONDS)
                record = task.record = self.ledger.tasks.get(record.id) or record
                if record.status in FINAL:
                    return
            taken = await asyncio.wrap_future(self.ledger.take_over(record.id, record.owner))
            if taken is None:
                await self._resume(task)
                return
            task.record = record = taken
        self.context.active[record.id] = task
        try:
            if record.status == "planned":
                # It never left, and only its owner knew how to send it.
                await self.context.write(task, owner=None)
                task.error = VoicenbError(
                    f"task {task.short_id} was planned and never sent; nothing was charged. Ask for it again.",
                    service=record.service,
                    task=record.id,
                )
                raise task.error
            if record.status == "downloading" and record.remote_id is None:
                await self._results.end_from_disk(task)
                return
            if record.status == "submitting" or record.remote_id is None:
                error = OutcomeUnknown(
                    f"task {task.short_id} was being sent when its kernel died: it may have been accepted and charged "
                    f"{amount_text(record.estimate, record.unit)}, so it is not sent again; "
                    "task.reconcile() says what the service shows of it.",
                    service=record.service,
                )
                await self.context.fail(task, error, status="unknown", completed=None)
                raise error
            await asyncio.to_thread(self.context.ready)
            self.context.limit.join()
            try:
                await self._poller.poll(task, None)
            except ServiceError:
                # Whatever else there was to ask for, the audio is here.
                if task.record.file is None or task.record.status != "downloading" or self.context.makes_voice(task):
                    raise
                await self._results.end_from_disk(task)
            finally:
                self.context.limit.leave()
        finally:
            self.context.release(task)

    async def reconcile(self, task: ActiveTask, named: str | None) -> str:
        """Look for a task whose outcome is unknown; see `Reconciler.reconcile`."""
        return await self._reconciler.reconcile(task, named)

    async def fetch_again(self, record: TaskRecord) -> bool:
        """Download a completed task's files once more; see `ResultKeeper.fetch_again`."""
        return await self._results.fetch_again(record)
