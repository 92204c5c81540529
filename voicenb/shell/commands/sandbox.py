"""``voicenb sandbox``: the sandbox, run by hand."""

from __future__ import annotations

import argparse

from voicenb.base.process import program
from voicenb.shell.command import Command, port
from voicenb.shell.exec_program import replace_process
from voicenb.shell.output import Output

__all__ = ["COMMAND"]


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=port, default=0, metavar="N", help="the port (default: the system chooses)")


def run(given: argparse.Namespace, _: Output) -> int:
    # The home is in the environment by now.
    command = program("voicenb.sandbox", "--port", str(given.port))
    replace_process([*command, "--json"] if getattr(given, "json", False) else command)


COMMAND = Command(
    "sandbox",
    "run the sandbox by hand",
    "Runs the sandbox in the foreground until Ctrl-C or SIGTERM: the services' twins on 127.0.0.1, for any client. "
    "voicenb itself needs no such thing, it starts one when it connects. With --json, its stdout is one line with "
    "address and key.",
    ("voicenb sandbox", "voicenb sandbox --port 8765 --json"),
    add,
    run,
    talks=False,
)
