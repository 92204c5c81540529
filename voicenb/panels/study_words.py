"""What a study's panel says: prices and amounts by service, what is left out, and what became of a run."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from voicenb.panels.parts.formatting import amount

if TYPE_CHECKING:
    from voicenb.study.draft import Standing
    from voicenb.study.plan import Plan

__all__ = ["amounts", "duration_text", "left_out_of", "many_lines", "one_line", "price_of", "run_outcome"]


def one_line(text: str) -> str:
    """A text as a line of the panel: a line break in it is written as a backslash and an n."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def many_lines(line_: str) -> str:
    """The text that a line of the panel stands for; the other way of `one_line`."""
    return "\\".join(part.replace("\\n", "\n") for part in line_.strip().split("\\\\"))


def amounts(spent: Mapping[tuple[str, str], Decimal]) -> list[str]:
    """Amounts in words, each service's apart: their units are not the same, whatever they are called."""
    several = len({service for service, _ in spent}) > 1
    return [f"{amount(one, unit)}{f' ({service})' if several else ''}" for (service, unit), one in spent.items()]


def price_of(plan: Plan) -> str:
    """What the button says that a run costs."""
    several = len(plan.prices) > 1
    parts = [
        f"{amount(one.amount, one.unit)}{f' ({service})' if several else ''}" for service, one in plan.prices.items()
    ]
    return " + ".join(parts) or "nothing to pay"


def left_out_of(plan: Plan) -> str:
    """Why cells are left out: each reason once."""
    if plan.invalid.empty:
        return ""
    counts = plan.invalid.groupby("why", sort=False)["cell"].nunique()
    said = [f"{count:,} left out: {why}" for why, count in counts.head(3).items()]
    return "\n".join([*said, *([f"and {len(counts) - 3} more reasons"] if len(counts) > 3 else [])])


def duration_text(seconds: float) -> str:
    """Seconds, in words."""
    return (
        f"{seconds:.0f} s"
        if seconds < 90
        else f"{seconds / 60:.0f} min"
        if seconds < 5400
        else f"{seconds / 3600:.1f} h"
    )


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
