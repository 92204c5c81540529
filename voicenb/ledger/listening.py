"""The rows of listening tests: their designs, who listened, and every vote."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from voicenb.ledger.database import Database
from voicenb.ledger.records import ListenerRecord, ListeningRecord, now
from voicenb.ledger.rows import from_row, insert, to_column

__all__ = ["ListeningTable"]


class ListeningTable:
    """The listening tests of one ledger; see `voicenb.ledger.database` for threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, record: ListeningRecord) -> ListeningRecord:
        """Add a test, unless there is one of that name; the answer is the one that is there then."""

        def add() -> None:
            with self._database.change() as db:
                if not db.execute("SELECT 1 FROM listening_tests WHERE name = ?", (record.name,)).fetchone():
                    insert(db, "listening_tests", record)

        self._database.write(add).result()
        return self.named(record.name) or record

    def named(self, name: str) -> ListeningRecord | None:
        """The test of that name."""
        rows = self._database.read("SELECT * FROM listening_tests WHERE name = ?", (name,))
        return from_row(ListeningRecord, rows[0]) if rows else None

    def select(self) -> list[ListeningRecord]:
        """Every test, the newest first."""
        rows = self._database.read("SELECT * FROM listening_tests ORDER BY created DESC, rowid DESC")
        return [from_row(ListeningRecord, row) for row in rows]

    def begin(self, record: ListenerRecord, places: int) -> ListenerRecord:
        """Add a listener, unless they have begun; the answer is the row that is there then.

        Args:
            record: The listener; a place below 0 is made the one that the fewest have had.
            places: How many places there are.
        """

        def add() -> None:
            with self._database.change() as db:
                key = (record.test, record.listener)
                if db.execute("SELECT 1 FROM listeners WHERE test = ? AND listener = ?", key).fetchone():
                    return
                place = record.place
                if place < 0:
                    counts = [0] * places
                    for row in db.execute("SELECT place FROM listeners WHERE test = ?", (record.test,)):
                        counts[row["place"] % places] += 1
                    place = counts.index(min(counts))
                insert(db, "listeners", replace(record, place=place))

        self._database.write(add).result()
        return self.listener(record.test, record.listener) or record

    def listener(self, test: str, listener: str) -> ListenerRecord | None:
        """The row of a listener."""
        rows = self._database.read("SELECT * FROM listeners WHERE test = ? AND listener = ?", (test, listener))
        return from_row(ListenerRecord, rows[0]) if rows else None

    def listeners(self, test: str) -> list[ListenerRecord]:
        """Everybody who has begun a test, in the order in which they did."""
        rows = self._database.read("SELECT * FROM listeners WHERE test = ? ORDER BY started, listener", (test,))
        return [from_row(ListenerRecord, row) for row in rows]

    def sources(self, test: str) -> set[str]:
        """Where the votes of a test come from: ``cell``, ``file``, ``simulated``."""
        rows = self._database.read(
            "SELECT DISTINCT source FROM listeners WHERE test = ? AND EXISTS"
            " (SELECT 1 FROM votes WHERE votes.test = listeners.test AND votes.listener = listeners.listener)",
            (test,),
        )
        return {row["source"] for row in rows}

    def keep(self, test: str, listener: str, votes: Iterable[Mapping[str, Any]], counted: Collection[str]) -> None:
        """Write down votes; it returns when they are on disk.

        With them goes the moment of the first vote of the test, and the one in which a listener has answered all: no reader sees a last
        vote of somebody who is not done. The first vote of a trial stays; a draft of one is replaced.

        Args:
            test: The test's id.
            listener: Whose votes.
            votes: What was answered.
            counted: The trials that a listener must answer to be done.
        """
        given = list(votes)

        def add() -> None:
            with self._database.change() as db:
                moment = to_column("frozen", now())
                if given:
                    db.execute("UPDATE listening_tests SET frozen = ? WHERE id = ? AND frozen IS NULL", (moment, test))
                rows = db.execute("SELECT trial, vote FROM votes WHERE test = ? AND listener = ?", (test, listener))
                fixed = {row["trial"] for row in rows if not json.loads(row["vote"]).get("draft")}
                for vote in given:
                    if vote["trial"] not in fixed:
                        row = (test, listener, vote["trial"], to_column("vote", vote))
                        db.execute("INSERT OR REPLACE INTO votes VALUES (?, ?, ?, ?)", row)
                        if not vote.get("draft"):
                            fixed.add(vote["trial"])
                if fixed.issuperset(counted):
                    db.execute(
                        "UPDATE listeners SET finished = ? WHERE test = ? AND listener = ? AND finished IS NULL",
                        (moment, test, listener),
                    )

        self._database.write(add).result()

    def votes(self, test: str, listener: str | None = None) -> dict[str, list[dict[str, Any]]]:
        """The votes of a test by listener, or of one listener alone."""
        where, values = ("test = ?", [test]) if listener is None else ("test = ? AND listener = ?", [test, listener])
        rows = self._database.read(
            f"SELECT listener, vote FROM votes WHERE {where} ORDER BY listener, trial",  # noqa: S608 - own words
            values,
        )
        found: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            found.setdefault(row["listener"], []).append(json.loads(row["vote"]))
        return found
