"""What the account's balance says about a request whose outcome is unknown: a likelihood, never proof."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from voicenb.base.moments import moment_text
from voicenb.base.money import Balance, counted
from voicenb.errors import VoicenbError
from voicenb.ledger.ledger import Ledger
from voicenb.ledger.records import TaskRecord
from voicenb.services.base import Service

__all__ = ["explain_balance", "record_balance"]


async def record_balance(service: Service, ledger: Ledger, endpoint: str) -> Balance | None:
    """Reads the balance and writes it down, to compare with later; None where the service does not give it."""
    with suppress(VoicenbError):
        balance = await service.balance()
        await asyncio.wrap_future(ledger.balances.add(service.profile.id, endpoint, balance.amount))
        return balance
    return None


async def explain_balance(service: Service, ledger: Ledger, record: TaskRecord) -> str | None:
    """Whether the balance fell by what a task would have cost, in a sentence; None where that cannot be told.

    Args:
        service: The task's service.
        ledger: Where earlier balances are, and what else was sent since.
        record: The task.
    """
    before = await asyncio.to_thread(ledger.balances.before, record)
    after = await record_balance(service, ledger, record.endpoint)
    if before is None or after is None:
        return None
    moment, amount = before
    settled, open_amount, count = await asyncio.to_thread(ledger.tasks.spent_since, record, moment)
    fell = amount - after.amount
    rest = fell - settled
    unit = record.unit
    if rest < 0:
        return f"The balance did not fall as the ledger says since {moment_text(moment)}: it shows nothing."
    fall = (
        f"Since {moment_text(moment)} the balance fell by {counted(fell, unit)}, of which {counted(settled, unit)} are "
        f"what else was sent; {counted(rest, unit)} are left"
    )
    if count > 1:
        verdict = f"for {count} tasks that are not settled, whose price is {counted(open_amount, unit)}"
        likely = "none of them was" if not rest else "all of them were" if rest == open_amount else "some of them were"
        return f"{fall} {verdict}: probably {likely} accepted."
    if not rest:
        return f"{fall}: it was probably not accepted."
    if record.estimate is None or rest == record.estimate:
        return f"{fall}, as it would cost: it was probably accepted."
    return f"{fall}, and its price is {counted(record.estimate, unit)}: that does not tell."
