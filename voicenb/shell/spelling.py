"""A parser of command lines that asks what a misspelt command, option or word was meant to be."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from voicenb.base.arguments import did_you_mean

__all__ = ["SpellingParser"]


class SpellingParser(argparse.ArgumentParser):
    """`argparse.ArgumentParser` whose errors name what is near to what was typed; its subparsers are of this class, too."""

    _words: Sequence[str] = ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As in argparse; a subparser is given its words by this method, too."""
        self._words = () if args is None else tuple(args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """As in argparse, and what each option was meant to be that there is none of.

        Raises:
            SystemExit: Always, with 2.
        """
        known = self._option_string_actions
        # Of a parser with commands below it, most options belong to the command.
        words = self._before_dashes() if self._subparsers is None else ()
        options = [word.partition("=")[0] for word in words if word.startswith("--")]
        hints = {option: did_you_mean(option, known).strip() for option in options if option not in known}
        super().error("; ".join([message, *(f"{option}: {hint}" for option, hint in hints.items() if hint)]))

    def refuse(self, strange: Sequence[str]) -> NoReturn:
        """End with the error of words that are left over.

        Raises:
            SystemExit: Always, with 2.
        """
        self._words = strange
        self.error(f"unrecognized arguments: {' '.join(strange)}")

    def _before_dashes(self) -> Sequence[str]:
        words = list(self._words)
        return words[: words.index("--")] if "--" in words else words

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            hint = did_you_mean(value, action.choices or ()).strip()
            raise argparse.ArgumentError(action, "; ".join(filter(None, [error.message, hint]))) from None
