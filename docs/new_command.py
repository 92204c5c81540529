"""``voicenb spent``: what was spent since a moment, by voice."""

from __future__ import annotations

import argparse

import voicenb as vn
from voicenb.shell.command import Command
from voicenb.shell.exit_codes import OK
from voicenb.shell.output import Output, as_rows, as_table

__all__ = ["COMMAND"]


def add(parser: argparse.ArgumentParser) -> None:
    """The arguments; ``--home``, ``--json``, ``--quiet`` and ``--service`` are there already."""
    parser.add_argument("--since", metavar="WHEN", default="7d", help="7d, 12h, 90m, or a date (default 7d)")


def run(given: argparse.Namespace, out: Output) -> int:
    """A call of the public face, and what it gave as lines or JSON; the answer is the exit code."""
    with vn.connect(getattr(given, "service", None), sandbox=getattr(given, "sandbox", None)) as studio:
        spent = studio.history.spending("voice", since=given.since)
    rows = as_rows(spent[["voice", "service", "tasks", "spent", "unit"]])
    table = (
        as_table(tuple(rows[0]), (tuple(map(str, row.values())) for row in rows)) if rows else ["Nothing was spent."]
    )
    out.result(rows, table)
    return OK


COMMAND = Command(
    "spent",
    "say what was spent, by voice",
    "Sums what the tasks of this home have cost, voice by voice.",
    ("voicenb spent", "voicenb spent --since 2026-11-01 --json"),
    add,
    run,
)
