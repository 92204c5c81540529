"""Records as rows of SQLite: how each kind of value is kept, and the statements that all tables share."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["from_column", "from_row", "insert", "restrict", "to_column", "update"]

T = TypeVar("T")

_MOMENTS = {"created", "submitted", "completed", "expires", "activated", "frozen", "started", "finished"}
_MONEY = {"estimate", "cost", "refunded", "amount"}
_JSON = {"parameters", "metadata", "kept", "details", "design", "vote"}
_SWITCHES = {"degraded", "cached"}
_NO_FIELDS = {"held", "number"}
"""Columns of a row that its record does not have."""


def to_column(name: str, value: Any) -> Any:
    """A value as SQLite keeps it: moments in ms, money as text, parameters as JSON."""
    if value is None:
        return None
    if name in _MOMENTS:
        return round(value.timestamp() * 1000)
    if name in _MONEY:
        return f"{value:f}"
    if name in _JSON:
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return value


def from_column(name: str, value: Any) -> Any:
    """The value that `to_column` was given."""
    if value is None:
        return None
    if name in _MOMENTS:
        return datetime.fromtimestamp(value / 1000, UTC)
    if name in _MONEY:
        return Decimal(value)
    if name in _JSON:
        return json.loads(value)
    return bool(value) if name in _SWITCHES else value


def from_row(kind: type[T], row: sqlite3.Row) -> T:
    """The record of a row."""
    return kind(**{name: from_column(name, row[name]) for name in row.keys() if name not in _NO_FIELDS})  # noqa: SIM118 - a Row iterates values


def insert(db: sqlite3.Connection, table: str, record: DataclassInstance) -> None:
    """Add a record to its table."""
    names = [one.name for one in fields(record)]
    db.execute(
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",  # noqa: S608 - own names
        tuple(to_column(name, getattr(record, name)) for name in names),
    )


def update(db: sqlite3.Connection, table: str, id: str, changes: Mapping[str, Any]) -> sqlite3.Row | None:  # noqa: A002 - the column's name
    """Change columns of the row `id`; return the row as it is then, or None where there is none."""
    assignments = ", ".join(f"{name} = ?" for name in changes)
    db.execute(
        f"UPDATE {table} SET {assignments} WHERE id = ?",  # noqa: S608 - own names
        (*(to_column(name, value) for name, value in changes.items()), id),
    )
    row: sqlite3.Row | None = db.execute(f"SELECT * FROM {table} WHERE id = ?", (id,)).fetchone()  # noqa: S608 - own names
    return row


def restrict(**values: Any) -> tuple[list[str], list[Any]]:
    """The conditions of a query, and what stands for their question marks: each value that is not None has to be met."""
    given = {name: value for name, value in values.items() if value is not None}
    return [f"{name} = ?" for name in given], list(given.values())
