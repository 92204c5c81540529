"""The parser of the command line, put together from the commands."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from voicenb.errors import VoicenbError
from voicenb.shell.command import Command
from voicenb.shell.commands import command, names, shadowed
from voicenb.shell.exit_codes import HELP
from voicenb.shell.output import WIDTH, Output
from voicenb.shell.spelling import SpellingParser

__all__ = ["Parsers", "build", "parse"]


def parse(words: Sequence[str], out: Output) -> tuple[Command, argparse.Namespace]:
    """Return the command that the words call, and its arguments.

    Args:
        words: The command line without the program's name.
        out: Where a note goes about an added command that cannot be loaded.

    Raises:
        VoicenbError: The command is one that a package adds, and cannot be loaded.
        SystemExit: The words are wrong, or ask for help.
    """
    parsers = build(words, lambda line: out.note(f"voicenb: {line}"))
    given, strange = parsers.root.parse_known_args(words)
    if strange:
        parsers.of[given.command].refuse(strange)
    return parsers.commands[given.command], given


class Parsers(NamedTuple):
    """The parsers of a command line, and what they were put together for.

    Attributes:
        root: That of the whole line.
        of: That of each command.
        commands: The commands.
        wanted: The command that the words name, or None.
        service: The service that they name, or None.
    """

    root: SpellingParser
    of: dict[str, SpellingParser]
    commands: dict[str, Command]
    wanted: str | None
    service: str | None


def build(words: Sequence[str], note: Callable[[str], None]) -> Parsers:
    """Return the parsers for a command line, with the parameters of the service that it names.

    Args:
        words: The command line without the program's name; it may end anywhere.
        note: What is done with a remark about an added command.

    Raises:
        VoicenbError: The command is one that a package adds and cannot be loaded, or there is no such service.
    """
    wanted, service = _peek(words)
    for line in shadowed():
        note(line)
    commands = {}
    for name in names():
        try:
            commands[name] = command(name)
        except VoicenbError as error:
            if name == wanted:
                raise
            note(str(error))
    root, of = _parser(commands, wanted, service)
    return Parsers(root, of, commands, wanted, service)


def _peek(words: Sequence[str]) -> tuple[str | None, str | None]:
    """The command and the service that the words name, before there is a parser for them."""
    known = names()
    wanted = next((word for word in words if word in known), None)
    service = None
    for position, word in enumerate(words):
        if word == "--service" and position + 1 < len(words):
            service = words[position + 1]
        elif word.startswith("--service="):
            service = word.partition("=")[2]
    return wanted, service


def _parser(
    commands: dict[str, Command], wanted: str | None, service: str | None
) -> tuple[SpellingParser, dict[str, SpellingParser]]:
    """The parser and that of each command; the parameters of the `wanted` command are read from `service`'s requests."""
    everywhere, talking = [_everywhere()], [_service(), _everywhere()]
    parser = SpellingParser(
        prog="voicenb",
        parents=talking,
        allow_abbrev=False,
        description=textwrap.fill(
            "Clone a voice, speak in it, and keep every paid task safe. Without --service the built-in sandbox "
            "answers: no key, no network, no bill.",
            WIDTH,
        ),
        epilog="examples:\n"
        "  voicenb lab\n"
        "  voicenb clone me.wav --name me --consent 'my own voice'\n"
        "  voicenb say --voice me 'Welcome home, my friend.' --speed 1.1 --out welcome.mp3\n\n"
        f"{HELP}\n\n`voicenb COMMAND --help` says more, with the service's own parameters.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"voicenb {_version()}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, title="commands")
    parsers = {}
    for name, one in commands.items():
        own = parsers[name] = _subparser(subparsers, one, talking if one.talks else everywhere)
        one.add(own)
        if one.options is not None and name == wanted:
            one.options.add(own, service)
    return parser, parsers


def _subparser(subparsers: Any, one: Command, common: Sequence[argparse.ArgumentParser]) -> SpellingParser:
    parser: SpellingParser = subparsers.add_parser(
        one.name,
        parents=common,
        allow_abbrev=False,
        # A parameter of the service stands for a command's option of the same name.
        conflict_handler="resolve",
        help=one.summary,
        description=textwrap.fill(one.about, WIDTH),
        epilog="\n".join(["examples:", *(f"  {example}" for example in one.examples), "", HELP]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def _group(title: str) -> tuple[argparse.ArgumentParser, argparse._ArgumentGroup]:
    """A parser that others inherit from, for options that may stand before a command's name or after it."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)
    return parser, parser.add_argument_group(title)


def _everywhere() -> argparse.ArgumentParser:
    parser, group = _group("everywhere")
    group.add_argument(
        "--home", metavar="DIR", help="where ledger and files are (default: VOICENB_HOME, else user data)"
    )
    group.add_argument("--json", action="store_true", help="one JSON document on stdout; people read stderr")
    group.add_argument("--quiet", action="store_true", help="no progress and no notes")
    return parser


def _service() -> argparse.ArgumentParser:
    parser, group = _group("service")
    group.add_argument(
        "--service", metavar="NAME", help="a live service, such as soundclone (default: the sandbox, as SoundClone)"
    )
    group.add_argument("--sandbox", action="store_true", help="let the sandbox answer as --service")
    return parser


def _version() -> str:
    from importlib.metadata import version

    return version("voicenb")
