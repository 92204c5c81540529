"""What may stand where the cursor is on a shell's command line. Nothing is started, and no service is asked.

argcomplete speaks with the shells; what is here says which words there are. It is imported only when a shell asks.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from argcomplete import autocomplete
from argcomplete.lexers import split_line

from voicenb.errors import VoicenbError
from voicenb.shell.commands import names
from voicenb.shell.parser import Parsers, build

if TYPE_CHECKING:
    from voicenb.ledger.ledger import Ledger

__all__ = ["answer"]


def answer(**how: Any) -> None:
    """Answers the shell whose question stands in the environment, and ends the process.

    Args:
        how: Where the answer goes and how the process ends, as `argcomplete.autocomplete` takes it.
    """
    *_, words, _ = split_line(os.environ.get("COMP_LINE", ""), int(os.environ.get("COMP_POINT", "0")))
    parsers = _parsers(words[1:])
    for parser in (parsers.root, *parsers.of.values()):
        _add_completers(parser)
    command = parsers.commands.get(parsers.wanted or "")
    if command is not None and command.options is not None:
        known = command.options.words(parsers.service)
        for action in parsers.of[command.name]._actions:  # noqa: SLF001 - argparse has no list of them, and argcomplete reads it, too
            if action.dest in known:
                _complete(action, _fixed(known[action.dest]))
    autocomplete(parsers.root, always_complete_options=False, default_completer=_fixed(()), **how)


def _parsers(words: list[str]) -> Parsers:
    try:
        return build(words, lambda _: None)
    except VoicenbError:
        # A service that is misspelt, or a command that cannot be loaded: what belongs to neither is completed all the same.
        return build([word for word in words if word in names()][:1], lambda _: None)


# -- who completes what --------------------------------------------------------------------------------------------


def _add_completers(parser: argparse.ArgumentParser) -> None:
    by_name: dict[str, Callable[..., Iterable[str]]] = {"service": _services, "voice": _voices, "test": _tests}
    by_kind = {"FILE": _files, "ANSWERS": _files, "DIR": _folders}
    for action in parser._actions:  # noqa: SLF001 - as above
        found = by_name.get(action.dest) or by_kind.get(str(action.metavar))
        if parser.prog.endswith(" study") and action.dest == "file":
            found = _studies
        # A command of another package may bring its own.
        if found is not None and not hasattr(action, "completer"):
            _complete(action, found)


def _complete(action: argparse.Action, completer: Callable[..., Iterable[str]]) -> None:
    action.completer = completer  # type: ignore[attr-defined]  # where argcomplete looks


def _fixed(words: Iterable[str]) -> Any:
    return lambda **_: words


def _services(**_: Any) -> Iterable[str]:
    from voicenb import services

    return services.names()


def _files(prefix: str, **_: Any) -> Iterator[str]:
    yield from _paths(prefix, folders_alone=False)


def _folders(prefix: str, **_: Any) -> Iterator[str]:
    yield from _paths(prefix, folders_alone=True)


def _paths(prefix: str, *, folders_alone: bool) -> Iterator[str]:
    """Files and folders that begin with `prefix`; hidden ones where it ends in a dot's name."""
    written, _, start = prefix.rpartition("/")
    place = f"{written}/" if "/" in prefix else ""
    with suppress(OSError, RuntimeError):
        for path in sorted(Path(place or ".").expanduser().iterdir()):
            if path.name.startswith(start) and (start.startswith(".") or not path.name.startswith(".")):
                if path.is_dir():
                    yield f"{place}{path.name}/"
                elif not folders_alone:
                    yield f"{place}{path.name}"


# -- names of the home ---------------------------------------------------------------------------------------------


def _ledger(given: argparse.Namespace) -> Ledger | None:
    """The ledger of the home that the words name; None where there is none yet, for a question makes none."""
    from voicenb.base.home import home
    from voicenb.ledger.ledger import Ledger

    named = getattr(given, "home", None)
    if named is not None and not Path(named).expanduser().is_dir():
        return None
    folder = home(named)
    return Ledger.at(folder) if (folder / "ledger.db").is_file() else None


def _voices(parsed_args: argparse.Namespace, **_: Any) -> Iterator[str]:
    """The voices that can speak where the words would connect to, the newest first."""
    from voicenb.ledger.records import SANDBOX, now

    with suppress(VoicenbError, OSError):
        if (ledger := _ledger(parsed_args)) is not None:
            service = getattr(parsed_args, "service", None)
            sandbox = service is None or getattr(parsed_args, "sandbox", False)
            records = ledger.voices.select(service or "soundclone", SANDBOX if sandbox else None)
            here = [one for one in records if sandbox or one.endpoint != SANDBOX]
            yield from dict.fromkeys(one.name for one in here if one.state_at(now()) == "ready")


def _studies(prefix: str, parsed_args: argparse.Namespace, **_: Any) -> Iterator[str]:
    """The studies of the home where one is shown or reported, the listening tests where answers are added, and files."""
    what = getattr(parsed_args, "what", None)
    with suppress(VoicenbError, OSError):
        if what == "answers":
            yield from _tests(parsed_args=parsed_args)
            return
        if what in {"show", "report"} and (ledger := _ledger(parsed_args)) is not None:
            yield from (one.name for one in ledger.studies.select())
    yield from _files(prefix)


def _tests(parsed_args: argparse.Namespace, **_: Any) -> Iterator[str]:
    with suppress(VoicenbError, OSError):
        if (ledger := _ledger(parsed_args)) is not None:
            yield from (one.name for one in ledger.listening.select())
