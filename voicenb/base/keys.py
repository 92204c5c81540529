"""Where a key comes from, and a `Secret` that keeps it out of sight."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from voicenb.base.notebook import in_notebook
from voicenb.base.process import is_terminal
from voicenb.errors import AuthenticationError

__all__ = ["Secret", "find_key", "from_environment"]


class Secret:
    """A key that no repr, str, format, pickle, copy or comparison shows."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key itself, for the one place that puts it on the wire."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('…')"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is never pickled or copied; connect again where you need it")


def from_environment(names: Sequence[str]) -> str | None:
    """The first of the environment variables `names` that is set and not blank."""
    return next((value for name in names if (value := os.environ.get(name, "").strip())), None)


def find_key(service: str, names: Sequence[str], given: str | Secret | None = None) -> Secret:
    """The key of `service`: as given, else from the environment, the keyring, or a hidden prompt.

    Args:
        service: The service's id; the keyring entry is ``("voicenb", service)``.
        names: Environment variables, the preferred one first.
        given: A key that the caller has at hand.

    Raises:
        AuthenticationError: There is none, and nobody to ask.
    """
    if isinstance(given, Secret):
        return given
    if given is not None and not isinstance(given, str):
        # What it is may be the key.
        raise AuthenticationError(f"api_key: allowed is text, and {type(given).__name__} was given. Nothing was sent.")
    value = given or from_environment(names) or _from_keyring(service) or _prompt(service)
    if value:
        value = value.strip().strip("\ufeff")
        for quotes in ('""', "''", "“”", "‘’"):
            if len(value) > 2 and value[0] == quotes[0] and value[-1] == quotes[1]:
                value = value[1:-1].strip()
        if value.isascii() and value.isprintable() and not set(value) & set(" \"'"):
            return Secret(value)
        raise AuthenticationError(
            f"the key for {service} holds blanks, quotes or characters that no key has; copy it again. Nothing was sent.",
            service=service,
        )
    raise AuthenticationError(
        f"no key for {service}: set the environment variable {names[0]}, or keep it once with "
        f"`python -m keyring set voicenb {service}`. Without a key, voicenb.connect() uses the built-in sandbox.",
        service=service,
    )


def _from_keyring(service: str) -> str | None:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        return None
    try:
        found: str | None = keyring.get_password("voicenb", service)
    except keyring.errors.KeyringError:
        # A machine without a keyring service is the usual case on servers and in containers.
        return None
    return found


def _prompt(service: str) -> str | None:
    if not (in_notebook() or (is_terminal(sys.stdin) and is_terminal(sys.stderr))):
        return None
    import getpass

    try:
        return getpass.getpass(f"Key for {service} (hidden, not saved): ")
    except (EOFError, OSError, LookupError):
        # LookupError: a thread in ipykernel 7.0, whose prompts know no cell.
        return None
    except Exception as error:
        # ipykernel's StdinNotImplementedError (nbconvert, nbclient) is a RuntimeError of its own.
        if type(error).__name__ == "StdinNotImplementedError":
            return None
        raise
