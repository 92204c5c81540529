"""The rows of an account's balance, as it was read from time to time."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import datetime
from decimal import Decimal

from voicenb.ledger.database import Database
from voicenb.ledger.records import TaskRecord, now
from voicenb.ledger.rows import from_column, to_column

__all__ = ["BalanceTable"]


class BalanceTable:
    """The balances of one ledger; see `voicenb.ledger.database` for threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, service: str, endpoint: str, amount: Decimal) -> Future[None]:
        """Write down what the account has now, to compare with later."""

        def add() -> None:
            with self._database.change() as db:
                db.execute(
                    "INSERT INTO balances VALUES (?, ?, ?, ?)",
                    (service, endpoint, to_column("created", now()), f"{amount:f}"),
                )

        return self._database.write(add)

    def before(self, task: TaskRecord) -> tuple[datetime, Decimal] | None:
        """When the balance was read last before a task was sent, and what the account had then; None where it was not."""
        rows = self._database.read(
            "SELECT moment AS created, amount FROM balances WHERE service = ? AND endpoint = ? AND moment <= ? "
            "ORDER BY moment DESC LIMIT 1",
            (task.service, task.endpoint, to_column("submitted", task.submitted or task.created)),
        )
        return (from_column("created", rows[0]["created"]), Decimal(rows[0]["amount"])) if rows else None
