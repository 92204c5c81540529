"""One SQLite file: one thread that writes, and connections that read.

What is asked for while a commit is under way is written together with the next one: each change is whole or not at all,
as if it were alone, and many of them share one wait for the disk.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from voicenb.errors import InvalidRequest, StorageError

__all__ = ["Database"]

T = TypeVar("T")

_BUSY_SECONDS = 30.0
_MOST_AT_ONCE = 256
_READERS = 4
_NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "fuse.sshfs", "9p", "afs", "ceph", "lustre", "glusterfs")


class _Gate:
    """Lets nobody use a connection while the process forks.

    A child takes SQLite's own account of locks over from its parent, though it does not hold them; a connection that is
    open during a fork makes the child write into a file that it believes to have locked
    (https://sqlite.org/howtocorrupt.html, 2.6). So there is none: they are closed before, and opened again when needed.
    """

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._inside = 0
        self._shut = False

    def __enter__(self) -> None:
        with self._turn:
            self._turn.wait_for(lambda: not self._shut)
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._turn:
            self._inside -= 1
            self._turn.notify_all()

    def shut(self) -> None:
        with self._turn:
            self._shut = True
            self._turn.wait_for(lambda: not self._inside)

    def open(self) -> None:
        with self._turn:
            self._shut = False
            self._turn.notify_all()


_gate = _Gate()
_databases: weakref.WeakSet[Database] = weakref.WeakSet()


def _before_fork() -> None:
    _gate.shut()
    for database in list(_databases):
        database.close_connections()


def _in_child() -> None:
    global _gate  # noqa: PLW0603 - the parent's threads, which hold places in it, are not here
    _gate = _Gate()
    for database in list(_databases):
        database.after_fork()


if hasattr(os, "register_at_fork"):
    # The gate by its name: a child of a child has another one.
    os.register_at_fork(before=_before_fork, after_in_parent=lambda: _gate.open(), after_in_child=_in_child)  # noqa: PLW0108


@dataclass
class _Job:
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    future: Future[Any] = field(default_factory=Future)


class Database:
    """The file at `path`, in WAL mode, or with a rollback journal on a network file system, where WAL does not work.

    In a forked child it has a thread and connections of its own; what was to be written in the moment of the fork is the
    parent's. Nothing else in the process may open the file, or
    those beside it, not even to read or to copy it: closing it again lets go of SQLite's locks, and what other processes
    write then is lost (https://sqlite.org/howtocorrupt.html, 2.2). `copy` makes a copy.

    Args:
        path: The file; made when missing.
        read_only: The file is there and is left as it is.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._read_only = read_only
        self._pid = os.getpid()
        self._writing: sqlite3.Connection | None = None
        self._inode = 0
        self._reading: deque[sqlite3.Connection] = deque()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._thread: threading.Thread | None = None
        _databases.add(self)

    def after_fork(self) -> None:
        """In a forked child: begin anew, without the parent's thread and what waits for it."""
        self._pid = os.getpid()
        self._writing = None
        self._reading = deque()
        self._jobs = SimpleQueue()
        self._lock = threading.Lock()
        self._thread = None

    # -- writing -----------------------------------------------------------------------------------------------

    def write(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        """Calls ``function(*arguments)`` on the writing thread; the future is done when what it changed is on disk.

        Raises:
            RuntimeError: The database is closed.
            StorageError: It may only be read.
        """
        if self._read_only:
            raise StorageError(
                f"{self.path} may only be read, so that nothing new can be done in this home. Set VOICENB_HOME, or home=, to a "
                "folder that you can write. Nothing was sent."
            )
        job = _Job(function, arguments)
        with self._lock:
            if self._closed:
                raise RuntimeError(f"{self.path} is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="voicenb-ledger", daemon=True)
                self._thread.start()
            self._jobs.put(job)
        return job.future

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """The connection that writes, in a transaction within the one that is open; on the writing thread only."""
        db = self._writing
        assert db is not None
        db.execute("SAVEPOINT change")
        try:
            yield db
        except BaseException:
            # A full disk ends the whole transaction by itself.
            if db.in_transaction:
                db.execute("ROLLBACK TO change")
                db.execute("RELEASE change")
            raise
        db.execute("RELEASE change")

    def _work(self) -> None:
        while True:
            jobs = [self._jobs.get()]
            with suppress(Empty):
                while len(jobs) < _MOST_AT_ONCE:
                    jobs.append(self._jobs.get_nowait())
            with _gate:
                self._commit([job for job in jobs if job is not None and job.future.set_running_or_notify_cancel()])
                if None in jobs:
                    if self._writing is not None:
                        self._writing.close()
                        self._writing = None
                    return

    def _commit(self, jobs: list[_Job]) -> None:
        """Does all of `jobs` in one transaction, and then says so."""
        done: list[tuple[_Job, Any]] = []
        failed: list[tuple[_Job, BaseException]] = []
        try:
            db = self._writer()
            # IMMEDIATE: a transaction that reads and then writes must not find the lock taken half-way.
            db.execute("BEGIN IMMEDIATE")
            try:
                for job in jobs:
                    try:
                        done.append((job, job.function(*job.arguments)))
                    except BaseException as error:  # noqa: BLE001 - whoever asked gets it
                        failed.append((job, error))
                    if not db.in_transaction:
                        raise sqlite3.OperationalError("the transaction was rolled back")  # noqa: TRY301
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
        except BaseException as error:  # noqa: BLE001 - whoever asked gets it
            refused = {id(job) for job, _ in failed}
            failed += [(job, error) for job in jobs if id(job) not in refused]
            done = []
        for job, value in done:
            job.future.set_result(value)
        for job, problem in failed:
            job.future.set_exception(self._as_storage_error(problem))

    def _as_storage_error(self, error: BaseException) -> BaseException:
        # A broken constraint is a mistake of the caller's, anything else is the disk's.
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.IntegrityError):
            return StorageError.of(self.path, error)
        return error

    def _writer(self) -> sqlite3.Connection:
        if self._writing is None:
            db = self._connect()
            mode = "DELETE" if _on_network(self.path) else "WAL"
            db.execute(f"PRAGMA journal_mode = {mode}")
            db.execute("PRAGMA synchronous = FULL")
            self._writing = db
            self._inode = self.path.stat().st_ino
        elif not self.path.exists() or self.path.stat().st_ino != self._inode:
            # What is written to a file that has no name any more is lost with the process.
            raise sqlite3.OperationalError("it was deleted or replaced while it was in use; restart the kernel")
        return self._writing

    # -- reading -----------------------------------------------------------------------------------------------

    def read(self, sql: str, values: Iterable[Any] = ()) -> list[sqlite3.Row]:
        """The rows of a query, as they were committed last."""
        with _gate:
            return self._read(sql, values)

    def _read(self, sql: str, values: Iterable[Any]) -> list[sqlite3.Row]:
        db: sqlite3.Connection | None = None
        try:
            try:
                db = self._reading.pop()
            except IndexError:
                db = self._connect()
            rows = db.execute(sql, tuple(values)).fetchall()
        except BaseException as error:
            if db is not None:
                db.close()
            if isinstance(error, sqlite3.DatabaseError):
                raise StorageError.of(self.path, error) from error
            if isinstance(error, UnicodeEncodeError | OverflowError):
                raise InvalidRequest(f"what is looked for cannot be in the ledger: {error}") from None
            raise
        if len(self._reading) < _READERS and not self._closed:
            self._reading.append(db)
        else:
            db.close()
        return rows

    def copy(self, path: Path) -> None:
        """Writes what was committed last to `path`, as a database of its own, while others go on writing.

        Raises:
            StorageError: `path` cannot be written.
        """
        with _gate:
            source = self._connect()
            target: sqlite3.Connection | None = None
            try:
                target = sqlite3.connect(path)
                source.backup(target)
            except sqlite3.DatabaseError as error:
                raise StorageError.of(path, error) from error
            finally:
                source.close()
                if target is not None:
                    target.close()

    # -- both --------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Writes what was asked for, and closes every connection."""
        self.finish()
        if os.getpid() == self._pid and self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def finish(self) -> None:
        """`close` without waiting for what is still to be written."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        while self._reading:
            self._reading.pop().close()

    def close_connections(self) -> None:
        """Closes the connections while nobody uses them; they are opened again when they are needed."""
        if os.getpid() != self._pid:
            return
        if self._writing is not None:
            self._writing.close()
            self._writing = None
        while self._reading:
            self._reading.pop().close()

    def _connect(self) -> sqlite3.Connection:
        if self._read_only:
            return self._connect_to_read()
        db = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        return _prepared(db)

    def _connect_to_read(self) -> sqlite3.Connection:
        db = sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS, check_same_thread=False)
        try:
            db.execute("SELECT name FROM sqlite_master").fetchone()
        except sqlite3.OperationalError:
            # SQLite shares the log of a WAL file by a file beside it, which cannot be made here. Without a log there is nothing
            # to share (https://sqlite.org/wal.html, "Read-Only Databases"); one that is there is read in a copy.
            db.close()
            log = self.path.with_name(self.path.name + "-wal")
            if not log.exists() or not log.stat().st_size:
                db = sqlite3.connect(f"{self.path.as_uri()}?immutable=1", uri=True, check_same_thread=False)
            else:
                with tempfile.TemporaryDirectory(prefix="voicenb-") as folder:
                    for path in (self.path, log):
                        shutil.copyfile(path, Path(folder, path.name))
                    copied = sqlite3.connect(Path(folder, self.path.name))
                    db = sqlite3.connect(":memory:", check_same_thread=False)
                    copied.backup(db)
                    copied.close()
        return _prepared(db)


def _prepared(db: sqlite3.Connection) -> sqlite3.Connection:
    db.row_factory = sqlite3.Row
    # SQLite folds ASCII alone: it would not find "Überall" by "überall".
    db.create_function("folded", 1, str.casefold, deterministic=True)
    return db


def _on_network(path: Path) -> bool:
    """Whether `path` lies on a network file system (Linux only)."""
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
