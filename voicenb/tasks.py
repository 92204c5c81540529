"""The life of a task: price → record → submit → poll → download → settle.

A `Runner` takes a request through that life on the background loop; a `Task` is what a person holds of it. Waiting
and following are apart: a wait that is interrupted or runs out of time leaves the follower at work, and a follower
that stops (a service out of reach, a dead kernel) leaves a row from which anyone can go on without paying again.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import uuid
from collections.abc import Callable, Coroutine, Generator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from voicenb import errors, portal
from voicenb.audio import AudioError, Clip, decode, sniff
from voicenb.errors import (
    AuthenticationError,
    OutcomeUnknown,
    RateLimited,
    ServiceError,
    TaskFailed,
    TaskTimeout,
    VoicenbError,
)
from voicenb.ledger import FINAL, Ledger, TaskRecord, now
from voicenb.services.base import Answer, Service, ServiceRequest, plain

if TYPE_CHECKING:
    from voicenb.subtitles import Subtitles

__all__ = ["Runner", "Task", "poll_delay", "show_progress", "waiting"]

T = TypeVar("T")
ProgressMode = Literal["cell", "bar", "none"]

_LOCAL_POLL_SECONDS = 0.2
# Polls or downloads that fail in a row before a follower lets go; the row stays open. A live service is out of reach
# for minutes now and then; a sandbox that does not answer has ended.
_TRIES_LIVE = 20
_TRIES_LOCAL = 4
_LONGEST_WAIT = 60.0
_WATCH_SECONDS = 0.5
_REFRESH_SECONDS = 0.1


def poll_delay(answer: Answer | None, span: tuple[float, float], *, local: bool, chance: random.Random) -> float:
    """Seconds until the next poll.

    On a live service a jittered moment of the documented span, so that many tasks do not ask at once; on loopback
    what the sandbox says in ``X-Poll-After``.

    Args:
        answer: The service's last word, or None.
        span: The documented interval, shortest and longest, in seconds.
        local: Whether the service is on this machine.
        chance: Where the jitter comes from.
    """
    asked = answer.poll_after if answer is not None else None
    if local:
        return min(max(asked if asked is not None else _LOCAL_POLL_SECONDS, 0.01), span[1])
    return max(chance.uniform(*span), asked or 0.0)


class Task:
    """One paid request, from before it leaves until its clip is on disk.

    ``await task`` and ``task.wait()`` give the clip. What a `Task` says is what the ledger says: a task that another
    kernel follows is read from there.
    """

    def __init__(self, runner: Runner, record: TaskRecord) -> None:
        self._runner = runner
        self._record = record
        self._future: Future[None] | None = None
        self._error: VoicenbError | None = None
        self._clip: Clip | None = None
        self._stop = False

    def __repr__(self) -> str:
        text = (self.text or "")[:40]
        return f"<Task {self.id[:8]} {self.kind} {self.status}: {text!r}>"

    # -- what it is --------------------------------------------------------------------------------------------

    @property
    def record(self) -> TaskRecord:
        """The row in the ledger."""
        if self._record.status not in FINAL and not self._followed:
            self._record = self._runner.ledger.task(self._record.id) or self._record
        return self._record

    @property
    def _followed(self) -> bool:
        return self._future is not None and not self._future.done()

    @property
    def id(self) -> str:
        """The ledger's id."""
        return self._record.id

    @property
    def remote_id(self) -> str | None:
        """The service's id, once it has accepted the task."""
        return self.record.remote_id

    @property
    def status(self) -> str:
        """planned, submitting, queued, processing, downloading, completed, failed, cancelled or unknown."""
        return self.record.status

    @property
    def kind(self) -> str:
        """preview, voice or production."""
        return self._record.kind

    @property
    def service(self) -> str:
        """The service's id."""
        return self._record.service

    @property
    def voice(self) -> str | None:
        """The voice's name."""
        return self._record.voice_name

    @property
    def text(self) -> str | None:
        """What is spoken."""
        return self._record.text

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that differ from the service's defaults, without text and voice."""
        return self._runner.changed(self._record)

    @property
    def created(self) -> datetime:
        """When it was planned, in UTC."""
        return self._record.created

    @property
    def take(self) -> int:
        """1 for the first of several takes."""
        return self._record.take

    @property
    def estimate(self) -> Decimal | None:
        """The price before it was sent, in `unit`; None where a unit price was not known."""
        return self._record.estimate

    @property
    def cost(self) -> Decimal | None:
        """What it was charged, refunds taken off, in `unit`; None while nothing is charged or that is not known."""
        return self.record.cost

    @property
    def unit(self) -> str:
        """The service's unit."""
        return self._record.unit

    @property
    def error(self) -> VoicenbError | None:
        """Why it failed, or why nobody follows it any more; None while all is well."""
        if self._error is None and self.record.error:
            kind = getattr(errors, self.record.error_kind or "", VoicenbError)
            self._error = kind(self.record.error, service=self.service, task=self.id)
        return self._error

    @property
    def clip(self) -> Clip | None:
        """The clip, once the task is completed."""
        if self._clip is None and self.status == "completed":
            self._clip = self._runner.load(self)
        return self._clip

    # -- what can be done with it ------------------------------------------------------------------------------

    def follow(self) -> Future[None]:
        """Starts following the task where nobody does; the future ends with it. It never submits."""
        if self._future is None or (self._future.done() and self.record.status not in FINAL):
            self._error = None
            self._future = portal.start(self._runner.follow, self)
        return self._future

    def wait(self, timeout: float | None = 600, *, quiet: bool = False) -> Clip:
        """Waits for the clip.

        Args:
            timeout: Seconds; None waits as long as it takes.
            quiet: Shows no progress.

        Raises:
            TaskTimeout: The time is over; the task goes on.
            TaskFailed: The service could not finish it.
            OutcomeUnknown: Nobody knows whether it was accepted.
            ServiceError: It cannot be followed now; `wait` again goes on.
            KeyboardInterrupt: The wait was interrupted; the task goes on.
        """
        return waiting(self.outcome(timeout), self._runner.label(self), lambda: self, quiet=quiet)

    async def outcome(self, timeout: float | None = None) -> Clip:  # noqa: ASYNC109 - TaskTimeout says more than TimeoutError
        """The clip, awaited on any asyncio loop; the errors are those of `wait`."""
        future = asyncio.wrap_future(self.follow())
        # Shielded: to stop waiting is not to stop following.
        done, _ = await asyncio.wait([asyncio.shield(future)], timeout=timeout)
        if not done:
            raise TaskTimeout(
                f"task {self.id[:8]} is still {self.status} after {timeout:g} s; {self._charged()}. It goes on: "
                "task.wait() waits again, and studio.resume() takes it up in another kernel.",
                service=self.service,
                task=self.id,
            )
        future.result()
        clip = self.clip
        if clip is None:
            error = self.error or TaskFailed(
                f"task {self.id[:8]} is {self.status}; {self._charged()}", service=self.service, task=self.id
            )
            raise error.with_traceback(None)
        return clip

    def __await__(self) -> Generator[Any, None, Clip]:
        return self.outcome().__await__()

    def cancel(self) -> str:
        """Stops following the task; the answer says whether it is still charged.

        No service here lets a task be called back: once accepted it is made and charged. A task that has not
        left yet does not leave any more.
        """
        self._stop = True
        if self._followed:
            with suppress(VoicenbError):
                portal.call(self._runner.stopped, self)
        elif self.record.status not in FINAL:
            self._record = self._runner.ledger.update_task(self.id, status="cancelled", completed=now()).result()
        return f"task {self.id[:8]} is {self.status}; {self._charged()}"

    def _charged(self) -> str:
        record = self.record
        if record.status == "planned" or (record.remote_id is None and record.status in {"failed", "cancelled"}):
            return "nothing was charged"
        if record.status in {"submitting", "unknown"}:
            return f"it may have been charged {_amount(record.estimate, record.unit)}"
        if record.cost is None:
            return "what it was charged is not known"
        return f"{_amount(record.cost, record.unit)} charged"


def _amount(amount: Decimal | None, unit: str) -> str:
    return "an amount that is not known" if amount is None else f"{plain(amount)} {unit}"


_shown_as: ProgressMode | None = None


def show_progress(mode: ProgressMode | None) -> None:
    """How calls that wait show their progress from now on: the shell asks for bars; None finds out by itself."""
    global _shown_as  # noqa: PLW0603 - one terminal or notebook a process
    _shown_as = mode


def waiting(outcome: Coroutine[Any, Any, T], label: str, task: Callable[[], Task | None], *, quiet: bool = False) -> T:
    """Runs the coroutine `outcome` on the background loop and shows one quiet line until it ends.

    Args:
        outcome: The coroutine.
        label: What is waited for.
        task: The task that the line speaks of, once there is one.
        quiet: Shows nothing.
    """
    from voicenb.display import Progress

    async def run() -> T:
        return await outcome

    future = portal.start(run)
    try:
        with Progress(label, mode="none" if quiet else _shown_as) as line:
            while True:
                with suppress(TimeoutError):
                    future.result(_REFRESH_SECONDS)
                if future.done():
                    break
                current = task()
                state = current.status if current is not None else "preparing"
                cost = _cost(current)
                line.update(state, cost=cost)
            current = task()
            if future.exception() is None:
                line.done(" · ".join(part for part in ("completed", _cost(current)) if part))
            else:
                line.done(" · ".join(part for part in (type(future.exception()).__name__, _cost(current)) if part))
    except KeyboardInterrupt as interrupt:
        future.cancel()
        current = task()
        if current is not None:
            interrupt.add_note(
                f"The wait ended, the task did not: {current!r}; {current._charged()}. "  # noqa: SLF001
                "studio.tasks() finds it, task.wait() waits again, studio.resume() takes it up in another kernel."
            )
        raise
    except BaseException:
        future.cancel()
        raise
    return future.result()


def _cost(task: Task | None) -> str:
    if task is None:
        return ""
    if task.cost is not None:
        return f"{plain(task.cost)} {task.unit}"
    return "" if task.estimate is None else f"≈ {plain(task.estimate)} {task.unit}"


class Runner:
    """Takes requests of one service through their life.

    Args:
        service: The service.
        ledger: The ledger.
        endpoint: ``"sandbox"``, or the base URL.
        local: Whether the service is on this machine.
        ready: Makes sure that the service can be reached, where that is in our hands.
    """

    def __init__(
        self, service: Service, ledger: Ledger, endpoint: str, *, local: bool, ready: Callable[[], None]
    ) -> None:
        self.service = service
        self.ledger = ledger
        self.endpoint = endpoint
        self._local = local
        self._ready = ready
        self._chance = random.Random()  # noqa: S311 - jitter
        self._tasks: dict[str, Task] = {}

    # -- planning ----------------------------------------------------------------------------------------------

    def plan(self, request: ServiceRequest, kind: str, price: Any, **about: Any) -> Task:
        """Writes down what is about to be asked and what it will cost; nothing is sent yet.

        Args:
            request: The validated request.
            kind: ``preview``, ``voice`` or ``production``.
            price: Its `Price`.
            about: More columns of the row.
        """
        record = TaskRecord(
            id=uuid.uuid4().hex,
            service=self.service.profile.id,
            endpoint=self.endpoint,
            kind=kind,
            status="planned",
            parameters=request.resolved(),
            request=request_hash(request),
            estimate=price.amount,
            unit=price.unit,
            rule=price.rule,
            created=now(),
            owner=self.ledger.prove_alive(),
            **about,
        )
        self.ledger.add_task(record).result()
        task = Task(self, record)
        self._tasks[task.id] = task
        return task

    def launch(self, task: Task, request: ServiceRequest) -> None:
        """Sends a planned task in the background and follows it."""
        task._future = portal.start(self._run, task, request)  # noqa: SLF001 - a Task and its Runner are one thing

    def task(self, record: TaskRecord) -> Task:
        """The `Task` of a row; the same object for the same row while it is followed here."""
        known = self._tasks.get(record.id)
        if known is None:
            return Task(self, record)
        return known

    def changed(self, record: TaskRecord) -> dict[str, Any]:
        """The parameters of a row that differ from the service's defaults, without text and voice."""
        known = self.service.request_type("preview" if record.kind == "preview" else "production").parameters()
        left_out = {"text", "voice", "reference"}
        return {
            name: value
            for name, value in record.parameters.items()
            if name in known and name not in left_out and value != known[name].default and value is not None
        }

    def label(self, task: Task) -> str:
        """What the progress line calls the task."""
        return f"{'cloning' if task.kind == 'preview' else 'speaking as'} {task.voice or 'the voice'}"

    # -- the life ----------------------------------------------------------------------------------------------

    async def _write(self, task: Task, **changes: Any) -> None:
        task._record = await asyncio.wrap_future(self.ledger.update_task(task.id, **changes))  # noqa: SLF001

    async def _run(self, task: Task, request: ServiceRequest) -> None:
        try:
            if task._stop:  # noqa: SLF001
                await self._write(task, status="cancelled", completed=now(), cost=Decimal(0))
                return
            await self._write(task, status="submitting", submitted=now())
            try:
                answer = await self.service.submit(request, seed=task._record.seed)  # noqa: SLF001
            except OutcomeUnknown as error:
                await self._fail(task, error, status="unknown", completed=None)
                raise
            except VoicenbError as error:
                await self._fail(task, error, cost=Decimal(0))
                if task.kind == "preview":
                    await self._settle_voice(task, None)
                raise
            except asyncio.CancelledError:
                # The process is ending: nobody knows whether the bytes have left. This write is the last thing.
                self.ledger.update_task(task.id, status="unknown", owner=None)
                raise
            await self._write(
                task,
                status="processing" if answer.status == "processing" else "queued",
                remote_id=answer.remote_id,
                # Charged at submission; a failure gives it back.
                cost=task._record.estimate,  # noqa: SLF001
            )
            if task.kind == "production" and task._record.voice is not None:  # noqa: SLF001
                await self._activate(task._record.voice)  # noqa: SLF001
            await self._follow(task, answer)
        finally:
            self._release(task)

    def _release(self, task: Task) -> None:
        if task._record.status in FINAL:  # noqa: SLF001
            self._tasks.pop(task.id, None)

    async def _fail(self, task: Task, error: VoicenbError, *, status: str = "failed", **changes: Any) -> None:
        error.task = task.id
        task._error = error  # noqa: SLF001
        known = next(kind for kind in type(error).__mro__ if not kind.__name__.startswith("_"))
        row = {"completed": now(), "error_kind": known.__name__, "error": str(error)} | changes
        await self._write(task, status=status, **row)

    async def follow(self, task: Task) -> None:
        """Follows a task that has been submitted, by this process or a dead one; never submits."""
        record = task.record
        if record.status in FINAL:
            return
        if record.owner != self.ledger.owner:
            while await asyncio.to_thread(self.ledger.is_alive, record.owner):
                await asyncio.sleep(_WATCH_SECONDS)
                record = task.record
                if record.status in FINAL:
                    return
            taken = await asyncio.wrap_future(self.ledger.take_over(task.id, record.owner))
            if taken is None:
                await self.follow(task)
                return
            task._record = record = taken  # noqa: SLF001
        try:
            if record.status != "planned":
                await asyncio.to_thread(self._ready)
            if record.status == "planned":
                # It never left, and only its owner knew how to send it.
                await self._write(task, owner=None)
                raise VoicenbError(
                    f"task {task.id[:8]} was planned and never sent; nothing was charged. Ask for it again.",
                    service=task.service,
                    task=task.id,
                )
            if record.status == "submitting" or record.remote_id is None:
                error = OutcomeUnknown(
                    f"task {task.id[:8]} was being sent when its kernel died: it may have been accepted and charged "
                    f"{_amount(record.estimate, record.unit)}, so it is not sent again; look at the service's own list.",
                    service=task.service,
                )
                await self._fail(task, error, status="unknown", completed=None)
                raise error
            await self._follow(task, None)
        finally:
            self._release(task)

    async def _follow(self, task: Task, answer: Answer | None) -> None:
        span = self.service.profile.poll_seconds
        failures = 0
        wait = 0.0 if answer is None else poll_delay(answer, span, local=self._local, chance=self._chance)
        while True:
            await self._pause(task, wait)
            if task._stop:  # noqa: SLF001
                await self._write(task, status="cancelled", completed=now())
                if task.kind == "preview":
                    await self._settle_voice(task, None)
                return
            try:
                assert task._record.remote_id is not None  # noqa: SLF001
                answer = await self.service.query(task._record.remote_id)  # noqa: SLF001
                if answer.status == "completed" and answer.audio_url is not None:
                    if task._record.status != "downloading":  # noqa: SLF001
                        await self._write(task, status="downloading")
                    await self._download(task, answer)
                    return
                failures = 0
            except RateLimited as error:
                wait = max(error.retry_after or 0.0, poll_delay(None, span, local=self._local, chance=self._chance))
                continue
            except (ServiceError, AudioError) as error:
                failures += 1
                if isinstance(error, AuthenticationError) or failures >= (_TRIES_LOCAL if self._local else _TRIES_LIVE):
                    raise self._lost(task, error) from None
                wait = min(poll_delay(None, span, local=self._local, chance=self._chance) * failures, _LONGEST_WAIT)
                continue
            if answer.status in {"failed", "cancelled"}:
                refunded = task._record.cost  # noqa: SLF001
                error = TaskFailed(
                    f"{self.service.profile.label} could not finish task {task.id[:8]}: "
                    f"{answer.error or 'it gave no reason'}. Failed tasks are refunded: nothing was charged.",
                    service=task.service,
                )
                await self._fail(task, error, cost=Decimal(0), refunded=refunded)
                if task.kind == "preview":
                    await self._settle_voice(task, None)
                raise error
            if answer.status in {"queued", "processing"} and answer.status != task._record.status:  # noqa: SLF001
                await self._write(task, status=answer.status)
            wait = poll_delay(answer, span, local=self._local, chance=self._chance)

    async def _pause(self, task: Task, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not task._stop and (left := end - loop.time()) > 0:  # noqa: SLF001
            await asyncio.sleep(min(left, _WATCH_SECONDS))

    def _lost(self, task: Task, error: Exception) -> ServiceError:
        what = "the sandbox" if self._local else self.service.profile.label
        kind = type(error) if isinstance(error, AuthenticationError) else ServiceError
        lost = kind(
            f"{what} cannot be followed now: {error}. Task {task.id[:8]} stays {task.status} in the ledger and is not "
            "charged again: task.wait() goes on, and studio.resume() does in another kernel.",
            code=getattr(error, "code", None),
            status=getattr(error, "status", None),
            service=task.service,
            task=task.id,
        )
        task._error = lost  # noqa: SLF001
        return lost

    async def stopped(self, task: Task) -> None:
        """Waits until the follower of a cancelled task has written its last word."""
        future = task._future  # noqa: SLF001
        if future is not None:
            await asyncio.wait([asyncio.shield(asyncio.wrap_future(future))], timeout=_WATCH_SECONDS * 20)

    async def _download(self, task: Task, answer: Answer) -> None:
        assert answer.audio_url is not None
        audio = await self.service.download(answer.audio_url)
        samples, rate = await asyncio.to_thread(decode, audio)
        file = await asyncio.to_thread(self.ledger.store, audio, sniff(audio) or "bin")
        # The audio is safe from here on, whatever becomes of the subtitles.
        await self._write(task, file=file, seconds=len(samples) / rate)
        subtitles = None
        if answer.subtitles_url is not None:
            data = await self.service.download(answer.subtitles_url)
            try:
                self.service.subtitles(data)
            except ValueError as error:
                raise ServiceError(f"the subtitles cannot be read ({error})", service=task.service) from error
            subtitles = await asyncio.to_thread(self.ledger.store, data, "json")
        if task.kind == "preview":
            await self._settle_voice(task, answer.voice)
        await self._write(task, status="completed", completed=now(), subtitles=subtitles, error=None, error_kind=None)

    async def _settle_voice(self, task: Task, remote: str | None) -> None:
        voice = task._record.voice  # noqa: SLF001
        if voice is None:
            return
        changes: dict[str, Any] = {"state": "failed"}
        if remote is not None:
            life = self.service.profile.voice_life
            changes = {"state": "ready", "remote": remote, "expires": None if life is None else now() + life}
        await asyncio.wrap_future(self.ledger.update_voice(voice, **changes))

    async def _activate(self, voice: str) -> None:
        record = await asyncio.to_thread(self.ledger.voice, voice)
        if record is not None and record.activated is None and self.service.profile.voice_life is not None:
            await asyncio.wrap_future(self.ledger.update_voice(voice, activated=now(), expires=None))

    # -- results -----------------------------------------------------------------------------------------------

    def load(self, task: Task) -> Clip:
        """The clip of a completed task, from disk.

        Raises:
            VoicenbError: Its file is gone.
        """
        record = task.record
        assert record.file is not None
        path = self.ledger.file(record.file)
        try:
            data = path.read_bytes()
            timed = self.ledger.file(record.subtitles).read_bytes() if record.subtitles else None
        except OSError as error:
            raise VoicenbError(
                f"the audio of task {task.id[:8]} is gone from {path} ({error.strerror}); it was paid for, so look for "
                "a backup of the home folder.",
                service=task.service,
                task=task.id,
            ) from error
        subtitles: Subtitles | None = self.service.subtitles(timed) if timed is not None else None
        return Clip(data, subtitles=subtitles, task=task, path=path)


def request_hash(request: ServiceRequest) -> str:
    """SHA-256 over the request's body, in a form that does not depend on the order of its fields."""
    body: Mapping[str, Any] = request.wire()
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
