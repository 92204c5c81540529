"""What callers give, as plain Python: values of NumPy and pandas, numbers of other kinds, text in bytes.

A value that comes out of a DataFrame or an array is meant as what it says. What is none of the kinds that are asked for is refused
by name, before it reaches JSON, SQLite or a service.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, overload

from voicenb.errors import InvalidRequest

__all__ = [
    "as_moment",
    "checked_statuses",
    "did_you_mean",
    "half_character",
    "interval_level",
    "none_named",
    "plain_text",
    "real_number",
    "text_given",
    "to_python",
    "wait_seconds",
    "whole_number",
]

_LARGEST = 2**63 - 1


def did_you_mean(given: object, known: Iterable[object], cutoff: float = 0.6) -> str:
    """What stands in an error before the names that there are: ``"did you mean 'speed'? "``, or "" where none is near.

    Args:
        given: What was given; what is no text is near to nothing.
        known: The names that there are; what is no text among them is left out. Upper and lower case count as the same.
        cutoff: How near a name is to be, from 0 to 1 (the same).
    """
    if not isinstance(given, str):
        return ""
    from difflib import get_close_matches

    names = {one.casefold(): one for one in reversed(list(known)) if isinstance(one, str)}
    # A slip is short; a text that was given in a name's place may be a book.
    near = get_close_matches(given[:80].casefold(), names, n=1, cutoff=cutoff)
    return f"did you mean {names[near[0]]!r}? " if near else ""


def none_named(kind: str, name: str, known: Iterable[str]) -> InvalidRequest:
    """The error for a name that nothing in this home has.

    Args:
        kind: What was asked for, as in ``"study"``.
        name: What was given.
        known: The names that there are.
    """
    names = list(known)
    there = f"there are {', '.join(names[:10])}" if names else "there is none in this home yet"
    return InvalidRequest(f"no {kind} is named {name!r}; {did_you_mean(name, names)}{there}")


def to_python(value: Any) -> Any:
    """`value` in Python's own types, as deep as lists and dicts go; what has no such form stays as it is."""
    if isinstance(value, str):
        # NumPy's text and members of a StrEnum are str, and yet other types than json, sqlite3 and comparisons by type know.
        return str.__str__(value)
    if isinstance(value, bytes | bytearray):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value
    if isinstance(value, Decimal | Fraction):
        return int(value) if _finite(value) and value == int(value) else float(value)
    if isinstance(value, Mapping):
        return {to_python(key): to_python(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [to_python(one) for one in value]
    if isinstance(value, bool | int | float | date | timedelta) or value is None:
        return value
    if getattr(getattr(value, "dtype", None), "kind", "") in {"m", "M"} and hasattr(value, "astype"):
        # With nanoseconds NumPy's moments become numbers.
        value = value.astype(f"{value.dtype.kind}8[us]")
    for method in ("item", "tolist"):
        # A scalar of NumPy or an array of one value; an array, an index or a column.
        if hasattr(value, "dtype") and hasattr(value, method):
            try:
                return to_python(getattr(value, method)())
            except (TypeError, ValueError):
                continue
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _finite(value: Decimal | Fraction) -> bool:
    return isinstance(value, Fraction) or value.is_finite()


def plain_text(name: str, value: Any) -> str | None:
    """`value` as text, or None.

    Raises:
        InvalidRequest: It is neither; the message says what `name` was.
    """
    found = to_python(value)
    if found is None:
        return None
    if not isinstance(found, str):
        raise InvalidRequest(f"{name}={value!r}: allowed is text. Nothing was sent.")
    if half := half_character(found):
        raise InvalidRequest(
            f"{name}={found!r:.80}: {half!r} is half of a character, which no file can hold. Nothing was sent."
        )
    return found


def half_character(text: str) -> str | None:
    """The first half of a surrogate pair that stands in `text` alone, as broken JSON and broken file names give it; else None."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return text[error.start]
    return None


def text_given(name: str, value: Any) -> str:
    """`value` as text that is not blank.

    Raises:
        InvalidRequest: It is not; the message says what `name` was.
    """
    found = plain_text(name, value)
    if found is None or not found.strip():
        raise InvalidRequest(f"{name}={value!r}: allowed is text that is not blank. Nothing was sent.")
    return found


def real_number(name: str, value: Any) -> float:
    """`value` as a finite number.

    Raises:
        InvalidRequest: It is none; the message says what `name` was.
    """
    found = to_python(value)
    with suppress(OverflowError):
        if _is_number(found) and math.isfinite(found):
            return float(found)
    raise InvalidRequest(f"{name}={value!r:.80}: allowed is a finite number. Nothing was sent.")


def interval_level(value: Any, low: float = 0.0) -> float:
    """How sure an interval is to be: above `low`, which itself is allowed where it is not 0, and below 1.

    Raises:
        InvalidRequest: It is not; a level in percent is told so.
    """
    found = to_python(value)
    if _is_number(found) and low <= found < 1 and found > 0:
        return float(found)
    hint = f"did you mean {found / 100:g}? " if _is_number(found) and 50 <= found < 100 else ""
    allowed = f"from {low:g} to below 1" if low else "above 0 and below 1"
    raise InvalidRequest(f"level={value!r:.80}: {hint}allowed is a number {allowed}, such as 0.95. Nothing was sent.")


@overload
def whole_number(name: str, value: None, low: int = ..., high: int = ...) -> None: ...
@overload
def whole_number(name: str, value: Any, low: int = ..., high: int = ...) -> int | None: ...
def whole_number(name: str, value: Any, low: int = -_LARGEST, high: int = _LARGEST) -> int | None:
    """`value` as a whole number from `low` to `high`, or None.

    Raises:
        InvalidRequest: It is neither; the message says what `name` was.
    """
    found = to_python(value)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int) or not low <= found <= high:
        allowed = (
            f"from {low}" + (f" to {high}" if high < _LARGEST else "") if low > -_LARGEST else "of at most 63 bits"
        )
        raise InvalidRequest(f"{name}={value!r}: allowed is a whole number {allowed}. Nothing was sent.")
    return int(found)


def wait_seconds(value: Any, name: str = "timeout") -> float | None:
    """Seconds to wait, 0 or more; None for as long as it takes.

    Raises:
        InvalidRequest: It is neither.
    """
    found = value.total_seconds() if isinstance(value, timedelta) else to_python(value)
    if isinstance(found, timedelta):
        found = found.total_seconds()
    if found is None or found == math.inf:
        return None
    if not _is_number(found) or not found >= 0:
        raise InvalidRequest(
            f"{name}={value!r}: allowed is a number of seconds from 0, or None for as long as it takes."
        )
    try:
        return float(found)
    except OverflowError:
        return None


def checked_statuses(value: str | Iterable[str] | None, known: Iterable[str]) -> list[str] | None:
    """One status or several, each of them one of `known`; None for all.

    Raises:
        InvalidRequest: One of them is not known.
    """
    if value is None:
        return None
    try:
        found = [to_python(value)] if isinstance(value, str) else [to_python(one) for one in value]
        strange = [one for one in found if one not in known]
    except TypeError:
        strange = [value]
    if strange:
        hint = did_you_mean(strange[0], known)
        raise InvalidRequest(f"status={strange[0]!r} is none; {hint}there are {', '.join(known)}")
    return found


def as_moment(value: Any) -> datetime | timedelta | str | None:
    """A moment, a duration or text of one, from a date, a day, or NumPy's and pandas' own kinds.

    Raises:
        InvalidRequest: It is none of these.
    """
    found = value if isinstance(value, datetime | timedelta) else to_python(value)
    if isinstance(found, datetime) and found is not value:
        # NumPy's moments know no zone; those of the history are UTC.
        found = found.replace(tzinfo=UTC)
    elif isinstance(found, date) and not isinstance(found, datetime):
        found = datetime(found.year, found.month, found.day).astimezone()
    # pandas' NaT is a datetime that equals nothing, itself included.
    if found is None and value is None:
        return None
    if not isinstance(found, str | datetime | timedelta) or found != found:  # noqa: PLR0124
        raise InvalidRequest(
            f"since={value!r} is no moment: give a duration such as '7d', '12h' or '90m', or a date such as '2026-11-01'"
        )
    # pandas' own moments need a zone's name for what `datetime.astimezone` does without.
    convert = getattr(found, "to_pydatetime", None)
    return found if convert is None or isinstance(found, timedelta) else convert(warn=False)
