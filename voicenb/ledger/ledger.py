"""`Ledger`: the record behind every task, in one home.

It is written ahead: the intent and its price before the request leaves, the remote id before the first poll, the audio
before the task counts as done. Several kernels and the shell may use one home at the same time
(`voicenb.ledger.database`, `voicenb.ledger.owners`).
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from voicenb.errors import StorageError
from voicenb.ledger.balances import BalanceTable
from voicenb.ledger.budgets import BudgetTable
from voicenb.ledger.database import Database
from voicenb.ledger.files import FileStore
from voicenb.ledger.listening import ListeningTable
from voicenb.ledger.migrations import migrate, require_current
from voicenb.ledger.owners import Owners
from voicenb.ledger.records import TaskRecord
from voicenb.ledger.studies import StudyTable
from voicenb.ledger.tasks import TaskTable
from voicenb.ledger.voices import VoiceTable

__all__ = ["Ledger"]

_open: weakref.WeakValueDictionary[tuple[int, Path], Ledger] = weakref.WeakValueDictionary()
_open_lock = threading.Lock()


def _in_child() -> None:
    global _open_lock  # noqa: PLW0603 - a thread of the parent may hold it for ever
    _open_lock = threading.Lock()
    for ledger in list(_open.values()):
        ledger.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)


class Ledger:
    """The ledger of one home; `Ledger.at` gives the one that this process has open.

    Attributes:
        home: The home folder.
        path: The SQLite file.
        files: Audio and subtitles.
        owners: The processes that follow tasks.
        tasks, voices, budgets, balances, studies, listening: The rows of each.

    Args:
        home: The home folder.

    Raises:
        VoicenbError: The home was written by a newer voicenb, or cannot be written.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.path = home / "ledger.db"
        self.files = FileStore(home / "files")
        self.owners = Owners(home / "owners")
        self._pid = os.getpid()
        self._database = self._open()
        self.tasks = TaskTable(self._database, self.files)
        self.voices = VoiceTable(self._database)
        self.budgets = BudgetTable(self._database)
        self.balances = BalanceTable(self._database)
        self.studies = StudyTable(self._database)
        self.listening = ListeningTable(self._database)

    def _open(self) -> Database:
        database = Database(self.path)
        weakref.finalize(self, database.finish)
        try:
            for folder in ("files", "owners"):
                (self.home / folder).mkdir(exist_ok=True)
            database.write(self._migrate, database).result()
        except (OSError, StorageError) as error:
            database.close()
            if not self._may_only_be_read():
                raise StorageError.of(self.path, error) if isinstance(error, OSError) else error from None
            database = Database(self.path, read_only=True)
            weakref.finalize(self, database.finish)
            require_current({row["name"] for row in database.read("SELECT name FROM migrations")}, self.path)
        return database

    def _migrate(self, database: Database) -> None:
        with suppress(OSError):
            self.path.chmod(0o600)
        with database.change() as db:
            migrate(db, self.path)

    def _may_only_be_read(self) -> bool:
        return os.access(self.path, os.R_OK) and not (os.access(self.home, os.W_OK) and os.access(self.path, os.W_OK))

    def after_fork(self) -> None:
        """In a forked child: be another owner, who has no task yet; the parent's tasks stay the parent's."""
        self._pid = os.getpid()
        self.owners.after_fork()
        _open[self._pid, self.home] = self

    @classmethod
    def at(cls, home: Path) -> Ledger:
        """The ledger of `home`, opened once a process; a forked child goes on with it as an owner of its own."""
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
        """End the writer and let go of the owner's lock."""
        if os.getpid() != self._pid:
            return
        self._database.close()
        self.owners.close()
        with _open_lock:
            if _open.get((self._pid, self.home)) is self:
                del _open[self._pid, self.home]

    def take_over(self, id: str, dead: str | None) -> Future[TaskRecord | None]:  # noqa: A002 - the column's name
        """Make this process the owner of a task whose owner was `dead`; None where another process was faster."""
        return self.tasks.change_owner(id, dead, self.owners.prove_alive())

    def remote_ids(self, service: str, endpoint: str) -> frozenset[str]:
        """The service's ids of every task and voice of it in the ledger."""
        rows = self._database.read(
            "SELECT remote_id AS id FROM tasks WHERE service = ? AND endpoint = ? AND remote_id IS NOT NULL "
            "UNION SELECT remote FROM voices WHERE service = ? AND endpoint = ? AND remote IS NOT NULL",
            (service, endpoint, service, endpoint),
        )
        return frozenset(row["id"] for row in rows)

    def copy(self, folder: Path) -> None:
        """Copy ledger and files to `folder`, which is a home then, while others go on writing.

        Raises:
            StorageError: `folder` cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # The ledger first: what it names then is there already.
            self._database.copy(folder / self.path.name)
            self.files.copy(folder / "files")
        except OSError as error:
            raise StorageError.of(folder, error) from error


def _close(reference: weakref.ref[Ledger]) -> None:
    ledger = reference()
    if ledger is not None:
        ledger.close()
