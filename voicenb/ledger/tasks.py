"""The rows of tasks: what is paid for, at which price, and what came of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from datetime import datetime
from decimal import Decimal
from typing import Any

from voicenb.ledger.budgets import require_room, reserve
from voicenb.ledger.database import Database
from voicenb.ledger.files import FileStore
from voicenb.ledger.records import BILLION, FINAL, OPEN, TRANSITIONS, BudgetRecord, TaskRecord, amount_held
from voicenb.ledger.rows import from_row, insert, to_column, update
from voicenb.ledger.wanted import Wanted

__all__ = ["TaskTable"]

_DELETABLE = FINAL - {"unknown"}


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


class TaskTable:
    """The tasks of one ledger; see `voicenb.ledger.database` for threads and processes.

    A row is changed only by the process whose id stands in its ``owner``.
    """

    def __init__(self, database: Database, files: FileStore) -> None:
        self._database = database
        self._files = files

    # -- writing -----------------------------------------------------------------------------------------------

    def add(self, record: TaskRecord, budgets: Sequence[BudgetRecord] = ()) -> Future[None]:
        """Add a task and reserve its estimate in every one of `budgets`, or neither.

        Raises (by the future):
            OverBudget: A budget does not cover it; nothing was written.
        """

        def add() -> None:
            with self._database.change() as db:
                require_room(db, budgets, record)
                insert(db, "tasks", record)
                _write_held(db, record)
                reserve(db, budgets, record)

        return self._database.write(add)

    def update(self, id: str, **changes: Any) -> Future[TaskRecord]:  # noqa: A002 - the column's name
        """Change columns of a task in one transaction; the answer is the row as it is then.

        Raises (by the future):
            RuntimeError: There is no such task, or `TRANSITIONS` does not allow the change of its status.
        """

        def change() -> TaskRecord:
            with self._database.change() as db:
                row = db.execute("SELECT status FROM tasks WHERE id = ?", (id,)).fetchone()
                if row is None:
                    raise RuntimeError(f"the ledger has no task {id}")
                status = changes.get("status", row["status"])
                if status != row["status"] and status not in TRANSITIONS[row["status"]]:
                    raise RuntimeError(f"task {id} cannot go from {row['status']} to {status}")
                changed = update(db, "tasks", id, changes)
                assert changed is not None
                record = from_row(TaskRecord, changed)
                _write_held(db, record)
                return record

        return self._database.write(change)

    def change_owner(self, id: str, old: str | None, new: str) -> Future[TaskRecord | None]:  # noqa: A002 - the column's name
        """Give a task another owner; the answer is its row, or None where `old` is not its owner any more."""

        def change() -> TaskRecord | None:
            with self._database.change() as db:
                changed = db.execute("UPDATE tasks SET owner = ? WHERE id = ? AND owner IS ?", (new, id, old)).rowcount
                row = db.execute("SELECT * FROM tasks WHERE id = ?", (id,)).fetchone()
                return from_row(TaskRecord, row) if changed else None

        return self._database.write(change)

    def delete(self, ids: Iterable[str]) -> Future[int]:
        """Delete finished tasks, and the files that nothing else refers to; the answer is the number of tasks.

        Raises (by the future):
            RuntimeError: One of them is still open or unknown.
        """
        wanted = tuple(ids)

        def delete() -> int:
            # Files go inside the transaction: nobody can begin to refer to one meanwhile.
            with self._database.change() as db:
                return sum(self._delete(db, one) for one in wanted)

        return self._database.write(delete)

    def _delete(self, db: sqlite3.Connection, id: str) -> bool:  # noqa: A002 - the column's name
        row = db.execute("SELECT status, file, subtitles FROM tasks WHERE id = ?", (id,)).fetchone()
        if row is None:
            return False
        if row["status"] not in _DELETABLE:
            raise RuntimeError(f"task {id[:8]} is {row['status']}; only what is settled can be deleted")
        db.execute("DELETE FROM budgeted WHERE task = ?", (id,))
        db.execute("UPDATE voices SET preview = NULL WHERE preview = ?", (id,))
        db.execute("DELETE FROM tasks WHERE id = ?", (id,))
        for name in filter(None, (row["file"], row["subtitles"])):
            # A clip can be the recording that a voice is, what a study is held against, and what listeners are asked about.
            query = (
                "SELECT 1 FROM tasks WHERE file = ?1 OR subtitles = ?1 "
                "UNION ALL SELECT 1 FROM voices WHERE remote LIKE '%' || ?1 "
                "UNION ALL SELECT 1 FROM listening_tests WHERE instr(design, ?1) "
                "UNION ALL SELECT 1 FROM studies WHERE instr(design, ?1) LIMIT 1"
            )
            if not db.execute(query, (name,)).fetchone():
                self._files.path(name).unlink(missing_ok=True)
        return True

    # -- reading -----------------------------------------------------------------------------------------------

    def get(self, id: str) -> TaskRecord | None:  # noqa: A002 - the column's name
        """The task with that id (its first characters are enough where they are unique)."""
        rows = self._database.read("SELECT * FROM tasks WHERE id = ?", (id,))
        if not rows and id and not set(id) - set("0123456789abcdef"):
            rows = self._database.read("SELECT * FROM tasks WHERE id GLOB ? LIMIT 2", (id + "*",))
        return from_row(TaskRecord, rows[0]) if len(rows) == 1 else None

    def select(
        self,
        *,
        status: str | Iterable[str] | None = None,
        service: str | None = None,
        endpoint: str | None = None,
        voice: str | None = None,
        limit: int | None = None,
        **more: Any,
    ) -> list[TaskRecord]:
        """Tasks, the newest first, that meet every condition given; `more` as `Wanted` has it."""
        wanted = Wanted(service=service, endpoint=endpoint, voice=voice, **more)
        return [from_row(TaskRecord, row) for row in self._read("rowid AS number, *", status, wanted, limit)]

    def ids(self, *, status: str | Iterable[str] | None = None, limit: int | None = None, **wanted: Any) -> list[str]:
        """The ids of what `select` finds with the same conditions."""
        return [row["id"] for row in self._read("id, created, rowid AS number", status, Wanted(**wanted), limit)]

    def count(self, *, status: str | Iterable[str] | None = None, **wanted: Any) -> dict[str, int]:
        """How many tasks `select` would find with the same conditions, by status."""
        where, values = Wanted(**wanted).sql(() if status is None else [status] if isinstance(status, str) else status)
        sql = f"SELECT status, COUNT(*) AS count FROM tasks{_where(where)} GROUP BY status"  # noqa: S608 - own names
        if status is not None and not isinstance(status, str) and not list(status):
            return {}
        return {row["status"]: row["count"] for row in self._database.read(sql, values)}

    def values(self, column: str) -> list[str]:
        """What there is of ``voice_name``, ``service``, ``kind`` or ``label``, in alphabetical order.

        Raises:
            ValueError: Another column.
        """
        if column not in {"voice_name", "service", "kind", "label"}:
            raise ValueError(f"column={column!r} has no list of values")
        sql = f"SELECT DISTINCT {column} AS one FROM tasks WHERE {column} IS NOT NULL AND {column} != ''"  # noqa: S608 - own names
        return sorted((row["one"] for row in self._database.read(sql)), key=str.casefold)

    def _read(
        self, what: str, status: str | Iterable[str] | None, wanted: Wanted, limit: int | None
    ) -> Sequence[sqlite3.Row]:
        where, values = wanted.sql()
        order = "ORDER BY created DESC, number DESC" + (f" LIMIT {int(limit)}" if limit is not None else "")
        sql = f"SELECT {what} FROM tasks{_where(where)} {order}"  # noqa: S608 - own names
        if status is not None:
            each = [status] if isinstance(status, str) else sorted(status)
            if not each:
                return []
            # One walk down an index for each status, each of them no longer than the page, instead of one over all rows.
            one = f"SELECT {what} FROM tasks{_where(['status = ?', *where])} {order}"  # noqa: S608
            sql = " UNION ALL ".join([f"SELECT * FROM ({one})"] * len(each)) + f" {order}"  # noqa: S608
            values = [value for this in each for value in (this, *values)]
        return self._database.read(sql, values)

    def cached(self, key: str) -> TaskRecord | None:
        """The newest completed task with that key whose files are all there; one that a fallback made is none."""
        rows = self._database.read(
            "SELECT * FROM tasks WHERE cache_key = ? AND status = 'completed' AND degraded IS NOT 1 "
            "ORDER BY created DESC LIMIT 5",
            (key,),
        )
        for row in rows:
            record = from_row(TaskRecord, row)
            files = [self._files.path(name) for name in (record.file, record.subtitles) if name]
            if files and all(file.is_file() for file in files):
                return record
        return None

    def under_way(self, key: str) -> TaskRecord | None:
        """The newest task with that key that may still make its clip: sent and not ended, planned, or of unknown outcome."""
        unsettled = (*OPEN, "unknown")
        marks = ", ".join("?" * len(unsettled))
        rows = self._database.read(
            f"SELECT * FROM tasks WHERE status IN ({marks}) AND cache_key = ? ORDER BY created DESC LIMIT 1",  # noqa: S608 - marks alone
            (*unsettled, key),
        )
        return from_row(TaskRecord, rows[0]) if rows else None

    def kept_preview(self, service: str, endpoint: str, *, request: str, reference: str) -> TaskRecord | None:
        """The newest completed preview that the same request has made of the same recording, if its file is sound.

        Args:
            service: The service's id.
            endpoint: As in `TaskRecord`.
            request: SHA-256 of the request's body.
            reference: SHA-256 of the recording.
        """
        rows = self._database.read(
            "SELECT * FROM tasks WHERE service = ? AND endpoint = ? AND kind = 'preview' AND status = 'completed' "
            "AND request = ? AND reference = ? AND file IS NOT NULL AND degraded IS NOT 1 ORDER BY created DESC LIMIT 5",
            (service, endpoint, request, reference),
        )
        records = (from_row(TaskRecord, row) for row in rows)
        return next((one for one in records if one.file is not None and self._files.is_sound(one.file)), None)

    # -- sums --------------------------------------------------------------------------------------------------

    def spending(self, by: str, since: datetime | None) -> list[sqlite3.Row]:
        """Sums of what was charged, in billionths, by ``day``, ``service``, ``voice`` or ``label``."""
        keys = {
            "day": "date(created / 1000, 'unixepoch')",
            "service": "service",
            "voice": "voice_name",
            "label": "label",
        }
        return self._database.read(
            f"SELECT {keys[by]} AS what, service, endpoint, unit, COUNT(*) AS tasks, SUM(held) AS spent, "  # noqa: S608
            "SUM(CASE WHEN cost IS NULL THEN held ELSE 0 END) AS reserved FROM tasks WHERE held IS NOT NULL "
            "AND created >= ? GROUP BY what, service, endpoint, unit ORDER BY what DESC, service, endpoint",
            (0 if since is None else to_column("created", since),),
        )

    def spent_since(self, task: TaskRecord, moment: datetime) -> tuple[Decimal, Decimal, int]:
        """What the tasks of a task's service that were sent since a moment cost.

        Returns:
            What is settled, what may still be charged, and the number of tasks that the latter is for.
        """
        [row] = self._database.read(
            "SELECT SUM(CASE WHEN cost IS NOT NULL THEN held END) AS settled, SUM(CASE WHEN cost IS NULL THEN held END) AS "
            "perhaps, SUM(cost IS NULL AND held > 0) AS count FROM tasks WHERE service = ? AND endpoint = ? AND submitted >= ?",
            (task.service, task.endpoint, to_column("submitted", moment)),
        )
        settled, perhaps = (Decimal(row[name] or 0) / BILLION for name in ("settled", "perhaps"))
        return settled, perhaps, int(row["count"] or 0)


def _write_held(db: sqlite3.Connection, record: TaskRecord) -> None:
    db.execute("UPDATE tasks SET held = ? WHERE id = ?", (amount_held(record), record.id))
