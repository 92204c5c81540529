"""``python -m voicenb.sandbox``: the sandbox in the foreground."""

from __future__ import annotations

import argparse
import sys
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from voicenb.base.home import home
from voicenb.base.process import standard_streams
from voicenb.errors import VoicenbError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise ValueError(text)
    return port


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="voicenb sandbox",
        description="Twins of the voice-cloning services on 127.0.0.1: no account, no bill, a real voice. "
        "Ends on Ctrl-C or SIGTERM. Exit codes: 0 ended, 2 usage or port taken, 3 another sandbox serves this home.",
    )
    parser.add_argument("--home", help="the home folder (default: VOICENB_HOME, else the user-data folder)")
    parser.add_argument("--port", type=_port, default=0, help="the port on 127.0.0.1 (default: the system chooses)")
    parser.add_argument("--json", action="store_true", help="print one JSON line with addresses and key when listening")
    parser.add_argument(
        "--lifeline",
        action="store_true",
        help="end 3 s after the last lifeline (GET /sandbox/lifeline) closes, or after 30 s without one; "
        "where a sandbox already serves the home, print its line and exit 0",
    )
    parser.add_argument("--balance", metavar="CREDITS", help="set every account's balance at start")
    return parser.parse_args(given)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sandbox with command-line arguments; returns the exit code."""
    with standard_streams():
        return _main(given=_arguments(arguments))


def _main(given: argparse.Namespace) -> int:
    try:
        from voicenb.sandbox.bookkeeping.money import micro_of
        from voicenb.sandbox.server.program import run
    except ImportError as error:
        sys.stderr.write(f"The sandbox is not installed ({error}). Install it with: pip install 'voicenb[lab]'\n")
        return 2
    balance = None
    if given.balance is not None:
        try:
            balance = micro_of(Decimal(given.balance))
        except InvalidOperation:
            sys.stderr.write(f"--balance: {given.balance!r} is not a number of credits\n")
            return 2
        except ValueError as error:
            sys.stderr.write(f"--balance: {error}\n")
            return 2
    try:
        folder = home(given.home)
    except VoicenbError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return run(folder, port=given.port, json_line=given.json, lifeline=given.lifeline, balance=balance)


if __name__ == "__main__":
    sys.exit(main())
