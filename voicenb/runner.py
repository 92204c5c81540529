"""Takes tasks through their life on the background loop: record → submit → poll → download → settle.

Nothing here waits for a person and nothing here is shown to one; `voicenb.tasks` is that face. A follower that stops
(a service out of reach, a dead kernel) leaves a row from which anyone can go on without paying again.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import traceback
import uuid
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar, cast

from voicenb import errors, portal
from voicenb.audio import AudioError, decode, is_whole, sniff
from voicenb.budget import exceeded, unpriced
from voicenb.database import StorageError
from voicenb.errors import (
    AuthenticationError,
    InvalidRequest,
    OutcomeUnknown,
    RateLimited,
    ServiceError,
    TaskFailed,
    VoicenbError,
)
from voicenb.evidence import balance_says
from voicenb.ledger import Ledger, OverBudget
from voicenb.pacing import Pace
from voicenb.schema import FINAL, BudgetRecord, TaskRecord, now
from voicenb.services.base import (
    Answer,
    Found,
    Kind,
    Price,
    Reconciling,
    Service,
    ServiceRequest,
    Streaming,
    Upload,
    plain,
)
from voicenb.services.pcm import wav_of
from voicenb.streaming import Chunk, Live

__all__ = ["Life", "Runner", "amount_of", "back_off", "cache_key", "poll_delay", "request_hash"]

_LOCAL_POLL_SECONDS = 0.2
# The sandbox's voice needs the processor, too: all tasks together ask at most a hundred times a second.
_LOCAL_POLL_SHARE = 0.01
# Refusals (HTTP 429) in a row before a submission is given up: ten minutes and more, or as long as the service asks.
_REFUSALS = 12
# Tries to reach a service before a submission that never left is given up: about half a minute; on this machine, where nobody is on
# the way, seven seconds.
_REACHES_LIVE = 6
_REACHES_LOCAL = 4
# Polls or downloads that fail in a row before a follower lets go; the row stays open. A live service is out of reach
# for minutes now and then; a sandbox that does not answer has ended.
_TRIES_LIVE = 20
_TRIES_LOCAL = 4
_LONGEST_WAIT = 60.0
_CUT_SHORT = "the audio ends before its own header says it does; it was fetched {times} and is kept as it came: listen to its end"
_WATCH_SECONDS = 0.5

T = TypeVar("T")


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


def back_off(times: int, chance: random.Random) -> float:
    """Seconds until a request that was not taken is sent again: twice as long each time, a minute at most, with jitter.

    Args:
        times: How often it was not taken, 1 or more.
        chance: Where the jitter comes from.
    """
    return min(2.0 ** min(times - 1, 16), _LONGEST_WAIT) * chance.uniform(0.75, 1.25)


def request_hash(request: ServiceRequest) -> str:
    """SHA-256 over the request's body, in a form that does not depend on the order of its fields."""
    return hashlib.sha256(json.dumps(request.wire(), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def cache_key(
    request: ServiceRequest,
    *,
    endpoint: str,
    kind: str,
    reference: str | None = None,
    voice: str | None = None,
    take: int,
    seed: int | None,
) -> str:
    """What a request is recognised by when it is asked again.

    The whole resolved request, in which a voice stands with the service's id of it and a recording with the hash of its
    bytes (an upload gives the same recording another address each time); the service and its endpoint, which for the
    sandbox is its name; the take and the seed.

    Args:
        request: The request.
        endpoint: Where it goes.
        kind: What it makes.
        reference: The identity of the recording that it clones.
        voice: The identity of its voice, where that is not the service's id of it.
        take: The number of the take.
        seed: Its seed.
    """
    asked = request.resolved()
    asked |= {name: value for name, value in (("reference", reference), ("voice", voice)) if value is not None}
    whole = [request.service, endpoint, kind, asked, take, seed]
    return hashlib.sha256(json.dumps(whole, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def amount_of(amount: Decimal | None, unit: str) -> str:
    """An amount in a sentence."""
    return "an amount that is not known" if amount is None else f"{plain(amount)} {unit}"


def _finish(waited: asyncio.Future[bool]) -> None:
    if not waited.done():
        waited.set_result(True)


@dataclass(eq=False)
class Life:
    """A task while this process holds it.

    Attributes:
        record: The row, as it was last read or written here.
        future: The follower at work, or the one that ended last.
        error: Why it failed, or why its follower let go.
        stop: Whether the follower is asked to end.
        parked: What the follower waits for, where it does nothing but wait.
    """

    record: TaskRecord
    future: Future[None] | None = None
    error: VoicenbError | None = None
    stop: bool = False
    parked: asyncio.Future[bool] | None = None

    def park(self, place: asyncio.Future[bool]) -> None:
        """The follower waits for `place` from here on."""
        self.parked = place
        if self.stop:
            self.wake()

    def wake(self) -> None:
        """Ends a wait of the follower; on the loop only."""
        if self.parked is not None and not self.parked.done():
            self.parked.set_result(False)

    @property
    def id(self) -> str:
        """The ledger's id, short, as messages name it."""
        return self.record.id[:8]

    @property
    def followed(self) -> bool:
        """Whether a follower of this process is at work."""
        return self.future is not None and not self.future.done()


class Runner:
    """Takes requests of one service through their life.

    Args:
        service: The service.
        ledger: The ledger.
        endpoint: ``"sandbox"``, or the base URL.
        local: Whether the service is on this machine.
        ready: Makes sure that the service can be reached, where that is in our hands.
        concurrency: How many tasks may be at the service at a time; None finds out when it refuses one.
    """

    def __init__(
        self,
        service: Service,
        ledger: Ledger,
        endpoint: str,
        *,
        local: bool,
        ready: Callable[[], None],
        concurrency: int | None = None,
    ) -> None:
        self.service = service
        self.ledger = ledger
        self.endpoint = endpoint
        self._local = local
        self._ready = ready
        self._chance = random.Random()  # noqa: S311 - jitter
        self._lives: dict[str, Life] = {}
        self._following = 0
        self._activated: set[str] = set()
        self.pace = Pace(concurrency)
        self.back_off = back_off
        """How long a request waits that was not taken; another one lets time go faster."""
        self.budgets: list[BudgetRecord] = []
        """The budgets that hold for every request from now on."""

    def foresee(self, request: ServiceRequest, kind: str, price: Price, **about: Any) -> None:
        """Refuses early what `plan` would refuse for want of a price: before an earlier step is paid for in vain.

        Raises:
            BudgetExceeded: A budget holds, and the price is not known.
        """
        if self.budgets and price.amount is None:
            raise unpriced(price, self.budgets[0], self.ledger, self._record(request, kind, price, **about))

    def plan(self, request: ServiceRequest, kind: str, price: Price, **about: Any) -> Life:
        """Writes down what is about to be asked and what it will cost, and reserves that; nothing is sent yet.

        Args:
            request: The validated request.
            kind: ``preview``, ``voice`` or ``production``.
            price: What it will cost.
            about: More columns of the row.

        Raises:
            BudgetExceeded: A budget does not cover it, or its price is not known; nothing was written.
        """
        self.foresee(request, kind, price, **about)
        record = self._record(request, kind, price, owner=self.ledger.prove_alive(), **about)
        budgets = tuple(self.budgets)
        try:
            self.ledger.add_task(record, budgets).result()
        except OverBudget as over:
            raise exceeded(over, self.ledger, record) from None
        life = self._lives[record.id] = Life(record)
        return life

    def _record(self, request: ServiceRequest, kind: str, price: Price, **about: Any) -> TaskRecord:
        return TaskRecord(
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
            **about,
        )

    def repeat(self, found: TaskRecord, **about: Any) -> Life:
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
            **about,
        )
        self.ledger.add_task(record).result()
        return Life(record)

    def launch(
        self,
        life: Life,
        request: ServiceRequest,
        files: Mapping[str, Upload] | None = None,
        live: Live | None = None,
    ) -> None:
        """Sends a planned task in the background and follows it.

        Args:
            life: The planned task.
            request: What is sent.
            files: What goes with it.
            live: Gets the sound as it comes, from a service that streams.
        """
        life.future = portal.start(self._run, life, request, files, live)

    @property
    def busy(self) -> bool:
        """Whether this process follows a task."""
        return any(life.followed for life in list(self._lives.values()))

    def life(self, record: TaskRecord) -> Life:
        """The life of a row; the same one while it is followed here."""
        return self._lives.get(record.id) or Life(record)

    def refresh(self, life: Life) -> TaskRecord:
        """The row as it is now: a task that another process follows is read again."""
        if life.record.status not in FINAL and not life.followed:
            life.record = self.ledger.task(life.record.id) or life.record
        return life.record

    def follow(self, life: Life) -> Future[None]:
        """Starts following a task where nobody does; the future ends with it. It never submits."""
        if life.future is None or (life.future.done() and self.refresh(life).status not in FINAL):
            life.error = None
            life.future = portal.start(self._take_up, life)
        return life.future

    def cancel(self, life: Life) -> None:
        """Stops following a task, and waits until its row says so."""
        life.stop = True
        if life.followed:
            portal.call(self._until_stopped, life)
        elif self.refresh(life).status not in FINAL:
            life.record = self.ledger.update_task(life.record.id, status="cancelled", completed=now()).result()

    def settle(self, life: Life, *, charged: bool) -> None:
        """Closes a task whose fate is not known, by the user's word on whether it was charged."""
        told = "it was charged, and its result is lost" if charged else "it was not charged"
        life.record = self.ledger.update_task(
            life.record.id,
            status="failed",
            completed=now(),
            cost=life.record.estimate if charged else Decimal(0),
            error=f"{life.record.error or 'its fate was not known'} Settled by hand: {told}.",
        ).result()
        life.error = None
        if life.record.kind == "preview" and life.record.voice is not None:
            self.ledger.update_voice(life.record.voice, state="failed").result()

    def again(self, life: Life) -> Life:
        """Sends the request of an earlier task once more, as a task of its own.

        Raises:
            InvalidRequest: It took files that are not kept.
            BudgetExceeded: A budget does not cover it.
        """
        record = life.record
        if record.kind != "production" and self.service.profile.cloning == "voice":
            raise InvalidRequest(
                f"task {life.id} sent a recording, which is not kept; clone the voice again: studio.clone(…)",
                service=record.service,
            )
        request = self._request(record)
        price = Price(record.estimate, record.unit, record.rule)
        names = ("voice", "voice_name", "text", "characters", "reference", "take", "seed", "cache_key", "label")
        new = self.plan(request, record.kind, price, **{name: getattr(record, name) for name in names})
        if record.kind == "preview" and record.voice is not None:
            self.ledger.update_voice(record.voice, state="pending", preview=new.record.id).result()
        self.launch(new, request)
        return new

    async def reconcile(self, life: Life, named: str | None) -> str:
        """Looks for a task whose fate is not known, and takes it up where it is surely there; what was found, in words.

        Args:
            life: The task.
            named: The service's id of it, by the user's word.

        Raises:
            InvalidRequest: The id is another task's.
            ServiceError: The service does not know it, or is out of reach.
        """
        await asyncio.to_thread(self._ready)
        record = life.record
        known = await asyncio.to_thread(self.ledger.remote_ids, record.service, record.endpoint)
        if named in known:
            raise InvalidRequest(f"{named} is another task or voice in the ledger already", service=record.service)
        if isinstance(self.service, Reconciling):
            found = await self.service.reconcile(self._request(record), task=record.id, known=known, named=named)
        elif named is not None:
            found = Found(
                f"You named {named}, and {self.service.profile.label} has it.", await self.service.query(named)
            )
        else:
            said = await balance_says(self.service, self.ledger, record)
            found = None if said is None else Found(said)
        if found is None:
            found = Found(f"{self.service.profile.label} shows nothing that would tell whether it was accepted.")
        if found.answer is None:
            await self._write(life, findings=found.said)
            return found.said
        if found.answer.task not in {None, record.id}:
            raise InvalidRequest(
                f"{named} is not this task: what it carries names another one, {found.answer.task}",
                service=record.service,
            )
        await self._adopt(life, found.answer, named)
        return found.said

    async def _adopt(self, life: Life, answer: Answer, named: str | None) -> None:
        """Goes on with a task that was found at the service."""
        if life.record.owner != self.ledger.owner:
            taken = await asyncio.wrap_future(self.ledger.take_over(life.record.id, life.record.owner))
            if taken is None:
                raise InvalidRequest(f"another kernel is settling task {life.id}", service=life.record.service)
            life.record = taken
        made = answer.status == "completed" and answer.audio_url is None and answer.voice is not None
        taken_up = self._taken(life, answer, made=made) | {"remote_id": answer.remote_id or named}
        await self._write(life, **taken_up, findings=None, error=None, error_kind=None)
        life.error = None
        self._lives[life.record.id] = life
        if made and self.service.profile.cloning == "voice":
            await self._keep(life, answer, None)
            self._release(life)
        else:
            self.follow(life)

    def _request(self, record: TaskRecord) -> ServiceRequest:
        return self.service.request_type(cast("Kind", record.kind)).model_validate(record.parameters)

    async def _until_stopped(self, life: Life) -> None:
        life.wake()
        if life.future is not None:
            await portal.ended(life.future, _WATCH_SECONDS * 20)

    # -- the life ----------------------------------------------------------------------------------------------

    async def _write(self, life: Life, **changes: Any) -> None:
        life.record = await asyncio.wrap_future(self.ledger.update_task(life.record.id, **changes))

    async def _surely(self, life: Life, write: Callable[[], Awaitable[T]], remote: str | None = None) -> T:
        """Writes what would be lost if it were not: again and again, until the disk takes it or this process ends.

        Args:
            life: The task.
            write: Writes it.
            remote: The service's id of the task, which the error names meanwhile.
        """
        times = 0
        while True:
            try:
                done = await write()
            except StorageError as error:
                times += 1
                life.error = StorageError(
                    f"task {life.id} was accepted{f' as {remote}' if remote else ''} and "
                    f"cannot be written down: {error} It is tried again as long as this kernel lives.",
                    service=life.record.service,
                    task=life.record.id,
                )
                await asyncio.sleep(self.back_off(times, self._chance))
            else:
                if times:
                    life.error = None
                return done

    async def _fail(self, life: Life, error: VoicenbError, *, status: str = "failed", **changes: Any) -> None:
        error.task = life.record.id
        life.error = error
        known = next(kind for kind in type(error).__mro__ if hasattr(errors, kind.__name__))
        row = {"completed": now(), "error_kind": known.__name__, "error": str(error)} | changes
        await self._write(life, status=status, **row)
        if life.record.kind in {"preview", "voice"} and status == "failed":
            await self._settle_voice(life, None)

    async def _run(
        self, life: Life, request: ServiceRequest, files: Mapping[str, Upload] | None, live: Live | None
    ) -> None:
        try:
            answer = await self._send(life, request, files, live)
            if answer is None:
                life.error = None
                await self._write(life, status="cancelled", completed=now(), cost=Decimal(0))
                return
            try:
                at_once = answer.status == "completed" and answer.audio_url is None
                accepted = self._taken(life, answer, made=at_once)
                written = asyncio.ensure_future(
                    self._surely(life, lambda: self._accept(life, **accepted), answer.remote_id)
                )
                if at_once:
                    await written
                    await self._keep_at_once(life, answer)
                else:
                    await self._poll(life, answer, written)
            finally:
                self.pace.leave()
        finally:
            self._release(life)
            if live is not None:
                live.end()

    def _taken(self, life: Life, answer: Answer, *, made: bool) -> dict[str, Any]:
        """The columns of a task that the service has: where it stands, and what it has cost so far."""
        return {
            "status": "downloading" if made else "processing" if answer.status == "processing" else "queued",
            "remote_id": answer.remote_id,
            # Where it is charged at once, a failure gives it back.
            "cost": life.record.estimate if self.service.profile.charged == "submission" else None,
        }

    async def _accept(self, life: Life, **accepted: Any) -> None:
        """Writes down that a service has taken a task."""
        await self._write(life, **accepted)
        if life.record.kind == "production" and life.record.voice is not None:
            await self._activate(life.record.voice)

    async def _send(
        self, life: Life, request: ServiceRequest, files: Mapping[str, Upload] | None, live: Live | None
    ) -> Answer | None:
        """Sends a request when there is room for it, and again where it was not taken; None where it was cancelled before."""
        refused = unsent = 0
        while await self._admitted(life):
            try:
                await self._write(life, status="submitting", submitted=now())
                answer = await self._submit(life, request, files, live)
            except RateLimited as error:
                self.pace.refused(error.retry_after)
                refused += 1
                problem: ServiceError = error
                wait = None
                if refused < _REFUSALS:
                    wait = error.retry_after if error.retry_after is not None else self.back_off(refused, self._chance)
            except ServiceError as error:
                self.pace.refused(None, learn=False)
                if not error.unsent:
                    raise
                unsent += 1
                problem = error
                reaches = _REACHES_LOCAL if self._local else _REACHES_LIVE
                wait = self.back_off(unsent, self._chance) if unsent < reaches else None
            except BaseException:
                self.pace.refused(None, learn=False)
                raise
            else:
                self.pace.answered()
                life.error = None
                return answer
            if wait is None:
                await self._fail(life, problem, cost=Decimal(0))
                raise problem
            # It was not taken, so it may be sent again; until then it is what it was.
            life.error = problem
            await self._write(life, status="planned", submitted=None)
            await self._pause(life, wait)
            if unsent:
                with suppress(VoicenbError):
                    await asyncio.to_thread(self._ready)
        return None

    async def _admitted(self, life: Life) -> bool:
        """Waits until the service has room for one more; False where it was cancelled before."""
        granted = False
        try:
            if not life.stop:
                granted = await self.pace.enter(life.park)
        finally:
            life.parked = None
        if granted and life.stop:
            self.pace.refused(None, learn=False)
            granted = False
        return granted

    async def _submit(
        self, life: Life, request: ServiceRequest, files: Mapping[str, Upload] | None, live: Live | None
    ) -> Answer:
        """Sends a request once, and writes down what became of it where it was not accepted."""
        try:
            if live is not None:
                return await self._streamed(life, request, live)
            return await self.service.submit(request, task=life.record.id, seed=life.record.seed, files=files)
        except OutcomeUnknown as error:
            await self._fail(life, error, status="unknown", completed=None)
            raise
        except RateLimited:
            raise
        except StorageError as error:
            raise await self._broke(life, error, live) from error
        except VoicenbError as error:
            if isinstance(error, ServiceError) and error.unsent:
                raise
            if life.record.status == "downloading":
                raise await self._torn(life, error, live) from None
            await self._fail(life, error, cost=Decimal(0))
            raise
        except asyncio.CancelledError:
            # The process is ending: nobody knows whether the bytes have left. This write is the last thing.
            self.ledger.update_task(life.record.id, status="unknown", owner=None)
            raise
        except Exception as error:
            raise await self._broke(life, error, live) from error

    async def _broke(self, life: Life, error: Exception, live: Live | None) -> VoicenbError:
        """The end of a submission that broke in this program: what had left by then is not known."""
        # Not its text, which may hold what was being sent, the key included; the cause has that.
        where = traceback.extract_tb(error.__traceback__)[-1]
        said = (
            f"{type(error).__name__} in {Path(where.filename).name}, line {where.lineno}, while task {life.id} was being "
            "sent"
        )
        if life.record.status == "downloading":
            return await self._torn(life, VoicenbError(said), live)
        unknown = OutcomeUnknown(
            f"{said}. It may have been accepted and charged {amount_of(life.record.estimate, life.record.unit)}, so it is "
            "not sent again; task.reconcile() says what the service shows of it.",
            service=life.record.service,
        )
        await self._fail(life, unknown, status="unknown", completed=None)
        return unknown

    async def _streamed(self, life: Life, request: ServiceRequest, live: Live) -> Answer:
        """Sends a request whose sound comes in pieces; from the first one on it is accepted."""
        service = self.service
        assert isinstance(service, Streaming)

        async def receive(pcm: bytes, rate: int, channels: int) -> None:
            if life.record.status == "submitting":
                await self._write(life, status="downloading")
            live.put(Chunk(pcm, rate, channels))

        return await service.stream(request, task=life.record.id, receive=receive, seed=life.record.seed)

    async def _torn(self, life: Life, error: VoicenbError, live: Live | None) -> TaskFailed:
        """The end of a stream that broke off: it was accepted, so it counts as charged, and what came is kept."""
        pieces = live.pieces if live is not None else []
        file = None
        if pieces:
            sound = wav_of(b"".join(pieces), pieces[0].rate, pieces[0].channels)
            file = await asyncio.to_thread(self.ledger.store, sound, "wav")
        where = (
            ""
            if file is None
            else f" The {sum(one.duration for one in pieces):.1f} s that came are in {self.ledger.file(file)}."
        )
        torn = TaskFailed(
            f"{error}. Task {life.id} was accepted and counts as charged, "
            f"{amount_of(life.record.estimate, life.record.unit)}.{where}",
            service=life.record.service,
        )
        await self._fail(life, torn, cost=life.record.estimate, file=file)
        return torn

    async def _keep_at_once(self, life: Life, answer: Answer) -> None:
        """Keeps the answer of a service that has no tasks: what cannot be read cannot be asked for again."""
        try:
            cut = answer.audio is not None and not is_whole(answer.audio)
            findings = _CUT_SHORT.format(times="once") if cut else None
            await self._surely(life, lambda: self._keep(life, answer, answer.audio, findings))
        except AudioError as error:
            file = await asyncio.to_thread(self.ledger.store, answer.audio or b"", "bin")
            failed = TaskFailed(
                f"{self.service.profile.label} answered task {life.id} with something that is no sound ({error}). It "
                f"counts as charged, {amount_of(life.record.estimate, life.record.unit)}; what came is in "
                f"{self.ledger.file(file)}.",
                service=life.record.service,
            )
            await self._fail(life, failed, cost=life.record.estimate, file=file)
            raise failed from None

    def _release(self, life: Life) -> None:
        if life.record.status in FINAL:
            self._lives.pop(life.record.id, None)

    async def _take_up(self, life: Life) -> None:
        record = self.refresh(life)
        if record.status in FINAL:
            return
        if record.owner != self.ledger.owner:
            while await asyncio.to_thread(self.ledger.is_alive, record.owner):
                await asyncio.sleep(_WATCH_SECONDS)
                record = life.record = self.ledger.task(record.id) or record
                if record.status in FINAL:
                    return
            taken = await asyncio.wrap_future(self.ledger.take_over(record.id, record.owner))
            if taken is None:
                await self._take_up(life)
                return
            life.record = record = taken
        self._lives[record.id] = life
        try:
            if record.status == "planned":
                # It never left, and only its owner knew how to send it.
                await self._write(life, owner=None)
                life.error = VoicenbError(
                    f"task {life.id} was planned and never sent; nothing was charged. Ask for it again.",
                    service=record.service,
                    task=record.id,
                )
                raise life.error
            if record.status == "downloading" and record.remote_id is None:
                await self._finish(life)
                return
            if record.status == "submitting" or record.remote_id is None:
                error = OutcomeUnknown(
                    f"task {life.id} was being sent when its kernel died: it may have been accepted and charged "
                    f"{amount_of(record.estimate, record.unit)}, so it is not sent again; "
                    "task.reconcile() says what the service shows of it.",
                    service=record.service,
                )
                await self._fail(life, error, status="unknown", completed=None)
                raise error
            await asyncio.to_thread(self._ready)
            self.pace.join()
            try:
                await self._poll(life, None)
            finally:
                self.pace.leave()
        finally:
            self._release(life)

    async def _finish(self, life: Life) -> None:
        """Ends a task whose kernel died while the answer of a service without tasks arrived."""
        if life.record.file is not None:
            await self._keep(life, Answer(status="completed"), None)
            return
        lost = TaskFailed(
            f"task {life.id} was accepted, and its kernel died while the answer arrived. It counts as charged, "
            f"{amount_of(life.record.estimate, life.record.unit)}, and the service does not give it again.",
            service=life.record.service,
        )
        await self._fail(life, lost, cost=life.record.estimate)
        raise lost

    async def _poll(self, life: Life, answer: Answer | None, written: Awaitable[object] | None = None) -> None:
        self._following += 1
        try:
            await self._poll_on(life, answer, written)
        finally:
            self._following -= 1

    def _poll_delay(self, answer: Answer | None) -> float:
        share = self._following * _LOCAL_POLL_SHARE if self._local else 0.0
        return max(share, poll_delay(answer, self.service.profile.poll_seconds, local=self._local, chance=self._chance))

    async def _poll_on(self, life: Life, answer: Answer | None, written: Awaitable[object] | None) -> None:
        failures = 0
        doubted = False
        wait = 0.0 if answer is None else self._poll_delay(answer)
        while True:
            await self._pause(life, wait)
            if written is not None:
                # The disk had the pause to take the service's id: it has it before the first poll.
                await written
                written = None
            if life.stop:
                await self._write(life, status="cancelled", completed=now())
                if life.record.kind == "preview":
                    await self._settle_voice(life, None)
                return
            try:
                assert life.record.remote_id is not None
                answer = await self.service.query(life.record.remote_id)
                if answer.status == "completed" and self._is_whole(life, answer):
                    assert answer.audio_url is not None
                    audio = await self._fetch(life, answer.audio_url)
                    cut = not is_whole(audio)
                    if cut and not doubted:
                        # Perhaps it comes whole the next time; after that it is taken as it is, for it was paid for.
                        doubted = True
                        wait = self._poll_delay(None)
                        continue
                    await self._keep(life, answer, audio, _CUT_SHORT.format(times="twice") if cut else None)
                    return
                failures = 0
            except RateLimited as error:
                wait = max(error.retry_after or 0.0, self._poll_delay(None))
                continue
            except StorageError as error:
                raise self._lost(life, error) from error
            except (VoicenbError, AudioError) as error:
                failures += 1
                if isinstance(error, AuthenticationError) or failures >= (_TRIES_LOCAL if self._local else _TRIES_LIVE):
                    raise self._lost(life, error) from None
                wait = min(self._poll_delay(None) * failures, _LONGEST_WAIT)
                continue
            except Exception as error:
                raise self._lost(life, error) from error
            if answer.status in {"failed", "cancelled"}:
                failed = TaskFailed(
                    f"{self.service.profile.label} could not finish task {life.id}: "
                    f"{answer.error or 'it gave no reason'}. Failed tasks cost nothing.",
                    service=life.record.service,
                )
                await self._fail(life, failed, cost=Decimal(0), refunded=life.record.cost)
                raise failed
            if answer.status in {"queued", "processing"} and answer.status != life.record.status != "downloading":
                await self._write(life, status=answer.status)
            wait = self._poll_delay(answer)

    async def _fetch(self, life: Life, url: str) -> bytes:
        """Downloads a result, while its row says so."""
        if life.record.status == "downloading":
            return await self.service.download(url)
        written = asyncio.ensure_future(self._write(life, status="downloading"))
        try:
            return await self.service.download(url)
        finally:
            await written

    def _is_whole(self, life: Life, answer: Answer) -> bool:
        """Whether a completed answer has what its task is for; if not, it is asked for again."""
        wants_voice = life.record.kind == "preview" and self.service.profile.cloning == "preview"
        return answer.audio_url is not None and (answer.voice is not None or not wants_voice)

    async def _pause(self, life: Life, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        over: asyncio.Future[bool] = loop.create_future()
        timer = loop.call_later(seconds, _finish, over)
        life.park(over)
        try:
            await over
        finally:
            timer.cancel()
            life.parked = None

    def _lost(self, life: Life, error: Exception) -> ServiceError:
        what = "the sandbox" if self._local else self.service.profile.label
        told = str(error).rstrip(".") if isinstance(error, VoicenbError | AudioError) else type(error).__name__
        kind = AuthenticationError if isinstance(error, AuthenticationError) else ServiceError
        life.error = lost = kind(
            f"{what} cannot be followed now: {told}. Task {life.id} stays {life.record.status} in the ledger and is "
            "not charged again: task.wait() goes on, and studio.resume() does in another kernel.",
            code=getattr(error, "code", None),
            status=getattr(error, "status", None),
            service=life.record.service,
            task=life.record.id,
        )
        return lost

    async def _keep(self, life: Life, answer: Answer, audio: bytes | None, findings: str | None = None) -> None:
        kept: dict[str, Any] = {}
        if audio is not None:
            file, seconds = await asyncio.to_thread(self._store, audio)
            kept = {"file": file, "seconds": seconds, "findings": findings}
        makes_voice = life.record.kind == ("preview" if self.service.profile.cloning != "voice" else "voice")
        if kept and (makes_voice or answer.subtitles_url is not None):
            # The audio is safe from here on, whatever becomes of what else there is to do.
            await self._write(life, **kept)
        if answer.subtitles_url is not None:
            kept["subtitles"] = await self._subtitles(life, answer.subtitles_url)
        if makes_voice:
            await self._settle_voice(life, answer.voice or life.record.parameters.get("reference"))
        cost = answer.cost
        if cost is None:
            cost = life.record.cost if life.record.cost is not None else life.record.estimate
        await self._write(
            life,
            status="completed",
            completed=now(),
            **kept,
            cost=cost,
            degraded=answer.degraded,
            provider=answer.provider,
            error=None,
            error_kind=None,
        )

    def _store(self, audio: bytes) -> tuple[str, float]:
        """Keeps audio that can be read: its file and its duration in seconds."""
        samples, rate = decode(audio)
        return self.ledger.store(audio, sniff(audio) or "bin"), len(samples) / rate

    async def _subtitles(self, life: Life, url: str) -> str:
        data = await self.service.download(url)
        try:
            # Kept in voicenb's own form, so that a clip needs no service to be read.
            text = self.service.subtitles(data).json()
        except ValueError as error:
            raise ServiceError(f"the subtitles cannot be read ({error})", service=life.record.service) from error
        return await asyncio.to_thread(self.ledger.store, text.encode(), "json")

    async def fetch_again(self, record: TaskRecord) -> bool:
        """Downloads a completed task's audio and subtitles once more; whether they are what the ledger has.

        Raises:
            ServiceError: The service does not give them any more.
        """
        if record.remote_id is None:
            return False
        answer = await self.service.query(record.remote_id)
        if answer.audio_url is None:
            return False
        audio = await self.service.download(answer.audio_url)
        kept = {await asyncio.to_thread(self.ledger.store, audio, sniff(audio) or "bin")}
        if answer.subtitles_url is not None:
            kept.add(await self._subtitles(Life(record), answer.subtitles_url))
        return {name for name in (record.file, record.subtitles) if name} <= kept

    async def _settle_voice(self, life: Life, remote: str | None) -> None:
        voice = life.record.voice
        if voice is None:
            return
        changes: dict[str, Any] = {"state": "failed"}
        if remote is not None:
            changes = {"state": "ready", "remote": remote, "expires": self.service.ends(remote)}
        await asyncio.wrap_future(self.ledger.update_voice(voice, **changes))

    async def _activate(self, voice: str) -> None:
        if voice in self._activated:
            return
        record = await asyncio.to_thread(self.ledger.voice, voice)
        if record is not None and record.activated is None and self.service.profile.voice_life is not None:
            await asyncio.wrap_future(self.ledger.update_voice(voice, activated=now(), expires=None))
        self._activated.add(voice)
