"""What became of the tasks of one press, in a sentence: how many were made, and what all of them were charged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from voicenb import services
from voicenb.display.html import seconds
from voicenb.ledger.records import OPEN
from voicenb.panels.parts.formatting import amount

if TYPE_CHECKING:
    from voicenb.studio.clip import Clip
    from voicenb.studio.task import Task

__all__ = ["outcome_of"]

_MOST_TOLD = 4


def outcome_of(tasks: Sequence[Task], clips: Sequence[Clip], asked: int, what: str = "takes") -> tuple[str, str]:
    """What became of all that was asked for at once, and what all of it was charged; and the tone to say it in."""
    first = tasks[0]
    if asked == 1 and not clips:
        if first.status == "unknown":
            return "Nobody knows whether it was charged: settle it in the history.", "amber"
        word = (
            "Cancelled" if first.status == "cancelled" else "Not made" if first.status == "failed" else "Not done yet"
        )
        return f"{word}: {first.charged()}.", "amber"
    unit = first.unit
    costs = [task.cost for task in tasks]
    paid = f"{amount(sum((cost for cost in costs if cost is not None), Decimal(0)), unit)} charged"
    if not any(costs):
        paid = "made before, so nothing was charged" if all(task.cached for task in tasks) else "nothing was charged"
    if len(clips) == asked:
        lengths = [clip.duration for clip in clips]
        long = " + ".join(map(seconds, lengths)) if asked <= _MOST_TOLD else f"{asked} {what}, {seconds(sum(lengths))}"
        return f"Done: {long} of speech · {paid}", "good"
    counts = Counter("under way" if task.status in OPEN else task.status for task in tasks)
    parts = [
        f"{len(clips)} of {asked} {what}" + (f", {seconds(sum(clip.duration for clip in clips))}" if clips else "")
    ]
    parts += [f"{counts[one]} {one}" for one in ("cancelled", "failed", "under way", "unknown") if counts[one]]
    if left := asked - len(tasks):
        parts.append(f"{left} not sent")
    parts.append(paid)
    if later := [one for one in tasks if _still_to_come(one)]:
        parts.append(f"{_estimated(later, unit)} more when the service completes what it has")
    if doubtful := [one for one in tasks if one.status == "unknown"]:
        parts.append(f"{_estimated(doubtful, unit)} perhaps charged: settle it in the history")
    return " · ".join(parts), "amber"


def _still_to_come(task: Task) -> bool:
    """Whether the service has it and charges it later."""
    return (
        task.cost is None
        and task.remote_id is not None
        and task.status != "unknown"
        and services.get(task.service).profile.charged == "completion"
    )


def _estimated(tasks: Sequence[Task], unit: str) -> str:
    known = [task.estimate for task in tasks]
    return amount(None if None in known else sum((one for one in known if one is not None), Decimal(0)), unit)
