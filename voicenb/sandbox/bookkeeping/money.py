"""Amounts in the books: whole millionths of a credit."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

__all__ = ["MICRO", "credits_of", "micro_of", "shown"]

MICRO = 1_000_000
"""Micro-credits in a credit."""

_MOST = 1_000_000_000 * MICRO
"""The largest balance: below it every amount has at most 15 digits, which a JSON number carries exactly."""


def credits_of(micro: int) -> float:
    """Micro-credits as credits: the float whose shortest text, which JSON carries, is the exact decimal."""
    return micro / MICRO


def shown(micro: int) -> str:
    """Micro-credits as credits in plain decimal digits, for messages."""
    whole, rest = divmod(micro, MICRO)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")


def micro_of(amount: Any) -> int:
    """Credits (an int or a Decimal) as micro-credits.

    Raises:
        ValueError: Not a number, negative, above 10^9, or finer than a millionth.
    """
    if isinstance(amount, bool) or not isinstance(amount, (int, Decimal)):
        raise ValueError(f"{amount!r} is not a number of credits")  # noqa: TRY004  one error for any bad amount
    try:
        micro = Decimal(amount) * MICRO
        if not 0 <= micro <= _MOST:
            raise ValueError(f"{amount} is outside 0 to {_MOST // MICRO} credits")
        if micro != int(micro):
            raise ValueError(f"{amount} has more than six decimals")
    except InvalidOperation:
        raise ValueError(f"{amount} is not a number of credits") from None
    return int(micro)
