"""Reads the fields of a request: each by a rule of its own, and all that is wrong in one error."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from urllib.parse import SplitResult

__all__ = [
    "BadFieldError",
    "Fields",
    "RuleError",
    "boolean",
    "finite",
    "integer",
    "number",
    "one_of",
    "spoken",
    "string",
    "web_address",
]

_NOT_IN_A_URL = re.compile(r"[\s\x00-\x20\x7f\\]")


class RuleError(Exception):
    """A request breaks rules; the message names every field that does."""


class BadFieldError(Exception):
    """What a field must be; the field's name is put in front."""


class Fields:
    """Takes fields out of a body and collects what is wrong with them.

    Args:
        body: The fields by name.
        null_is_absent: null stands for a field that was left out; otherwise it is a value like any other.
        within: What stands before the names in messages, for the fields of an object inside a body.
    """

    def __init__(self, body: Mapping[str, Any], *, null_is_absent: bool = False, within: str = "") -> None:
        self._body = body
        self._null_is_absent = null_is_absent
        self._within = within
        self.problems: list[str] = []

    def has(self, name: str) -> bool:
        """Whether a field was given."""
        return name in self._body and not (self._null_is_absent and self._body[name] is None)

    def take(self, name: str, read: Callable[[Any], Any], default: Any = None, *, required: bool = False) -> Any:
        """The field's value, its default where absent; None, with the problem noted, where it is bad."""
        if not self.has(name):
            if required:
                self.note(name, "required")
            return default
        try:
            return read(self._body[name])
        except BadFieldError as error:
            self.note(name, str(error))
            return None

    def note(self, name: str, problem: str) -> None:
        """Note what is wrong with a field."""
        self.problems.append(f"{self._within}{name}: {problem}")

    def done(self) -> None:
        """Raise what was noted.

        Raises:
            RuleError: Something was.
        """
        if self.problems:
            raise RuleError("; ".join(self.problems))


def string(value: Any) -> str:
    """A string of whole characters."""
    if not isinstance(value, str):
        raise BadFieldError("must be a string")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadFieldError("holds half a surrogate pair") from None
    return value


def spoken(value: Any) -> str:
    """A string that is not blank."""
    text = string(value)
    if not text.strip():
        raise BadFieldError("must not be empty")
    return text


def boolean(value: Any) -> bool:
    """True or false, and nothing that stands for them."""
    if not isinstance(value, bool):
        raise BadFieldError("must be a boolean")
    return value


def finite(value: Any) -> float:
    """A number; an integer beyond every float is infinite, which no range allows."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadFieldError("must be a number")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    return found


def number(allowed: Callable[[float], bool], words: str) -> Callable[[Any], float]:
    """A number in a range; `words` say which."""

    def read(value: Any) -> float:
        found = finite(value)
        if not allowed(found):
            raise BadFieldError(f"must be {words}")
        return found

    return read


def integer(low: int, high: int) -> Callable[[Any], int]:
    """An integer in a range, as JSON Schema has it: 1.0 is one."""

    def read(value: Any) -> int:
        found = finite(value)
        if math.isinf(found) or not low <= found <= high:
            raise BadFieldError(f"must be from {low} to {high}")
        if not found.is_integer():
            raise BadFieldError("must be an integer")
        return int(found)

    return read


def one_of(values: Sequence[str]) -> Callable[[Any], str]:
    """One of some strings, as written."""

    def read(value: Any) -> str:
        if string(value) not in values:
            raise BadFieldError(f"must be {', '.join(values)}")
        return str(value)

    return read


def web_address(url: str) -> SplitResult:
    """The parts of an http or https URL; whether anything is there is a matter for the fetch.

    Raises:
        BadFieldError: It is a local path, has another scheme, no host, or blanks and control characters in it.
    """
    try:
        parts = urlsplit(url)
        whole = bool(parts.hostname) and parts.port != 0 and not _NOT_IN_A_URL.search(url)
    except ValueError:
        raise BadFieldError("is not a URL") from None
    if parts.scheme not in {"http", "https"}:
        raise BadFieldError("must be a public http or https URL, not a local path")
    if not whole:
        raise BadFieldError("is not a URL")
    return parts
