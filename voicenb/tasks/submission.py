"""`Submitter`: sends a planned request, once, and hands an accepted one on."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

from voicenb.audio.containers import MIME, sniff
from voicenb.errors import (
    BadReference,
    OutcomeUnknown,
    RateLimited,
    ServiceError,
    StorageError,
    TaskFailed,
    VoicenbError,
)
from voicenb.ledger.records import now
from voicenb.services.base import RECORDING, Answer, ServiceRequest, Streaming, Upload
from voicenb.services.http import IncompleteError
from voicenb.services.pcm import wav_of
from voicenb.tasks.active import ActiveTask
from voicenb.tasks.chunks import Chunk, ChunkBuffer
from voicenb.tasks.context import TaskContext, amount_text
from voicenb.tasks.polling import Poller
from voicenb.tasks.results import ResultKeeper
from voicenb.tasks.timing import REACHES_LIVE, REACHES_LOOPBACK, REFUSALS

__all__ = ["Submitter"]


class Submitter:
    """Sends the requests of one service."""

    def __init__(self, context: TaskContext, results: ResultKeeper, polling: Poller) -> None:
        self._context = context
        self._service = context.service
        self._ledger = context.ledger
        self._results = results
        self._polling = polling

    async def run(
        self, task: ActiveTask, request: ServiceRequest, files: Mapping[str, Upload] | None, chunks: ChunkBuffer | None
    ) -> None:
        """Send a planned task and follow it to its end.

        Args:
            task: The planned task.
            request: What is sent.
            files: What goes with it.
            chunks: Gets the sound as it comes, from a service that streams.

        Raises:
            VoicenbError: As it was written into the row, or as `Poller.poll` raises it.
        """
        try:
            answer = await self._send(task, request, files, chunks)
            if answer is None:
                task.error = None
                await self._context.write(task, status="cancelled", completed=now(), cost=Decimal(0))
                return
            try:
                # A service that has tasks may call one completed that it has only taken: then it is asked for.
                at_once = answer.audio is not None or (answer.status == "completed" and task.record.kind == "voice")
                accepted = self._context.accepted_columns(task, answer, made=at_once)
                written = asyncio.ensure_future(
                    self._context.write_with_retry(task, lambda: self._accept(task, **accepted), answer.remote_id)
                )
                if at_once:
                    await written
                    await self._results.keep_at_once(task, answer)
                else:
                    await self._polling.poll(task, answer, written)
            finally:
                self._context.limit.leave()
        finally:
            self._context.release(task)
            if chunks is not None:
                chunks.end()

    async def _accept(self, task: ActiveTask, **accepted: Any) -> None:
        """Writes down that a service has taken a task."""
        await self._context.write(task, **accepted)
        if task.record.kind == "production" and task.record.voice is not None:
            await self._context.activate(task.record.voice)

    async def _send(
        self, task: ActiveTask, request: ServiceRequest, files: Mapping[str, Upload] | None, chunks: ChunkBuffer | None
    ) -> Answer | None:
        """Sends a request when there is room for it, and again where it was not taken; None where it was cancelled before."""
        refused = unsent = 0
        while await self._admitted(task):
            try:
                await self._context.write(task, status="submitting", submitted=now())
                answer = await self._submit(task, request, files, chunks)
            except RateLimited as error:
                self._context.limit.refused(error.retry_after)
                refused += 1
                problem: ServiceError = error
                wait = None
                if refused < REFUSALS:
                    wait = (
                        error.retry_after
                        if error.retry_after is not None
                        else self._context.back_off(refused, self._context.jitter)
                    )
            except ServiceError as error:
                self._context.limit.refused(None, learn=False)
                if not error.unsent:
                    raise
                unsent += 1
                problem = error
                reaches = REACHES_LOOPBACK if self._context.loopback else REACHES_LIVE
                wait = self._context.back_off(unsent, self._context.jitter) if unsent < reaches else None
            except BaseException:
                self._context.limit.refused(None, learn=False)
                raise
            else:
                self._context.limit.answered()
                task.error = None
                return answer
            if wait is None:
                await self._context.fail(task, problem, cost=Decimal(0))
                raise problem
            # It was not taken, so it may be sent again; until then it is what it was.
            task.error = problem
            await self._context.write(task, status="planned", submitted=None)
            await self._context.pause(task, wait)
            if unsent:
                with suppress(VoicenbError):
                    await asyncio.to_thread(self._context.ready)
        return None

    async def _admitted(self, task: ActiveTask) -> bool:
        """Waits until the service has room for one more; False where it was cancelled before."""
        granted = False
        try:
            if not task.cancelled:
                granted = await self._context.limit.enter(task.wait_on)
        finally:
            task.waiting_on = None
        if granted and task.cancelled:
            self._context.limit.refused(None, learn=False)
            granted = False
        return granted

    async def _submit(
        self, task: ActiveTask, request: ServiceRequest, files: Mapping[str, Upload] | None, chunks: ChunkBuffer | None
    ) -> Answer:
        """Sends a request once, and writes down what became of it where it was not accepted."""
        try:
            files = files or await self._recording(task, request)
            if chunks is not None:
                return await self._stream(task, request, files, chunks)
            return await self._service.submit(request, task=task.record.id, seed=task.record.seed, files=files)
        except OutcomeUnknown as error:
            await self._context.fail(
                task, error, status="unknown", completed=None, file=await self._keep_unreadable(error)
            )
            raise
        except RateLimited:
            raise
        except StorageError as error:
            raise await self._fail_submission(task, error, chunks) from error
        except VoicenbError as error:
            if isinstance(error, ServiceError) and error.unsent:
                raise
            if task.record.status == "downloading" or isinstance(error, IncompleteError):
                raise await self._fail_stream(task, error, chunks) from None
            await self._context.fail(task, error, cost=Decimal(0))
            raise
        except asyncio.CancelledError:
            # The process is ending: nobody knows whether the bytes have left. This write is the last thing.
            self._ledger.tasks.update(task.record.id, status="unknown", owner=None)
            raise
        except Exception as error:
            raise await self._fail_submission(task, error, chunks) from error

    async def _recording(self, task: ActiveTask, request: ServiceRequest) -> Mapping[str, Upload] | None:
        """The recording that goes with a request whose voice is one; None where no such goes along.

        Raises:
            BadReference: It is not in the home any more.
        """
        address = getattr(request, "voice", None) or getattr(request, "reference", None)
        if not isinstance(address, str) or not address.startswith(RECORDING):
            return None
        name = address.removeprefix(RECORDING)
        try:
            data = await asyncio.to_thread(self._ledger.files.read, name)
        except OSError as error:
            raise BadReference(
                f"the recording of this voice, {name}, is not among the home's files any more ({error.strerror}); nothing was "
                "sent or charged. Clone the voice again: studio.clone(…).",
                service=task.record.service,
            ) from None
        file = Path(name)
        return {"reference": Upload(file.name, data, MIME.get(file.suffix.removeprefix("."), "audio/wav"))}

    async def _keep_unreadable(self, error: OutcomeUnknown) -> str | None:
        """Keeps what came instead of an answer that can be read: it may be what was paid for."""
        if not error.data:
            return None
        try:
            file = await asyncio.to_thread(self._ledger.files.store, error.data, sniff(error.data) or "bin")
        except StorageError:
            return None
        error.args = (f"{error} What came is in {self._ledger.files.path(file)}.",)
        return file

    async def _fail_submission(self, task: ActiveTask, error: Exception, chunks: ChunkBuffer | None) -> VoicenbError:
        """The end of a submission that broke in this program: what had left by then is not known."""
        # Not its text, which may hold what was being sent, the key included; the cause has that.
        where = traceback.extract_tb(error.__traceback__)[-1]
        said = (
            f"{type(error).__name__} in {Path(where.filename).name}, line {where.lineno}, while task {task.short_id} was being "
            "sent"
        )
        if task.record.status == "downloading":
            return await self._fail_stream(task, VoicenbError(said), chunks)
        unknown = OutcomeUnknown(
            f"{said}. It may have been accepted and charged {amount_text(task.record.estimate, task.record.unit)}, so it is "
            "not sent again; task.reconcile() says what the service shows of it.",
            service=task.record.service,
        )
        await self._context.fail(task, unknown, status="unknown", completed=None)
        return unknown

    async def _stream(
        self, task: ActiveTask, request: ServiceRequest, files: Mapping[str, Upload] | None, chunks: ChunkBuffer
    ) -> Answer:
        """Sends a request whose sound comes in pieces; from the first one on it is accepted."""
        service = self._service
        assert isinstance(service, Streaming)

        async def receive(pcm: bytes, rate: int, channels: int) -> None:
            if task.record.status == "submitting":
                await self._context.write(task, status="downloading")
            chunks.put(Chunk(pcm, rate, channels))

        return await service.stream(request, task=task.record.id, receive=receive, seed=task.record.seed, files=files)

    async def _fail_stream(self, task: ActiveTask, error: VoicenbError, chunks: ChunkBuffer | None) -> TaskFailed:
        """The end of a stream that broke off: it was accepted, so it counts as charged, and what came is kept."""
        pieces = chunks.pieces if chunks is not None else []
        sound = wav_of(b"".join(pieces), pieces[0].rate, pieces[0].channels) if pieces else b""
        if not sound and isinstance(error, IncompleteError):
            sound = error.data
        file = None
        if sound:
            file = await self._context.write_with_retry(
                task, lambda: asyncio.to_thread(self._ledger.files.store, sound, sniff(sound) or "bin")
            )
        what = f"The {sum(one.duration for one in pieces):.1f} s that came are" if pieces else "What came is"
        where = "" if file is None else f" {what} in {self._ledger.files.path(file)}."
        torn = TaskFailed(
            f"{str(error).rstrip('.')}. Task {task.short_id} was accepted and counts as charged, "
            f"{amount_text(task.record.estimate, task.record.unit)}.{where}",
            service=task.record.service,
        )
        await self._context.fail(task, torn, cost=task.record.estimate, file=file)
        return torn
