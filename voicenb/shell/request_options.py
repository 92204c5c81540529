"""The parameters of a service's typed requests as options of a command, and back."""

from __future__ import annotations

import argparse
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from voicenb.services.base import Kind, Parameter

__all__ = ["RequestOptions", "described", "value_of"]

_SWITCH = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}


class RequestOptions:
    """The options of one command.

    Args:
        kinds: The calls whose parameters become options.
        own: Parameters that the command has arguments of its own for.
    """

    def __init__(self, kinds: tuple[Kind, ...], own: frozenset[str]) -> None:
        self._kinds = kinds
        self._own = own

    def add(self, parser: argparse.ArgumentParser, service: str | None) -> None:
        """Add an option for each parameter of `service`; None is SoundClone."""
        from voicenb import services

        group = parser.add_argument_group(f"parameters of {services.get(service or 'soundclone').profile.label}")
        for name, one in self._parameters(service).items():
            options = dict.fromkeys([f"--{name}", f"--{one.wire}"])
            group.add_argument(
                *options,
                dest=name,
                default=argparse.SUPPRESS,
                metavar=_metavar(one),
                help=described(one).replace("%", "%%"),
            )

    def words(self, service: str | None) -> dict[str, tuple[str, ...]]:
        """The words that each parameter of `service` takes, by its name; those without a fixed set are left out."""
        known = {
            name: tuple(map(_word, one.choices)) or (("on", "off") if one.type == "switch" else ())
            for name, one in self._parameters(service).items()
        }
        return {name: words for name, words in known.items() if words}

    def given(self, given: argparse.Namespace) -> dict[str, Any]:
        """Return the parameters that were given, as values."""
        known = self._parameters(getattr(given, "service", None))
        return {name: value_of(getattr(given, name), one) for name, one in known.items() if hasattr(given, name)}

    def _parameters(self, service: str | None) -> dict[str, Parameter]:
        from voicenb import services

        kind = services.get(service or "soundclone")
        found: dict[str, Parameter] = {}
        for call in self._kinds:
            if call == "voice" and kind.profile.cloning != "voice":
                continue
            for name, one in kind.request_type(call).parameters().items():
                if name not in self._own:
                    found.setdefault(name, one)
        return found


def value_of(text: str, one: Parameter) -> Any:
    """`text` as a value of the parameter; what it cannot be stays text, and the request says what is allowed."""
    for choice in one.choices:
        if text == str(choice):
            return choice
    if one.type in {"switch", "choice"} and text.lower() in _SWITCH:
        return _SWITCH[text.lower()]
    if one.type == "text" and text.startswith(("{", "[")):
        # Strengths of emotions, and fields that a service echoes, have no shorter form.
        with suppress(ValueError):
            return json.loads(text)
    for number in {"integer": (int, float), "number": (float,), "switch": (int,)}.get(one.type, ()):
        with suppress(ValueError):
            return number(text)
    return text


def _metavar(one: Parameter) -> str:
    return {"number": "X", "integer": "N", "choice": "WORD", "switch": "on|off"}.get(one.type, "TEXT")


def described(one: Parameter) -> str:
    """What a parameter means, what is allowed, and its default, as a help text."""
    unit = f" {one.unit}" if one.unit else ""
    rule = ""
    if one.choices:
        rule = ": " + ", ".join(map(_word, one.choices))
    elif one.low is not None:
        most = " or more" if one.high is None else f" to {one.high:g}"
        rule = f": {'above ' if one.low_excluded else ''}{one.low:g}{most}{unit}"
    default = "" if one.default is None else f" (default {_word(one.default)})"
    return f"{one.help.rstrip('.')}{rule}{default}"


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)
