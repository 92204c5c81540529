"""The tables of the books, and the migrations that bring a home of an earlier version up to date."""

from __future__ import annotations

__all__ = ["MIGRATIONS"]

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
        """CREATE TABLE accounts (
            service TEXT PRIMARY KEY,
            balance INTEGER NOT NULL CHECK (balance >= 0),
            used    INTEGER NOT NULL CHECK (used >= 0)
        )""",
        """CREATE TABLE tasks (
            number     INTEGER PRIMARY KEY AUTOINCREMENT,
            id         TEXT NOT NULL UNIQUE,
            service    TEXT NOT NULL,
            kind       TEXT NOT NULL,
            status     TEXT NOT NULL CHECK (status IN ('queued', 'processing', 'completed', 'failed')),
            request    TEXT NOT NULL,
            characters INTEGER NOT NULL,
            attempts   INTEGER NOT NULL DEFAULT 0,
            created    REAL NOT NULL,
            finished   REAL,
            error      TEXT,
            model      TEXT,
            audio      TEXT,
            subtitles  TEXT
        )""",
        "CREATE INDEX tasks_waiting ON tasks (number) WHERE status = 'queued'",
        "CREATE INDEX tasks_audio ON tasks (audio) WHERE audio IS NOT NULL",
        "CREATE INDEX tasks_subtitles ON tasks (subtitles) WHERE subtitles IS NOT NULL",
        """CREATE TABLE entries (
            number  INTEGER PRIMARY KEY AUTOINCREMENT,
            at      REAL NOT NULL,
            service TEXT NOT NULL REFERENCES accounts (service),
            task    TEXT REFERENCES tasks (id),
            kind    TEXT NOT NULL CHECK (kind IN ('grant', 'charge', 'refund')),
            item    TEXT,
            amount  INTEGER NOT NULL
        )""",
        "CREATE INDEX entries_task ON entries (task) WHERE task IS NOT NULL",
        """CREATE TABLE models (
            id        TEXT PRIMARY KEY,
            service   TEXT NOT NULL,
            task      TEXT NOT NULL REFERENCES tasks (id),
            version   TEXT NOT NULL,
            profile   TEXT NOT NULL,
            created   REAL NOT NULL,
            expires   REAL NOT NULL,
            activated REAL
        )""",
        """CREATE TABLE uploads (
            name     TEXT PRIMARY KEY,
            filename TEXT NOT NULL,
            size     INTEGER NOT NULL,
            mime     TEXT NOT NULL,
            created  REAL NOT NULL
        )""",
    ),
    (
        "ALTER TABLE tasks ADD COLUMN fault TEXT",
        "ALTER TABLE tasks ADD COLUMN result TEXT",
        """CREATE TABLE dues (
            number  INTEGER PRIMARY KEY AUTOINCREMENT,
            service TEXT NOT NULL REFERENCES accounts (service),
            task    TEXT NOT NULL REFERENCES tasks (id),
            item    TEXT NOT NULL,
            amount  INTEGER NOT NULL
        )""",
        "CREATE INDEX dues_service ON dues (service)",
        "CREATE INDEX dues_task ON dues (task)",
        """CREATE TABLE voices (
            id      TEXT PRIMARY KEY,
            service TEXT NOT NULL,
            task    TEXT NOT NULL REFERENCES tasks (id),
            profile TEXT NOT NULL,
            details TEXT NOT NULL,
            created REAL NOT NULL
        )""",
    ),
)
"""Append only: a file made by an older version is brought up by the groups that it has not seen."""
