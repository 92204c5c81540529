"""A limit on what a studio may spend."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from voicenb.base.money import Price, counted, plain
from voicenb.errors import BudgetExceeded, InvalidRequest
from voicenb.ledger.budgets import OverBudget
from voicenb.ledger.dataframes import task_frame, with_numbers
from voicenb.ledger.ledger import Ledger
from voicenb.ledger.records import BudgetRecord, TaskRecord, now

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Budget", "budget_exceeded", "price_unknown", "require_covered"]


class Budget:
    """A limit in the service's unit. Estimates are reserved before a request leaves, and settled after.

    Inside ``with studio.budget(5):`` it holds for every call of that studio, in whatever thread. Tasks whose fate is
    not known stay reserved. Several budgets may hold at once: a request needs room in each of them.
    """

    def __init__(self, ledger: Ledger, record: BudgetRecord, active: list[BudgetRecord]) -> None:
        self._ledger = ledger
        self._record = record
        self._active = active

    @classmethod
    def open(
        cls,
        ledger: Ledger,
        amount: Decimal | Fraction | float | str,
        *,
        service: str,
        endpoint: str,
        unit: str,
        name: str | None,
        active: list[BudgetRecord],
    ) -> Self:
        """A new budget, or the one of that `name` again.

        Raises:
            InvalidRequest: `amount` is none.
        """
        try:
            limit = Decimal(str(float(amount) if isinstance(amount, Fraction) else amount))
        except InvalidOperation:
            limit = Decimal("NaN")
        if isinstance(amount, bool) or not limit.is_finite() or limit < 0:
            raise InvalidRequest(f"budget={amount!r}: allowed is an amount of 0 or more, in {unit}", service=service)
        record = BudgetRecord(
            id=uuid.uuid4().hex, service=service, endpoint=endpoint, name=name, amount=limit, unit=unit, created=now()
        )
        return cls(ledger, ledger.budgets.open(record).result(), active)

    def __repr__(self) -> str:
        name = f" {self._record.name!r}" if self._record.name else ""
        return f"<Budget{name}: {plain(self.used)} of {counted(self.amount, self.unit)} used>"

    def __enter__(self) -> Self:
        self._active.append(self._record)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._active.remove(self._record)

    @property
    def amount(self) -> Decimal:
        """The limit."""
        return self._record.amount

    @property
    def unit(self) -> str:
        """The service's unit."""
        return self._record.unit

    @property
    def used(self) -> Decimal:
        """What was charged, and what open and unknown tasks may still cost."""
        return self._ledger.budgets.used(self._record.id)

    @property
    def left(self) -> Decimal:
        """What new requests may cost together."""
        return self.amount - self.used

    def frame(self) -> pd.DataFrame:
        """The tasks that it has paid for, in the form of ``studio.history.frame()``."""
        return with_numbers(task_frame(self._ledger.budgets.tasks(self._record.id), self._ledger.files))


def budget_exceeded(over: OverBudget, ledger: Ledger, refused: TaskRecord) -> BudgetExceeded:
    """The error of a request that a budget does not cover."""
    unit = over.budget.unit
    return BudgetExceeded(
        f"this request is estimated at {counted(refused.estimate or Decimal(0), unit)}, and the budget of "
        f"{counted(over.budget.amount, unit)} has {plain(over.budget.amount - over.used)} left; it was not sent and "
        "nothing was charged for it. error.frame shows what was sent; raise the budget or leave something out.",
        rows=[_row(task, sent=True) for task in ledger.budgets.tasks(over.budget.id)] + [_row(refused, sent=False)],
        service=refused.service,
    )


def require_covered(ledger: Ledger, budgets: Sequence[BudgetRecord], price: Price, service: str) -> None:
    """Refuses several requests before the first is sent, where a budget does not cover all of them; what has no price is left to each.

    Raises:
        BudgetExceeded: It does not; nothing was sent.
    """
    for budget in budgets:
        left = budget.amount - ledger.budgets.used(budget.id)
        if price.amount is not None and price.amount > left:
            raise BudgetExceeded(
                f"all parts of this text are estimated at {counted(price.amount, budget.unit)}, and the budget of "
                f"{counted(budget.amount, budget.unit)} has {plain(left)} left; nothing was sent or charged. Raise the budget or "
                "shorten the text.",
                rows=[_row(task, sent=True) for task in ledger.budgets.tasks(budget.id)],
                service=service,
            )


def price_unknown(price: Price, budget: BudgetRecord, ledger: Ledger, refused: TaskRecord) -> BudgetExceeded:
    """The error of a request whose price is not known, under a budget."""
    return BudgetExceeded(
        f"the price of this request is not known, so a budget of {counted(budget.amount, budget.unit)} cannot cover it; "
        f"it was not sent. {price.rule[:1].upper()}{price.rule[1:]}.",
        rows=[_row(task, sent=True) for task in ledger.budgets.tasks(budget.id)] + [_row(refused, sent=False)],
        service=refused.service,
    )


def _row(record: TaskRecord, *, sent: bool) -> dict[str, Any]:
    return {
        "sent": sent,
        "id": record.id if sent else None,
        "status": record.status if sent else "not sent",
        "voice": record.voice_name,
        "text": record.text,
        "estimate": record.estimate,
        "cost": record.cost,
    }
