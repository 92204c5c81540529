"""The SQLite record behind every task, and the content-addressed files beside it.

What is paid for is written here before anything else happens: the intent and its price before the request leaves,
the remote id before the first poll, the audio before the task counts as done.

Threads and processes: each process writes through one thread with one connection, in short transactions; reads open
a connection of their own. Several kernels and the shell may use one home at the same time. A task is followed, and its
row changed, only by the process whose id stands in ``owner``; a process proves that it lives by holding the lock on
``owners/<id>``, which the operating system releases when it dies.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import sqlite3
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from voicenb.errors import VoicenbError

__all__ = ["FINAL", "OPEN", "STATUSES", "TRANSITIONS", "Ledger", "TaskRecord", "VoiceRecord", "now"]

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
_MIGRATIONS: tuple[tuple[str, str], ...] = (
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
)

_BUSY_SECONDS = 30.0
_NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "fuse.sshfs", "9p", "afs", "ceph", "lustre", "glusterfs")


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


_MOMENTS = {"created", "submitted", "completed", "expires", "activated"}
_MONEY = {"estimate", "cost", "refunded"}


def _to_column(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _MOMENTS:
        return round(value.timestamp() * 1000)
    if name in _MONEY:
        return f"{value:f}"
    if name == "parameters":
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return value


def _from_column(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _MOMENTS:
        return datetime.fromtimestamp(value / 1000, UTC)
    if name in _MONEY:
        return Decimal(value)
    if name == "parameters":
        return json.loads(value)
    return bool(value) if name == "degraded" else value


def _record(kind: type[T], row: sqlite3.Row) -> T:
    return kind(**{name: _from_column(name, row[name]) for name in row.keys()})  # noqa: SIM118 - a Row iterates values


_TASK_COLUMNS = tuple(one.name for one in fields(TaskRecord))
_VOICE_COLUMNS = tuple(one.name for one in fields(VoiceRecord))

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
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="voicenb-ledger")
        self._connection: sqlite3.Connection | None = None
        self._alive: FileLock | None = None
        for folder in ("files", "owners"):
            (home / folder).mkdir(exist_ok=True)
        try:
            self._write(self._migrate).result()
        except sqlite3.Error as error:
            self._writer.shutdown()
            raise VoicenbError(f"the ledger {self.path} cannot be opened: {error}") from error

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
        with suppress(RuntimeError):
            self._writer.submit(self._disconnect).result()
        self._writer.shutdown()
        self._disconnect()  # at the interpreter's exit the writer is gone before it could do so
        if self._alive is not None:
            self._alive.release()
            with suppress(OSError):
                (self.home / "owners" / self.owner).unlink()
            self._alive = None
        with _open_lock:
            if _open.get((self._pid, self.home)) is self:
                del _open[self._pid, self.home]

    # -- the connection ----------------------------------------------------------------------------------------

    def _write(self, function: Callable[..., T], *args: Any) -> Future[T]:
        return self._writer.submit(function, *args)

    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = _connect(self.path)
            mode = "DELETE" if _on_network(self.path) else "WAL"
            self._connection.execute(f"PRAGMA journal_mode = {mode}")
            self._connection.execute("PRAGMA synchronous = FULL")
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _migrate(self) -> None:
        db = self._db()
        with suppress(OSError):
            self.path.chmod(0o600)
        with _transaction(db):
            db.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied INTEGER NOT NULL) STRICT")
            applied = {row["name"] for row in db.execute("SELECT name FROM migrations")}
            unknown = applied - {name for name, _ in _MIGRATIONS}
            if unknown:
                raise VoicenbError(
                    f"{self.path} was written by a newer voicenb ({', '.join(sorted(unknown))}); upgrade this one, or "
                    "give another home with VOICENB_HOME or connect(home=…)"
                )
            for name, script in _MIGRATIONS:
                if name not in applied:
                    for statement in script.split(";"):
                        if statement.strip():
                            db.execute(statement)
                    db.execute("INSERT INTO migrations VALUES (?, ?)", (name, round(time.time())))

    def _read(self, sql: str, values: Iterable[Any] = ()) -> list[sqlite3.Row]:
        with closing(_connect(self.path)) as db:
            return db.execute(sql, tuple(values)).fetchall()

    # -- tasks -------------------------------------------------------------------------------------------------

    def add_task(self, record: TaskRecord) -> Future[None]:
        """Writes a new task down."""
        return self._write(self._insert, "tasks", _TASK_COLUMNS, record)

    def update_task(self, id: str, **changes: Any) -> Future[TaskRecord]:  # noqa: A002 - the column's name
        """Changes a task's row in one transaction; the answer is the row as it is then.

        Raises (by the future):
            RuntimeError: The change of status is none that `TRANSITIONS` allows.
        """
        return self._write(self._update_task, id, changes)

    def _update_task(self, id: str, changes: dict[str, Any]) -> TaskRecord:  # noqa: A002
        db = self._db()
        with _transaction(db):
            row = db.execute("SELECT * FROM tasks WHERE id = ?", (id,)).fetchone()
            if row is None:
                raise RuntimeError(f"the ledger has no task {id}")
            status = changes.get("status", row["status"])
            if status != row["status"] and status not in TRANSITIONS[row["status"]]:
                raise RuntimeError(f"task {id} cannot go from {row['status']} to {status}")
            assignments = ", ".join(f"{name} = ?" for name in changes)
            db.execute(
                f"UPDATE tasks SET {assignments} WHERE id = ?",  # noqa: S608 - names are this module's own
                (*(_to_column(name, value) for name, value in changes.items()), id),
            )
            return _record(TaskRecord, db.execute("SELECT * FROM tasks WHERE id = ?", (id,)).fetchone())

    def take_over(self, id: str, dead: str | None) -> Future[TaskRecord | None]:  # noqa: A002
        """Makes this process the owner of a task whose owner was `dead`; None where another process was faster."""

        def take() -> TaskRecord | None:
            db = self._db()
            with _transaction(db):
                changed = db.execute(
                    "UPDATE tasks SET owner = ? WHERE id = ? AND owner IS ?", (self.owner, id, dead)
                ).rowcount
                row = db.execute("SELECT * FROM tasks WHERE id = ?", (id,)).fetchone()
                return _record(TaskRecord, row) if changed else None

        self.prove_alive()
        return self._write(take)

    def task(self, id: str) -> TaskRecord | None:  # noqa: A002
        """The task with that id (its first characters are enough where they are unique)."""
        rows = self._read("SELECT * FROM tasks WHERE id = ?", (id,))
        if not rows and id and not set(id) - set("0123456789abcdef"):
            rows = self._read("SELECT * FROM tasks WHERE id GLOB ? LIMIT 2", (id + "*",))
        return _record(TaskRecord, rows[0]) if len(rows) == 1 else None

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
        if status is not None:
            wanted = [status] if isinstance(status, str) else sorted(status)
            where.append(f"status IN ({', '.join('?' * len(wanted))})")
            values += wanted
        for column, value in (("service", service), ("endpoint", endpoint), ("voice", voice)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        if since is not None:
            where.append("created >= ?")
            values.append(round(since.timestamp() * 1000))
        sql = "SELECT * FROM tasks" + (f" WHERE {' AND '.join(where)}" if where else "")  # noqa: S608 - own names
        sql += " ORDER BY created DESC, rowid DESC" + (f" LIMIT {int(limit)}" if limit is not None else "")
        return [_record(TaskRecord, row) for row in self._read(sql, values)]

    # -- voices ------------------------------------------------------------------------------------------------

    def add_voice(self, record: VoiceRecord) -> Future[None]:
        """Writes a new voice down."""
        return self._write(self._insert, "voices", _VOICE_COLUMNS, record)

    def update_voice(self, id: str, **changes: Any) -> Future[VoiceRecord]:  # noqa: A002
        """Changes a voice's row; the answer is the row as it is then."""

        def change() -> VoiceRecord:
            db = self._db()
            with _transaction(db):
                assignments = ", ".join(f"{name} = ?" for name in changes)
                db.execute(
                    f"UPDATE voices SET {assignments} WHERE id = ?",  # noqa: S608 - names are this module's own
                    (*(_to_column(name, value) for name, value in changes.items()), id),
                )
                row = db.execute("SELECT * FROM voices WHERE id = ?", (id,)).fetchone()
            if row is None:
                raise RuntimeError(f"the ledger has no voice {id}")
            return _record(VoiceRecord, row)

        return self._write(change)

    def voice(self, id: str) -> VoiceRecord | None:  # noqa: A002
        """The voice with the ledger's id `id`."""
        rows = self._read("SELECT * FROM voices WHERE id = ?", (id,))
        return _record(VoiceRecord, rows[0]) if rows else None

    def find_voice(self, name: str, service: str, endpoint: str) -> VoiceRecord | None:
        """The newest ready voice of that name, id, or id at the service."""
        rows = self._read(
            "SELECT * FROM voices WHERE service = ? AND endpoint = ? AND ? IN (name, id, remote) AND state = 'ready' "
            "ORDER BY name = ? DESC, created DESC, rowid DESC LIMIT 1",
            (service, endpoint, name, name),
        )
        return _record(VoiceRecord, rows[0]) if rows else None

    def voices(self, service: str | None = None, endpoint: str | None = None) -> list[VoiceRecord]:
        """Voices that are not forgotten, the newest first."""
        where = ["state != 'forgotten'"]
        values = []
        for column, value in (("service", service), ("endpoint", endpoint)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        sql = f"SELECT * FROM voices WHERE {' AND '.join(where)} ORDER BY created DESC, rowid DESC"  # noqa: S608
        return [_record(VoiceRecord, row) for row in self._read(sql, values)]

    def _insert(self, table: str, columns: tuple[str, ...], record: TaskRecord | VoiceRecord) -> None:
        db = self._db()
        with _transaction(db):
            db.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",  # noqa: S608
                tuple(_to_column(name, getattr(record, name)) for name in columns),
            )

    # -- owners ------------------------------------------------------------------------------------------------

    def prove_alive(self) -> str:
        """This process's id as an owner; from now on its lock is held until the process ends."""
        if self._alive is None:
            lock = FileLock(self.home / "owners" / self.owner, thread_local=False)
            lock.acquire(timeout=0)
            self._alive = lock
        return self.owner

    def is_alive(self, owner: str | None) -> bool:
        """Whether the process with that id still holds its lock."""
        if not owner:
            return False
        if owner == self.owner:
            return True
        path = self.home / "owners" / owner
        if not path.exists():
            return False
        try:
            with FileLock(path, timeout=0):
                pass
        except Timeout:
            return True
        with suppress(OSError):
            path.unlink()
        return False

    # -- files -------------------------------------------------------------------------------------------------

    def store(self, data: bytes, suffix: str) -> str:
        """Keeps `data` under its SHA-256 and gives its path under ``files/``; whole or not at all.

        Args:
            data: The bytes.
            suffix: The file's suffix without a dot.
        """
        digest = hashlib.sha256(data).hexdigest()
        name = f"{digest[:2]}/{digest}.{suffix}"
        target = self.home / "files" / name
        if target.exists() and target.stat().st_size == len(data):
            return name
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{uuid.uuid4().hex}.part")
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        return name

    def file(self, name: str) -> Path:
        """Where the file `name`, as `store` gave it, lies."""
        return self.home / "files" / name


def _close(reference: weakref.ref[Ledger]) -> None:
    ledger = reference()
    if ledger is not None:
        ledger.close()


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    db.row_factory = sqlite3.Row
    return db


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    # IMMEDIATE: a transaction that reads and then writes must not find the lock taken half-way.
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _on_network(path: Path) -> bool:
    """Whether `path` lies on a network file system, where WAL's shared memory does not work (Linux only)."""
    try:
        mounts = Path("/proc/mounts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    best, kind = "", ""
    for line in mounts:
        _, where, this, *_ = line.split(" ")
        where = where.replace("\\040", " ")
        if len(where) >= len(best) and path.is_relative_to(where):
            best, kind = where, this
    return kind.startswith(_NETWORK_FILE_SYSTEMS)
