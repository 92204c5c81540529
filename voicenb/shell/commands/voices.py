"""``voicenb voices``: the voices that there are."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING

from voicenb.base.lines import shortened
from voicenb.shell.command import Command
from voicenb.shell.connection import connected
from voicenb.shell.exit_codes import OK
from voicenb.shell.output import Output, as_rows, as_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COMMAND"]


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--catalogue",
        action="store_true",
        help="the service's own list instead, where it has one: ready-made voices, and those of the account",
    )


def run(given: argparse.Namespace, out: Output) -> int:
    if given.catalogue:
        with connected(given) as studio:
            frame = studio.catalogue()
        rows = as_rows(frame)
        table = as_table(
            ("name", "languages", "gender", "id"),
            ([shortened(row[name] or "–", 40) for name in ("name", "languages", "gender", "id")] for row in rows),
        )
        out.result(rows, table if rows else ["The service lists no voices."])
        return OK
    rows = as_rows(_kept(given))

    def lines() -> Iterable[str]:
        if not rows:
            yield "No voices: voicenb clone makes one."
            return
        yield from as_table(
            ("name", "service", "language", "state", "made (UTC)", "id"),
            (
                (
                    shortened(row["name"], 24),
                    f"{row['service']} ({row['endpoint']})" if row["endpoint"] == "sandbox" else str(row["service"]),
                    shortened(row["language"] or "–", 16),
                    str(row["state"]),
                    f"{row['created']:%Y-%m-%d %H:%M}",
                    shortened(row["id"] or "–", 48),
                )
                for row in rows
            ),
        )

    out.result(rows, lines())
    return OK


def _kept(given: argparse.Namespace) -> pd.DataFrame:
    """The voices of the home; read from the ledger itself, since no service needs to be there."""
    from voicenb import services
    from voicenb.base.home import home
    from voicenb.ledger.dataframes import voice_frame
    from voicenb.ledger.ledger import Ledger
    from voicenb.ledger.records import SANDBOX

    service = getattr(given, "service", None)
    if service is not None:
        services.get(service)
    endpoint = SANDBOX if getattr(given, "sandbox", False) else None
    return voice_frame(Ledger.at(home()).voices.select(service, endpoint))


COMMAND = Command(
    "voices",
    "list the voices that there are",
    "Lists the voices of this home, the newest first, with the service that made them, language, state and the service's id; "
    "--service shows those of one service, --sandbox those of the sandbox. Nothing is sent, except with --catalogue.",
    (
        "voicenb voices",
        "voicenb voices --service soundclone --json | jq -r '.[].name'",
        "voicenb voices --service faseeh --catalogue",
    ),
    add,
    run,
)
