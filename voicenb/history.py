"""DataFrames of the ledger: tasks, voices, and the clips behind them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from voicenb.errors import InvalidRequest
from voicenb.frames import task_frame
from voicenb.ledger import Ledger
from voicenb.schema import STATUSES, now
from voicenb.tasks import Task

if TYPE_CHECKING:
    import pandas as pd

    from voicenb.audio import Clip
    from voicenb.runner import Runner

__all__ = ["History", "parse_since"]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_since(since: str | datetime | timedelta | None) -> datetime | None:
    """A moment, from itself, a duration before now, or text such as ``"7d"``, ``"90m"`` or ``"2026-11-01"``.

    Raises:
        InvalidRequest: It is none of these.
    """
    if since is None:
        return None
    if isinstance(since, timedelta):
        return now() - since
    if isinstance(since, str):
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", since.strip())
        try:
            if found:
                return now() - timedelta(**{_UNITS[found[2]]: float(found[1])})
            since = datetime.fromisoformat(since)
        except (ValueError, OverflowError):
            raise InvalidRequest(
                f"since={since!r} is no moment: give a duration such as '7d', '12h' or '90m', or a date such as "
                "'2026-11-01'"
            ) from None
    return since if since.tzinfo else since.astimezone()


class History:
    """The tasks of one home, of every service and kernel that used it.

    Shown in a cell, it is a table of the newest ones.
    """

    def __init__(self, ledger: Ledger, runner: Runner) -> None:
        self._ledger = ledger
        self._runner = runner

    def __repr__(self) -> str:
        return f"<History of {self._ledger.home}>"

    def _repr_html_(self) -> str:
        frame = self.frame(limit=20)
        if frame.empty:
            return "<p>No tasks yet.</p>"
        shown = frame[["created", "kind", "status", "voice", "text", "seconds", "cost", "unit"]].copy()
        shown["created"] = shown["created"].dt.strftime("%Y-%m-%d %H:%M:%S")
        # pandas escapes the texts.
        return str(shown.to_html(index=False, max_cols=None, border=0, na_rep="–"))

    def frame(
        self,
        *,
        since: str | datetime | timedelta | None = None,
        status: str | Iterable[str] | None = None,
        service: str | None = None,
        limit: int | None = None,
    ) -> pd.DataFrame:
        """One row a task, the newest first, with one column for each parameter.

        Args:
            since: Only tasks planned at or after that moment; see `parse_since`.
            status: Only tasks in this status, or in one of these.
            service: Only tasks of this service.
            limit: At most so many rows.

        Returns:
            Moments are UTC timestamps; ``service``, ``endpoint``, ``kind``, ``status``, ``voice`` and ``unit`` are
            categories; ``estimate``, ``cost`` and ``refunded`` are Decimal; ``seconds`` is the audio's duration.

        Raises:
            InvalidRequest: `since` or `status` is none.
        """
        wanted = {status} if isinstance(status, str) else set(status or ())
        if wanted - set(STATUSES):
            raise InvalidRequest(f"status={status!r} is none; there are {', '.join(STATUSES)}")
        records = self._ledger.tasks(status=status, service=service, since=parse_since(since), limit=limit)
        return task_frame(records, self._ledger)

    def clip(self, id: str) -> Clip:  # noqa: A002 - the column's name
        """The clip of a completed task, by the ledger's id or its first characters.

        Raises:
            InvalidRequest: There is no such task, or it has no clip.
        """
        record = self._ledger.task(id)
        if record is None:
            raise InvalidRequest(f"the ledger has no task {id!r}; studio.history.frame() lists them")
        clip = Task(self._runner, self._runner.life(record)).clip
        if clip is None:
            raise InvalidRequest(f"task {record.id[:8]} is {record.status} and has no clip")
        return clip
