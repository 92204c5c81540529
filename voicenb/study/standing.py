"""What became of a study's cells, as the ledger has it: which task of a cell counts, and which cells are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from voicenb.ledger.records import FINAL, OPEN, TaskRecord

__all__ = ["Standing", "by_unit", "is_cell", "made", "newest_tasks", "repetition_key", "standing_of"]


def repetition_key(cell: str, repetition: int) -> str:
    """What the ledger keeps the task of a repeated cell by; no cell of a design has such a key.

    Args:
        cell: The cell's key.
        repetition: Which repetition it is, 1 and more.
    """
    return f"{cell}+{repetition}"


def is_cell(key: str) -> bool:
    """Whether a task's key is that of a cell, rather than of its repetition."""
    return "+" not in key


def newest_tasks(records: Iterable[TaskRecord]) -> dict[str, TaskRecord]:
    """The task of each cell that counts: a completed one before any other, else the newest one."""
    found: dict[str, TaskRecord] = {}
    for record in records:
        if record.cell is not None and (record.cell not in found or found[record.cell].status != "completed"):
            found[record.cell] = record
    return found


def made(record: TaskRecord | None) -> bool:
    """Whether a cell is not asked for again: it is completed, or it may have been charged."""
    if record is None:
        return False
    if record.status in {"failed", "cancelled"}:
        return bool(record.cost)
    return record.status in FINAL


@dataclass(frozen=True)
class Standing:
    """What became of a study's cells so far.

    Attributes:
        made: How many have a clip.
        failed: How many have none, and have ended.
        under_way: How many were asked for and have not ended.
        spent: What was charged, by service and unit.
    """

    made: int
    failed: int
    under_way: int
    spent: Mapping[tuple[str, str], Decimal]


def by_unit(spent: Mapping[tuple[str, str], Decimal]) -> dict[str, Decimal]:
    """Amounts by unit, each service's apart: the units of two services are not the same, whatever they are called.

    Args:
        spent: Amounts by service and unit.
    """
    several = len({service for service, _ in spent}) > 1
    return {f"{unit} ({service})" if several else unit: amount for (service, unit), amount in spent.items()}


def standing_of(tasks: Mapping[str, TaskRecord], refused: int) -> Standing:
    """Return what became of the cells.

    Args:
        tasks: The task of each cell; those of repetitions do not count.
        refused: How many cells were refused before anything was sent.
    """
    own = [one for key, one in tasks.items() if is_cell(key)]
    completed = sum(one.status == "completed" for one in own)
    under_way = sum(one.status in OPEN for one in own)
    spent: dict[tuple[str, str], Decimal] = {}
    for one in own:
        if one.cost:
            spent[one.service, one.unit] = spent.get((one.service, one.unit), Decimal(0)) + one.cost
    return Standing(completed, len(own) - completed - under_way + refused, under_way, spent)
