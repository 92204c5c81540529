"""What a study's panel says: prices and amounts by service, what is left out, and what became of a run."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from voicenb.panels.parts.formatting import amount
from voicenb.study.standing import by_unit

if TYPE_CHECKING:
    from voicenb.study.plan import Plan
    from voicenb.study.standing import Standing

__all__ = ["amounts", "left_out_of", "many_lines", "one_line", "price_of", "run_outcome"]


def one_line(text: str) -> str:
    """A text as a line of the panel: a line break in it is written as a backslash and an n."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def many_lines(line_: str) -> str:
    """The text that a line of the panel stands for; the other way of `one_line`."""
    return "\\".join(part.replace("\\n", "\n") for part in line_.strip().split("\\\\"))


def amounts(spent: Mapping[tuple[str, str], Decimal]) -> list[str]:
    """Amounts in words, each service's apart: their units are not the same, whatever they are called."""
    return [amount(one, unit) for unit, one in by_unit(spent).items()]


def price_of(plan: Plan) -> str:
    """What the button says that a run costs."""
    several = len(plan.prices) > 1
    parts = [
        f"{amount(one.amount, one.unit)}{f' ({service})' if several else ''}" for service, one in plan.prices.items()
    ]
    return " + ".join(parts) or "nothing to pay"


def left_out_of(plan: Plan) -> str:
    """Why cells are left out: each reason once."""
    counts = plan.refusals.set_index("why")["cells"]
    said = [f"{count:,} left out: {why}" for why, count in counts.head(3).items()]
    return "\n".join([*said, *([f"and {len(counts) - 3} more reasons"] if len(counts) > 3 else [])])


def run_outcome(
    now: Standing, before: Mapping[tuple[str, str], Decimal], total: int, *, stopped: bool
) -> tuple[str, str]:
    """What became of a run, and the tone to say it in."""
    spent = {place: one - before.get(place, Decimal(0)) for place, one in now.spent.items()}
    paid = amounts({place: one for place, one in spent.items() if one})
    parts = [f"{now.made:,} of {total:,} cells made", *([f"{now.failed:,} failed"] if now.failed else [])]
    parts.append(f"{' + '.join(paid)} charged" if paid else "nothing was charged")
    if now.made >= total:
        return " · ".join(parts), "good"
    return " · ".join(["Stopped" if stopped else "Ended", *parts, "Run goes on where it stopped"]), "amber"
