"""The rows of voices."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from voicenb.ledger.database import Database
from voicenb.ledger.records import VoiceRecord
from voicenb.ledger.rows import from_row, insert, restrict, update

__all__ = ["VoiceTable"]


class VoiceTable:
    """The voices of one ledger; see `voicenb.ledger.database` for threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, record: VoiceRecord) -> Future[None]:
        """Add a voice."""

        def add() -> None:
            with self._database.change() as db:
                insert(db, "voices", record)

        return self._database.write(add)

    def update(self, id: str, **changes: Any) -> Future[VoiceRecord]:  # noqa: A002 - the column's name
        """Change columns of a voice; the answer is the row as it is then.

        Raises (by the future):
            RuntimeError: There is no such voice.
        """

        def change() -> VoiceRecord:
            with self._database.change() as db:
                row = update(db, "voices", id, changes)
            if row is None:
                raise RuntimeError(f"the ledger has no voice {id}")
            return from_row(VoiceRecord, row)

        return self._database.write(change)

    def get(self, id: str) -> VoiceRecord | None:  # noqa: A002 - the column's name
        """The voice with the ledger's id `id`."""
        rows = self._database.read("SELECT * FROM voices WHERE id = ?", (id,))
        return from_row(VoiceRecord, rows[0]) if rows else None

    def named(self, name: str, service: str, endpoint: str) -> VoiceRecord | None:
        """The newest ready voice of that name, ledger's id, or service's id."""
        rows = self._database.read(
            "SELECT * FROM voices WHERE service = ? AND endpoint = ? AND ? IN (name, id, remote) AND state = 'ready' "
            "ORDER BY name = ? DESC, created DESC, rowid DESC LIMIT 1",
            (service, endpoint, name, name),
        )
        return from_row(VoiceRecord, rows[0]) if rows else None

    def select(self, service: str | None = None, endpoint: str | None = None) -> list[VoiceRecord]:
        """Voices that are not forgotten, the newest first."""
        conditions, values = restrict(service=service, endpoint=endpoint)
        where = " AND ".join(["state != 'forgotten'", *conditions])
        rows = self._database.read(
            f"SELECT * FROM voices WHERE {where} ORDER BY created DESC, rowid DESC",  # noqa: S608 - own names
            values,
        )
        return [from_row(VoiceRecord, row) for row in rows]
