"""The SQLite record behind every task, and the content-addressed files beside it.

What is paid for is written here before anything else happens: the intent and its price before the request leaves,
the remote id before the first poll, the audio before the task counts as done.

Threads and processes: each process writes through one thread with one connection, in short transactions; reads have
connections of their own (`voicenb.database`). Several kernels and the shell may use one home at the same time. A task is followed, and its
row changed, only by the process whose id stands in ``owner``; a process proves that it lives by holding the lock on
``owners/<id>``, which the operating system releases when it dies, and to other machines by renewing ``owners/<id>.host``.
"""

from __future__ import annotations

import atexit
import dataclasses
import hashlib
import os
import platform
import shutil
import sqlite3
import tempfile
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from voicenb.database import Database, StorageError
from voicenb.errors import VoicenbError
from voicenb.schema import (
    BILLION,
    BUDGET_COLUMNS,
    FINAL,
    MIGRATIONS,
    OPEN,
    STATUSES,
    TASK_COLUMNS,
    TRANSITIONS,
    VOICE_COLUMNS,
    BudgetRecord,
    TaskRecord,
    VoiceRecord,
    billionths,
    from_column,
    from_row,
    held,
    now,
    to_column,
)

__all__ = [
    "FINAL",
    "OPEN",
    "STATUSES",
    "TRANSITIONS",
    "BudgetRecord",
    "Ledger",
    "OverBudget",
    "TaskRecord",
    "VoiceRecord",
    "now",
]

T = TypeVar("T")

_RENEW_SECONDS = 10.0
_USED = "SELECT SUM(held) AS used FROM budgeted JOIN tasks ON tasks.id = budgeted.task WHERE budget = ?"
_MARK_SECONDS = 30.0


class OverBudget(Exception):  # noqa: N818 - not an error of the ledger: the answer to a question
    """A budget does not cover a task.

    Attributes:
        budget: The budget.
        used: What it has held before.
    """

    def __init__(self, budget: BudgetRecord, used: Decimal) -> None:
        super().__init__(f"{used} of {budget.amount} {budget.unit} are used")
        self.budget = budget
        self.used = used


_open: weakref.WeakValueDictionary[tuple[int, Path], Ledger] = weakref.WeakValueDictionary()
_open_lock = threading.Lock()


class Ledger:
    """The ledger of one home; `Ledger.at` gives the one that this process has open.

    Args:
        home: The home folder.

    Raises:
        VoicenbError: The home was written by a newer voicenb, or cannot be written.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.path = home / "ledger.db"
        self.owner = uuid.uuid4().hex
        self._pid = os.getpid()
        self._database = Database(self.path)
        weakref.finalize(self, self._database.finish)
        self._alive: FileLock | None = None
        self._proving = threading.Lock()
        self._ending = threading.Event()
        for folder in ("files", "owners"):
            (home / folder).mkdir(exist_ok=True)
        try:
            self._write(self._migrate).result()
        except StorageError:
            self._database.close()
            raise

    @classmethod
    def at(cls, home: Path) -> Ledger:
        """The ledger of `home`, opened once a process (and anew after a fork)."""
        key = (os.getpid(), home)
        with _open_lock:
            ledger = _open.get(key)
            if ledger is None:
                _open[key] = ledger = cls(home)
                # A weak reference: at exit only what is still in use needs closing.
                atexit.register(_close, weakref.ref(ledger))
            return ledger

    def __repr__(self) -> str:
        return f"Ledger({str(self.home)!r})"

    def close(self) -> None:
        """Ends the writer and lets go of the owner's lock."""
        if os.getpid() != self._pid:
            return
        self._database.close()
        if self._alive is not None:
            self._ending.set()
            self._alive.release()
            for left in (self._owned(self.owner), self._owned(self.owner + ".host")):
                with suppress(OSError):
                    left.unlink()
            self._alive = None
        with _open_lock:
            if _open.get((self._pid, self.home)) is self:
                del _open[self._pid, self.home]

    # -- the connection ----------------------------------------------------------------------------------------

    def _write(self, function: Callable[..., T], *args: Any) -> Future[T]:
        return self._database.write(function, *args)

    def _migrate(self) -> None:
        with suppress(OSError):
            self.path.chmod(0o600)
        with self._database.change() as db:
            db.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied INTEGER NOT NULL) STRICT")
            applied = {row["name"] for row in db.execute("SELECT name FROM migrations")}
            unknown = applied - {name for name, _ in MIGRATIONS}
            if unknown:
                raise VoicenbError(
                    f"{self.path} was written by a newer voicenb ({', '.join(sorted(unknown))}); upgrade this one, or "
                    "give another home with VOICENB_HOME or connect(home=…)"
                )
            for name, script in MIGRATIONS:
                if name not in applied:
                    for statement in script.split(";"):
                        if statement.strip():
                            db.execute(statement)
                    db.execute("INSERT INTO migrations VALUES (?, ?)", (name, round(time.time())))

    def _read(self, sql: str, values: Iterable[Any] = ()) -> list[sqlite3.Row]:
        return self._database.read(sql, values)

    # -- tasks -------------------------------------------------------------------------------------------------

    def add_task(self, record: TaskRecord, budgets: Sequence[BudgetRecord] = ()) -> Future[None]:
        """Writes a new task down, and reserves its estimate in every one of `budgets`, or neither.

        Raises (by the future):
            OverBudget: A budget does not cover it; nothing was written.
        """

        def add() -> None:
            with self._database.change() as db:
                reserved = held(record)
                for budget in budgets:
                    used = int(db.execute(_USED, (budget.id,)).fetchone()["used"] or 0)
                    if used + reserved > billionths(budget.amount):
                        raise OverBudget(budget, Decimal(used) / BILLION)
                _insert(db, "tasks", TASK_COLUMNS, record)
                db.execute("UPDATE tasks SET held = ? WHERE id = ?", (reserved, record.id))
                db.executemany("INSERT INTO budgeted VALUES (?, ?)", [(one.id, record.id) for one in budgets])

        return self._write(add)

    def update_task(self, id: str, **changes: Any) -> Future[TaskRecord]:  # noqa: A002 - the column's name
        """Changes a task's row in one transaction; the answer is the row as it is then.

        Raises (by the future):
            RuntimeError: The change of status is none that `TRANSITIONS` allows.
        """
        return self._write(self._update_task, id, changes)

    def _update_task(self, id: str, changes: dict[str, Any]) -> TaskRecord:  # noqa: A002
        with self._database.change() as db:
            row = db.execute("SELECT * FROM tasks WHERE id = ?", (id,)).fetchone()
            if row is None:
                raise RuntimeError(f"the ledger has no task {id}")
            status = changes.get("status", row["status"])
            if status != row["status"] and status not in TRANSITIONS[row["status"]]:
                raise RuntimeError(f"task {id} cannot go from {row['status']} to {status}")
            assignments = ", ".join(f"{name} = ?" for name in changes)
            db.execute(
                f"UPDATE tasks SET {assignments} WHERE id = ?",  # noqa: S608 - names are this module's own
                (*(to_column(name, value) for name, value in changes.items()), id),
            )
            changed = from_row(TaskRecord, db.execute("SELECT * FROM tasks WHERE id = ?", (id,)).fetchone())
            db.execute("UPDATE tasks SET held = ? WHERE id = ?", (held(changed), id))
            return changed

    def take_over(self, id: str, dead: str | None) -> Future[TaskRecord | None]:  # noqa: A002
        """Makes this process the owner of a task whose owner was `dead`; None where another process was faster."""

        def take() -> TaskRecord | None:
            with self._database.change() as db:
                changed = db.execute(
                    "UPDATE tasks SET owner = ? WHERE id = ? AND owner IS ?", (self.owner, id, dead)
                ).rowcount
                row = db.execute("SELECT * FROM tasks WHERE id = ?", (id,)).fetchone()
                return from_row(TaskRecord, row) if changed else None

        self.prove_alive()
        return self._write(take)

    def task(self, id: str) -> TaskRecord | None:  # noqa: A002
        """The task with that id (its first characters are enough where they are unique)."""
        rows = self._read("SELECT * FROM tasks WHERE id = ?", (id,))
        if not rows and id and not set(id) - set("0123456789abcdef"):
            rows = self._read("SELECT * FROM tasks WHERE id GLOB ? LIMIT 2", (id + "*",))
        return from_row(TaskRecord, rows[0]) if len(rows) == 1 else None

    def tasks(
        self,
        *,
        status: str | Iterable[str] | None = None,
        service: str | None = None,
        endpoint: str | None = None,
        voice: str | None = None,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> list[TaskRecord]:
        """Tasks, the newest first, that meet every condition given."""
        where: list[str] = []
        values: list[Any] = []
        for column, value in (("service", service), ("endpoint", endpoint), ("voice", voice)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        if since is not None:
            where.append("created >= ?")
            values.append(round(since.timestamp() * 1000))
        order = "ORDER BY created DESC, number DESC" + (f" LIMIT {int(limit)}" if limit is not None else "")
        sql = "SELECT rowid AS number, * FROM tasks" + (f" WHERE {' AND '.join(where)} " if where else " ") + order  # noqa: S608 - own names
        if status is not None:
            wanted = [status] if isinstance(status, str) else sorted(status)
            # One walk down an index for each status, each of them no longer than the page, instead of one over all rows.
            one = f"SELECT rowid AS number, * FROM tasks WHERE {' AND '.join(['status = ?', *where])} {order}"  # noqa: S608
            sql = " UNION ALL ".join([f"SELECT * FROM ({one})"] * len(wanted)) + f" {order}"  # noqa: S608
            values = [value for each in wanted for value in (each, *values)]
            if not wanted:
                return []
        return [from_row(TaskRecord, row) for row in self._read(sql, values)]

    def delete_tasks(self, ids: Iterable[str]) -> Future[int]:
        """Takes finished tasks out of the ledger, and the files that no other task refers to; the answer is their number.

        Raises (by the future):
            RuntimeError: One of them is still open or unknown.
        """
        wanted = tuple(ids)

        def delete() -> int:
            count = 0
            # Files go inside the transaction: nobody can begin to refer to one meanwhile.
            with self._database.change() as db:
                for id in wanted:  # noqa: A001 - the column's name
                    row = db.execute("SELECT status, file, subtitles FROM tasks WHERE id = ?", (id,)).fetchone()
                    if row is None:
                        continue
                    if row["status"] not in FINAL - {"unknown"}:
                        raise RuntimeError(f"task {id[:8]} is {row['status']}; only what is settled can be deleted")
                    db.execute("DELETE FROM budgeted WHERE task = ?", (id,))
                    db.execute("UPDATE voices SET preview = NULL WHERE preview = ?", (id,))
                    db.execute("DELETE FROM tasks WHERE id = ?", (id,))
                    count += 1
                    for name in (row["file"], row["subtitles"]):
                        if (
                            name
                            and not db.execute(
                                "SELECT 1 FROM tasks WHERE file = ? OR subtitles = ? LIMIT 1", (name, name)
                            ).fetchone()
                        ):
                            self.file(name).unlink(missing_ok=True)
            return count

        return self._write(delete)

    def spending(self, by: str, since: datetime | None) -> list[sqlite3.Row]:
        """Sums of what was charged, in billionths, by ``day``, ``service``, ``voice`` or ``label``."""
        keys = {
            "day": "date(created / 1000, 'unixepoch')",
            "service": "service",
            "voice": "voice_name",
            "label": "label",
        }
        return self._read(
            f"SELECT {keys[by]} AS what, service, endpoint, unit, COUNT(*) AS tasks, SUM(held) AS spent, "  # noqa: S608
            "SUM(CASE WHEN cost IS NULL THEN held ELSE 0 END) AS reserved FROM tasks WHERE held IS NOT NULL "
            "AND created >= ? GROUP BY what, service, endpoint, unit ORDER BY what DESC, service, endpoint",
            (0 if since is None else round(since.timestamp() * 1000),),
        )

    # -- voices ------------------------------------------------------------------------------------------------

    def add_voice(self, record: VoiceRecord) -> Future[None]:
        """Writes a new voice down."""

        def add() -> None:
            with self._database.change() as db:
                _insert(db, "voices", VOICE_COLUMNS, record)

        return self._write(add)

    def update_voice(self, id: str, **changes: Any) -> Future[VoiceRecord]:  # noqa: A002
        """Changes a voice's row; the answer is the row as it is then."""

        def change() -> VoiceRecord:
            with self._database.change() as db:
                assignments = ", ".join(f"{name} = ?" for name in changes)
                db.execute(
                    f"UPDATE voices SET {assignments} WHERE id = ?",  # noqa: S608 - names are this module's own
                    (*(to_column(name, value) for name, value in changes.items()), id),
                )
                row = db.execute("SELECT * FROM voices WHERE id = ?", (id,)).fetchone()
            if row is None:
                raise RuntimeError(f"the ledger has no voice {id}")
            return from_row(VoiceRecord, row)

        return self._write(change)

    def voice(self, id: str) -> VoiceRecord | None:  # noqa: A002
        """The voice with the ledger's id `id`."""
        rows = self._read("SELECT * FROM voices WHERE id = ?", (id,))
        return from_row(VoiceRecord, rows[0]) if rows else None

    def find_voice(self, name: str, service: str, endpoint: str) -> VoiceRecord | None:
        """The newest ready voice of that name, id, or id at the service."""
        rows = self._read(
            "SELECT * FROM voices WHERE service = ? AND endpoint = ? AND ? IN (name, id, remote) AND state = 'ready' "
            "ORDER BY name = ? DESC, created DESC, rowid DESC LIMIT 1",
            (service, endpoint, name, name),
        )
        return from_row(VoiceRecord, rows[0]) if rows else None

    def voices(self, service: str | None = None, endpoint: str | None = None) -> list[VoiceRecord]:
        """Voices that are not forgotten, the newest first."""
        where = ["state != 'forgotten'"]
        values = []
        for column, value in (("service", service), ("endpoint", endpoint)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        sql = f"SELECT * FROM voices WHERE {' AND '.join(where)} ORDER BY created DESC, rowid DESC"  # noqa: S608
        return [from_row(VoiceRecord, row) for row in self._read(sql, values)]

    # -- budgets and the cache ---------------------------------------------------------------------------------

    def open_budget(self, record: BudgetRecord) -> Future[BudgetRecord]:
        """Writes a budget down. One with the same name is taken up again, with the new amount."""

        def add() -> BudgetRecord:
            with self._database.change() as db:
                found = db.execute(
                    "SELECT * FROM budgets WHERE service = ? AND endpoint = ? AND name = ?",
                    (record.service, record.endpoint, record.name),
                ).fetchone()
                if found is None:
                    _insert(db, "budgets", BUDGET_COLUMNS, record)
                    return record
                db.execute("UPDATE budgets SET amount = ? WHERE id = ?", (f"{record.amount:f}", found["id"]))
                return dataclasses.replace(from_row(BudgetRecord, found), amount=record.amount)

        return self._write(add)

    def used(self, budget: str) -> Decimal:
        """What a budget's tasks have cost or may still cost, unknown ones included."""
        return Decimal(int(self._read(_USED, (budget,))[0]["used"] or 0)) / BILLION

    def budgeted(self, budget: str) -> list[TaskRecord]:
        """The tasks of a budget, the oldest first."""
        rows = self._read(
            "SELECT tasks.* FROM budgeted JOIN tasks ON tasks.id = budgeted.task WHERE budget = ? "
            "ORDER BY created, tasks.rowid",
            (budget,),
        )
        return [from_row(TaskRecord, row) for row in rows]

    def cached(self, key: str) -> TaskRecord | None:
        """The newest completed task with that key whose files are all there."""
        rows = self._read(
            "SELECT * FROM tasks WHERE cache_key = ? AND status = 'completed' ORDER BY created DESC LIMIT 5", (key,)
        )
        for row in rows:
            record = from_row(TaskRecord, row)
            files = [self.file(name) for name in (record.file, record.subtitles) if name]
            if files and all(file.is_file() for file in files):
                return record
        return None

    def keep_balance(self, service: str, endpoint: str, amount: Decimal) -> Future[None]:
        """Writes down what the account has now, to compare with later."""

        def add() -> None:
            with self._database.change() as db:
                db.execute(
                    "INSERT INTO balances VALUES (?, ?, ?, ?)",
                    (service, endpoint, to_column("created", now()), f"{amount:f}"),
                )

        return self._write(add)

    def balance_before(self, task: TaskRecord) -> tuple[datetime, Decimal] | None:
        """What the account had before a task was sent, as it was read last, and when that was."""
        rows = self._read(
            "SELECT moment AS created, amount FROM balances WHERE service = ? AND endpoint = ? AND moment <= ? "
            "ORDER BY moment DESC LIMIT 1",
            (task.service, task.endpoint, to_column("submitted", task.submitted or task.created)),
        )
        return (from_column("created", rows[0]["created"]), Decimal(rows[0]["amount"])) if rows else None

    def spent_since(self, task: TaskRecord, moment: datetime) -> tuple[Decimal, Decimal, int]:
        """What the tasks of a task's service that were sent since a moment cost: settled, perhaps, and how many the latter."""
        [row] = self._read(
            "SELECT SUM(CASE WHEN cost IS NOT NULL THEN held END) AS settled, SUM(CASE WHEN cost IS NULL THEN held END) AS "
            "perhaps, SUM(cost IS NULL AND held > 0) AS count FROM tasks WHERE service = ? AND endpoint = ? AND submitted >= ?",
            (task.service, task.endpoint, to_column("submitted", moment)),
        )
        settled, perhaps = (Decimal(row[name] or 0) / BILLION for name in ("settled", "perhaps"))
        return settled, perhaps, int(row["count"] or 0)

    def remote_ids(self, service: str, endpoint: str) -> frozenset[str]:
        """The service's ids of every task and voice of it in the ledger."""
        rows = self._read(
            "SELECT remote_id AS id FROM tasks WHERE service = ? AND endpoint = ? AND remote_id IS NOT NULL "
            "UNION SELECT remote FROM voices WHERE service = ? AND endpoint = ? AND remote IS NOT NULL",
            (service, endpoint, service, endpoint),
        )
        return frozenset(row["id"] for row in rows)

    # -- owners ------------------------------------------------------------------------------------------------

    def prove_alive(self) -> str:
        """This process's id as an owner; from now on it is proven alive until the process ends."""
        with self._proving:
            if self._alive is None:
                lock = FileLock(self._owned(self.owner), thread_local=False)
                # Another machine cannot see the lock; for it a mark is renewed as long as this process lives.
                mark = self._owned(self.owner + ".host")
                try:
                    lock.acquire(timeout=0)
                    mark.write_text(platform.node(), "utf-8")
                except OSError as error:
                    lock.release()
                    raise StorageError.of(mark, error) from error
                threading.Thread(target=_renew, args=(mark, self._ending), name="voicenb-alive", daemon=True).start()
                self._alive = lock
        return self.owner

    def _owned(self, name: str) -> Path:
        return self.home / "owners" / name

    def is_alive(self, owner: str | None) -> bool:
        """Whether the process with that id still lives: on this machine by its lock, elsewhere by its mark."""
        if not owner:
            return False
        if owner == self.owner:
            return True
        path, mark = self._owned(owner), self._owned(owner + ".host")
        try:
            host = mark.read_text("utf-8")
        except OSError:
            host = platform.node()
        if host != platform.node():
            return self._age(mark) < _MARK_SECONDS
        if not path.exists():
            return False
        try:
            with FileLock(path, timeout=0):
                pass
        except Timeout:
            return True
        for left in (path, mark):
            with suppress(OSError):
                left.unlink()
        return False

    def _age(self, mark: Path) -> float:
        """Seconds since a mark was renewed, by the file system's own clock: two machines' clocks differ."""
        with tempfile.NamedTemporaryFile(dir=mark.parent) as probe, suppress(OSError):
            return os.fstat(probe.fileno()).st_mtime - mark.stat().st_mtime
        return float("inf")

    # -- files -------------------------------------------------------------------------------------------------

    def store(self, data: bytes, suffix: str) -> str:
        """Keeps `data` under its SHA-256 and gives its path under ``files/``; whole or not at all.

        Args:
            data: The bytes.
            suffix: The file's suffix without a dot.

        Raises:
            StorageError: The disk does not take it; nothing was changed.
        """
        digest = hashlib.sha256(data).hexdigest()
        name = f"{digest[:2]}/{digest}.{suffix}"
        target = self.home / "files" / name
        if self.is_sound(name):
            return name
        temporary = target.with_name(f".{uuid.uuid4().hex}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        except OSError as error:
            raise StorageError.of(target, error) from error
        finally:
            temporary.unlink(missing_ok=True)
        return name

    def copy(self, folder: Path) -> None:
        """Copies ledger and files to `folder`, which is a home then, while others go on writing.

        Raises:
            StorageError: `folder` cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # The ledger first: what it names then is there already.
            self._database.copy(folder / self.path.name)
            shutil.copytree(
                self.home / "files", folder / "files", dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.part")
            )
        except (OSError, shutil.Error) as error:
            raise StorageError.of(folder, error) from error

    def is_sound(self, name: str) -> bool | None:
        """Whether the file `name` still has the hash that it is called by; None where it is gone."""
        try:
            with self.file(name).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return None
        return digest == Path(name).stem

    def file(self, name: str) -> Path:
        """Where the file `name`, as `store` gave it, lies."""
        return self.home / "files" / name


def _insert(db: sqlite3.Connection, table: str, columns: tuple[str, ...], record: Any) -> None:
    db.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",  # noqa: S608 - own names
        tuple(to_column(name, getattr(record, name)) for name in columns),
    )


def _renew(mark: Path, ending: threading.Event) -> None:
    while not ending.wait(_RENEW_SECONDS):
        try:
            os.utime(mark)
        except OSError:
            return


def _close(reference: weakref.ref[Ledger]) -> None:
    ledger = reference()
    if ledger is not None:
        ledger.close()
