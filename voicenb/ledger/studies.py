"""The rows of studies, the tasks of their cells, and what was measured of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import NamedTuple, TypeAlias

from voicenb.ledger.database import Database
from voicenb.ledger.records import StudyRecord, TaskRecord
from voicenb.ledger.rows import from_row, insert, to_column

__all__ = ["Measurement", "Place", "StudyTable"]

_PAGE = 500
_RECENT = 200

Place: TypeAlias = tuple[str, int]
"""Where a task stands among those of its study: its cell, and the number of its row."""


class Measurement(NamedTuple):
    """One value of one sound.

    Attributes:
        sound: The name of its file, which has the SHA-256 of its content.
        reference: The name of the file that it was compared with, or "".
        text: SHA-256 of its text, for measures that need it, or "".
        measure, version: What was measured.
        value: The value; None where it could not be taken.
        error: Why not.
    """

    sound: str
    reference: str
    text: str
    measure: str
    version: int
    value: float | None
    error: str | None = None


class StudyTable:
    """The studies of one ledger; see `voicenb.ledger.database` for threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, record: StudyRecord) -> StudyRecord:
        """Add a study, unless there is one of that name; the answer is the one that is there then."""

        def add() -> None:
            with self._database.change() as db:
                if not db.execute("SELECT 1 FROM studies WHERE name = ?", (record.name,)).fetchone():
                    insert(db, "studies", record)

        self._database.write(add).result()
        return self.named(record.name) or record

    def redesign(self, record: StudyRecord) -> Future[None]:
        """Write down another design of a study."""

        def change() -> None:
            with self._database.change() as db:
                design = to_column("design", record.design)
                db.execute("UPDATE studies SET design = ? WHERE id = ?", (design, record.id))

        return self._database.write(change)

    def named(self, name: str) -> StudyRecord | None:
        """The study of that name."""
        rows = self._database.read("SELECT * FROM studies WHERE name = ?", (name,))
        return from_row(StudyRecord, rows[0]) if rows else None

    def select(self) -> list[StudyRecord]:
        """Every study, the newest first."""
        rows = self._database.read("SELECT * FROM studies ORDER BY created DESC, rowid DESC")
        return [from_row(StudyRecord, row) for row in rows]

    def tasks(self, study: str) -> Iterator[TaskRecord]:
        """The tasks of a study, cell by cell, each cell's in the order in which they were planned; read page by page."""
        after: Place | None = None
        while True:
            page = self.page(study, after, _PAGE)
            yield from (record for _, record in page)
            if len(page) < _PAGE:
                return
            after = page[-1][0]

    def page(self, study: str, after: Place | None, size: int) -> list[tuple[Place, TaskRecord]]:
        """Some tasks of a study in the order of `tasks`, each with its place in it.

        Args:
            study: The study's id.
            after: The place of the last one that was read; None begins.
            size: How many at most.
        """
        cell, number = after or ("", -1)
        # Along an index that holds the row's number behind study and cell: what lies before the page is not read.
        rows = self._database.read(
            "SELECT rowid AS number, * FROM tasks WHERE study = ? AND (cell, rowid) > (?, ?) ORDER BY cell, rowid LIMIT ?",
            (study, cell, number, size),
        )
        return [((row["cell"], row["number"]), from_row(TaskRecord, row)) for row in rows]

    def texts(self, service: str, endpoint: str) -> Iterator[tuple[str, int, str]]:
        """Text, take and parameters (as JSON) of each clip that `TaskTable.cached` may find, the oldest first."""
        moment, number = -1, -1
        while True:
            rows = self._database.read(
                "SELECT rowid AS number, created, kind, text, take, parameters, degraded, cache_key FROM tasks "
                "WHERE service = ? AND endpoint = ? AND status = 'completed' AND (created, rowid) > (?, ?) "
                "ORDER BY created, rowid LIMIT ?",
                (service, endpoint, moment, number, _PAGE),
            )
            for row in rows:
                moment, number = row["created"], row["number"]
                if row["kind"] == "production" and row["cache_key"] and row["text"] is not None and not row["degraded"]:
                    yield row["text"], row["take"], row["parameters"]
            if len(rows) < _PAGE:
                return

    def pace(self, service: str, endpoint: str) -> float | None:
        """Seconds that the service took for one of its last clips; None where it has made none in this home.

        What was made side by side counts as often as it was made, and the time between requests does not count.
        """
        rows = self._database.read(
            "SELECT submitted, completed FROM tasks WHERE service = ? AND endpoint = ? AND status = 'completed' "
            "AND kind = 'production' AND cached IS NOT 1 AND submitted IS NOT NULL AND completed IS NOT NULL "
            "ORDER BY created DESC LIMIT ?",
            (service, endpoint, _RECENT),
        )
        busy, until = 0, -1
        for begun, ended in sorted((row["submitted"], row["completed"]) for row in rows):
            busy += max(0, ended - max(begun, until))
            until = max(until, ended)
        return busy / 1000 / len(rows) if rows else None

    def keep(self, measured: Iterable[Measurement]) -> Future[None]:
        """Write down what was measured; a value that is there already is replaced."""
        rows = list(measured)

        def add() -> None:
            with self._database.change() as db:
                db.executemany("INSERT OR REPLACE INTO measurements VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

        return self._database.write(add)

    def measured(self, study: str) -> Iterator[Measurement]:
        """What was measured of the sounds of a study, read page by page; a sound of several cells comes for each."""
        after: Place | None = ("", -1)
        while after is not None:
            rows = self._database.read(
                "SELECT cell, rowid AS number FROM tasks WHERE study = ? AND (cell, rowid) > (?, ?) ORDER BY cell, rowid "
                "LIMIT 1 OFFSET ?",
                (study, *after, _PAGE - 1),
            )
            last = (rows[0]["cell"], rows[0]["number"]) if rows else None
            # CROSS: the tasks of the page first, and for each the measurements that begin with its file. A cell is hexadecimal, so
            # that a tilde comes behind them all.
            found = self._database.read(
                "SELECT m.* FROM tasks AS t CROSS JOIN measurements AS m ON m.sound = t.file "
                "WHERE t.study = ? AND (t.cell, t.rowid) > (?, ?) AND (t.cell, t.rowid) <= (?, ?)",
                (study, *after, *(last or ("~", 0))),
            )
            for row in found:
                yield Measurement(**{name: row[name] for name in Measurement._fields})
            after = last
