"""What a person holds of a paid request: its state, its clip, and the wait for it.

Waiting and following are apart: a wait that is interrupted or runs out of time leaves the follower
(`voicenb.runner`) at work.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Coroutine, Generator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, TypeVar

from voicenb import errors, portal, services
from voicenb.audio import Clip
from voicenb.display import Progress
from voicenb.errors import InvalidRequest, TaskFailed, TaskTimeout, VoicenbError, VoicenbWarning
from voicenb.runner import Life, Runner, amount_of
from voicenb.schema import TaskRecord
from voicenb.services.base import Kind, plain
from voicenb.subtitles import Subtitles

__all__ = ["Task", "changed", "show_progress", "waiting"]

T = TypeVar("T")
ProgressMode = Literal["cell", "bar", "none"]

_REFRESH_SECONDS = 0.1
_NO_PARAMETER = {"text", "voice", "reference"}


def _kind(record: TaskRecord) -> Kind:
    return "preview" if record.kind == "preview" else "voice" if record.kind == "voice" else "production"


def changed(service: str, kind: Kind, values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a request that differ from the service's defaults, without text and voice."""
    found = services.get(service)
    known = found.request_type(kind).parameters()
    # A voice speaks in the version that it was cloned with; that is no choice of the request's.
    defaults = {name: one.default for name, one in found.request_type("preview").parameters().items()} | {
        name: one.default for name, one in known.items() if one.default is not None
    }
    return {
        name: value
        for name, value in values.items()
        if name in known and name not in _NO_PARAMETER and value is not None and not _alike(value, defaults.get(name))
    }


def _alike(value: Any, default: Any) -> bool:
    """Whether they are the same choice: 0 is a number, and not off."""
    return bool(value == default) and isinstance(value, bool) == isinstance(default, bool)


class Task:
    """One paid request, from before it leaves until its clip is on disk.

    ``await task`` and ``task.wait()`` give the clip. What a `Task` says is what the ledger says: a task that another
    kernel follows is read from there.
    """

    def __init__(self, runner: Runner, life: Life) -> None:
        self._runner = runner
        self._life = life
        self._clip: Clip | None = None

    def __repr__(self) -> str:
        said = f"<Task {self._life.id} {self.kind} {self.status}: {(self.text or '')[:40]!r}"
        if self.status == "unknown":
            said += " · ".join(["", self.charged(), *filter(None, [self.findings])])
        return f"{said}>"

    @property
    def record(self) -> TaskRecord:
        """The row in the ledger."""
        return self._runner.refresh(self._life)

    @property
    def id(self) -> str:
        """The ledger's id."""
        return self._life.record.id

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
        return self._life.record.kind

    @property
    def service(self) -> str:
        """The service's id."""
        return self._life.record.service

    @property
    def voice(self) -> str | None:
        """The voice's name."""
        return self._life.record.voice_name

    @property
    def text(self) -> str | None:
        """What is spoken."""
        return self._life.record.text

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that differ from the service's defaults, without text and voice."""
        record = self._life.record
        return changed(record.service, _kind(record), record.parameters)

    @property
    def created(self) -> datetime:
        """When it was planned, in UTC."""
        return self._life.record.created

    @property
    def take(self) -> int:
        """1 for the first of several takes."""
        return self._life.record.take

    @property
    def cached(self) -> bool:
        """Whether it was answered from disk, for nothing, because the same request was made before."""
        return self._life.record.cached

    @property
    def estimate(self) -> Decimal | None:
        """The price before it was sent, in `unit`; None where a unit price was not known."""
        return self._life.record.estimate

    @property
    def cost(self) -> Decimal | None:
        """What it was charged, refunds taken off, in `unit`; None while nothing is charged or that is not known."""
        return self.record.cost

    @property
    def unit(self) -> str:
        """The service's unit."""
        return self._life.record.unit

    @property
    def findings(self) -> str | None:
        """What voicenb noticed: that the audio seems cut short, or what `reconcile` found out about an unknown task."""
        return self.record.findings

    @property
    def error(self) -> VoicenbError | None:
        """Why it failed, or why nobody follows it any more; None while all is well."""
        if self._life.error is None and self.record.error:
            kind = getattr(errors, self.record.error_kind or "", VoicenbError)
            self._life.error = kind(self.record.error, service=self.service, task=self.id)
        return self._life.error

    @property
    def clip(self) -> Clip | None:
        """The clip, once the task is completed.

        Raises:
            VoicenbError: Its file is gone.
        """
        record = self.record
        if self._clip is None and record.status == "completed" and record.file is not None:
            ledger = self._runner.ledger
            try:
                data = ledger.file(record.file).read_bytes()
                timed = ledger.file(record.subtitles).read_bytes() if record.subtitles else None
            except OSError as error:
                raise VoicenbError(
                    f"the audio of task {self._life.id} is gone from {ledger.file(record.file)} ({error.strerror}); it "
                    "was paid for, so look for a backup of the home folder.",
                    service=self.service,
                    task=self.id,
                ) from error
            subtitles = None if timed is None else Subtitles.parse(timed.decode(), "json")
            self._clip = Clip(data, subtitles=subtitles, task=self, path=ledger.file(record.file))
        return self._clip

    def follow(self) -> None:
        """Starts following the task where nobody does. It never submits."""
        self._runner.follow(self._life)

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
        doing = "cloning" if self.kind == "preview" else "speaking as"
        return waiting(self.outcome(timeout), f"{doing} {self.voice or 'the voice'}", lambda: self, quiet=quiet)

    async def outcome(self, timeout: float | None = None) -> Clip:
        """The clip, awaited on any asyncio loop; the errors are those of `wait`."""
        await self.finished(timeout)
        clip = self.clip
        if clip is None:
            raise self._ended()
        return clip

    async def finished(self, timeout: float | None = None) -> None:
        """Waits for the end on any asyncio loop, also of a task that makes no clip; the errors are those of `wait`."""
        future = self._runner.follow(self._life)
        if not await portal.ended(future, timeout):
            trouble = f" {self._life.error}" if self._life.error is not None else ""
            raise TaskTimeout(
                f"task {self._life.id} is still {self.status} after {timeout:g} s; {self.charged()}. It goes on: "
                f"task.wait() waits again, and studio.resume() takes it up in another kernel.{trouble}",
                service=self.service,
                task=self.id,
            )
        future.result()
        if self.status != "completed":
            raise self._ended()

    def _ended(self) -> VoicenbError:
        error = self.error or TaskFailed(
            f"task {self._life.id} is {self.status} and has no clip; {self.charged()}",
            service=self.service,
            task=self.id,
        )
        return error.with_traceback(None)

    def __await__(self) -> Generator[Any, None, Clip]:
        return self.outcome().__await__()

    def cancel(self) -> str:
        """Stops following the task; the answer says whether it is still charged.

        No service here lets a task be called back: once accepted it is made and charged. A task that has not
        left yet does not leave any more.
        """
        self._runner.cancel(self._life)
        return f"task {self._life.id} is {self.status}; {self.charged()}"

    def reconcile(self, remote_id: str | None = None) -> str:
        """Finds out what became of a task whose fate is not known, as far as the service shows it; sends nothing again.

        Faseeh lists its voices, so a voice that was made is found there and the task is completed. SoundClone's balance
        is compared with the ledger: `findings` and the answer say what that makes likely. No service documents a list of
        its tasks; where its website shows you the task, give its id, and it is taken up and followed.

        Args:
            remote_id: The service's id of the task, or of the voice that it made.

        Returns:
            What was found.

        Raises:
            InvalidRequest: The task's fate is known, or `remote_id` is not this task's.
            ServiceError: The service does not know `remote_id`, or is out of reach.
        """
        self._require_unknown("reconciled")
        said = portal.call(self._runner.reconcile, self._life, remote_id)
        return f"{said} Task {self._life.id} is {self.status}; {self.charged()}"

    def _require_unknown(self, what: str) -> None:
        if self.status != "unknown":
            raise InvalidRequest(f"task {self._life.id} is {self.status}; only an unknown one is {what}")

    def forget(self, *, charged: bool = False) -> str:
        """Settles a task whose fate is not known (status ``unknown``), by your word.

        Args:
            charged: What the service's own list or balance says. True books the estimate as its cost; False frees what
                a budget holds for it.

        Raises:
            InvalidRequest: The task's fate is known.
        """
        self._require_unknown("settled by hand")
        self._runner.settle(self._life, charged=charged)
        return f"task {self._life.id} is {self.status}; {self.charged()}"

    def resubmit(self, *, i_accept_a_second_charge: bool = False) -> Task:
        """Sends the same request once more, as a new task; an unknown one is first settled as charged.

        Args:
            i_accept_a_second_charge: Has to be True for a task that may have been charged already.

        Raises:
            InvalidRequest: The task still runs or is completed, or the second charge is not accepted.
            BudgetExceeded: A budget does not cover it.
        """
        if self.status not in {"unknown", "failed", "cancelled"}:
            raise InvalidRequest(f"task {self._life.id} is {self.status}; there is nothing to send again")
        if self.charged() != "nothing was charged" and not i_accept_a_second_charge:
            raise InvalidRequest(
                f"task {self._life.id} is {self.status} and {self.charged()}; to pay a second time, say so: "
                "task.resubmit(i_accept_a_second_charge=True)"
            )
        if self.status == "unknown":
            self._runner.settle(self._life, charged=True)
        return Task(self._runner, self._runner.again(self._life))

    def annotate(self, *, label: str | None = None, note: str | None = None) -> Task:
        """Keeps your own words with the task; columns of the history.

        Args:
            label: A short mark to group and filter by; "" takes it away.
            note: A remark; "" takes it away.
        """
        words = {name: value or None for name, value in (("label", label), ("note", note)) if value is not None}
        if words:
            self._life.record = self._runner.ledger.update_task(self.id, **words).result()
        return self

    def charged(self) -> str:
        """What it was charged, in words."""
        record = self.record
        unsent = record.remote_id is None and record.cost is None and record.status in {"failed", "cancelled"}
        if record.status == "planned" or unsent or record.cost == 0:
            return "nothing was charged"
        if record.status in {"submitting", "unknown"}:
            return f"it may have been charged {amount_of(record.estimate, record.unit)}"
        if record.cost is None and services.get(record.service).profile.charged == "completion":
            return f"{amount_of(record.estimate, record.unit)} will be charged when the service completes it"
        return f"{amount_of(record.cost, record.unit)} charged"


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

    async def run() -> T:
        return await outcome

    future: Future[T] | None = None
    try:
        future = portal.start(run)
        with Progress(label, mode="none" if quiet else _shown_as) as line:
            while not future.done():
                current = task()
                line.update(current.status if current is not None else "preparing", cost=_cost(current))
                with suppress(TimeoutError):
                    future.exception(_REFRESH_SECONDS)
            error = future.exception()
            line.done(" · ".join(filter(None, (type(error).__name__ if error else "completed", _cost(task())))))
    except KeyboardInterrupt as interrupt:
        current = task()
        if current is not None:
            interrupt.add_note(
                f"The wait ended, the task did not: {current!r}; {current.charged()}. studio.tasks() finds it, "
                "task.wait() waits again, studio.resume() takes it up in another kernel."
            )
        raise
    finally:
        if future is None:
            outcome.close()
        else:
            future.cancel()
    done = future.result()
    if (current := task()) is not None and current.findings:
        warnings.warn(f"task {current.id[:8]}: {current.findings}", VoicenbWarning, stacklevel=3)
    return done


def _cost(task: Task | None) -> str:
    if task is None:
        return ""
    if task.cost is not None:
        return f"{plain(task.cost)} {task.unit}"
    return "" if task.estimate is None else f"≈ {plain(task.estimate)} {task.unit}"
