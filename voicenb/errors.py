"""Every error that voicenb raises on purpose, as one tree.

::

    VoicenbError
    ├── InvalidRequest         a field breaks a rule; nothing was sent, nothing was charged
    ├── BadReference           the recording cannot serve as a reference
    ├── BudgetExceeded         a budget does not cover the request; it was not sent
    ├── VoiceExpired           the voice was not used in time, or its recording's signed address has ended
    ├── ServiceError           the service answered with an error, or not at all
    │   ├── AuthenticationError    no key, or a key that the service refuses
    │   ├── InsufficientBalance    the account cannot pay for the request
    │   └── RateLimited            too many requests at once
    ├── TaskFailed             the service took the task and could not finish it
    │   └── TasksFailed            some of several tasks made no clip; the clips of the others are in it
    ├── TaskTimeout            the wait ended before the task did; the task goes on
    ├── OutcomeUnknown         a request left and no answer came back; it may have been charged
    └── StorageError           the disk of the home does not take or give what it should

A `VoicenbWarning` tells of a result that is there and not quite what it should be.

Each message says what happened, what it cost and what to do next. None carries a key, a header or a
service's whole answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    import pandas as pd

__all__ = [
    "AuthenticationError",
    "BadReference",
    "BudgetExceeded",
    "InsufficientBalance",
    "InvalidRequest",
    "OutcomeUnknown",
    "Problem",
    "RateLimited",
    "ServiceError",
    "StorageError",
    "TaskFailed",
    "TaskTimeout",
    "TasksFailed",
    "VoiceExpired",
    "VoicenbError",
    "VoicenbWarning",
]


class VoicenbWarning(UserWarning):
    """A result was paid for and kept, and something about it is not as it should be."""


class VoicenbError(Exception):
    """The root of the tree.

    Attributes:
        service: The service's id, such as ``"soundclone"``, where one is concerned.
        task: The ledger's id of the task, where there is one.
    """

    def __init__(self, message: str, *, service: str | None = None, task: str | None = None) -> None:
        super().__init__(message)
        self.service = service
        self.task = task

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors cross process borders whole, whatever their own signature is."""
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[VoicenbError], args: tuple[Any, ...], state: dict[str, Any]) -> VoicenbError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


@dataclass(frozen=True, slots=True)
class Problem:
    """One field that breaks a rule.

    Attributes:
        field: The field's name in voicenb's vocabulary.
        given: The value that was given, shortened for display.
        allowed: What the rule allows, in words.
    """

    field: str
    given: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.field}: {self.given} was given; {self.allowed}"


class InvalidRequest(VoicenbError):
    """One or more fields break a rule of the service; nothing was charged.

    Attributes:
        problems: Every bad field at once, in the order of the service's own fields.
    """

    def __init__(
        self,
        message: str,
        *,
        problems: tuple[Problem, ...] = (),
        service: str | None = None,
        task: str | None = None,
    ) -> None:
        lines = [message, *(f"  - {problem}" for problem in problems)]
        super().__init__("\n".join(lines), service=service, task=task)
        self.problems = problems


class BadReference(VoicenbError):
    """The recording cannot serve as a reference: missing, empty, not audio, too short, too long, or out of reach."""


class BudgetExceeded(VoicenbError):
    """A budget does not cover the request; it was not sent, and nothing was charged for it.

    Attributes:
        rows: What the budget has paid for, and what was not sent any more, one dict each.
    """

    rows: list[dict[str, Any]]

    def __init__(
        self, message: str, *, rows: list[dict[str, Any]], service: str | None = None, task: str | None = None
    ) -> None:
        super().__init__(message, service=service, task=task)
        self.rows = rows

    @property
    def frame(self) -> pd.DataFrame:
        """`rows` as a frame: ``sent``, ``id``, ``status``, ``voice``, ``text``, and ``estimate`` and ``cost`` as float64.

        ``estimate_exact`` and ``cost_exact`` are the same amounts as Decimals, or None.
        """
        import pandas as pd

        frame = pd.DataFrame(self.rows, columns=["sent", "id", "status", "voice", "text", "estimate", "cost"])
        for name in ("estimate", "cost"):
            exact = [row.get(name) for row in self.rows]
            frame[f"{name}_exact"] = pd.Series(exact, dtype=object)
            frame[name] = pd.Series([None if one is None else float(one) for one in exact], dtype="float64")
        return frame


class VoiceExpired(VoicenbError):
    """The voice was not used within the time for which the service keeps it, or its address has ended; clone it again."""


class ServiceError(VoicenbError):
    """The service answered with an error, or could not be reached.

    Attributes:
        code: The service's own error code as text, where it gave one.
        status: The HTTP status, where there was an answer.
        unsent: Whether nothing left this machine, so that it cannot have been accepted.
    """

    unsent: bool = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        service: str | None = None,
        task: str | None = None,
    ) -> None:
        super().__init__(message, service=service, task=task)
        self.code = code
        self.status = status


class AuthenticationError(ServiceError):
    """No key was found, or the service refuses the one it got."""


class InsufficientBalance(ServiceError):
    """The account's balance does not cover the request; nothing was charged."""


class RateLimited(ServiceError):
    """The service asks to wait.

    Attributes:
        retry_after: The seconds that it asks for, or None.
    """

    retry_after: float | None = None


class TaskFailed(VoicenbError):
    """The service accepted the task and could not finish it."""


class TasksFailed(TaskFailed):
    """Some of several tasks that were waited for made no clip, or not in time.

    Attributes:
        clips: What the others made, in the order of the tasks.
        errors: What became of each that made none, by the ledger's id of its task.
    """

    clips: Any
    errors: dict[str, VoicenbError]

    def __init__(self, message: str, *, clips: Any, errors: dict[str, VoicenbError]) -> None:
        super().__init__(message)
        self.clips = clips
        self.errors = errors


class TaskTimeout(VoicenbError):
    """The wait ended before the task did. The task itself goes on and stays in the ledger."""


class OutcomeUnknown(VoicenbError):
    """A request left and no answer came back: it may have been accepted and charged, so it is not sent again.

    Attributes:
        data: What came instead of an answer that can be read; kept on disk.
    """

    data: bytes = b""


class StorageError(VoicenbError):
    """The disk does not take or give what it should: it is full, read-only, or damaged."""

    @classmethod
    def of(cls, path: Path, error: sqlite3.Error | OSError) -> StorageError:
        """The error of a file that cannot be used, with its cause."""
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        problem = cls(
            f"{path} cannot be written or read now ({reason}). See that its disk has room and may be written; what was "
            "written before is kept."
        )
        problem.__cause__ = error
        return problem
