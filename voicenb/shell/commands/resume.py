"""``voicenb resume``: what a dead kernel left."""

from __future__ import annotations

import argparse
from contextlib import suppress

from voicenb.errors import VoicenbError
from voicenb.shell.command import Command, add_timeout
from voicenb.shell.connection import connected
from voicenb.shell.exit_codes import OK, SERVICE, UNKNOWN
from voicenb.shell.output import Output, as_table

__all__ = ["COMMAND"]


def add(parser: argparse.ArgumentParser) -> None:
    add_timeout(parser)


def run(given: argparse.Namespace, out: Output) -> int:
    from voicenb.ledger.records import OPEN
    from voicenb.tasks.session import SANDBOX

    open_ = OPEN - {"planned"}
    with connected(given) as studio:
        taken = studio.resume()
        for task in taken:
            with suppress(VoicenbError):
                task.wait(given.timeout)
        lost = studio.tasks("unknown")
        for task in lost:
            with suppress(VoicenbError):
                task.reconcile()
        found = {task.id: task for task in (*taken, *lost)}.values()
        rows = [
            {
                "task": task.id,
                "status": task.status,
                "charged": task.charged(),
                "known": task.findings or str(task.error or ""),
            }
            for task in found
        ]
        here = (studio.service.profile.id, studio.endpoint)
        ledger = studio.session.ledger  # what other services' kernels left is nowhere else
        others = {
            (one.service, one.endpoint)
            for one in ledger.tasks.select(status=open_)
            if not ledger.owners.is_alive(one.owner)
        } - {here}
    table = as_table(tuple(rows[0]), ([row["task"][:8], *list(row.values())[1:]] for row in rows)) if rows else []
    out.result(rows, table or ["Nothing was left behind."])
    for service, endpoint in sorted(others):
        which = "--sandbox" if endpoint == SANDBOX else ""
        out.note(f"{service} at {endpoint} has open tasks, too: voicenb resume --service {service} {which}".rstrip())
    states = {row["status"] for row in rows}
    return UNKNOWN if "unknown" in states else SERVICE if states - {"completed", "planned"} else OK


COMMAND = Command(
    "resume",
    "take up what a dead kernel left",
    "Follows every open task that a dead kernel left behind until its audio is on disk, and says what is known of "
    "those whose answer was lost. Nothing is sent again. The exit code is 5 while such tasks are left.",
    ("voicenb resume", "voicenb resume --service soundclone --timeout 60"),
    add,
    run,
    waits=True,
)
