"""``voicenb history``: what was made, and what it cost."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from decimal import Decimal

from voicenb.base.lines import shortened
from voicenb.errors import VoicenbError
from voicenb.shell.command import Command, count
from voicenb.shell.exit_codes import DAMAGED, OK
from voicenb.shell.output import Output, as_rows, as_table

__all__ = ["COMMAND"]


def add(parser: argparse.ArgumentParser) -> None:
    from voicenb.ledger.records import STATUSES

    parser.add_argument("what", nargs="?", choices=("verify",), metavar="verify", help="check the files instead")
    parser.add_argument("--since", metavar="WHEN", help="7d, 12h, 90m, or a date such as 2026-11-01")
    parser.add_argument(
        "--status", metavar="NAME", action="append", choices=STATUSES,
        help=f"only tasks that are {', '.join(STATUSES[:-1])} or {STATUSES[-1]}; may be given more than once",
    )  # fmt: skip
    parser.add_argument("--limit", type=count, metavar="N", help="at most N tasks (default 20; all with --json, --csv)")
    parser.add_argument("--csv", action="store_true", help="comma-separated values with every column")


def run(given: argparse.Namespace, out: Output) -> int:
    if given.what == "verify":
        return _verify(out)

    from voicenb.base.home import home
    from voicenb.base.money import counted
    from voicenb.ledger.dataframes import task_frame
    from voicenb.ledger.ledger import Ledger
    from voicenb.studio.history import parse_since

    # Read from the ledger itself: to look back, no service needs to be there.
    ledger = Ledger.at(home())
    records = ledger.tasks.select(
        status=given.status,
        service=getattr(given, "service", None),
        since=parse_since(given.since),
        limit=given.limit or (None if out.as_json or given.csv else 20),
    )
    frame = task_frame(records, ledger.files)
    if given.csv and not out.as_json:
        frame.to_csv(sys.stdout, index=False, lineterminator="\n")
        return OK
    rows = as_rows(frame)

    def lines() -> Iterable[str]:
        if not rows:
            yield "No tasks."
            return
        yield from as_table(
            ("created (UTC)", "task", "kind", "status", "voice", "seconds", "cost", "text"),
            (
                (
                    f"{row['created']:%Y-%m-%d %H:%M:%S}",
                    row["id"][:8],
                    row["kind"],
                    f"{row['status']}, degraded" if row["degraded"] else row["status"],
                    shortened(row["voice"] or "–", 16),
                    "–" if row["seconds"] is None else f"{row['seconds']:.2f}",
                    f"{counted(row['cost'], row['unit'])}" if isinstance(row["cost"], Decimal) else "–",
                    shortened(row["text"] or "", 40),
                )
                for row in rows
            ),
        )

    out.result(rows, lines())
    return OK


def _verify(out: Output) -> int:
    from voicenb.base.home import home
    from voicenb.ledger.ledger import Ledger
    from voicenb.studio.connect import connect_again
    from voicenb.studio.history import find_damaged_files

    ledger = Ledger.at(home())
    found = find_damaged_files(ledger)
    for service, endpoint in sorted({(record.service, record.endpoint) for record, _, _ in found}):
        try:
            with connect_again(service, endpoint) as studio:
                studio.history.verify()
        except VoicenbError as error:
            out.note(f"{service} at {endpoint}: nothing could be fetched. {error}")
    rows = [
        {
            "task": record.id,
            "service": record.service,
            "file": ledger.files.path(name),
            "state": "repaired" if ledger.files.is_sound(name) else state,
        }
        for record, name, state in found
    ]
    left = sum(row["state"] != "repaired" for row in rows)
    names = ("state", "task", "service", "file")
    table = as_table(
        names, ([shortened(row["task"], 9) if name == "task" else str(row[name]) for name in names] for row in rows)
    )
    out.result(rows, table if rows else ["Every file is as it should be."])
    if left:
        out.note(f"{left} of {len(rows)} could not be repaired: look for a backup of {ledger.home / 'files'}.")
    return DAMAGED if left else OK


COMMAND = Command(
    "history",
    "list what was made, and what it cost",
    "Lists the tasks of this home, the newest first, whatever notebook or shell they came from. "
    "Amounts in JSON are text, so that no digit is lost. With `verify` it hashes every file again and fetches from "
    "its service what is damaged or gone; the exit code is 1 where something could not be repaired.",
    (
        "voicenb history --since 7d --status completed",
        "voicenb history --csv > tasks.csv",
        "voicenb history --json | jq '.[0].file'",
        "voicenb history verify",
    ),
    add,
    run,
)
