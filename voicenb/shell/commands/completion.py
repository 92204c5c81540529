"""``voicenb completion``: Tab on the shell's command line."""

from __future__ import annotations

import argparse

from voicenb.shell.command import Command
from voicenb.shell.exit_codes import OK
from voicenb.shell.output import Output

__all__ = ["COMMAND"]


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell that is to complete")


def run(given: argparse.Namespace, out: Output) -> int:
    from argcomplete.shell_integration import shellcode

    code = shellcode(["voicenb"], use_defaults=False, shell=given.shell)
    out.result({"shell": given.shell, "code": code}, code.rstrip("\n").split("\n"))
    return OK


COMMAND = Command(
    "completion",
    "let the shell complete commands, options and names",
    "Prints what bash, zsh or fish reads at its start, so that Tab completes commands, options, each service's parameters and their "
    "words, voices, studies and files. Nothing is sent when Tab is pressed.",
    (
        'eval "$(voicenb completion bash)"                             # in ~/.bashrc',
        'eval "$(voicenb completion zsh)"                              # in ~/.zshrc, after compinit',
        "voicenb completion fish > ~/.config/fish/completions/voicenb.fish",
    ),
    add,
    run,
    talks=False,
)
