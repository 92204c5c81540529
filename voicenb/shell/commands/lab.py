"""``voicenb lab``: the tutorials in JupyterLab."""

from __future__ import annotations

import argparse

from voicenb.shell.command import Command, port
from voicenb.shell.exec_program import replace_process
from voicenb.shell.exit_codes import OK
from voicenb.shell.output import Output

__all__ = ["COMMAND"]


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=port, metavar="N", help="the port on 127.0.0.1 (default: the first free one)")
    parser.add_argument("--no-browser", action="store_true", help="print the address instead of opening a browser")
    parser.add_argument("--folder", metavar="DIR", help="where the copies of the tutorials go")
    parser.add_argument(
        "--check", action="store_true", help="run the first tutorial without a browser and print the file it made"
    )


def run(given: argparse.Namespace, out: Output) -> int:  # noqa: RET503 - the other way does not return
    from voicenb.shell import lab

    place = lab.folder(given.folder)
    if given.check:
        out.note(f"Running {lab.FIRST} in {place} …")
        done = lab.check(place)
        out.note(f"It ran from top to bottom in {done.seconds:.0f} s and wrote:")
        out.result(
            {"notebook": done.notebook, "files": done.files, "seconds": round(done.seconds, 1)}, map(str, done.files)
        )
        return OK
    command = lab.command(place, port=given.port, browser=not given.no_browser)
    out.note(f"The tutorials are in {place}. Ctrl-C ends JupyterLab.")
    replace_process(command)


COMMAND = Command(
    "lab",
    "open the tutorials in JupyterLab",
    "Opens the tutorials in JupyterLab, on this machine only. In a checkout they are its own notebooks; elsewhere "
    "they are copied to ./voicenb-notebooks, and what is there already stays as you left it.",
    ("voicenb lab", "voicenb lab --no-browser --port 8899", "voicenb lab --check"),
    add,
    run,
    talks=False,
)
