"""The sandbox's books: accounts, charges, refunds, tasks, models, voices and uploads in one SQLite file.

Money is counted in micro-credits (integers, a millionth of a credit), so that no sum ever rounds. Every
change of state is one transaction: a task exists exactly when it is charged or its dues are noted, and is completed
exactly when its files and its model are known. Dues are what a task will be charged when it succeeds; until then
no other task can spend them. The entries are append-only; an account's two sums are kept beside them.

The sandbox's lock makes this process the file's only user, and all calls come from its event loop's thread: a
transaction takes a fraction of a millisecond.
"""

from __future__ import annotations

import json
import math
import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from voicenb.sandbox.bookkeeping.money import shown
from voicenb.sandbox.bookkeeping.records import (
    MODEL_COLUMNS,
    TASK_COLUMNS,
    VOICE_COLUMNS,
    Account,
    Model,
    Task,
    Upload,
    Voice,
    task_of,
    voice_of,
)
from voicenb.sandbox.bookkeeping.schema import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["Books", "OverdrawnError"]


class OverdrawnError(Exception):
    """The account does not cover the charge.

    Attributes:
        needed: What the request costs, in micro-credits.
        balance: What the account holds, in micro-credits.
    """

    def __init__(self, needed: int, balance: int) -> None:
        super().__init__(f"needs {shown(needed)} credits, {shown(balance)} are left")
        self.needed = needed
        self.balance = balance


class Books:
    """The sandbox's state on disk.

    Args:
        path: The SQLite file; made when missing.
    """

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        # An exclusive WAL needs no shared memory, so it also works where the home is on a network file system.
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._migrate()
        self._offset = float(self._setting("clock") or 0)

    def _migrate(self) -> None:
        [seen] = self._db.execute("PRAGMA user_version").fetchone()
        if seen > len(MIGRATIONS):
            raise RuntimeError(f"The sandbox's books are of a newer voicenb (version {seen}); update voicenb.")
        for version, statements in enumerate(MIGRATIONS[seen:], start=seen + 1):
            with self._transaction():
                for statement in statements:
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {version}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # The clock

    def now(self) -> float:
        """Unix seconds of the sandbox's own clock."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> float:
        """Move the sandbox's clock forward, for good; returns the new time."""
        offset = self._offset + seconds
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO settings VALUES ('clock', ?)", (repr(offset),))
        self._offset = offset
        return self.now()

    def _setting(self, name: str) -> str | None:
        row = self._db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    # Settings

    def switch(self, name: str) -> Any:
        """What a setting of the sandbox was set to; None where it never was."""
        found = self._setting(f"switch.{name}")
        return None if found is None else json.loads(found)

    def set_switches(self, switches: Mapping[str, Any]) -> None:
        """Keep settings of the sandbox, all at once."""
        with self._transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO settings VALUES (?, ?)",
                [(f"switch.{name}", json.dumps(value)) for name, value in switches.items()],
            )

    # Accounts

    def open_account(self, service: str, grant: int) -> None:
        """Open a service's account with a first balance, unless there is one."""
        with self._transaction():
            made = self._db.execute("INSERT OR IGNORE INTO accounts VALUES (?, ?, 0)", (service, grant)).rowcount
            if made:
                self._enter(service, "grant", grant)

    def account(self, service: str) -> Account:
        """A service's account."""
        row = self._db.execute("SELECT balance, used FROM accounts WHERE service = ?", (service,)).fetchone()
        return Account(*row)

    def accounts(self) -> dict[str, Account]:
        """Every account by service."""
        rows = self._db.execute("SELECT service, balance, used FROM accounts ORDER BY service")
        return {service: Account(balance, used) for service, balance, used in rows}

    def set_balance(self, service: str, balance: int) -> None:
        """Set what is left on an account; the difference is entered as a grant."""
        with self._transaction():
            difference = balance - self.account(service).balance
            self._db.execute("UPDATE accounts SET balance = ? WHERE service = ?", (balance, service))
            self._enter(service, "grant", difference)

    def _enter(self, service: str, kind: str, amount: int, *, task: str | None = None, item: str | None = None) -> None:
        self._db.execute(
            "INSERT INTO entries (at, service, task, kind, item, amount) VALUES (?, ?, ?, ?, ?, ?)",
            (self.now(), service, task, kind, item, amount),
        )

    # Tasks

    def submit(
        self,
        *,
        id: str,  # noqa: A002  the wire's own name for it
        service: str,
        kind: str,
        request: Mapping[str, Any],
        characters: int,
        charges: Mapping[str, int] | None = None,
        dues: Mapping[str, int] | None = None,
        activate: str | None = None,
        queued: bool = True,
    ) -> Task:
        """Charge a task and put it into the queue, in one transaction.

        Args:
            id: The new task's id.
            service: The twin that it belongs to.
            kind: The twin's own name of what to do.
            request: What to do, JSON-able.
            characters: The characters that were charged for.
            charges: Micro-credits for each billing item, charged now.
            dues: Micro-credits for each billing item, charged when the task succeeds, and held until it ends.
            activate: The model that this call activates, if it is not active yet.
            queued: Whether the queue is to perform it; otherwise its request does, and it begins as processing.

        Raises:
            OverdrawnError: The account does not cover it; nothing was written.
        """
        charges, dues = charges or {}, dues or {}
        needed = sum(charges.values()) + sum(dues.values())
        now = self.now()
        with self._transaction():
            [held] = self._db.execute(
                "SELECT COALESCE(SUM(amount), 0) FROM dues WHERE service = ?", (service,)
            ).fetchone()
            free = max(0, self.account(service).balance - held)
            if needed > free:
                raise OverdrawnError(needed, free)
            self._db.execute(
                "INSERT INTO tasks (id, service, kind, status, request, characters, attempts, created)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    id, service, kind, "queued" if queued else "processing", json.dumps(request), characters,
                    0 if queued else 1, now,
                ),
            )  # fmt: skip
            self._charge(id, service, charges)
            self._db.executemany(
                "INSERT INTO dues (service, task, item, amount) VALUES (?, ?, ?, ?)",
                [(service, id, item, amount) for item, amount in dues.items()],
            )
            if activate is not None:
                self._db.execute("UPDATE models SET activated = ? WHERE id = ? AND activated IS NULL", (now, activate))
        task = self.task(id)
        assert task is not None
        return task

    def _charge(self, task: str, service: str, charges: Mapping[str, int]) -> None:
        needed = sum(charges.values())
        balance = self.account(service).balance
        if needed > balance:
            raise OverdrawnError(needed, balance)
        self._db.execute(
            "UPDATE accounts SET balance = balance - ?, used = used + ? WHERE service = ?", (needed, needed, service)
        )
        for item, amount in charges.items():
            self._enter(service, "charge", amount, task=task, item=item)

    def _settle(self, task: str) -> None:
        """Charge what a task owes."""
        found = self._db.execute(
            "SELECT service, item, amount FROM dues WHERE task = ? ORDER BY number", (task,)
        ).fetchall()
        if found:
            self._db.execute("DELETE FROM dues WHERE task = ?", (task,))
            self._charge(task, found[0][0], {item: amount for _, item, amount in found})

    def settle(self, id: str) -> None:  # noqa: A002  the wire's own name for it
        """Charge what a task owes before it is completed; a failure refunds it.

        Raises:
            OverdrawnError: The balance was lowered meanwhile and does not cover it; nothing was written.
        """
        with self._transaction():
            self._settle(id)

    def task(self, id: str) -> Task | None:  # noqa: A002  the wire's own name for it
        """A task by its id."""
        row = self._db.execute(f"SELECT {TASK_COLUMNS} FROM tasks WHERE id = ?", (id,)).fetchone()  # noqa: S608  a constant
        return None if row is None else task_of(row)

    def take(self) -> Task | None:
        """The oldest queued task, now processing; None when none waits."""
        with self._transaction():
            row = self._db.execute("SELECT id FROM tasks WHERE status = 'queued' ORDER BY number LIMIT 1").fetchone()
            if row is None:
                return None
            self._db.execute("UPDATE tasks SET status = 'processing', attempts = attempts + 1 WHERE id = ?", row)
        return self.task(row[0])

    def put_back(self, id: str) -> None:  # noqa: A002  the wire's own name for it
        """Put a task that was interrupted in good order back into the queue; the attempt does not count."""
        with self._transaction():
            self._db.execute(
                "UPDATE tasks SET status = 'queued', attempts = attempts - 1 WHERE id = ? AND status = 'processing'",
                (id,),
            )

    def requeue(self) -> int:
        """Put every task that a killed sandbox left in processing back into the queue; returns how many."""
        with self._transaction():
            return self._db.execute("UPDATE tasks SET status = 'queued' WHERE status = 'processing'").rowcount

    def complete(
        self,
        id: str,  # noqa: A002  the wire's own name for it
        *,
        audio: str | None = None,
        subtitles: str | None = None,
        model: Model | None = None,
        voice: Voice | None = None,
        result: Mapping[str, Any] | None = None,
    ) -> None:
        """Complete a task and charge what it owes: its files are in place, its model or voice is entered with it.

        Args:
            id: The task.
            audio: The bare name of its audio in the results.
            subtitles: The bare name of its subtitle file in the results.
            model: The model that it made.
            voice: The voice that it made.
            result: What else the twin says of it, JSON-able.

        Raises:
            OverdrawnError: The balance was lowered meanwhile and does not cover what it owes; nothing was written.
        """
        with self._transaction():
            self._settle(id)
            if voice is not None:
                row = (voice.id, voice.service, voice.task, voice.profile, json.dumps(voice.details), voice.created)
                self._db.execute(f"INSERT INTO voices ({VOICE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", row)  # noqa: S608
            if model is not None:
                values = (
                    model.id, model.service, model.task, model.version, model.profile,
                    model.created, model.expires, model.activated,
                )  # fmt: skip
                self._db.execute(f"INSERT INTO models ({MODEL_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)  # noqa: S608
            self._db.execute(
                "UPDATE tasks SET status = 'completed', finished = ?, audio = ?, subtitles = ?, model = ?, result = ?"
                " WHERE id = ?",
                (
                    self.now(), audio, subtitles, None if model is None else model.id,
                    None if result is None else json.dumps(result), id,
                ),
            )  # fmt: skip

    def fail(self, id: str, error: str, fault: str = "server") -> None:  # noqa: A002  the wire's own name for it
        """Fail an open task: it owes nothing more, and what it was charged is refunded, item by item."""
        with self._transaction():
            changed = self._db.execute(
                "UPDATE tasks SET status = 'failed', finished = ?, error = ?, fault = ?"
                " WHERE id = ? AND status IN ('queued', 'processing')",
                (self.now(), error, fault, id),
            ).rowcount
            if not changed:
                return
            self._db.execute("DELETE FROM dues WHERE task = ?", (id,))
            charges = self._db.execute(
                "SELECT service, item, amount FROM entries WHERE task = ? AND kind = 'charge' ORDER BY number", (id,)
            ).fetchall()
            for service, item, amount in charges:
                self._enter(service, "refund", amount, task=id, item=item)
                self._db.execute(
                    "UPDATE accounts SET balance = balance + ?, used = used - ? WHERE service = ?",
                    (amount, amount, service),
                )

    def counts(self) -> dict[str, int]:
        """The number of tasks by status."""
        found = dict(self._db.execute("SELECT status, COUNT(*) FROM tasks GROUP BY status").fetchall())
        return {status: found.get(status, 0) for status in ("queued", "processing", "completed", "failed")}

    def statement(self) -> list[tuple[Task, dict[str, int], int]]:
        """Every task in the order of submission, with its charges by item and its refund, in micro-credits."""
        charges: dict[str, dict[str, int]] = {}
        refunds: dict[str, int] = {}
        entries = self._db.execute(
            "SELECT task, kind, item, amount FROM entries WHERE task IS NOT NULL ORDER BY number"
        )
        for task, kind, item, amount in entries:
            if kind == "charge":
                charges.setdefault(task, {})[item] = amount
            else:
                refunds[task] = refunds.get(task, 0) + amount
        tasks = self._db.execute(f"SELECT {TASK_COLUMNS} FROM tasks ORDER BY number")  # noqa: S608  a constant
        return [(task, charges.get(task.id, {}), refunds.get(task.id, 0)) for task in map(task_of, tasks)]

    # Models, voices, uploads, results

    def model(self, id: str) -> Model | None:  # noqa: A002  the wire's own name for it
        """A model by its id."""
        row = self._db.execute(f"SELECT {MODEL_COLUMNS} FROM models WHERE id = ?", (id,)).fetchone()  # noqa: S608  a constant
        return None if row is None else Model(*row)

    def voice(self, service: str, id: str) -> Voice | None:  # noqa: A002  the wire's own name for it
        """A service's voice by its id."""
        row = self._db.execute(
            f"SELECT {VOICE_COLUMNS} FROM voices WHERE service = ? AND id = ?",  # noqa: S608  a constant
            (service, id),
        ).fetchone()
        return None if row is None else voice_of(row)

    def voices(self, service: str) -> list[Voice]:
        """A service's voices, oldest first."""
        rows = self._db.execute(
            f"SELECT {VOICE_COLUMNS} FROM voices WHERE service = ? ORDER BY rowid",  # noqa: S608  a constant
            (service,),
        )
        return [voice_of(row) for row in rows]

    def add_upload(self, upload: Upload) -> None:
        """Enter an uploaded file that is in place."""
        with self._transaction():
            self._db.execute(
                "INSERT INTO uploads VALUES (?, ?, ?, ?, ?)",
                (upload.name, upload.filename, upload.size, upload.mime, self.now()),
            )

    def result_age(self, name: str) -> float:
        """Seconds since the result file `name` was finished; infinite where no task has it."""
        row = self._db.execute(
            "SELECT finished FROM tasks WHERE audio = ? UNION ALL SELECT finished FROM tasks WHERE subtitles = ?",
            (name, name),
        ).fetchone()
        return math.inf if row is None or row[0] is None else self.now() - row[0]
