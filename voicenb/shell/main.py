"""The command line: words in, an exit code out.

What a command does is a call of the public face; `voicenb.shell.commands` turns words into that call and its result into lines or
JSON, and what is here its errors into exit codes.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence

from voicenb.base.process import is_terminal, standard_streams
from voicenb.errors import VoicenbError
from voicenb.shell.command import Command
from voicenb.shell.exit_codes import INTERRUPTED, OK, SERVICE, exit_code
from voicenb.shell.output import Output
from voicenb.shell.parser import parse

__all__ = ["main"]


def main(words: Sequence[str] | None = None) -> int:
    """Runs a command; the answer is the exit code.

    Args:
        words: The command line without the program's name; else the process's own.
    """
    if "_ARGCOMPLETE" in os.environ:
        from voicenb.shell.completion import answer

        answer()
    with standard_streams():
        return _main(sys.argv[1:] if words is None else list(words))


def _main(words: Sequence[str]) -> int:
    out = Output(as_json="--json" in words, quiet="--quiet" in words)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A console that cannot show a character shows a question mark, rather than nothing at all.
            stream.reconfigure(errors="replace")
    try:
        return _run(*parse(words, out), out)
    except KeyboardInterrupt as interrupt:
        print("\n".join(["voicenb: interrupted", *getattr(interrupt, "__notes__", ())]), file=sys.stderr)
        return INTERRUPTED
    except VoicenbError as error:
        return out.error(error, exit_code(error))
    except BrokenPipeError:
        # Whoever reads has had enough (`voicenb history | head`); Python would complain again while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        return out.error(VoicenbError(f"{error.strerror or error}: {error.filename or 'input or output'}"), SERVICE)


def _run(command: Command, given: argparse.Namespace, out: Output) -> int:
    if hasattr(given, "home"):
        # Programs that a command starts find it there, too.
        from voicenb.base.home import home

        os.environ["VOICENB_HOME"] = str(home(given.home))
    if command.waits:
        from voicenb.studio.waiting import show_progress

        show_progress("none" if out.quiet or not is_terminal(sys.stderr) else "bar")
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: out.note(f"voicenb: {message}")
        return command.run(given, out)
