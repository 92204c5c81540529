"""What the ledger holds: tasks, voices and budgets as records, the life of a task, and the tables behind them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any, TypeVar

__all__ = [
    "BILLION",
    "BUDGET_COLUMNS",
    "FINAL",
    "MIGRATIONS",
    "OPEN",
    "STATUSES",
    "TASK_COLUMNS",
    "TRANSITIONS",
    "VOICE_COLUMNS",
    "BudgetRecord",
    "TaskRecord",
    "VoiceRecord",
    "billionths",
    "from_column",
    "from_row",
    "held",
    "now",
    "to_column",
]

T = TypeVar("T")

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

# Append only: a home of any earlier version is brought forward by the ones that it lacks.
MIGRATIONS: tuple[tuple[str, str], ...] = (
    (
        "m001_tasks_and_voices",
        """
        CREATE TABLE voices (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            service TEXT NOT NULL,
            endpoint TEXT NOT NULL,
            remote TEXT,
            state TEXT NOT NULL CHECK (state IN ('pending', 'ready', 'failed', 'forgotten')),
            version TEXT,
            language TEXT,
            consent TEXT,
            reference TEXT,
            reference_name TEXT,
            preview TEXT,
            created INTEGER NOT NULL,
            expires INTEGER,
            activated INTEGER
        ) STRICT;
        CREATE INDEX voices_by_name ON voices (service, endpoint, name);
        CREATE INDEX voices_by_remote ON voices (service, endpoint, remote);
        CREATE TABLE tasks (
            id TEXT PRIMARY KEY,
            service TEXT NOT NULL,
            endpoint TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('preview', 'voice', 'production')),
            status TEXT NOT NULL,
            voice TEXT REFERENCES voices (id),
            voice_name TEXT,
            text TEXT,
            characters INTEGER,
            parameters TEXT NOT NULL,
            request TEXT NOT NULL,
            reference TEXT,
            take INTEGER NOT NULL DEFAULT 1,
            seed INTEGER,
            remote_id TEXT,
            estimate TEXT,
            cost TEXT,
            refunded TEXT,
            unit TEXT NOT NULL,
            rule TEXT NOT NULL,
            created INTEGER NOT NULL,
            submitted INTEGER,
            completed INTEGER,
            seconds REAL,
            file TEXT,
            subtitles TEXT,
            error_kind TEXT,
            error TEXT,
            owner TEXT
        ) STRICT;
        CREATE INDEX tasks_by_created ON tasks (created);
        CREATE INDEX tasks_by_status ON tasks (status, created);
        CREATE INDEX tasks_by_voice ON tasks (voice, created);
        """,
    ),
    (
        "m002_who_made_it",
        """
        ALTER TABLE tasks ADD COLUMN degraded INTEGER;
        ALTER TABLE tasks ADD COLUMN provider TEXT;
        """,
    ),
    (
        "m003_budgets_cache_and_notes",
        # Money that a budget counts is an integer of billionths, so that SQLite can add it up exactly.
        """
        ALTER TABLE tasks ADD COLUMN cache_key TEXT;
        ALTER TABLE tasks ADD COLUMN cached INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE tasks ADD COLUMN label TEXT;
        ALTER TABLE tasks ADD COLUMN note TEXT;
        ALTER TABLE tasks ADD COLUMN held INTEGER;
        CREATE INDEX tasks_by_cache_key ON tasks (cache_key) WHERE status = 'completed' AND cache_key IS NOT NULL;
        CREATE TABLE budgets (
            id TEXT PRIMARY KEY,
            service TEXT NOT NULL,
            endpoint TEXT NOT NULL,
            name TEXT,
            amount TEXT NOT NULL,
            unit TEXT NOT NULL,
            created INTEGER NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX budgets_by_name ON budgets (service, endpoint, name) WHERE name IS NOT NULL;
        CREATE TABLE budgeted (
            budget TEXT NOT NULL REFERENCES budgets (id),
            task TEXT NOT NULL REFERENCES tasks (id),
            PRIMARY KEY (budget, task)
        ) STRICT, WITHOUT ROWID;
        """,
    ),
    (
        "m004_what_a_voice_keeps",
        """
        ALTER TABLE voices ADD COLUMN kept TEXT;
        """,
    ),
    (
        "m005_pages_of_a_long_history",
        """
        CREATE INDEX tasks_by_service ON tasks (service, created);
        CREATE INDEX tasks_by_service_and_status ON tasks (service, status, created);
        CREATE INDEX tasks_by_endpoint ON tasks (service, endpoint, created);
        CREATE INDEX tasks_by_endpoint_and_status ON tasks (service, endpoint, status, created);
        """,
    ),
    (
        "m006_findings_and_balances",
        """
        ALTER TABLE tasks ADD COLUMN findings TEXT;
        CREATE TABLE balances (
            service TEXT NOT NULL,
            endpoint TEXT NOT NULL,
            moment INTEGER NOT NULL,
            amount TEXT NOT NULL
        ) STRICT;
        CREATE INDEX balances_by_moment ON balances (service, endpoint, moment);
        """,
    ),
)


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
        cache_key: What the request is recognised by when it is asked again, or None.
        cached: Whether the clip was taken from an earlier task instead of being made.
        label, note: The user's own words.
        findings: What voicenb noticed about it: that its audio seems cut short, or what is known of an unknown one.
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
    cache_key: str | None = None
    cached: bool = False
    label: str | None = None
    note: str | None = None
    findings: str | None = None
    owner: str | None = None


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


BILLION = 10**9
_MOMENTS = {"created", "submitted", "completed", "expires", "activated"}
_MONEY = {"estimate", "cost", "refunded", "amount"}
_JSON = {"parameters", "kept"}


def to_column(name: str, value: Any) -> Any:
    """A value as SQLite keeps it: moments in ms, money as text, parameters as JSON."""
    if value is None:
        return None
    if name in _MOMENTS:
        return round(value.timestamp() * 1000)
    if name in _MONEY:
        return f"{value:f}"
    if name in _JSON:
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return value


def from_column(name: str, value: Any) -> Any:
    """What `to_column` was given."""
    if value is None:
        return None
    if name in _MOMENTS:
        return datetime.fromtimestamp(value / 1000, UTC)
    if name in _MONEY:
        return Decimal(value)
    if name in _JSON:
        return json.loads(value)
    return bool(value) if name in {"degraded", "cached"} else value


_UNSEEN = {"held", "number"}


def from_row(kind: type[T], row: sqlite3.Row) -> T:
    """The record of a row."""
    return kind(**{name: from_column(name, row[name]) for name in row.keys() if name not in _UNSEEN})  # noqa: SIM118 - a Row iterates values


TASK_COLUMNS = tuple(one.name for one in fields(TaskRecord))
VOICE_COLUMNS = tuple(one.name for one in fields(VoiceRecord))
BUDGET_COLUMNS = tuple(one.name for one in fields(BudgetRecord))


def billionths(amount: Decimal) -> int:
    """`amount` as a whole number of billionths, rounded up."""
    return int((amount * BILLION).to_integral_value(ROUND_CEILING))


def held(record: TaskRecord) -> int:
    """What a task counts for in a budget: its cost once that is settled, else what it may still cost."""
    if record.cost is not None:
        return billionths(record.cost)
    nothing_left = record.remote_id is None and (
        record.status in {"failed", "cancelled"} or (record.status == "planned" and record.owner is None)
    )
    return 0 if nothing_left or record.estimate is None else billionths(record.estimate)
