"""`Command`: what a command of the shell is, and the types of argument that several share."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from voicenb.shell.output import Output
from voicenb.shell.request_options import RequestOptions

__all__ = ["Command", "add_paid", "add_timeout", "count", "port"]


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        name: The word that calls it.
        summary: What it does, in the list of commands.
        about: What it does, in a paragraph of its own help.
        examples: Whole command lines.
        add: Adds its arguments to its parser. Called for every command, so that it imports nothing heavy.
        run: Does it, prints by `voicenb.shell.output.Output`, and returns the exit code (`voicenb.shell.exit_codes`).
        options: The parameters of the service's requests that become options; read only where the command is called.
        talks: Whether it takes ``--service`` and ``--sandbox``.
        waits: Whether it waits for tasks, and shows their progress.
    """

    name: str
    summary: str
    about: str
    examples: tuple[str, ...]
    add: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Output], int]
    options: RequestOptions | None = None
    talks: bool = True
    waits: bool = False


def add_paid(parser: argparse.ArgumentParser) -> None:
    """Add what commands take that pay and wait: ``--budget``, ``--fresh`` and ``--timeout``."""
    parser.add_argument(
        "--budget", metavar="X", help="refuse before sending what would cost more, in the service's unit"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="make and pay a new one, even where the same was made before"
    )
    add_timeout(parser)


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """Add ``--timeout``, for commands that wait for a task."""
    parser.add_argument(
        "--timeout", type=_seconds, default=600.0, metavar="S",
        help="stop waiting after S seconds (default 600); the task goes on",
    )  # fmt: skip


def port(text: str) -> int:
    """A port, 0 to 65535."""
    number = int(text)
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"{text} is no port: 0 to 65535")
    return number


def count(text: str) -> int:
    """A whole number, 1 or more."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds above 0")
    return seconds
