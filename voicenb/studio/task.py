"""`Task`: the user's handle on one paid request: its state, its clip, and the wait for it.

Waiting and following are apart: a wait that is interrupted or runs out of time leaves the follower
(`voicenb.tasks.runner`) at work.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Generator, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any, NoReturn

from voicenb import errors, services
from voicenb.audio.subtitles import Subtitles
from voicenb.base import portal
from voicenb.base.arguments import checked_statuses, plain_text, wait_seconds, whole_number
from voicenb.errors import InvalidRequest, TaskFailed, TaskTimeout, VoicenbError, VoicenbWarning
from voicenb.ledger.records import OPEN, STATUSES, TaskRecord
from voicenb.services.base import Kind
from voicenb.studio.clip import Clip
from voicenb.studio.waiting import wait_with_progress
from voicenb.tasks.active import ActiveTask
from voicenb.tasks.context import amount_text
from voicenb.tasks.runner import TaskRunner
from voicenb.tasks.session import Session

__all__ = ["Task", "changed", "list_tasks", "resume_tasks"]


# In characters: half a minute of speech.
_LONG_TEXT = 500
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
        if name in known
        and name not in _NO_PARAMETER
        and value is not None
        and not _same_choice(value, defaults.get(name))
    }


def _speed(record: TaskRecord) -> float:
    speed = record.parameters.get("speed")
    return float(speed) if isinstance(speed, int | float) and speed > 0 else 1.0


def _description(value: str) -> str:
    """The descriptors of a line, which may be one of JSON."""
    with suppress(ValueError, KeyError, TypeError):
        return str(json.loads(value)["instruct"])
    return value


def _same_choice(value: Any, default: Any) -> bool:
    """Whether they are the same choice: 0 is a number, and not off."""
    return bool(value == default) and isinstance(value, bool) == isinstance(default, bool)


class Task:
    """One paid request, from before it leaves until its clip is on disk.

    ``await task`` and ``task.wait()`` give the clip. What a `Task` says is what the ledger says: a task that another
    kernel follows is read from there.
    """

    def __init__(self, runner: TaskRunner, active: ActiveTask) -> None:
        self._runner = runner
        self._active = active
        self._clip: Clip | None = None
        self._expected: float | None = None

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a task cannot be copied or pickled, for it belongs to its studio: pass task.id ({self.id!r}), and ask "
            "studio.history.clip(id) for its clip there"
        )

    def __repr__(self) -> str:
        said = f"<Task {self._active.short_id} {self.kind} {self.status}: {(self.text or '')[:40]!r}"
        if self.status == "unknown":
            said += " · ".join(["", self.charged(), *filter(None, [self.findings])])
        return f"{said}>"

    @property
    def record(self) -> TaskRecord:
        """The row in the ledger."""
        return self._runner.refresh(self._active)

    @property
    def id(self) -> str:
        """The ledger's id."""
        return self._active.record.id

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
        return self._active.record.kind

    @property
    def service(self) -> str:
        """The service's id."""
        return self._active.record.service

    @property
    def voice(self) -> str | None:
        """The voice's name."""
        return self._active.record.voice_name

    @property
    def speaker(self) -> str | None:
        """Whose voice it is: the voice's name, or the description of one that was designed (AI Clone: ``describe``)."""
        record = self._active.record
        if record.service in services.names():
            known = services.get(record.service).request_type(_kind(record)).parameters()
            for name, value in record.parameters.items():
                if name in known and known[name].type == "descriptors" and isinstance(value, str) and value:
                    return _description(value)
        return self.voice

    @property
    def text(self) -> str | None:
        """What is spoken."""
        return self._active.record.text

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that differ from the service's defaults, without text and voice."""
        record = self._active.record
        return changed(record.service, _kind(record), record.parameters)

    @property
    def created(self) -> datetime:
        """When it was planned, in UTC."""
        return self._active.record.created

    @property
    def take(self) -> int:
        """1 for the first of several takes."""
        return self._active.record.take

    @property
    def cached(self) -> bool:
        """Whether it was answered from disk, for nothing, because the same request was made before."""
        return self._active.record.cached

    @property
    def estimate(self) -> Decimal | None:
        """The price before it was sent, in `unit`; None where a unit price was not known."""
        return self._active.record.estimate

    @property
    def cost(self) -> Decimal | None:
        """What it was charged, refunds taken off, in `unit`; None while nothing is charged or that is not known."""
        return self.record.cost

    @property
    def unit(self) -> str:
        """The service's unit."""
        return self._active.record.unit

    @property
    def expected_seconds(self) -> float | None:
        """About how many seconds of speech a long text will be, by what the voice spoke before; None for a short or a first one."""
        record = self._active.record
        if self._expected is None and record.voice is not None and (record.characters or 0) >= _LONG_TEXT:
            before = self._runner.ledger.tasks.select(
                status="completed", service=record.service, endpoint=record.endpoint, voice=record.voice, limit=5
            )
            # By length: the silence at both ends of a clip would make much of a short one.
            spoken = [one for one in before if one.seconds and one.characters and not one.cached]
            seconds = sum((one.seconds or 0.0) * _speed(one) for one in spoken)
            characters = sum(one.characters or 0 for one in spoken)
            self._expected = seconds / characters * (record.characters or 0) / _speed(record) if spoken else 0.0
        return self._expected or None

    @property
    def findings(self) -> str | None:
        """What is to be said of it: that a fallback or another model made it, that the audio seems cut short, that subtitles
        are missing, or what `reconcile` found out.
        """
        return self.record.remarks

    @property
    def degraded(self) -> bool | None:
        """Whether the service used a fallback instead of what was asked for; None where it does not say."""
        return self.record.degraded

    @property
    def provider(self) -> str | None:
        """What made it, in the service's words (AI Clone: ``providerUsed``); None where it does not say."""
        return self.record.provider

    @property
    def metadata(self) -> dict[str, Any] | None:
        """Your own fields, as AI Clone echoed them once the task was completed; until then as they are sent."""
        record = self.record
        found = record.parameters.get("metadata") if record.metadata is None else record.metadata
        return None if found is None else dict(found)

    @property
    def error(self) -> VoicenbError | None:
        """Why it failed, or why nobody follows it any more; None while all is well."""
        if self._active.error is None and self.record.error:
            kind = getattr(errors, self.record.error_kind or "", VoicenbError)
            self._active.error = kind(self.record.error, service=self.service, task=self.id)
        return self._active.error

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
                data = ledger.files.path(record.file).read_bytes()
            except OSError as error:
                raise VoicenbError(
                    f"the audio of task {self._active.short_id} is gone from {ledger.files.path(record.file)} ({error.strerror}); it "
                    "was paid for, so look for a backup of the home folder.",
                    service=self.service,
                    task=self.id,
                ) from error
            subtitles = None
            if record.subtitles:
                # studio.history.verify() names them where they are gone or damaged; the audio is played without.
                with suppress(OSError, ValueError, KeyError, TypeError):
                    subtitles = Subtitles.parse(ledger.files.path(record.subtitles).read_text("utf-8"), "json")
            self._clip = Clip(data, subtitles=subtitles, task=self, path=ledger.files.path(record.file))
        return self._clip

    def warn(self, *, stacklevel: int = 2) -> None:
        """Gives a `VoicenbWarning` of `findings`, once a task.

        Args:
            stacklevel: As in `warnings.warn`.
        """
        if self.findings and not self._active.warned:
            self._active.warned = True
            warnings.warn(f"task {self._active.short_id}: {self.findings}", VoicenbWarning, stacklevel=stacklevel)

    def follow(self) -> None:
        """Starts following the task where nobody does. It never submits."""
        self._runner.follow(self._active)

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
        return wait_with_progress(
            self.outcome(timeout), f"{doing} {self.speaker or 'the voice'}", lambda: self, quiet=quiet
        )

    async def outcome(self, timeout: float | None = None) -> Clip:
        """The clip, awaited on any asyncio loop; the errors are those of `wait`."""
        await self.finished(timeout)
        clip = self.clip
        if clip is None:
            raise self._final_error()
        return clip

    async def finished(self, timeout: float | None = None) -> None:
        """Waits for the end on any asyncio loop, also of a task that makes no clip; the errors are those of `wait`."""
        timeout = wait_seconds(timeout)
        future = self._runner.follow(self._active)
        if not await portal.wait_until_done(future, timeout):
            trouble = f" {self._active.error}" if self._active.error is not None else ""
            raise TaskTimeout(
                f"task {self._active.short_id} is still {self.status} after {timeout:g} s; {self.charged()}. It goes on: "
                f"task.wait() waits again, and studio.resume() takes it up in another kernel.{trouble}",
                service=self.service,
                task=self.id,
            )
        future.result()
        if self.status != "completed":
            raise self._final_error()

    def _final_error(self) -> VoicenbError:
        error = self.error or TaskFailed(
            f"task {self._active.short_id} is {self.status} and has no clip; {self.charged()}",
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
        self._runner.cancel(self._active)
        return f"task {self._active.short_id} is {self.status}; {self.charged()}"

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
        said = portal.call(self._runner.reconcile, self._active, remote_id)
        return f"{said} Task {self._active.short_id} is {self.status}; {self.charged()}"

    def _require_unknown(self, what: str) -> None:
        if self.status != "unknown":
            raise InvalidRequest(f"task {self._active.short_id} is {self.status}; only an unknown one is {what}")

    def forget(self, *, charged: bool = False) -> str:
        """Settles a task whose fate is not known (status ``unknown``), by your word.

        Args:
            charged: What the service's own list or balance says. True books the estimate as its cost; False frees what
                a budget holds for it.

        Raises:
            InvalidRequest: The task's fate is known.
        """
        self._require_unknown("settled by hand")
        self._runner.settle(self._active, charged=charged)
        return f"task {self._active.short_id} is {self.status}; {self.charged()}"

    def resubmit(self, *, i_accept_a_second_charge: bool = False) -> Task:
        """Sends the same request once more, as a new task; an unknown one is first settled as charged.

        Args:
            i_accept_a_second_charge: Has to be True for a task that may have been charged already.

        Raises:
            InvalidRequest: The task still runs or is completed, or the second charge is not accepted.
            BudgetExceeded: A budget does not cover it.
        """
        if self.status not in {"unknown", "failed", "cancelled"}:
            raise InvalidRequest(f"task {self._active.short_id} is {self.status}; there is nothing to send again")
        if self.charged() != "nothing was charged" and not i_accept_a_second_charge:
            raise InvalidRequest(
                f"task {self._active.short_id} is {self.status} and {self.charged()}; to pay a second time, say so: "
                "task.resubmit(i_accept_a_second_charge=True)"
            )
        if self.status == "unknown":
            self._runner.settle(self._active, charged=True)
        return Task(self._runner, self._runner.resend(self._active))

    def annotate(self, *, label: str | None = None, note: str | None = None) -> Task:
        """Keeps your own words with the task; columns of the history.

        Args:
            label: A short mark to group and filter by; "" takes it away.
            note: A remark; "" takes it away.

        Raises:
            InvalidRequest: One of them is no text.
        """
        given = {"label": plain_text("label", label), "note": plain_text("note", note)}
        words = {name: value or None for name, value in given.items() if value is not None}
        if words:
            self._active.record = self._runner.ledger.tasks.update(self.id, **words).result()
        return self

    def charged(self) -> str:
        """What it was charged, in words."""
        record = self.record
        unsent = record.remote_id is None and record.cost is None and record.status in {"failed", "cancelled"}
        if record.status == "planned" or unsent or record.cost == 0:
            return "nothing was charged"
        if record.status in {"submitting", "unknown"}:
            return f"it may have been charged {amount_text(record.estimate, record.unit)}"
        if record.cost is None and services.get(record.service).profile.charged == "completion":
            return f"{amount_text(record.estimate, record.unit)} will be charged when the service completes it"
        return f"{amount_text(record.cost, record.unit)} charged"


def list_tasks(session: Session, status: str | Iterable[str] | None = None, *, limit: int | None = None) -> list[Task]:
    """Return the tasks of a session's service, the newest first; see `Studio.tasks`."""
    found = session.ledger.tasks.select(
        status=checked_statuses(status, STATUSES),
        service=session.service.profile.id,
        endpoint=session.endpoint,
        limit=whole_number("limit", limit, 0),
    )
    return [Task(session.runner, session.runner.task(record)) for record in found]


def resume_tasks(session: Session) -> list[Task]:
    """Follow every open task that a dead kernel left behind; see `Studio.resume`."""
    session.ready()
    taken = []
    for task in list_tasks(session, OPEN):
        owner = task.record.owner
        if owner == session.ledger.owners.own_id or not session.ledger.owners.is_alive(owner):
            task.follow()
            taken.append(task)
    return taken
