"""The exit codes, which scripts rely on."""

from __future__ import annotations

from voicenb.errors import (
    BadReference,
    BudgetExceeded,
    InsufficientBalance,
    InvalidRequest,
    OutcomeUnknown,
    TasksFailed,
    VoicenbError,
)

__all__ = ["DAMAGED", "HELP", "INTERRUPTED", "MONEY", "OK", "SERVICE", "UNKNOWN", "USAGE", "exit_code"]

OK, DAMAGED, USAGE, SERVICE, MONEY, UNKNOWN, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

HELP = (
    "exit codes: 0 ok · 2 usage, or a request or recording that breaks a rule ·\n"
    "3 the service or the task failed · 4 money · 5 nobody knows whether the request\n"
    "was accepted · 130 interrupted"
)

_CODES: tuple[tuple[type[VoicenbError], int], ...] = (
    (InvalidRequest, USAGE),
    (BadReference, USAGE),
    (InsufficientBalance, MONEY),
    (BudgetExceeded, MONEY),
    (OutcomeUnknown, UNKNOWN),
)


def exit_code(error: VoicenbError) -> int:
    """The exit code of a command that ends with `error`; of several, the one that asks most of the person."""
    if isinstance(error, TasksFailed):
        return max(map(exit_code, error.errors.values()), default=SERVICE)
    return next((code for kind, code in _CODES if isinstance(error, kind)), SERVICE)
