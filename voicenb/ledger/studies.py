"""The rows of studies, the tasks of their cells, and what was measured of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import NamedTuple

from voicenb.ledger.database import Database
from voicenb.ledger.records import StudyRecord, TaskRecord
from voicenb.ledger.rows import from_row, insert, to_column

__all__ = ["Measurement", "StudyTable"]

_PAGE = 500


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
        """The tasks of a study in the order in which they were planned, read page by page."""
        last = -1
        while True:
            rows = self._database.read(
                "SELECT rowid AS number, * FROM tasks WHERE study = ? AND rowid > ? ORDER BY rowid LIMIT ?",
                (study, last, _PAGE),
            )
            for row in rows:
                last = row["number"]
                yield from_row(TaskRecord, row)
            if len(rows) < _PAGE:
                return

    def keep(self, measured: Iterable[Measurement]) -> Future[None]:
        """Write down what was measured; a value that is there already is replaced."""
        rows = list(measured)

        def add() -> None:
            with self._database.change() as db:
                db.executemany("INSERT OR REPLACE INTO measurements VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

        return self._database.write(add)

    def measured(self, study: str) -> list[Measurement]:
        """What was measured of the sounds of a study."""
        rows = self._database.read(
            "SELECT m.* FROM measurements AS m WHERE m.sound IN "
            "(SELECT file FROM tasks WHERE study = ? AND file IS NOT NULL)",
            (study,),
        )
        return [Measurement(**{name: row[name] for name in Measurement._fields}) for row in rows]
