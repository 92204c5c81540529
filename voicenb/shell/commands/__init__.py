"""The commands of the shell, one module each, and those that other packages add.

Lives here: the words of a command, its call of the public face, its lines. Does not: arguments and output that several share.
May call: the room above it, `voicenb.shell`, and what that calls.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from voicenb.errors import VoicenbError
from voicenb.shell.command import Command

__all__ = ["COMMANDS", "GROUP", "command", "names", "shadowed"]

COMMANDS = ("lab", "check", "prepare", "clone", "voices", "say", "study", "history", "resume", "sandbox", "completion")
"""The commands of voicenb itself, in the order in which a new reader meets them."""

GROUP = "voicenb.commands"
"""The entry points by which a package adds a command: its name, and the `Command` that it names."""


@cache
def _added() -> dict[str, EntryPoint]:
    return {one.name: one for one in entry_points(group=GROUP)}


def names() -> tuple[str, ...]:
    """The names of all commands; those that packages add stand at the end."""
    return (*COMMANDS, *sorted(_added().keys() - set(COMMANDS)))


def shadowed() -> list[str]:
    """What is to be said of added commands that cannot be called, because voicenb has one of that name."""
    return [
        f"the command {name!r} of {_added()[name].value} is not used: voicenb has one of that name"
        for name in COMMANDS
        if name in _added()
    ]


def command(name: str) -> Command:
    """The command of that name.

    Raises:
        VoicenbError: A package adds it, and it could not be loaded.
    """
    if name in COMMANDS:
        found: Command = import_module(f"voicenb.shell.commands.{name}").COMMAND
        return found
    entry = _added()[name]
    try:
        added = entry.load()
    except (Exception, SystemExit) as error:
        raise VoicenbError(f"the command {name!r} could not be loaded from {entry.value}: {error!r}") from error
    if not isinstance(added, Command) or added.name != name:
        raise VoicenbError(
            f"the command {name!r} is no voicenb.shell.command.Command of that name: {entry.value} is {added!r}"
        )
    return added
