"""Amounts: what a request costs, what an account has left, and how both are written."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

__all__ = ["Balance", "Price", "counted", "plain"]


@dataclass(frozen=True, slots=True)
class Price:
    """What a request costs by the service's rule.

    Attributes:
        amount: The estimate in `unit`; None while a unit price is not known.
        unit: The service's own unit, such as ``"credits"``.
        rule: How the amount comes about, or the line that sets the missing price.
        cached: Whether all of it was made before and is answered from disk; the amount is 0 then.
    """

    amount: Decimal | None
    unit: str
    rule: str
    cached: bool = False

    def __post_init__(self) -> None:
        if self.amount is not None:
            # 0.0115, not 0.01150: how many zeros a product ends in says nothing.
            object.__setattr__(self, "amount", Decimal(plain(self.amount)))

    def __str__(self) -> str:
        if self.cached:
            return "made before · free"
        return f"unknown ({self.rule})" if self.amount is None else counted(self.amount, self.unit)


@dataclass(frozen=True, slots=True)
class Balance:
    """What the account has left, in the service's own unit."""

    amount: Decimal
    unit: str

    def __str__(self) -> str:
        return counted(self.amount, self.unit)


def plain(amount: Decimal) -> str:
    """`amount` without an exponent and without trailing zeros."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def counted(amount: Decimal, unit: str) -> str:
    """An amount with its unit: ``0.5 credits``, ``1 credit``."""
    one = unit[:-1] if amount == 1 and unit.endswith("s") and len(unit) > 1 else unit
    return f"{plain(amount)} {one}".rstrip()
