"""What the books hold, as records, and how rows become them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

__all__ = [
    "MODEL_COLUMNS",
    "TASK_COLUMNS",
    "VOICE_COLUMNS",
    "Account",
    "Model",
    "Task",
    "Upload",
    "Voice",
    "task_of",
    "voice_of",
]


@dataclass(frozen=True)
class Account:
    """An account's sums in micro-credits: what is left, and what was spent net of refunds."""

    balance: int
    used: int


@dataclass(frozen=True)
class Task:
    """One task as the books hold it; times are unix seconds of the sandbox's clock, file names are bare."""

    id: str
    service: str
    kind: str
    status: str
    request: dict[str, Any]
    characters: int
    attempts: int
    created: float
    finished: float | None
    error: str | None
    model: str | None
    audio: str | None
    subtitles: str | None
    fault: str | None
    """Where the cause of a failure lies: ``reference``, ``voice``, ``balance`` or ``server``."""
    result: dict[str, Any]
    """What else the twin says of a completed task."""


@dataclass(frozen=True)
class Model:
    """One cloned voice: `expires` counts until `activated` is set; `profile` is a bare file name."""

    id: str
    service: str
    task: str
    version: str
    profile: str
    created: float
    expires: float
    activated: float | None


@dataclass(frozen=True)
class Voice:
    """One voice that was created to stay: `profile` is a bare file name, `details` are the twin's own."""

    id: str
    service: str
    task: str
    profile: str
    details: dict[str, Any]
    created: float


@dataclass(frozen=True)
class Upload:
    """One uploaded file: `name` is what its URL ends in, `filename` what the client called it."""

    name: str
    filename: str
    size: int
    mime: str


TASK_COLUMNS = (
    "id, service, kind, status, request, characters, attempts, created, finished, error, model, audio, subtitles,"
    " fault, result"
)
MODEL_COLUMNS = "id, service, task, version, profile, created, expires, activated"
VOICE_COLUMNS = "id, service, task, profile, details, created"


def task_of(row: tuple[Any, ...]) -> Task:
    """A row of `TASK_COLUMNS` as a task."""
    values = list(row)
    values[4] = json.loads(values[4])
    values[14] = json.loads(values[14] or "{}")
    return Task(*values)


def voice_of(row: tuple[Any, ...]) -> Voice:
    """A row of `VOICE_COLUMNS` as a voice."""
    values = list(row)
    values[4] = json.loads(values[4])
    return Voice(*values)
