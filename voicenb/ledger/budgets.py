"""The rows of budgets, and what their tasks hold of them."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Sequence
from concurrent.futures import Future
from decimal import Decimal

from voicenb.ledger.database import Database
from voicenb.ledger.records import BILLION, BudgetRecord, TaskRecord, amount_held, billionths
from voicenb.ledger.rows import from_row, insert

__all__ = ["BudgetTable", "OverBudget", "require_room", "reserve"]

_USED = "SELECT SUM(held) AS used FROM budgeted JOIN tasks ON tasks.id = budgeted.task WHERE budget = ?"


class OverBudget(Exception):  # noqa: N818 - the answer to a question; it never reaches a user, so it is not in `voicenb.errors`
    """A budget does not cover a task.

    Attributes:
        budget: The budget.
        used: What it has held before.
    """

    def __init__(self, budget: BudgetRecord, used: Decimal) -> None:
        super().__init__(f"{used} of {budget.amount} {budget.unit} are used")
        self.budget = budget
        self.used = used


def require_room(db: sqlite3.Connection, budgets: Sequence[BudgetRecord], record: TaskRecord) -> None:
    """Do nothing where each of `budgets` covers a task that is about to be added.

    Raises:
        OverBudget: One of them does not.
    """
    for budget in budgets:
        used = int(db.execute(_USED, (budget.id,)).fetchone()["used"] or 0)
        if used + amount_held(record) > billionths(budget.amount):
            raise OverBudget(budget, Decimal(used) / BILLION)


def reserve(db: sqlite3.Connection, budgets: Sequence[BudgetRecord], record: TaskRecord) -> None:
    """Count a task that was added in each of `budgets`."""
    db.executemany("INSERT INTO budgeted VALUES (?, ?)", [(one.id, record.id) for one in budgets])


class BudgetTable:
    """The budgets of one ledger; see `voicenb.ledger.database` for threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, record: BudgetRecord) -> Future[BudgetRecord]:
        """Add a budget. One with the same name is taken up again, with the new amount."""

        def add() -> BudgetRecord:
            with self._database.change() as db:
                found = db.execute(
                    "SELECT * FROM budgets WHERE service = ? AND endpoint = ? AND name = ?",
                    (record.service, record.endpoint, record.name),
                ).fetchone()
                if found is None:
                    insert(db, "budgets", record)
                    return record
                db.execute("UPDATE budgets SET amount = ? WHERE id = ?", (f"{record.amount:f}", found["id"]))
                return dataclasses.replace(from_row(BudgetRecord, found), amount=record.amount)

        return self._database.write(add)

    def used(self, id: str) -> Decimal:  # noqa: A002 - the column's name
        """What a budget's tasks have cost or may still cost, unknown ones included."""
        return Decimal(int(self._database.read(_USED, (id,))[0]["used"] or 0)) / BILLION

    def tasks(self, id: str) -> list[TaskRecord]:  # noqa: A002 - the column's name
        """The tasks of a budget, the oldest first."""
        rows = self._database.read(
            "SELECT tasks.* FROM budgeted JOIN tasks ON tasks.id = budgeted.task WHERE budget = ? "
            "ORDER BY created, tasks.rowid",
            (id,),
        )
        return [from_row(TaskRecord, row) for row in rows]
