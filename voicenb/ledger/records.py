"""Tasks, voices and budgets as records, and the statuses that a task goes through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any

__all__ = [
    "BILLION",
    "FINAL",
    "OPEN",
    "SANDBOX",
    "STATUSES",
    "TRANSITIONS",
    "BudgetRecord",
    "ListenerRecord",
    "ListeningRecord",
    "StudyRecord",
    "TaskRecord",
    "VoiceRecord",
    "amount_held",
    "billionths",
    "now",
]

TRANSITIONS: Mapping[str, frozenset[str]] = {
    "planned": frozenset({"submitting", "failed", "cancelled"}),
    "submitting": frozenset({"queued", "processing", "downloading", "planned", "failed", "unknown"}),
    "queued": frozenset({"processing", "downloading", "failed", "cancelled"}),
    "processing": frozenset({"queued", "downloading", "failed", "cancelled"}),
    "downloading": frozenset({"completed", "failed", "cancelled"}),
    "unknown": frozenset({"queued", "processing", "downloading", "failed", "cancelled"}),
    "completed": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset({"queued", "processing", "downloading", "failed"}),
}
"""The life of a task: from each status, the statuses that may follow it.

``cancelled`` means that nobody follows the task any more; what the service still makes of it can be taken up again.
"""
STATUSES = tuple(TRANSITIONS)
FINAL = frozenset({"completed", "failed", "cancelled", "unknown"})
"""Statuses in which nothing more happens on its own."""
OPEN = frozenset(STATUSES) - FINAL
SANDBOX = "sandbox"
"""The ledger's name for the sandbox, whatever its port."""


def now() -> datetime:
    """The present moment in UTC, to the millisecond that the ledger keeps."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """One task, as its row says.

    Attributes:
        id: The ledger's own id.
        service: The service's id.
        endpoint: ``"sandbox"``, or the base URL that it was sent to.
        kind: ``preview``, ``voice`` or ``production``.
        status: One of `STATUSES`.
        voice: The id of the voice's row, or None.
        voice_name: The voice's name at the time.
        text: What is spoken.
        characters: The characters that are billed.
        parameters: Every parameter as resolved, defaults included.
        request: SHA-256 of the request's body.
        reference: SHA-256 of the recording, or its URL, or None.
        take: 1 for the first of several takes of one request.
        seed: What the sandbox draws its variation from, or None.
        remote_id: The service's id of the task.
        estimate: The price before it was sent, or None where a unit price was not known.
        cost: What was charged, refunds taken off; None until that is known.
        refunded: What came back after a failure.
        unit: The unit of the three.
        rule: How the estimate came about.
        created, submitted, completed: UTC.
        seconds: The audio's duration.
        file, subtitles: Paths under ``files/``.
        error_kind, error: The error's class and message.
        degraded: Whether the service used a fallback, where it says so.
        provider: What the service says made it.
        metadata: The user's own fields, as the service echoed them.
        cache_key: What the request is recognised by when it is asked again, or None.
        cached: Whether the clip was taken from an earlier task instead of being made.
        label, note: The user's own words.
        findings: What voicenb noticed about it: that its audio seems cut short, or what is known of an unknown one.
        study, cell: The study that asked for it, and what the cell is recognised by there; or None.
        owner: The process that follows it.
    """

    id: str
    service: str
    endpoint: str
    kind: str
    status: str
    voice: str | None = None
    voice_name: str | None = None
    text: str | None = None
    characters: int | None = None
    parameters: dict[str, Any]
    request: str
    reference: str | None = None
    take: int = 1
    seed: int | None = None
    remote_id: str | None = None
    estimate: Decimal | None = None
    cost: Decimal | None = None
    refunded: Decimal | None = None
    unit: str
    rule: str
    created: datetime
    submitted: datetime | None = None
    completed: datetime | None = None
    seconds: float | None = None
    file: str | None = None
    subtitles: str | None = None
    error_kind: str | None = None
    error: str | None = None
    degraded: bool | None = None
    provider: str | None = None
    metadata: dict[str, Any] | None = None
    cache_key: str | None = None
    cached: bool = False
    label: str | None = None
    note: str | None = None
    findings: str | None = None
    study: str | None = None
    cell: str | None = None
    owner: str | None = None

    @property
    def remarks(self) -> str | None:
        """What is to be said beside the clip: that a fallback made it, and `findings`."""
        fallback = None
        if self.degraded:
            by = f", {self.provider}" if self.provider else ""
            fallback = f"degraded: the service used a fallback{by}, so it is not quite what was asked for"
        return "; ".join(filter(None, [fallback, self.findings])) or None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceRecord:
    """One voice, as its row says.

    Attributes:
        id: The ledger's own id.
        name: The user's name for it; the newest ready voice of a name is the one that the name finds.
        service, endpoint: As in `TaskRecord`.
        remote: The service's id, once there is one.
        state: ``pending``, ``ready``, ``failed`` or ``forgotten``.
        version, language: As asked for when it was cloned.
        consent: The speaker's consent, in the user's words.
        reference: SHA-256 of the recording, or its URL.
        reference_name: The recording's file name.
        preview: The task whose clip is the preview.
        created, expires, activated: UTC, or None.
        kept: Parameters that speech in the voice takes unless it says otherwise.
        details: What the service said of it when it was made, by the service's own names.
    """

    id: str
    name: str
    service: str
    endpoint: str
    remote: str | None = None
    state: str = "pending"
    version: str | None = None
    language: str | None = None
    consent: str | None = None
    reference: str | None = None
    reference_name: str | None = None
    preview: str | None = None
    created: datetime
    expires: datetime | None = None
    activated: datetime | None = None
    kept: dict[str, Any] | None = None
    details: dict[str, Any] | None = None

    def ended(self, moment: datetime) -> datetime | None:
        """When the voice ended, not having been used before; None where it has not by `moment`."""
        return None if self.activated is not None or self.expires is None or self.expires > moment else self.expires

    def state_at(self, moment: datetime) -> str:
        """The state, or ``expired`` where the voice was not used before it ended."""
        return "expired" if self.state == "ready" and self.ended(moment) else self.state


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRecord:
    """A limit on what tasks of one service may cost together.

    Attributes:
        id: The ledger's own id.
        service, endpoint: As in `TaskRecord`.
        name: Kernels that open a budget of the same name share it; None is one of its own.
        amount: The limit, in `unit`.
        unit: The service's unit.
        created: UTC.
    """

    id: str
    service: str
    endpoint: str
    name: str | None = None
    amount: Decimal
    unit: str
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRecord:
    """One study, as its row says.

    Attributes:
        id: The ledger's own id.
        name: The user's name for it, once in a home.
        design: The design as plain data, with the voices that it speaks in.
        created: UTC.
    """

    id: str
    name: str
    design: dict[str, Any]
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningRecord:
    """One listening test, as its row says.

    Attributes:
        id: The ledger's own id.
        name: The user's name for it, once in a home.
        study: The name of the study whose clips are listened to, or None.
        design: The design as plain data, with what each sound is.
        hash: SHA-256 of the design.
        created: UTC.
        frozen: When its first vote was cast, UTC; None before.
    """

    id: str
    name: str
    study: str | None = None
    design: dict[str, Any]
    hash: str
    created: datetime
    frozen: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerRecord:
    """Somebody who takes a listening test, as the row says.

    Attributes:
        test: The test's id.
        listener: Who it is, in letters that say nothing.
        place: Which of the test's orders was theirs, 0 and more.
        source: ``cell``, ``file`` or ``simulated``.
        name: What they called themselves, or None.
        started, finished: UTC; None for what is not finished.
    """

    test: str
    listener: str
    place: int
    source: str
    name: str | None = None
    started: datetime
    finished: datetime | None = None


BILLION = 10**9
"""The ledger adds money up in billionths of its unit, as whole numbers."""


def billionths(amount: Decimal) -> int:
    """`amount` as a whole number of billionths, rounded up."""
    return int((amount * BILLION).to_integral_value(ROUND_CEILING))


def amount_held(record: TaskRecord) -> int:
    """What a task counts for in a budget, in billionths: its cost once that is settled, else what it may still cost."""
    if record.cost is not None:
        return billionths(record.cost)
    nothing_left = record.remote_id is None and (
        record.status in {"failed", "cancelled"} or (record.status == "planned" and record.owner is None)
    )
    return 0 if nothing_left or record.estimate is None else billionths(record.estimate)
