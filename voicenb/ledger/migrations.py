"""The tables of the ledger, and the migrations that bring a home of an earlier version up to date."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from voicenb.errors import VoicenbError

__all__ = ["migrate", "require_current"]

# Append only: a home of any earlier version is brought forward by the ones that it lacks.
_MIGRATIONS: tuple[tuple[str, str], ...] = (
    (
        "m001_tasks_and_voices",
        """
        CREATE TABLE voices (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            service TEXT NOT NULL,
            endpoint TEXT NOT NULL,
            remote TEXT,
            state TEXT NOT NULL CHECK (state IN ('pending', 'ready', 'failed', 'forgotten')),
            version TEXT,
            language TEXT,
            consent TEXT,
            reference TEXT,
            reference_name TEXT,
            preview TEXT,
            created INTEGER NOT NULL,
            expires INTEGER,
            activated INTEGER
        ) STRICT;
        CREATE INDEX voices_by_name ON voices (service, endpoint, name);
        CREATE INDEX voices_by_remote ON voices (service, endpoint, remote);
        CREATE TABLE tasks (
            id TEXT PRIMARY KEY,
            service TEXT NOT NULL,
            endpoint TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('preview', 'voice', 'production')),
            status TEXT NOT NULL,
            voice TEXT REFERENCES voices (id),
            voice_name TEXT,
            text TEXT,
            characters INTEGER,
            parameters TEXT NOT NULL,
            request TEXT NOT NULL,
            reference TEXT,
            take INTEGER NOT NULL DEFAULT 1,
            seed INTEGER,
            remote_id TEXT,
            estimate TEXT,
            cost TEXT,
            refunded TEXT,
            unit TEXT NOT NULL,
            rule TEXT NOT NULL,
            created INTEGER NOT NULL,
            submitted INTEGER,
            completed INTEGER,
            seconds REAL,
            file TEXT,
            subtitles TEXT,
            error_kind TEXT,
            error TEXT,
            owner TEXT
        ) STRICT;
        CREATE INDEX tasks_by_created ON tasks (created);
        CREATE INDEX tasks_by_status ON tasks (status, created);
        CREATE INDEX tasks_by_voice ON tasks (voice, created);
        """,
    ),
    (
        "m002_who_made_it",
        """
        ALTER TABLE tasks ADD COLUMN degraded INTEGER;
        ALTER TABLE tasks ADD COLUMN provider TEXT;
        """,
    ),
    (
        "m003_budgets_cache_and_notes",
        # Money that a budget counts is an integer of billionths, so that SQLite can add it up exactly.
        """
        ALTER TABLE tasks ADD COLUMN cache_key TEXT;
        ALTER TABLE tasks ADD COLUMN cached INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE tasks ADD COLUMN label TEXT;
        ALTER TABLE tasks ADD COLUMN note TEXT;
        ALTER TABLE tasks ADD COLUMN held INTEGER;
        CREATE INDEX tasks_by_cache_key ON tasks (cache_key) WHERE status = 'completed' AND cache_key IS NOT NULL;
        CREATE TABLE budgets (
            id TEXT PRIMARY KEY,
            service TEXT NOT NULL,
            endpoint TEXT NOT NULL,
            name TEXT,
            amount TEXT NOT NULL,
            unit TEXT NOT NULL,
            created INTEGER NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX budgets_by_name ON budgets (service, endpoint, name) WHERE name IS NOT NULL;
        CREATE TABLE budgeted (
            budget TEXT NOT NULL REFERENCES budgets (id),
            task TEXT NOT NULL REFERENCES tasks (id),
            PRIMARY KEY (budget, task)
        ) STRICT, WITHOUT ROWID;
        """,
    ),
    (
        "m004_what_a_voice_keeps",
        """
        ALTER TABLE voices ADD COLUMN kept TEXT;
        """,
    ),
    (
        "m005_pages_of_a_long_history",
        """
        CREATE INDEX tasks_by_service ON tasks (service, created);
        CREATE INDEX tasks_by_service_and_status ON tasks (service, status, created);
        CREATE INDEX tasks_by_endpoint ON tasks (service, endpoint, created);
        CREATE INDEX tasks_by_endpoint_and_status ON tasks (service, endpoint, status, created);
        """,
    ),
    (
        "m006_findings_and_balances",
        """
        ALTER TABLE tasks ADD COLUMN findings TEXT;
        CREATE TABLE balances (
            service TEXT NOT NULL,
            endpoint TEXT NOT NULL,
            moment INTEGER NOT NULL,
            amount TEXT NOT NULL
        ) STRICT;
        CREATE INDEX balances_by_moment ON balances (service, endpoint, moment);
        """,
    ),
    (
        "m007_what_a_service_says_of_a_voice",
        """
        ALTER TABLE voices ADD COLUMN details TEXT;
        """,
    ),
    (
        "m008_what_a_task_echoes",
        """
        ALTER TABLE tasks ADD COLUMN metadata TEXT;
        """,
    ),
    (
        "m009_studies",
        """
        CREATE TABLE studies (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            design TEXT NOT NULL,
            created INTEGER NOT NULL
        ) STRICT;
        ALTER TABLE tasks ADD COLUMN study TEXT;
        ALTER TABLE tasks ADD COLUMN cell TEXT;
        CREATE INDEX tasks_by_study ON tasks (study, cell) WHERE study IS NOT NULL;
        CREATE TABLE measurements (
            sound TEXT NOT NULL,
            reference TEXT NOT NULL,
            text TEXT NOT NULL,
            measure TEXT NOT NULL,
            version INTEGER NOT NULL,
            value REAL,
            error TEXT,
            PRIMARY KEY (sound, reference, text, measure, version)
        ) STRICT, WITHOUT ROWID;
        """,
    ),
    (
        "m010_listening_tests",
        """
        CREATE TABLE listening_tests (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            study TEXT,
            design TEXT NOT NULL,
            hash TEXT NOT NULL,
            created INTEGER NOT NULL,
            frozen INTEGER
        ) STRICT;
        CREATE TABLE listeners (
            test TEXT NOT NULL REFERENCES listening_tests (id),
            listener TEXT NOT NULL,
            place INTEGER NOT NULL,
            source TEXT NOT NULL CHECK (source IN ('cell', 'file', 'simulated')),
            name TEXT,
            started INTEGER NOT NULL,
            finished INTEGER,
            PRIMARY KEY (test, listener)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE votes (
            test TEXT NOT NULL,
            listener TEXT NOT NULL,
            trial TEXT NOT NULL,
            vote TEXT NOT NULL,
            PRIMARY KEY (test, listener, trial)
        ) STRICT, WITHOUT ROWID;
        """,
    ),
)


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Apply the migrations that the ledger at `path` lacks, within the transaction that is open.

    Raises:
        VoicenbError: A newer voicenb has written it.
    """
    db.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied INTEGER NOT NULL) STRICT")
    applied = {row["name"] for row in db.execute("SELECT name FROM migrations")}
    _require_known(applied, path)
    for name, script in _MIGRATIONS:
        if name not in applied:
            for statement in script.split(";"):
                if statement.strip():
                    db.execute(statement)
            db.execute("INSERT INTO migrations VALUES (?, ?)", (name, round(time.time())))


def require_current(applied: set[str], path: Path) -> None:
    """Do nothing where exactly the migrations of this version were applied to a ledger that may only be read.

    Raises:
        VoicenbError: A newer or an older voicenb has written it.
    """
    _require_known(applied, path)
    if applied != {name for name, _ in _MIGRATIONS}:
        raise VoicenbError(
            f"{path} was written by an older voicenb and may only be read, so it cannot be brought up to date; copy "
            "the home to a folder that you can write, and give that with VOICENB_HOME or connect(home=…)"
        )


def _require_known(applied: set[str], path: Path) -> None:
    if unknown := applied - {name for name, _ in _MIGRATIONS}:
        raise VoicenbError(
            f"{path} was written by a newer voicenb ({', '.join(sorted(unknown))}); upgrade this one, or "
            "give another home with VOICENB_HOME or connect(home=…)"
        )
